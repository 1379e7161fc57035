// Descriptions of errors for the user.
import { FrontdeskError } from '../../../client/src/index.ts';

/** Describes any error in one sentence for the user. */
export function describeError(error: unknown): string {
  // The detail names the route, which the user did not choose.
  if (error instanceof FrontdeskError) return error.code === 'not_found' ? NOT_OFFERED : error.message;
  // `fetch` rejects with a TypeError when there was no response at all.
  if (error instanceof TypeError) return 'The server is out of reach. Check your connection and try again.';
  if (!(error instanceof Error)) return 'Something went wrong. Try again in a moment.';
  // The chat transport throws the body of an error response as the message.
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return parseDetail(error.message) ?? (status === undefined ? error.message : genericMessage(status));
}

const NOT_OFFERED = 'This server does not offer that.';

function parseDetail(body: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return undefined;
    if ('code' in problem && problem.code === 'not_found') return NOT_OFFERED;
    return typeof problem.detail === 'string' && problem.detail !== '' ? problem.detail : undefined;
  } catch {
    return undefined;
  }
}

function genericMessage(status: number): string {
  return `The server answered with an error (${status}). Try again in a moment.`;
}
