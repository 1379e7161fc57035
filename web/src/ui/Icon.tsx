/** Outlines on a grid of 24 by 24. They take the colour and the size of the surrounding text. */
const PATHS = {
  bell: 'M5 16a7 7 0 0 1 14 0zM3.5 19.5h17M12 9V6M10 6h4',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M8 8h8v8H8z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  down: 'M12 5v14M6 13l6 6 6-6',
  chevron: 'M7 10l5 5 5-5',
  previous: 'M14 7l-5 5 5 5',
  next: 'M10 7l5 5-5 5',
  attach: 'M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.3 4.3L9.5 16.4a1.5 1.5 0 0 1-2.2-2.1L14 7.6',
  table: 'M4 5h16v14H4zM4 10h16M10 10v9',
  more: 'M6 12v.01M12 12v.01M18 12v.01',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3L20 20',
  thumbUp: 'M7 11v9H4v-9zM7 11l4-7a2 2 0 0 1 2 2v4h5a2 2 0 0 1 2 2.3l-1 6A2 2 0 0 1 17 20H7',
  thumbDown: 'M7 13V4H4v9zM7 13l4 7a2 2 0 0 0 2-2v-4h5a2 2 0 0 0 2-2.3l-1-6A2 2 0 0 0 17 4H7',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  alert: 'M12 8v5M12 16.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
};

/** Icons that point along a line of text. */
const DIRECTED: ReadonlySet<string> = new Set(['previous', 'next']);

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className={DIRECTED.has(name) ? 'icon directed' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
