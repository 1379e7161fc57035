import { memo, type ComponentType } from 'react';

interface Props {
  text: string;
}

/** Not `React.lazy`: that shows its fallback for a moment even when the chunk is there already. */
let Markdown: ComponentType<Props> = Plain;

/** Fetches the Markdown chunk, so that signing in need not wait for it. Awaited before a conversation is shown. */
export async function loadMarkdown(): Promise<void> {
  // Plain text is readable too, when the chunk cannot be had: offline, or gone since a new version of the page.
  Markdown = await import('./Markdown.tsx').then((chunk) => chunk.default, () => Plain);
}

/** Remembered: what an answer said before its calls is not read again while it goes on. */
export const LazyMarkdown = memo(function LazyMarkdown({ text }: Props) {
  return <div className="markdown"><Markdown text={text} /></div>;
});

function Plain({ text }: Props) {
  return <p className="plain">{text}</p>;
}
