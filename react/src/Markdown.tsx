import { createElement, type ReactNode } from 'react';
import { parseMarkdown, type MarkdownNode } from '../../widget/src/markdown.ts';

/** The text of an answer. HTML in it stays text, and no image is loaded. */
export function Markdown({ text }: { text: string }) {
  return parseMarkdown(text).map(render);
}

function render(node: MarkdownNode, key: number): ReactNode {
  if (typeof node === 'string') return node;
  const attributes = node.tag === 'a' ? { href: node.href, target: '_blank', rel: 'noopener noreferrer' } : node.tag === 'pre' ? { tabIndex: 0 } : {};
  return createElement(node.tag, { key, ...attributes }, ...node.children.map(render));
}
