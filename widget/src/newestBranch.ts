import type { Api } from '@frontdesk/client';

/** The messages that lead to the newest one, oldest first. */
export function newestBranch(messages: Api.Message[]): Api.Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const branch: Api.Message[] = [];
  for (let next = messages.at(-1); next; next = next.parent_id ? byId.get(next.parent_id) : undefined) branch.unshift(next);
  return branch;
}
