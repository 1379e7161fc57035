import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openPage, send, signIn } from './browser.mjs';
import { script, scriptSteps, stack } from './test-stack.mjs';

/** A desktop of 1280 by 1024 at 400 %: https://www.w3.org/WAI/WCAG22/Understanding/reflow.html */
const ZOOMED = { width: 320, height: 256 };

async function fits(page, where) {
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, `${where} is ${scroll} wide`);
}

test('at 400 % everything is reached without scrolling sideways, and an answer has room', async () => {
  script('zoomed in', { content: 'A wide answer.\n\n| a column | another column | a third column |\n|---|---|---|\n| something long | something longer | the longest |' });
  const { page, consoleErrors } = await openPage(ZOOMED);
  await page.getByTestId('sign-in-form').waitFor();
  await fits(page, 'sign-in');
  await signIn(page);
  await page.locator('.employee-card').first().waitFor();
  await fits(page, 'welcome');
  await send(page, 'zoomed in');
  await page.locator('.table-scroller').waitFor();
  await fits(page, 'an answer');
  const room = await page.locator('.conversation').boundingBox();
  assert.ok(room && room.height >= 100, `an answer has ${room?.height} pixels`);
  await page.getByRole('button', { name: 'Conversations' }).click();
  await page.getByTestId('session-item').first().scrollIntoViewIfNeeded();
  await page.getByTestId('open-settings').scrollIntoViewIfNeeded();
  await page.getByTestId('open-settings').click();
  await page.getByTestId('open-shortcuts').scrollIntoViewIfNeeded();
  await fits(page, 'the settings');
  await page.keyboard.press('Escape');
  assert.deepEqual(consoleErrors, []);
});

test('for readers who want no motion, nothing moves', async () => {
  const { page } = await openPage(undefined, stack.api, { reducedMotion: 'reduce' });
  await signIn(page);
  await send(page, 'without motion');
  await page.getByText('Very well.').waitFor();
  await page.getByTestId('open-settings').click();
  await page.getByTestId('settings-dialog').waitFor();
  assert.deepEqual(await page.evaluate(() => document.getAnimations().map((animation) => animation.constructor.name)), []);
});

test('in colours of the reader, what is chosen has an outline and a status has a colour', async () => {
  const { page } = await openPage(undefined, stack.api, { forcedColors: 'active' });
  await signIn(page);
  const card = page.locator('.employee-card').filter({ has: page.locator(':checked') });
  const outlineOf = (locator) => locator.evaluate((element) => getComputedStyle(element).outlineStyle);
  assert.equal(await outlineOf(card), 'solid');
  assert.equal(await outlineOf(page.locator('.employee-card').filter({ hasNot: page.locator(':checked') }).first()), 'none');
  scriptSteps('in my colours', { calculator: { expression: '2 + 3' } }, 'Five.');
  await send(page, 'in my colours');
  await page.getByTestId('tool-call').waitFor();
  const dot = await page.getByTestId('tool-call').locator('summary').evaluate((element) => {
    const { backgroundColor } = getComputedStyle(element, '::before');
    return { dot: backgroundColor, page: getComputedStyle(document.body).backgroundColor };
  });
  assert.notEqual(dot.dot, dot.page);
  await page.getByTestId('session-item').first().waitFor();
  assert.equal(await outlineOf(page.locator('.session-item[aria-current]')), 'solid');
});
