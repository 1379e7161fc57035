// Chromium for the tests of the chat page.
import { after } from 'node:test';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, grace, stack } from './test-stack.mjs';

const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Pace of an answer that leaves time to act in its middle. */
export const SLOW_ANSWER = { chunkSize: 6, streamingProfile: { ttft: 50, tps: 25 } };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

after(() => browser.close());

/**
 * Opens the chat page, or the page at an address, in a browser context of its own. Collects the errors and warnings of its console.
 * @param {{ width: number, height: number }} [viewport]
 * @param {string} [address]
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openPage(viewport = DESKTOP, address = stack.api, options = {}) {
  const page = await (await browser.newContext({ viewport, ...options })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  /** @type {string[]} */
  const consoleErrors = [];
  page.on('pageerror', (error) => consoleErrors.push(error.message));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) consoleErrors.push(message.text()); });
  await page.goto(address);
  return { page, consoleErrors };
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
