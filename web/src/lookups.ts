import type { Fact } from './api.ts';

/** Data that tool calls refer to by id. */
export interface Lookups {
  /** Title of an employee, or the slug itself if it is unknown. */
  employeeTitle: (slug: string) => string;
  /** Short-lived link that downloads a file without an access token. */
  fileLink: (file: string) => Promise<string>;
  /** All remembered facts about the user. */
  facts: () => Promise<Fact[]>;
}
