import { useTexts } from '../language/language.ts';

/** Invisible characters and direction marks. They are made visible: the user must see exactly what an approval would allow. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Shows a JSON value in full: objects as names and values, arrays as lists, everything else as text. */
export function JsonView({ value }: { value: unknown }) {
  const { common } = useTexts();
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="muted">{common.none}</span>;
    return <ul className="json-list">{value.map((item, index) => <li key={index}><JsonView value={item} /></li>)}</ul>;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value);
    if (fields.length === 0) return <span className="muted">{common.none}</span>;
    return (
      <dl className="json-object">
        {fields.map(([name, item]) => <div key={name}><dt>{showInvisible(name)}</dt><dd><JsonView value={item} /></dd></div>)}
      </dl>
    );
  }
  if (value === null || value === undefined || value === '') return <span className="muted">{value === '' ? common.empty : common.none}</span>;
  return <bdi className="json-text">{showInvisible(String(value))}</bdi>;
}

function showInvisible(text: string): string {
  return text.replace(INVISIBLE, (char) => `⟨U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}
