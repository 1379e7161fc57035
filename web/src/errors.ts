// Error responses of the API (RFC 9457), and their description for the user.

/** An error response of the API. Its message is made for the user. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
  }
}

export async function readApiError(response: Response): Promise<ApiError> {
  const body = await response.text();
  return new ApiError(response.status, parseDetail(body) ?? genericMessage(response.status));
}

/** Describes any error in one sentence for the user. */
export function describeError(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  // `fetch` rejects with a TypeError when there was no response at all.
  if (error instanceof TypeError) return 'The server is out of reach. Check your connection and try again.';
  if (!(error instanceof Error)) return 'Something went wrong. Try again in a moment.';
  // The chat transport throws the body of an error response as the message.
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return parseDetail(error.message) ?? (status === undefined ? error.message : genericMessage(status));
}

function parseDetail(body: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return undefined;
    // The detail names the route, which the user did not choose.
    if ('code' in problem && problem.code === 'not_found') return 'This server does not offer that.';
    return typeof problem.detail === 'string' && problem.detail !== '' ? problem.detail : undefined;
  } catch {
    return undefined;
  }
}

function genericMessage(status: number): string {
  return `The server answered with an error (${status}). Try again in a moment.`;
}
