// `npm run bench:page`: how quick the chat page is in Chromium, on this machine: the first load, an answer of 30 KB, a conversation of
// 5,000 messages. It runs the stack of the end-to-end tests with the build that is there (`FRONTDESK_PROFILE=release` for that of a deployment).
import { randomUUID } from 'node:crypto';
import { chromium } from 'playwright-core';
import { call, closeStack, script, stack } from '../tests/test-stack.mjs';

/** Lighthouse's slow 4G: https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md */
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8 };
const CPU_SLOWDOWN = 4;
/** Largest time between two frames that a reader does not notice, in milliseconds. */
const LONG_FRAME = 50;
const MESSAGES = 5000;
const ROUNDS = 5;

const ANSWER = Array.from({ length: 66 }, (_, n) => (n % 6 === 5
  ? '```js\nconst total = prices.map((price) => price * 1.19).reduce((sum, price) => sum + price, 0); // with tax\n```'
  : `## Part ${n}\n\nA paragraph with **bold words**, a [link](https://example.com/${n}) and \`code\`, as models write them. ${'More words follow. '.repeat(22)}\n\n- one\n- two`)).join('\n\n');

const browser = await chromium.launch({ executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const password = 'a password of the bench';
/** @type {Record<string, string>} */
const rows = {};
try {
  await measureLoads();
  await measureStream();
  await measureHistory();
} finally {
  await browser.close();
  await closeStack();
}
console.table(rows);

async function measureLoads() {
  const { page, context } = await signedUp();
  rows['sign-in form, LCP'] = await median(async () => paintOf(await browser.newContext()));
  rows['chat, LCP'] = await median(() => paintOf(context));
  await page.context().close();
}

/** Time of the largest paint of a first visit, on a slow network with a slow processor. @param {import('playwright-core').BrowserContext} context */
async function paintOf(context) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
  await devtools.send('Network.emulateNetworkConditions', SLOW_4G);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  await page.goto(stack.api);
  await page.locator('.employee-card, [data-testid=sign-in-form]').first().waitFor();
  await page.waitForLoadState('networkidle');
  const time = await page.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1)?.startTime ?? 0)).observe({ type: 'largest-contentful-paint', buffered: true });
  }));
  await page.close();
  return time;
}

async function measureStream() {
  script('a long answer', { content: ANSWER }, { chunkSize: 24, streamingProfile: { ttft: 20, tps: 400 } });
  const { page } = await signedUp();
  await page.getByTestId('composer').fill('a long answer');
  await page.waitForTimeout(1000);
  await page.evaluate(() => {
    const frames = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { frames });
    new PerformanceObserver((list) => frames.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'long-animation-frame' });
  });
  await page.getByTestId('send').click();
  await page.getByTestId('answer-stats').waitFor({ timeout: 120_000 });
  const frames = await page.evaluate(() => /** @type {number[]} */ (Reflect.get(globalThis, 'frames')));
  rows[`answer of ${Math.round(ANSWER.length / 1024)} KB, frames over ${LONG_FRAME} ms`] = `${frames.length}, the longest ${milliseconds(Math.max(0, ...frames))}`;
  await page.context().close();
}

async function measureHistory() {
  const { page, user } = await signedUp();
  const session = randomUUID();
  const lines = Array.from({ length: MESSAGES }, (_, n) => JSON.stringify({
    session_id: session, role: n % 2 ? 'assistant' : 'user', content: `line ${n} of the long talk, with **some** Markdown\n\n- and\n- a list`,
    created_at: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
  }));
  await (await call('/api/import', { user, method: 'POST', body: lines.join('\n') })).text();
  const took = await page.evaluate(async (hash) => {
    const startedAt = performance.now();
    location.hash = hash;
    const isThere = () => [...document.querySelectorAll('.message')].at(-1)?.textContent?.includes('line 4999');
    while (!isThere()) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - startedAt;
  }, `#/c/${session}`);
  rows[`conversation of ${MESSAGES} messages, open`] = milliseconds(took);
  await page.context().close();
}

/** Median of several measurements. @param {() => Promise<number>} measure */
async function median(measure) {
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await measure());
  return milliseconds(times.sort((one, other) => one - other)[(ROUNDS - 1) / 2] ?? 0);
}

/** A page of a new user, who is signed in. */
async function signedUp() {
  const email = `${randomUUID()}@example.com`;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(stack.api);
  await page.getByTestId('to-signUp').click();
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('sign-in').click();
  await page.locator('.employee-card').first().waitFor();
  const access_token = await page.evaluate(() => JSON.parse(localStorage.getItem('frontdesk-session') ?? '{}').access_token);
  return { page, context, user: { access_token } };
}

/** @param {number} value */
function milliseconds(value) {
  return `${Math.round(value)} ms`;
}
