// Pages of stock clients on an origin of their own, each bundled with the packages that it is tested with.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after } from 'node:test';
import { build } from 'esbuild';
import { ROOT } from '../../../dev/bootstrap.mjs';
import { openPage } from '../browser.mjs';
import { CLIENTS_PORT, stack } from '../test-stack.mjs';

/** Scripts by path. @type {Map<string, string>} */
const scripts = new Map();

/** Styles by the page's path. @type {Map<string, string>} */
const sheets = new Map();

const server = createServer((request, response) => {
  const script = scripts.get(request.url ?? '');
  if (script) return response.setHeader('content-type', 'text/javascript').end(script);
  response.setHeader('content-type', 'text/html; charset=utf-8');
  return response.end(`<!doctype html><html lang="en"><title>A client</title><link rel="icon" href="data:,"><style>${sheets.get(request.url) ?? ''}</style><body><script type="module" src="${request.url}.js"></script>`);
}).listen(CLIENTS_PORT, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());

/**
 * @param {string} name of the page
 * @param {string} file in this folder
 * @param {Record<string, string>} [alias] packages or files in the place of packages
 * @param {string} [styles]
 */
export async function definePage(name, file, alias = {}, styles = '') {
  const { outputFiles: [{ text }] } = await build({
    entryPoints: [join(ROOT, 'tests/e2e/stock', file)], bundle: true, format: 'esm', target: 'es2022', jsx: 'automatic', write: false,
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' }, alias, logLevel: 'error',
  });
  scripts.set(`/${name}.js`, text);
  sheets.set(`/${name}`, styles);
}

/**
 * @param {string} name
 * @param {{ access_token: string }} user
 * @param {string} [chat] id of the chat
 */
export function openClient(name, user, chat = '') {
  const settings = new URLSearchParams({ api: stack.api, token: user.access_token, chat });
  return openPage(undefined, `http://127.0.0.1:${CLIENTS_PORT}/${name}#${settings}`);
}
