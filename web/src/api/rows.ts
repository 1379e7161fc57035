import type { Api as Rows } from '../../../client/src/index.ts';

export type Rating = Rows.Feedback;

/** A tool call as the API returns it with a stored answer. */
export interface StoredToolCall {
  id: string;
  name: string;
  arguments: unknown;
  /** Text of the answer just before this call. */
  before?: string;
  /** Equal for all calls of one step. */
  created_at: string;
  state: 'running' | 'waiting' | 'succeeded' | 'failed' | 'denied' | 'expired';
  /** JSON or plain text. */
  output?: string;
  error?: string;
  reason?: string;
  approval_id?: string;
  expires_at?: string;
  is_approved?: boolean;
}

/** Contents of a prompt, as the server reports them. */
export interface ReceiptData {
  budget: number;
  counted: number;
  prefix: number;
  billed?: number;
  cached?: number;
  sections: { name: string; tokens: number; kept: number; dropped?: { reason: string; count: number }[] }[];
}

/** Employee, model and figures of an answer. */
export interface AnswerFigures {
  /** Slug of the employee who answered. */
  employee?: string;
  model?: string;
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  /** Milliseconds until the end of the answer. */
  latency_ms?: number;
  cost_usd?: number | null;
}

/** A row of `/api/sessions/{id}/messages`. */
export interface StoredMessage {
  id: string;
  parent_id: string | null;
  role: string;
  content: string;
  /** Tool calls of an answer, in the order of its text. */
  tool_calls?: StoredToolCall[] | null;
  status: 'complete' | 'interrupted' | 'failed' | 'stopped';
  /** The user's rating of an answer. */
  feedback?: Rating | null;
  /** Values that the model read as placeholders. */
  masked?: Rows.MaskedValues;
  metadata: AnswerFigures & {
    client_message_id?: string;
    receipt?: ReceiptData;
    sources?: Rows.Source[];
  };
}
