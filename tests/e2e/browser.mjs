// A real browser for the tests of the page.
import { after } from 'node:test';
import { chromium } from 'playwright-core';
import { grace, stack } from './desk.mjs';

const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** An answer slow enough to do something in its middle. */
export const SLOW = { chunkSize: 6, streamingProfile: { ttft: 50, tps: 25 } };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

after(() => browser.close());

/** A page in a browser of its own, and what its console complained about. */
export async function open(viewport = DESKTOP) {
  const page = await (await browser.newContext({ viewport })).newPage();
  page.setDefaultTimeout(30_000);
  /** @type {string[]} */
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()); });
  await page.goto(stack.api);
  return { page, complaints };
}

export async function signIn(page, password = 'frontdesk') {
  await page.getByTestId('email').fill(grace.email);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('sign-in').click();
}

export async function send(page, text) {
  await page.getByTestId('composer').fill(text);
  await page.getByTestId('send').click();
}
