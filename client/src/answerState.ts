import type { ChatEvent, Message, Receipt, Source, TokenUsage, ToolCall } from './schemas.ts';

/** A text, a thought, or a call of an answer, in the order of the answer. */
export type AnswerPart =
  | { type: 'text' | 'reasoning'; id: string; text: string }
  | {
    type: 'call';
    id: string;
    name: string;
    input?: unknown;
    output?: unknown;
    error?: string;
    /** Set while the user must decide, and after. */
    approval?: { id: string; expiresAt?: string };
    state: ToolCall['state'];
  };

/** Separator that the server puts between the texts of two steps. */
const STEP_SEPARATOR = '\n\n';

/** An answer as far as its events have come. */
export class AnswerState {
  id: string | undefined;
  sessionId: string | undefined;
  /** Id of the question. */
  parentId: string | undefined;
  employee: string | undefined;
  model: string | undefined;
  parts: AnswerPart[] = [];
  sources: Source[] = [];
  receipt: Receipt | undefined;
  /** `waiting`: calls wait for their user. */
  status: 'streaming' | 'complete' | 'waiting' | 'stopped' | 'failed' = 'streaming';
  finishReason: string | undefined;
  /** The sentence of an answer that failed. */
  error: string | undefined;
  usage: TokenUsage | undefined;
  costUsd: number | null | undefined;

  /** An answer of a history. */
  static of({ id, parent_id, content, tool_calls: calls, status, metadata }: Message): AnswerState {
    const answer = new AnswerState();
    answer.id = id;
    answer.parentId = parent_id ?? undefined;
    answer.sources = metadata.sources ?? [];
    answer.receipt = metadata.receipt;
    answer.finishReason = metadata.finish_reason;
    answer.#describe(metadata);
    let rest = content;
    const push = (text: string) => { if (text) answer.parts.push({ type: 'text', id: `stored-${answer.parts.length}`, text }); };
    for (const call of calls ?? []) {
      if (call.before && rest.startsWith(call.before)) {
        push(call.before);
        rest = rest.slice(call.before.length);
        if (rest.startsWith(STEP_SEPARATOR)) rest = rest.slice(STEP_SEPARATOR.length);
      }
      answer.parts.push(storedCall(call));
    }
    push(rest);
    answer.status = status === 'interrupted' ? 'failed' : status;
    if (status === 'complete' && answer.pending.length > 0) answer.status = 'waiting';
    return answer;
  }

  /** The text without thoughts and calls. */
  get text(): string {
    return this.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  }

  /** Calls that wait for their user, for `chat.decide`. */
  get pending(): Array<{ approvalId: string; name: string; input: unknown; expiresAt: string | undefined }> {
    return this.parts.flatMap((part) => (part.type === 'call' && part.state === 'waiting' && part.approval
      ? [{ approvalId: part.approval.id, name: part.name, input: part.input, expiresAt: part.approval.expiresAt }]
      : []));
  }

  /** Takes the next event. */
  apply(event: ChatEvent): void {
    switch (event.type) {
      case 'start':
        this.status = 'streaming';
        this.id = event.messageId;
        this.sessionId = event.messageMetadata.session_id;
        this.parentId = event.messageMetadata.parent_id;
        this.#describe(event.messageMetadata);
        break;
      case 'data-receipt': this.receipt = event.data; break;
      case 'source-document':
        this.sources.push({ id: event.sourceId, name: event.title, media_type: event.mediaType });
        break;
      case 'text-start': this.parts.push({ type: 'text', id: event.id, text: '' }); break;
      case 'reasoning-start': this.parts.push({ type: 'reasoning', id: event.id, text: '' }); break;
      case 'text-delta': case 'reasoning-delta': this.#append(event.id, event.delta); break;
      case 'tool-input-start': this.#call(event.toolCallId, { name: event.toolName }); break;
      case 'tool-input-available':
        this.#call(event.toolCallId, { name: event.toolName, input: event.input });
        break;
      case 'tool-approval-request':
        this.#call(event.toolCallId, { state: 'waiting', approval: { id: event.approvalId } });
        break;
      case 'tool-output-available': this.#call(event.toolCallId, { state: 'succeeded', output: event.output }); break;
      case 'tool-output-error': this.#call(event.toolCallId, { state: 'failed', error: event.errorText }); break;
      case 'tool-output-denied': this.#call(event.toolCallId, { state: 'denied' }); break;
      case 'message-metadata':
        this.#describe(event.messageMetadata);
        this.#limit(event.messageMetadata.approvals ?? {});
        break;
      case 'finish':
        this.#describe(event.messageMetadata);
        this.finishReason = event.finishReason;
        this.status = this.pending.length > 0 ? 'waiting' : 'complete';
        break;
      case 'abort': this.status = 'stopped'; break;
      case 'error': this.status = 'failed'; this.error = event.errorText; break;
      case 'start-step': case 'finish-step': case 'text-end': case 'reasoning-end': break;
    }
  }

  #describe(metadata: { employee?: string; model?: string; usage?: TokenUsage; cost_usd?: number | null }): void {
    this.employee = metadata.employee ?? this.employee;
    this.model = metadata.model ?? this.model;
    this.usage = metadata.usage ?? this.usage;
    if (metadata.cost_usd !== undefined) this.costUsd = metadata.cost_usd;
  }

  /** Notes until when decisions count. */
  #limit(approvals: Record<string, { expires_at: string }>): void {
    for (const part of this.parts) {
      const told = part.type === 'call' && part.approval ? approvals[part.approval.id] : undefined;
      if (told && part.type === 'call' && part.approval) part.approval.expiresAt = told.expires_at;
    }
  }

  #append(id: string, delta: string): void {
    const part = this.parts.findLast((one) => one.id === id);
    if (part && part.type !== 'call') part.text += delta;
  }

  #call(id: string, change: Partial<Extract<AnswerPart, { type: 'call' }>>): void {
    const part = this.parts.find((one) => one.id === id);
    if (part) Object.assign(part, change);
    // Of an answer that resumes after a decision, the calls before it may be unknown here.
    else this.parts.push({ type: 'call', id, name: '', state: 'running', ...change });
  }
}

function storedCall({ id, name, arguments: input, state, output, error, approval_id, expires_at }: ToolCall): AnswerPart {
  return {
    type: 'call', id, name, input, state,
    ...(output !== undefined && { output: parsed(output) }), ...(error !== undefined && { error }),
    ...(approval_id && expires_at && { approval: { id: approval_id, expiresAt: expires_at } }),
  };
}

/** A result as its stream had it: JSON, or a text. */
function parsed(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return output;
  }
}
