/** A message that begins with a name is for that employee, as the server reads it. */
const MENTION = /^\s*@([a-z][a-z0-9-]{0,62})(?=$|[\s,:;!?])/;

/** Whether a message says itself whom it is for. */
export function isAddressed(message: string): boolean {
  return MENTION.test(message);
}

/** What is written of a name so far, while a message is nothing else. */
export function nameBegun(message: string): string | undefined {
  return /^@([\p{L}\p{N}-]{0,62})$/u.exec(message)?.[1]?.toLowerCase();
}

/** The employee whom a message is for, if it says so. */
export function addressee(message: string): string | undefined {
  return MENTION.exec(message)?.[1];
}
