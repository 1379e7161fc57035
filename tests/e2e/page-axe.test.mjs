import { test } from 'node:test';
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { script } from './test-stack.mjs';

/** Fails on what axe calls serious or critical. */
async function check(page, where) {
  await page.evaluate(axe.source);
  // Colours are measured at the end of their transitions.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const violations = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(violations, [], where);
}

for (const [screen, viewport] of [['a desktop', undefined], ['a phone', PHONE]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing serious on ${screen}, in ${colorScheme} colours`, async () => {
      script('all of markdown', { content: '# Title\n\n- item\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a = "b"; // c\n```\n\n> quote' });
      const { page } = await openPage(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.getByTestId('sign-in-form').waitFor();
      await check(page, 'sign-in');
      await signIn(page);
      await page.getByTestId('composer').waitFor();
      await page.locator('.employee-card').first().waitFor();
      await check(page, 'welcome');
      await send(page, 'all of markdown');
      await page.locator('.hljs-keyword').first().waitFor();
      await page.getByTestId('rate-down').click();
      await page.getByTestId('rating-comment').waitFor();
      await check(page, 'conversation');
      if (viewport) await page.getByRole('button', { name: 'Conversations' }).click();
      await page.getByTestId('session-item').first().waitFor();
      await page.getByRole('button', { name: /^Options for/ }).first().press('Enter');
      await check(page, 'menu');
      await page.keyboard.press('Escape');
      await page.getByTestId('open-settings').click();
      await page.getByRole('row', { name: /Midnight UTC/ }).waitFor();
      await check(page, 'settings');
      await page.keyboard.press('Escape');
      await page.getByTestId('settings-dialog').waitFor({ state: 'detached' });
      if (viewport) await page.getByRole('button', { name: 'Conversations' }).click();
      await page.getByTestId('open-memory').click();
      await page.getByTestId('memory-dialog').getByRole('heading').waitFor();
      await check(page, 'memory');
    });
  }
}
