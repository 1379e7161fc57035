// Errors as the API spells them (RFC 9457), and one sentence for people out of whatever was thrown.

/** An answer of the API that is an error. */
export class Problem extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
  }
}

export async function readProblem(response: Response): Promise<Problem> {
  const body = await response.text();
  return new Problem(response.status, detailIn(body) ?? unexplained(response.status));
}

/** One clear sentence about an error. */
export function explain(error: unknown): string {
  if (error instanceof Problem) return error.message;
  // `fetch` rejects with a TypeError when there was no answer at all.
  if (error instanceof TypeError) return 'The server is out of reach. Check your connection and try again.';
  if (!(error instanceof Error)) return 'Something went wrong. Try again in a moment.';
  // The chat transport throws the body of an error response as the message.
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return detailIn(error.message) ?? (status === undefined ? error.message : unexplained(status));
}

function detailIn(body: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return undefined;
    // An address that is missing is nothing that its reader did.
    if ('code' in problem && problem.code === 'not_found') return 'This server does not offer that.';
    return typeof problem.detail === 'string' && problem.detail !== '' ? problem.detail : undefined;
  } catch {
    return undefined;
  }
}

function unexplained(status: number): string {
  return `The server answered with an error (${status}). Try again in a moment.`;
}
