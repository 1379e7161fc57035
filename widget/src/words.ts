import type { AnswerPart } from '@frontdesk/client';

/** Words for an answer that did not come to its end. */
export const ENDED: Record<string, string> = { stopped: 'This answer was stopped.', failed: 'The answer broke off.' };

/** Words for a call that is not asked about any more. */
export const CALL_STATES: Record<Extract<AnswerPart, { type: 'call' }>['state'], string> = {
  running: 'is running', waiting: 'waits', succeeded: 'done', failed: 'failed', denied: 'not allowed', expired: 'was not allowed in time',
};
