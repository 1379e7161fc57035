import { memo, type ComponentType } from 'react';

interface Props {
  text: string;
}

/** Not `React.lazy`: that shows its fallback for a moment even if the chunk is loaded already. */
let Markdown: ComponentType<Props> = PlainText;

/** Loads the Markdown chunk, so that the sign-in form need not wait for it. Must be awaited before a conversation is shown. */
export async function loadMarkdown(): Promise<void> {
  // Plain text is readable too if the chunk cannot be loaded: offline, or after a new deployment of the page.
  Markdown = await import('./Markdown.tsx').then((chunk) => chunk.default, () => PlainText);
}

/** Memoized: text before a tool call is not parsed again while the answer goes on. */
export const LazyMarkdown = memo(function LazyMarkdown({ text }: Props) {
  return <div className="markdown" dir="auto"><Markdown text={text} /></div>;
});

function PlainText({ text }: Props) {
  return <p className="plain-text">{text}</p>;
}
