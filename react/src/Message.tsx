import { getToolName, isToolUIPart } from 'ai';
import { Fragment, type ReactNode } from 'react';
import { CALL_STATES, ENDED } from '../../widget/src/words.ts';
import { Markdown } from './Markdown.tsx';
import type { FrontdeskMessage } from './messages.ts';
import { ToolApproval } from './ToolApproval.tsx';

/** Words for a call by its state in the AI SDK. */
const STATES: Record<string, string> = {
  'output-available': CALL_STATES.succeeded, 'output-error': CALL_STATES.failed, 'output-denied': CALL_STATES.denied, 'approval-requested': CALL_STATES.waiting,
};

interface Props {
  message: FrontdeskMessage;
  /** True while its answer is being written. */
  isRunning: boolean;
  onDecide: (approval: string, isAllowed: boolean) => void;
  /** Renders the text of an answer. Default: paragraphs, lists, code, emphasis and links. */
  renderText?: ((text: string) => ReactNode) | undefined;
}

export function Message({ message, isRunning, onDecide, renderText }: Props) {
  const { role, parts, metadata } = message;
  if (role === 'user') return <div className="user">{parts.map((part) => (part.type === 'text' ? part.text : '')).join('')}</div>;
  const status = metadata?.status === 'interrupted' ? 'failed' : metadata?.status;
  const ended = status && ENDED[status];
  const isSilent = isRunning && !parts.some((part) => (part.type === 'text' && part.text) || isToolUIPart(part));
  return (
    <div className="assistant">
      {parts.map((part, key) => {
        if (part.type === 'text') return <Fragment key={key}>{renderText ? renderText(part.text) : <Markdown text={part.text} />}</Fragment>;
        if (!isToolUIPart(part)) return null;
        if (part.state === 'approval-requested') return <ToolApproval key={key} part={part} onDecide={onDecide} />;
        return <p key={key} className="soft">{getToolName(part)}: {STATES[part.state] ?? CALL_STATES.running}</p>;
      })}
      {isSilent && <p className="soft">Writing …</p>}
      {ended && <p className={status === 'failed' ? 'error' : 'soft'}>{ended}</p>}
    </div>
  );
}
