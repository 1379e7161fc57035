import type { Fact } from './api.ts';

/** What calls name and do not tell. */
export interface Lookups {
  /** The title of an employee; the slug of one who is not known. */
  titleOf: (slug: string) => string;
  /** An address that gives a file to whoever has it, for a short time. */
  linkOf: (file: string) => Promise<string>;
  /** What is known of the user. */
  facts: () => Promise<Fact[]>;
}
