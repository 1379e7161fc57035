// `wrangler dev` alone: the readers' Worker runs beside it, as long as it does. wrangler runs the Workers of one configuration; those of others
// it finds by its registry.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { READERS_CONFIG } from './build/worker.mjs';
import { packagedNode } from './bootstrap.mjs';
import { ROOT } from './root.mjs';

/** Milliseconds between two looks at whether `wrangler dev` still runs. */
const LOOK_MS = 1000;

const FOLDER = join(ROOT, '.wrangler');
const PID_FILE = join(FOLDER, 'readers.pid');

/** Starts the readers for the `wrangler dev` whose build command this is, unless they run: it builds again with each change. */
export function runReadersBeside() {
  if (existsSync(PID_FILE) && isAlive(Number(readFileSync(PID_FILE, 'utf8')))) return;
  mkdirSync(FOLDER, { recursive: true });
  const log = openSync(join(FOLDER, 'readers.log'), 'w');
  // wrangler waits for the end of what it has started, so this may hold none of its pipes.
  const child = spawn(process.execPath, [import.meta.filename, String(wranglerAbove(process.ppid))], { cwd: ROOT, stdio: ['ignore', log, log], detached: true });
  writeFileSync(PID_FILE, String(child.pid));
  child.unref();
  console.log('The readers run beside it: their log is .wrangler/readers.log');
}

/** The `wrangler` that a process belongs to: between the two may be a shell. @param {number} pid @returns {number} */
function wranglerAbove(pid) {
  const { parent, command } = describe(pid);
  return command.includes('wrangler') || parent <= 1 ? pid : wranglerAbove(parent);
}

/** @param {number} pid @returns {{ parent: number, command: string }} the parent is 0 if it is not known */
function describe(pid) {
  const query = `$p = Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}'; "$($p.ParentProcessId) $($p.CommandLine)"`;
  const [tool, options] = process.platform === 'win32' ? ['powershell', ['-NoProfile', '-Command', query]] : ['ps', ['-o', 'ppid=,args=', '-p', String(pid)]];
  const found = /^\s*(\d+)\s+(.*)/.exec(spawnSync(tool, options, { encoding: 'utf8' }).stdout ?? '');
  return { parent: Number(found?.[1] ?? 0), command: found?.[2] ?? '' };
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Runs the readers until a process has ended. @param {number} pid */
function runWhileAlive(pid) {
  const wrangler = spawn(packagedNode(), [
    join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'dev', '--config', READERS_CONFIG, '--port', '0', '--inspector-port', '0', '--show-interactive-dev-session=false',
    '--persist-to', join(FOLDER, 'readers'),
  ], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, FRONTDESK_IS_BUILT: '1', WRANGLER_COMMAND: undefined } });
  const end = () => wrangler.kill('SIGTERM');
  const look = setInterval(() => { if (!isAlive(pid)) end(); }, LOOK_MS);
  process.on('SIGTERM', end);
  wrangler.once('exit', () => {
    clearInterval(look);
    rmSync(PID_FILE, { force: true });
  });
}

if (process.argv[1] === import.meta.filename) runWhileAlive(Number(process.argv[2]));
