// The part of Markdown that answers use most: paragraphs, lists, fenced and inline code, emphasis, links. Elements are made one by one, so
// that no text of a model becomes HTML, and no image is loaded.
import { h } from './dom.ts';

const FENCE = /^```/;
const BULLET = /^\s*[-*+]\s+/;
const NUMBER = /^\s*\d{1,9}[.)]\s+/;
const HEADING = /^#{1,6}\s+/;
const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/g;

export function renderMarkdown(text: string): Node[] {
  const blocks: Node[] = [];
  const lines = text.split('\n');
  while (lines.length > 0) {
    const line = lines[0] ?? '';
    if (line.trim() === '') lines.shift();
    else if (FENCE.test(line)) blocks.push(takeFence(lines));
    else if (BULLET.test(line)) blocks.push(takeList(lines, BULLET, 'ul'));
    else if (NUMBER.test(line)) blocks.push(takeList(lines, NUMBER, 'ol'));
    else if (HEADING.test(line)) blocks.push(h('p', {}, h('strong', {}, ...inline((lines.shift() ?? '').replace(HEADING, '')))));
    else blocks.push(takeParagraph(lines));
  }
  return blocks;
}

function takeFence(lines: string[]): Node {
  lines.shift();
  const end = lines.findIndex((line) => FENCE.test(line));
  const code = lines.splice(0, end < 0 ? lines.length : end);
  lines.shift();
  return h('pre', { tabindex: '0' }, h('code', {}, code.join('\n')));
}

function takeList(lines: string[], marker: RegExp, name: 'ul' | 'ol'): Node {
  const items = takeWhile(lines, (line) => marker.test(line));
  return h(name, {}, ...items.map((item) => h('li', {}, ...inline(item.replace(marker, '')))));
}

function takeParagraph(lines: string[]): Node {
  const starts = [FENCE, BULLET, NUMBER, HEADING];
  const [first = '', ...rest] = takeWhile(lines, (line, n) => n === 0 || (line.trim() !== '' && !starts.some((start) => start.test(line))));
  return h('p', {}, ...inline([first, ...rest].join('\n')));
}

function takeWhile(lines: string[], fits: (line: string, index: number) => boolean): string[] {
  const end = lines.findIndex((line, index) => !fits(line, index));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function inline(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, label, href] = match;
    nodes.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (code !== undefined) nodes.push(h('code', {}, code));
    else if (strong !== undefined) nodes.push(h('strong', {}, strong));
    else if (emphasis !== undefined) nodes.push(h('em', {}, emphasis));
    else nodes.push(h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, label));
  }
  nodes.push(text.slice(end));
  return nodes;
}
