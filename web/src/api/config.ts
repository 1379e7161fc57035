import { createFrontdesk, type Api as Rows } from '../../../client/src/index.ts';

/** Settings that differ between deployments. The Worker serves them, so that one build of the page fits all. */
export type Config = Rows.PageConfig;

export function loadConfig(): Promise<Config> {
  return createFrontdesk().config();
}
