import type { ExtraProps } from 'react-markdown';
import type { Api } from '../../../client/src/index.ts';

type Element = NonNullable<ExtraProps['node']>;

type ElementContent = Element['children'][number];

/** Placeholders that the model read, each with the text in the place of it; null where the placeholder stands in the text. */
export type MaskedValues = Api.MaskedValues;

/** A piece of a text; with its placeholders, where it is a masked value. */
interface TextPiece {
  text: string;
  placeholders?: string[];
}

/** Splits a text at its masked values. */
export type Splitter = (text: string) => TextPiece[];

/** Name of the element that a masked value becomes in Markdown. No HTML has it. */
export const MASKED_ELEMENT = 'masked-value';

/** Shortest value that is looked for: a single letter is everywhere. */
const SHORTEST = 2;

/** Elements whose text stays as it is. What is in a link or in code gets its lock behind it. */
const WHOLE = new Set(['a', 'code']);

/** Makes the splitter for masked values; undefined where nothing is masked. */
export function splitterOf(masked: MaskedValues | undefined): Splitter | undefined {
  const placeholders = new Map<string, string[]>();
  for (const [placeholder, shown] of Object.entries(masked ?? {})) {
    const text = (shown ?? placeholder).toLowerCase();
    if (text.length >= SHORTEST) placeholders.set(text, [...(placeholders.get(text) ?? []), placeholder]);
  }
  if (placeholders.size === 0) return undefined;
  // The longest first: a full name before a first name.
  const texts = [...placeholders.keys()].sort((a, b) => b.length - a.length);
  // Within a word it is another word.
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${texts.map(escapeRegExp).join('|')})(?![\\p{L}\\p{N}])`, 'giu');
  return (text) => text.split(pattern).flatMap((piece, index) => {
    if (piece === '') return [];
    const names = index % 2 === 1 ? placeholders.get(piece.toLowerCase()) : undefined;
    return [names ? { text: piece, placeholders: names } : { text: piece }];
  });
}

/** A plugin of rehype that makes an element of each masked value. */
export function rehypeMasked(split: Splitter) {
  return () => (tree: { children: ElementContent[] }) => {
    const seen = new Set<string>();
    tree.children = tree.children.flatMap((child) => marked(child, split, seen));
  };
}

function marked(node: ElementContent, split: Splitter, seen: Set<string>): ElementContent[] {
  if (node.type === 'text') {
    return split(node.value).map(({ text, placeholders }) => (placeholders
      ? maskedElement(placeholders, [{ type: 'text', value: text }], seen)
      : { type: 'text', value: text }));
  }
  if (node.type !== 'element' || node.tagName === 'pre') return [node];
  if (!WHOLE.has(node.tagName)) {
    node.children = node.children.flatMap((child) => marked(child, split, seen));
    return [node];
  }
  const inside = split(textOf(node)).flatMap(({ placeholders = [] }) => placeholders);
  return inside.length > 0 ? [maskedElement([...new Set(inside)], [node], seen)] : [node];
}

function maskedElement(placeholders: string[], children: ElementContent[], seen: Set<string>): Element {
  const name = placeholders.join(' ');
  // Tab stops at the first one of each value only.
  const isRepeated = seen.has(name);
  seen.add(name);
  return { type: 'element', tagName: MASKED_ELEMENT, properties: { placeholders: name, ...(isRepeated && { isRepeated: true }) }, children };
}

function textOf(node: ElementContent): string {
  if (node.type === 'text') return node.value;
  return node.type === 'element' ? node.children.map(textOf).join('') : '';
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
