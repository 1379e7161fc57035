// `FRAME_ANCESTORS`: the pages that may show the chat page in a frame. The page is served without the Worker, so its policy is written when
// it is built.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from '../bootstrap.mjs';

const NONE = "frame-ancestors 'none'";

/** The page's own origin, an origin, or the origins one level below a domain of at least two labels. */
const SOURCE = /^(?:'self'|http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?|https:\/\/(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?)$/;

/** The variable, from the environment, else from .dev.vars, else from wrangler.toml. */
export function readFrameAncestors() {
  const read = (/** @type {string} */ file) => (existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : '');
  const deployed = /^FRAME_ANCESTORS = "([^"\n]*)"$/m.exec(read('wrangler.toml'))?.[1];
  return process.env.FRAME_ANCESTORS ?? parseEnv(read('.dev.vars')).FRAME_ANCESTORS ?? deployed ?? '';
}

/**
 * The headers of the page, with the ancestors that it may have.
 * @param {string} headers text of the file _headers
 * @param {string} ancestors separated by commas or spaces
 */
export function withFrameAncestors(headers, ancestors) {
  const sources = ancestors.split(/[\s,]+/).filter(Boolean);
  const wrong = sources.find((source) => !SOURCE.test(source));
  if (wrong) throw new Error(`FRAME_ANCESTORS has "${wrong}": it is a list of origins such as https://app.example.com, https://*.example.com, 'self'.`);
  if (!headers.includes(NONE)) throw new Error('web/public/_headers has no frame-ancestors to replace.');
  return sources.length > 0 ? headers.replaceAll(NONE, `frame-ancestors ${sources.join(' ')}`) : headers;
}
