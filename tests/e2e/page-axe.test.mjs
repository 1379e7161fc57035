import { test } from 'node:test';
import { check } from './axe.mjs';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { script } from './test-stack.mjs';

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
