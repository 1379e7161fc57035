/** What has no shape of its own, or turns the direction of what follows: what is allowed must be what is seen. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** JSON for people, in full: objects as names and values, lists as lists, everything else as text. */
export function Readable({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="quiet">none</span>;
    return <ul className="readable-list">{value.map((item, place) => <li key={place}><Readable value={item} /></li>)}</ul>;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value);
    if (fields.length === 0) return <span className="quiet">none</span>;
    return (
      <dl className="readable">
        {fields.map(([name, item]) => <div key={name}><dt>{visible(name)}</dt><dd><Readable value={item} /></dd></div>)}
      </dl>
    );
  }
  if (value === null || value === undefined || value === '') return <span className="quiet">{value === '' ? 'empty' : 'none'}</span>;
  return <bdi className="readable-text">{visible(String(value))}</bdi>;
}

function visible(text: string): string {
  return text.replace(UNSEEN, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}
