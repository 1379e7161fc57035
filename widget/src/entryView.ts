import type { AnswerPart } from '@frontdesk/client';
import type { Conversation, Entry } from './conversation.ts';
import { h } from './dom.ts';
import { parseMarkdown, type MarkdownNode } from './markdown.ts';
import { CALL_STATES, ENDED } from './words.ts';

type Call = Extract<AnswerPart, { type: 'call' }>;

/** A message as elements. */
export function renderEntry(entry: Entry, conversation: Conversation): HTMLElement {
  if (entry.role === 'user') return h('div', { class: 'user', part: 'user' }, entry.text);
  const { parts, status, error } = entry.answer;
  const ended = error ?? ENDED[status];
  const isSilent = status === 'streaming' && !parts.some((part) => part.type !== 'reasoning');
  return h('div', { class: 'assistant', part: 'assistant' },
    ...parts.flatMap((part) => renderPart(part, conversation)),
    isSilent && h('p', { class: 'soft' }, 'Writing …'),
    ended !== undefined && h('p', { class: status === 'failed' ? 'error' : 'soft' }, ended));
}

function renderPart(part: AnswerPart, conversation: Conversation): (Node | string)[] {
  if (part.type !== 'call') return part.type === 'text' ? parseMarkdown(part.text).map(renderMarkdown) : [];
  if (part.state === 'waiting' && part.approval) return [renderApproval(part, part.approval.id, conversation)];
  return [h('p', { class: 'soft' }, `${part.name}: ${CALL_STATES[part.state]}`)];
}

function renderApproval({ name, input }: Call, id: string, conversation: Conversation): Node {
  const card = h('div', { class: 'card', role: 'group', 'aria-label': `Permission for ${name}` });
  const decide = (isAllowed: boolean) => {
    card.querySelectorAll('button').forEach((button) => { button.disabled = true; });
    void conversation.decide(id, isAllowed);
  };
  card.append(
    h('p', {}, 'May ', h('strong', {}, name), ' run?'),
    h('details', {}, h('summary', {}, 'Details'), h('pre', { tabindex: '0' }, h('code', {}, JSON.stringify(input, null, 2)))),
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'main', onclick: () => decide(true) }, 'Allow'),
      h('button', { type: 'button', onclick: () => decide(false) }, 'Deny')));
  return card;
}

function renderMarkdown(node: MarkdownNode): Node | string {
  if (typeof node === 'string') return node;
  const attributes = node.tag === 'a' ? { href: node.href, target: '_blank', rel: 'noopener noreferrer' } : node.tag === 'pre' ? { tabindex: '0' } : {};
  return h(node.tag, attributes, ...node.children.map(renderMarkdown));
}
