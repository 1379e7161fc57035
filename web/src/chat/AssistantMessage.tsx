import { isToolUIPart, type ReasoningUIPart } from 'ai';
import { memo } from 'react';
import type { Employee } from '../api/api.ts';
import type { Catalogue } from '../language/en.ts';
import { formatDollars, formatNumber } from '../language/format.ts';
import { useTexts } from '../language/language.ts';
import { Icon } from '../ui/Icon.tsx';
import { Menu } from '../ui/Menu.tsx';
import { BranchSwitcher } from './BranchSwitcher.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Markdown } from './Markdown.tsx';
import type { Lookups } from './lookups.ts';
import { useSplitter } from './MaskedValue.tsx';
import type { Splitter } from './maskedValues.ts';
import { messageText, namedIn, receiptOf, sourcesOf, type ChatMessage, type MessageMetadata } from './messages.ts';
import { Rating } from './Rating.tsx';
import { Receipt } from './Receipt.tsx';
import { Sources } from './Sources.tsx';
import { Thoughts } from './Thoughts.tsx';
import { ToolCallList } from './ToolCallList.tsx';
import type { AnswerPhase, ToolCallPart } from './toolCalls.ts';

interface Props {
  message: ChatMessage;
  version: number;
  versionCount: number;
  phase: AnswerPhase;
  isBusy: boolean;
  /** False if another button already offers a new answer. */
  canRegenerate: boolean;
  /** Requests another answer, by an employee if one is named. */
  onRegenerate: (id: string, employee?: string) => void;
  onSwitchBranch: (id: string, by: -1 | 1, control: HTMLElement) => void;
  onDecide: (approval: string, isAllowed: boolean) => void;
  lookups: Lookups;
}

/** Memoized: a streaming answer does not render the messages above it again. */
export const AssistantMessage = memo(function AssistantMessage(
  { message, version, versionCount, phase, isBusy, canRegenerate, onRegenerate, onSwitchBranch, onDecide, lookups }: Props,
) {
  const { answer: texts } = useTexts();
  const { id } = message;
  const text = messageText(message);
  const split = useSplitter(message.metadata?.masked);
  const isStreaming = phase === 'streaming';
  const blocks = toBlocks(message);
  if (isStreaming && blocks.length === 0) return null;
  const receipt = receiptOf(message);
  const documents = sourcesOf(message);
  const statusText = statusTextOf(texts, message.metadata?.status);
  return (
    <article className={isStreaming ? 'message assistant streaming' : 'message assistant'} aria-label={texts.label}
      data-testid="message-assistant">
      {blocks.map((block, index) => {
        if (typeof block === 'string') return <MarkdownText key={index} text={block} split={split} />;
        if (Array.isArray(block)) return (
          <ToolCallList key={index} parts={block} phase={phase} approvals={message.metadata?.approvals} onDecide={onDecide} lookups={lookups} />
        );
        return <Thoughts key={index} text={block.text} isStreaming={isStreaming && index === blocks.length - 1} />;
      })}
      {/* Documents that it names. Others had a passage in its prompt, which may have been of no use: the receipt lists them. */}
      <Sources label={texts.sources} testId="sources" sources={namedIn(text, documents)} loadPassages={lookups.passages} />
      {statusText && <p className="answer-status">{statusText}</p>}
      {!isStreaming && (
        <footer className="message-footer">
          <BranchSwitcher of="answer" version={version} count={versionCount} isBusy={isBusy}
            onStep={(by, control) => onSwitchBranch(id, by, control)} />
          {blocks.length > 0 && <AnswerStats metadata={message.metadata ?? {}} employeeTitle={lookups.employeeTitle} />}
          {text && <CopyButton text={text} />}
          {text && <Rating key={id} message={id} stored={message.metadata?.rating} rate={lookups.rate} unrate={lookups.unrate} />}
          {canRegenerate && (
            <AnswerAgain employees={lookups.employees} answered={message.metadata?.employee} isBusy={isBusy}
              onRegenerate={(employee) => onRegenerate(id, employee)} />
          )}
          {receipt && <Receipt receipt={receipt} documents={documents} loadPassages={lookups.passages} />}
        </footer>
      )}
    </article>
  );
});

interface AgainProps {
  employees: Employee[];
  /** Slug of the employee who answered. */
  answered: string | undefined;
  isBusy: boolean;
  onRegenerate: (employee?: string) => void;
}

/** Requests another answer: as before, or by another employee. */
function AnswerAgain({ employees, answered, isBusy, onRegenerate }: AgainProps) {
  const { answer: texts } = useTexts();
  const others = employees.filter(({ slug }) => slug !== answered);
  return (
    <span className="answer-again">
      <button type="button" className="text-button" disabled={isBusy} onClick={() => onRegenerate()}>{texts.again}</button>
      {others.length > 0 && !isBusy && (
        <Menu label={texts.againBy} className="text-button" items={others.map(({ slug, title }) => ({ label: title, run: () => onRegenerate(slug) }))}>
          <Icon name="chevron" />
        </Menu>
      )}
    </span>
  );
}

/** Memoized: text before a tool call is not parsed again while the answer goes on. */
const MarkdownText = memo(function MarkdownText({ text, split }: { text: string; split: Splitter | undefined }) {
  return <div className="markdown" dir="auto"><Markdown text={text} split={split} /></div>;
});

/** A text, consecutive tool calls, or thoughts. */
type Block = string | ToolCallPart[] | ReasoningUIPart;

/** Splits an answer into its blocks, in the order of the stream. */
function toBlocks({ parts }: ChatMessage): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    const last = blocks.at(-1);
    if (part.type === 'text' && part.text) blocks.push(part.text);
    else if (part.type === 'reasoning' && part.text.trim()) blocks.push(part);
    else if (isToolUIPart(part) && Array.isArray(last)) last.push(part);
    else if (isToolUIPart(part)) blocks.push([part]);
  }
  return blocks;
}

/** A sentence for the reader of an incomplete answer. */
function statusTextOf({ statuses }: Catalogue['answer'], status: MessageMetadata['status']): string | undefined {
  return status === undefined || status === 'complete' || status === 'disconnected' ? undefined : statuses[status];
}

/** Employee, model, tokens, cost and duration of an answer. */
function AnswerStats({ metadata: { employee, model, usage, latency_ms, cost_usd }, employeeTitle }: { metadata: MessageMetadata } & Pick<Lookups, 'employeeTitle'>) {
  const { answer: texts, common } = useTexts();
  const stats = [
    model,
    usage && common.tokens(formatNumber(usage.total_tokens)),
    typeof cost_usd === 'number' && formatDollars(cost_usd, { maximumSignificantDigits: 2 }),
    latency_ms !== undefined && formatNumber(latency_ms / 1000, { style: 'unit', unit: 'second', unitDisplay: 'narrow', minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  ].filter(Boolean);
  const breakdown = usage && texts.readAndWritten(formatNumber(usage.prompt_tokens), formatNumber(usage.completion_tokens));
  return (
    <span className="answer-stats" data-testid="answer-stats">
      {employee && <span className="answered-by">{employeeTitle(employee)}</span>}
      <span title={breakdown}>{stats.join(' · ')}</span>
    </span>
  );
}
