// `npm run test:api`: schemathesis makes requests from /openapi.json, with the token of a user and of an admin, and holds the answers
// against it: no 5xx, nothing that is not described. `-- --cases 10000` says how many for both together.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap, fail } from '../dev/bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ ensurePython }, { closeStack, newUser, stack }] = await Promise.all([import('../dev/python.mjs'), import('./test-stack.mjs')]);

const PACKAGES = ['schemathesis==4.32.5'];

const { values } = parseArgs({ options: { cases: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } } });

/** What each answer must be. What is refused in a request is told by the Worker's own tests. */
const CHECKS = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance'];

/** Erasing ends what a user can do; its own tests have it. */
const LEFT_OUT = ['eraseUser', 'eraseOtherUser'];

const python = await ensurePython(PACKAGES);
if (!python) fail('schemathesis needs Python 3 with venv.');
const document = await (await fetch(`${stack.api}/openapi.json`)).json();
const operations = Object.values(document.paths).flatMap((path) => Object.values(path)).map(({ operationId }) => operationId);
const unknown = LEFT_OUT.filter((id) => !operations.includes(id));
if (unknown.length > 0) fail(`There is no operation ${unknown.join(', ')}: its name has changed.`);

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-schemathesis-'));
const perOperation = String(Math.ceil(Number(values.cases) / 2 / (operations.length - LEFT_OUT.length)));
let isGood = true;
let total = 0;
for (const [name, claims] of [['user', {}], ['admin', { app_metadata: { role: 'admin' } }]]) {
  console.log(`── ${name}, ${perOperation} cases an operation`);
  const user = await newUser(claims);
  const report = join(folder, `${name}.json`);
  const child = spawn(python, [
    '-m', 'schemathesis.cli', 'run', `${stack.api}/openapi.json`, '--url', stack.api, '--header', `Authorization: Bearer ${user.access_token}`,
    '--checks', CHECKS.join(), '--phases', 'examples,coverage,fuzzing', '--max-examples', perOperation, '--seed', values.seed, // Threads meet a fault of Python 3.11's parser.
    '--workers', '1',
    '--request-timeout', '60', '--suppress-health-check', 'all', '--warnings', 'off', '--no-color', '--continue-on-failure',
    '--report', 'json', '--report-json-path', report, ...LEFT_OUT.flatMap((id) => ['--exclude-operation-id', id]),
  ], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, PYTHONUTF8: '1' } });
  const [code] = await once(child, 'exit');
  isGood &&= code === 0;
  const cases = /"generated":\s*(\d+)/.exec(readFileSync(report, 'utf8'));
  total += Number(cases?.[1] ?? 0);
}
rmSync(folder, { recursive: true, force: true });
await closeStack();
console.log(`${total} cases`);
process.exit(isGood ? 0 : 1);
