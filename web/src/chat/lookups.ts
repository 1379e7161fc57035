import type { Employee, Fact, PassagePage, PassageRange } from '../api/api.ts';
import type { Rating } from '../api/rows.ts';

/** Data that messages refer to by id, and their ratings. */
export interface Lookups {
  employees: Employee[];
  /** Title of an employee, or the slug itself if it is unknown. */
  employeeTitle: (slug: string) => string;
  /** Short-lived link that downloads a file without an access token. */
  fileLink: (file: string) => Promise<string>;
  /** All remembered facts about the user. */
  facts: () => Promise<Fact[]>;
  /** Passages of a document. */
  passages: (document: string, range: PassageRange) => Promise<PassagePage>;
  /** Rates an answer, in place of an earlier rating. */
  rate: (message: string, rating: Rating) => Promise<void>;
  unrate: (message: string) => Promise<void>;
}
