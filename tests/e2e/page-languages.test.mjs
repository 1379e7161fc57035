import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { eventually, stack } from './test-stack.mjs';

const documentOf = (page) => page.evaluate(() => ({ lang: document.documentElement.lang, dir: document.documentElement.dir }));

test('the page is in the language of the browser, from its first word on', async () => {
  for (const [locale, title, lang, dir] of [
    ['de-CH', 'Anmelden', 'de', 'ltr'], ['fr-FR', 'Se connecter', 'fr', 'ltr'], ['es-MX', 'Iniciar sesión', 'es', 'ltr'],
    ['ja-JP', 'サインイン', 'ja', 'ltr'], ['ar-EG', 'تسجيل الدخول', 'ar', 'rtl'], ['fi-FI', 'Sign in', 'en', 'ltr'],
  ]) {
    const { page, consoleErrors } = await openPage(undefined, stack.api, { locale });
    await page.getByTestId('sign-in-form').waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), title);
    assert.deepEqual(await documentOf(page), { lang, dir });
    assert.deepEqual(consoleErrors, []);
    await page.context().close();
  }
});

test('a language is chosen in the settings, at once and for later visits', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'in many tongues');
  await page.getByText('Very well.').waitFor();
  await page.getByTestId('open-settings').click();
  await page.getByTestId('language').selectOption('de');
  await page.getByRole('heading', { name: 'Einstellungen' }).waitFor();
  await page.getByText('Mitternacht UTC').waitFor();
  assert.ok(await page.getByTestId('settings-dialog').isVisible(), 'the dialog stays');
  await page.keyboard.press('Escape');
  // An answer that was shown before changes too.
  await page.getByRole('button', { name: 'Neu beantworten', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Neu beantworten', exact: true }).waitFor();
  await page.route('**/api/chat', (route) => route.fulfill({ status: 429, json: { code: 'rate_limited', detail: 'Too fast.' } }));
  await send(page, 'noch etwas');
  await page.getByTestId('error').getByText('zu viele Nachrichten').waitFor();
  await page.getByTestId('open-settings').click();
  await page.getByTestId('language').selectOption('browser');
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('frontdesk-language')), null);
  assert.deepEqual(consoleErrors.filter((text) => !text.includes('429')), []);
});

test('in Arabic the page is mirrored, on a desktop and on a phone, and nothing is cut off', async () => {
  for (const viewport of [undefined, PHONE]) {
    const { page, consoleErrors } = await openPage(viewport, stack.api, { locale: 'ar' });
    await signIn(page);
    await page.locator('.employee-card').first().waitFor();
    await send(page, 'مرحبا');
    await page.getByText('Very well.').waitFor();
    const own = await page.getByTestId('message-user').last().boundingBox();
    const { width, scroll } = await page.evaluate(() => ({ width: innerWidth, scroll: document.documentElement.scrollWidth }));
    assert.ok(scroll <= width, 'nothing is wider than the screen');
    const sidePanel = viewport ? 0 : (await page.locator('.side-panel').boundingBox())?.x ?? 0;
    assert.ok(own && own.x < width / 2, 'own messages stand at the end of the line');
    if (viewport) {
      await page.getByRole('button', { name: 'المحادثات', exact: true }).click();
      await eventually(async () => {
        const box = await page.locator('.drawer').boundingBox();
        assert.ok(box && Math.abs(box.x + box.width - width) < 2, 'the drawer comes from the right');
      });
    } else assert.ok(sidePanel > width / 2, 'the side panel is on the right');
    assert.deepEqual(consoleErrors, []);
    await page.context().close();
  }
});
