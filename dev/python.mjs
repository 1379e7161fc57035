// Python packages for tests, in an environment of their own in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';
import { cacheFolder } from './toolchain.mjs';

/** Name of Python's command. */
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

/**
 * Installs packages once, and returns the path of a Python that has them.
 * @param {string[]} packages with their versions: `openai==3.57.0`
 * @returns {Promise<string | undefined>} undefined where there is no Python that can make an environment
 */
export async function ensurePython(packages) {
  const folder = join(cacheFolder(), `python-${createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)}`);
  const interpreter = (/** @type {string} */ environment) => join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (existsSync(interpreter(folder))) return interpreter(folder);
  if (spawnSync(PYTHON, ['-c', 'import venv, ensurepip']).status !== 0) return undefined;

  // Packages go in before the environment has its name: one that was interrupted is not taken for whole.
  const unfinished = `${folder}.unfinished-${process.pid}`;
  mkdirSync(cacheFolder(), { recursive: true });
  try {
    await run('The environment of Python', PYTHON, ['-m', 'venv', unfinished]);
    await run('pip', interpreter(unfinished), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return interpreter(folder);
}
