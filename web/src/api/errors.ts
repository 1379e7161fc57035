import { lookUp, texts } from '../language/language.ts';
// Descriptions of errors for the user.
import { FrontdeskError } from '../../../client/src/index.ts';

/** Describes any error in one sentence for the user. */
export function describeError(error: unknown): string {
  // The detail names the route, which the user did not choose.
  if (error instanceof FrontdeskError) return problemText(error.code) ?? error.message;
  // `fetch` rejects with a TypeError when there was no response at all.
  if (error instanceof TypeError) return texts().errors.unreachable;
  if (!(error instanceof Error)) return texts().errors.unknown;
  // The chat transport throws the body of an error response as the message.
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return parseDetail(error.message) ?? (status === undefined ? error.message : texts().errors.status(status));
}

function parseDetail(body: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return undefined;
    const known = 'code' in problem ? problemText(problem.code) : undefined;
    if (known !== undefined) return known;
    return typeof problem.detail === 'string' && problem.detail !== '' ? problem.detail : undefined;
  } catch {
    return undefined;
  }
}

/** The page's own sentence for an error; undefined where the server's is as good. */
function problemText(code: unknown): string | undefined {
  const { errors } = texts();
  if (code === 'not_found') return errors.notOffered;
  return errors.byCode && typeof code === 'string' ? lookUp(errors.byCode, code) : undefined;
}
