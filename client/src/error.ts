import type { Problem } from './schemas.ts';

/** Code of an error. `unknown` stands for an answer that did not come from Frontdesk. */
export type ErrorCode = Problem['code'] | 'unknown';

interface Details {
  code?: ErrorCode | undefined;
  status?: number;
  field?: string | undefined;
  retryAfter?: number | undefined;
}

/** An error response of the API. Its message is made for people. */
export class FrontdeskError extends Error {
  override readonly name = 'FrontdeskError';
  readonly code: ErrorCode;
  /** HTTP status; 0 for an answer that broke off. */
  readonly status: number;
  /** Field at fault, where there is one. */
  readonly field: string | undefined;
  /** Seconds after which another attempt may succeed. */
  readonly retryAfter: number | undefined;

  constructor(message: string, { code = 'unknown', status = 0, field, retryAfter }: Details = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

export async function readError(response: Response): Promise<FrontdeskError> {
  const { status, headers } = response;
  const problem = await response.json().catch(() => null) as Partial<Problem> | null;
  const message = problem?.detail || `The server answered with an error (${status}). Try again in a moment.`;
  const retryAfter = Number(headers.get('retry-after')) || undefined;
  return new FrontdeskError(message, { code: problem?.code, status, field: problem?.field, retryAfter });
}
