import { chatOf } from './chat.ts';
import { createSend, type Options } from './http.ts';
import { resourcesOf } from './resources.ts';

export type * as Api from './schemas.ts';
export type { ChatEvent } from './schemas.ts';
export { AnswerState, type AnswerPart } from './answerState.ts';
export { AnswerStream, type ReadOptions } from './answerStream.ts';
export type { Abortable, Decision, Message } from './chat.ts';
export { FrontdeskError, type ErrorCode } from './error.ts';
export { createFetch, type Options } from './http.ts';
export type { ExportLine, ImportProgress, Paging, PassageRange, SessionQuery } from './resources.ts';

export type Frontdesk = ReturnType<typeof createFrontdesk>;

/** A client of Frontdesk's API. */
export function createFrontdesk(options: Options = {}) {
  const send = createSend(options);
  return { chat: chatOf(send, options), ...resourcesOf(send) };
}
