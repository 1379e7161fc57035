import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { check } from './axe.mjs';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { database, grace, script } from './test-stack.mjs';

/** All page tests share one user: no documents may be left for the next test. */
const deleteDocuments = () => database.query('delete from chat_documents where user_id = $1', [grace.id]);

const file = (name, text) => ({ name, mimeType: 'text/markdown', buffer: Buffer.from(text) });

test('a document is added, cited under an answer, still there after a reload, and deleted after a confirmation', async (t) => {
  t.after(deleteDocuments);
  const marker = randomUUID();
  script(marker, { content: 'In the harbour, as **boats.md** says.' });
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await page.getByTestId('document-picker').setInputFiles(file('boats.md', `# Boats\n\nThe pelican boat ${marker} lies in the harbour.`));
  const document = page.getByTestId('document').filter({ hasText: 'boats.md' });
  await document.and(page.locator('[data-status=ready]')).waitFor();

  await send(page, `${marker} pelican boat?`);
  const sources = page.getByTestId('sources');
  await sources.waitFor();
  assert.equal((await sources.innerText()).trim(), 'boats.md');
  await page.getByText('In the harbour').waitFor();
  await page.getByTestId('session-item').filter({ hasText: marker }).waitFor();
  await page.reload();
  await page.getByTestId('sources').getByRole('button', { name: 'boats.md' }).click();
  await page.getByTestId('marked-passage').getByText(`The pelican boat ${marker} lies in the harbour.`).waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('passages').waitFor({ state: 'detached' });

  await document.getByTestId('delete-document').focus();
  await page.keyboard.press('Enter');
  await document.getByText('Keep').click();
  assert.equal(await document.count(), 1);
  await document.getByTestId('delete-document').click();
  // The confirmation has the focus.
  await page.keyboard.press('Enter');
  await document.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => globalThis.document.activeElement?.getAttribute('data-testid')), 'add-document');
  assert.deepEqual(consoleErrors, []);
});

for (const [screen, viewport] of [['a desktop', undefined], ['a phone', PHONE]]) {
  test(`a source opens at the passages that the model read, on ${screen}`, async (t) => {
    t.after(deleteDocuments);
    const marker = randomUUID();
    const name = `herons-${marker}.md`;
    script(marker, { content: `As ${name} says.` });
    const { page, consoleErrors } = await openPage(viewport);
    await signIn(page);
    const chapters = Array.from({ length: 40 }, (_, at) => `## Chapter ${at}\n\n${`Sentence of chapter ${at} about nothing much. `.repeat(30)}`);
    chapters[25] += `\n\nThe heron ${marker} nests on the old crane.`;
    await page.getByTestId('document-picker').setInputFiles(file(name, chapters.join('\n\n')));
    await page.locator('[data-testid=document][data-status=ready]').filter({ hasText: name }).waitFor({ state: 'attached' });
    await send(page, `${marker} heron crane?`);
    await page.getByTestId('sources').getByRole('button', { name }).click();
    const passage = page.getByTestId('marked-passage').filter({ hasText: marker });
    await passage.waitFor({ state: 'attached' });
    await check(page, 'a source');
    // The passages that the model read may be several: one can step through them.
    const later = page.getByRole('button', { name: 'Later marked passage' });
    const isInView = () => passage.evaluate((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    while (!(await isInView())) await later.click();
    const shown = page.locator('.passage');
    const before = await shown.count();
    await page.getByRole('button', { name: 'Show earlier text' }).click();
    await shown.nth(before).waitFor({ state: 'attached' });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));

    await database.query('delete from chat_documents where user_id = $1', [grace.id]);
    await page.keyboard.press('Escape');
    await page.getByTestId('sources').getByRole('button', { name }).click();
    await page.getByTestId('passages').getByText('There is no such document').waitFor();
    // The browser itself logs the refused request.
    assert.ok(consoleErrors.every((error) => error.includes('status of 404')), consoleErrors.join());
  });
}

test('a document that an answer does not name is no source, and stands in the receipt alone', async (t) => {
  t.after(deleteDocuments);
  const marker = randomUUID();
  script(marker, { content: 'Hello! Boatswains are welcome, and boats too.' });
  const { page } = await openPage();
  await signIn(page);
  await page.getByTestId('document-picker').setInputFiles(file('boats-2026.md', `# Boats\n\nThe pelican boat ${marker} lies in the harbour.`));
  await page.locator('[data-testid=document][data-status=ready]').filter({ hasText: 'boats-2026.md' }).waitFor();
  await send(page, `hi ${marker}, pelican boat`);
  await page.getByTestId('receipt').locator('summary').click();
  await page.getByTestId('receipt-documents').getByText('boats-2026.md').waitFor();
  assert.equal(await page.getByTestId('sources').count(), 0);
});

test('a rejected upload says why, on a phone in the drawer', async (t) => {
  t.after(deleteDocuments);
  const { page } = await openPage(PHONE);
  await signIn(page);
  await page.getByRole('button', { name: 'Conversations' }).click();
  await page.getByTestId('add-document').waitFor();
  await page.getByTestId('document-picker').setInputFiles([
    { name: 'scan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 damaged') }, file('good.md', `Good ${randomUUID()}.`),
  ]);
  await page.getByTestId('error').getByText('damaged').waitFor();
  const good = page.getByTestId('document').filter({ hasText: 'good.md' });
  await good.waitFor();
  const { width } = page.viewportSize() ?? PHONE;
  assert.ok(await page.evaluate(() => globalThis.document.documentElement.scrollWidth) <= width, 'nothing is wider than the screen');
  await good.getByTestId('delete-document').click();
  await good.getByTestId('confirm-delete').click();
  await good.waitFor({ state: 'detached' });
});

test('files are dropped and pasted anywhere: a picture goes with the message, another file becomes a document', async (t) => {
  t.after(deleteDocuments);
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await page.getByTestId('composer').waitFor();
  const address = page.url();
  const bring = (kind, name, type) => page.evaluate(([event, fileName, fileType]) => {
    const data = new DataTransfer();
    data.items.add(new File(['Herons fish at dawn.'], fileName, { type: fileType }));
    const target = event === 'paste' ? globalThis.document.querySelector('textarea') : globalThis.document.querySelector('.conversation');
    target?.dispatchEvent(event === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
      : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true }));
  }, [kind, name, type]);
  await bring('dragover', 'herons.md', 'text/markdown');
  await page.getByText('Drop pictures for your message').waitFor();
  await bring('drop', 'herons.md', 'text/markdown');
  await page.getByTestId('document').filter({ hasText: 'herons.md' }).waitFor();
  await page.getByText('Drop pictures for your message').waitFor({ state: 'detached' });
  await bring('paste', 'heron.png', 'image/png');
  await page.getByTestId('picture').filter({ hasText: 'heron.png' }).waitFor();
  assert.equal(page.url(), address);
  await bring('drop', 'broken.pdf', 'application/pdf');
  await page.getByTestId('error').getByText('broken.pdf: ').waitFor();
  // The browser itself logs the refused upload.
  assert.ok(consoleErrors.every((error) => error.includes('status of 4')), consoleErrors.join());
});
