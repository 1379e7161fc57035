// The part of Markdown that answers use most: paragraphs, lists, fenced and inline code, emphasis, links. It becomes a tree of a few
// elements, so that no text of a model becomes HTML, and no image is loaded.

/** An element or a text of an answer. Only `a` has an address. */
export type MarkdownNode = string | { tag: 'p' | 'ul' | 'ol' | 'li' | 'pre' | 'code' | 'strong' | 'em'; children: MarkdownNode[] } | { tag: 'a'; href: string; children: MarkdownNode[] };

const FENCE = /^```/;
const BULLET = /^\s*[-*+]\s+/;
const NUMBER = /^\s*\d{1,9}[.)]\s+/;
const HEADING = /^#{1,6}\s+/;
const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/g;

export function parseMarkdown(text: string): MarkdownNode[] {
  const blocks: MarkdownNode[] = [];
  const lines = text.split('\n');
  while (lines.length > 0) {
    const line = lines[0] ?? '';
    if (line.trim() === '') lines.shift();
    else if (FENCE.test(line)) blocks.push(takeFence(lines));
    else if (BULLET.test(line)) blocks.push(takeList(lines, BULLET, 'ul'));
    else if (NUMBER.test(line)) blocks.push(takeList(lines, NUMBER, 'ol'));
    else if (HEADING.test(line)) blocks.push({ tag: 'p', children: [{ tag: 'strong', children: inline((lines.shift() ?? '').replace(HEADING, '')) }] });
    else blocks.push(takeParagraph(lines));
  }
  return blocks;
}

function takeFence(lines: string[]): MarkdownNode {
  lines.shift();
  const end = lines.findIndex((line) => FENCE.test(line));
  const code = lines.splice(0, end < 0 ? lines.length : end);
  lines.shift();
  return { tag: 'pre', children: [{ tag: 'code', children: [code.join('\n')] }] };
}

function takeList(lines: string[], marker: RegExp, tag: 'ul' | 'ol'): MarkdownNode {
  const items = takeWhile(lines, (line) => marker.test(line));
  return { tag, children: items.map((item) => ({ tag: 'li', children: inline(item.replace(marker, '')) })) };
}

function takeParagraph(lines: string[]): MarkdownNode {
  const starts = [FENCE, BULLET, NUMBER, HEADING];
  const [first = '', ...rest] = takeWhile(lines, (line, n) => n === 0 || (line.trim() !== '' && !starts.some((start) => start.test(line))));
  return { tag: 'p', children: inline([first, ...rest].join('\n')) };
}

function takeWhile(lines: string[], fits: (line: string, index: number) => boolean): string[] {
  const end = lines.findIndex((line, index) => !fits(line, index));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function inline(text: string): MarkdownNode[] {
  const nodes: MarkdownNode[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, label = '', href = ''] = match;
    nodes.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (code !== undefined) nodes.push({ tag: 'code', children: [code] });
    else if (strong !== undefined) nodes.push({ tag: 'strong', children: [strong] });
    else if (emphasis !== undefined) nodes.push({ tag: 'em', children: [emphasis] });
    else nodes.push({ tag: 'a', href, children: [label] });
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== '');
}
