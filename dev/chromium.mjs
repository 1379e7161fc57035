// A browser for the tests of the page.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Finds Chromium or Chrome; on Debian, as root, installs it where there is none.
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the path of the binary
 */
export async function findChromium(say) {
  const places = process.env.CHROMIUM_PATH ? [process.env.CHROMIUM_PATH] : PLACES;
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  if (!process.env.CHROMIUM_PATH && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    say('Installing Chromium for the tests of the page');
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (existsSync(PLACES[0])) return PLACES[0];
  }
  throw new Error('The tests of the page need Chromium or Chrome: install it, or set CHROMIUM_PATH to its path.');
}
