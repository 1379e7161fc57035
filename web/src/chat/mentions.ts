/** Leading `@slug` of a message, by the same rule as the server's: it addresses the message to that employee. */
const MENTION = /^\s*@([a-z][a-z0-9-]{0,62})(?=$|[\s,:;!?])/;

/** True if the message names its employee itself. */
export function hasMention(message: string): boolean {
  return MENTION.test(message);
}

/** Lower-case start of a name after `@`, as long as the message has nothing else in it. */
export function mentionPrefix(message: string): string | undefined {
  return /^@([\p{L}\p{N}-]{0,62})$/u.exec(message)?.[1]?.toLowerCase();
}

/** Slug of the employee that a message is addressed to. */
export function mentionedEmployee(message: string): string | undefined {
  return MENTION.exec(message)?.[1];
}
