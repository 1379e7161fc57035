import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { splitterOf } from '../../web/src/chat/maskedValues.ts';
import { check } from './axe.mjs';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { requestsWith, script, stack } from './test-stack.mjs';

test('masked values are found as whole words, the longest first, and however they are written', () => {
  const split = splitterOf({ '[PERSON_1]': 'Ada', '[PERSON_2]': 'Ada Lovelace', '[US_SSN_1]': null, '[PHONE_1]': '+1 (415) 555.2671', '[PERSON_3]': '••••', '[PERSON_4]': '••••' });
  const found = (text) => split(text).filter(({ placeholders }) => placeholders).map(({ text: piece, placeholders }) => [piece, ...placeholders]);
  assert.deepEqual(found('ada, Adam, Canada: ADA LOVELACE'), [['ada', '[PERSON_1]'], ['ADA LOVELACE', '[PERSON_2]']]);
  assert.deepEqual(found('Call +1 (415) 555.2671, SSN [US_SSN_1].'), [['+1 (415) 555.2671', '[PHONE_1]'], ['[US_SSN_1]', '[US_SSN_1]']]);
  assert.deepEqual(found('•••• is one of two'), [['••••', '[PERSON_3]', '[PERSON_4]']]);
  assert.equal(split('Ada and ada').map(({ text }) => text).join(''), 'Ada and ada');
  assert.deepEqual([splitterOf({}), splitterOf(undefined), splitterOf({ '[PERSON_1]': 'A' })], [undefined, undefined, undefined]);
});

/** Sends a message whose values the model then reads as placeholders, and returns these by their kinds. */
async function sendMasked(page, marker, text, answer) {
  const response = ({ messages }) => {
    const read = messages.findLast(({ role }) => role === 'user').content;
    return { content: answer(Object.fromEntries([...read.matchAll(/\[([A-Z_]+)_\d+\]/g)].map(([placeholder, kind]) => [kind, placeholder]))) };
  };
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', userMessage: marker }, response });
  await send(page, `${marker} ${text}`);
}

/** Values that are marked in a message, with what their locks say. */
const chips = (message) => message.getByTestId('masked').evaluateAll((found) => found.map((chip) => (
  [chip.querySelector('.masked-value')?.textContent, chip.querySelector('button')?.getAttribute('aria-label')?.split('.')[0]]
)));

for (const [screen, viewport, colorScheme] of [['a desktop', undefined, 'light'], ['a phone', PHONE, 'dark']]) {
  test(`a masked value tells what the model read, on ${screen}`, async () => {
    const marker = randomUUID();
    const mail = `x${marker.slice(0, 8)}@example.com`;
    const { page, consoleErrors } = await openPage(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await signIn(page);
    await sendMasked(page, marker, `Write to ${mail} for Hedwig Kowalczyk`, ({ EMAIL, PERSON }) => (
      `For **${PERSON}**, who is ${PERSON}: ${EMAIL}\n\n\`${EMAIL}\` [site](https://a.example/?q=${EMAIL})\n\n\`\`\`\nmail ${EMAIL}\n\`\`\`\n\n- ${PERSON}-like [${PERSON}](https://b.example)`
    ));
    const [question, answer] = [page.getByTestId('message-user').last(), page.getByTestId('message-assistant').last()];
    await answer.getByTestId('answer-stats').waitFor();

    const [prompt] = requestsWith(marker);
    const read = prompt.messages.at(-1).content;
    const [EMAIL] = /\[EMAIL_\d+\]/.exec(read);
    const [PERSON] = /\[PERSON_\d+\]/.exec(read);
    const saw = (placeholder) => `The model read ${placeholder} here`;
    const expected = {
      question: [[mail, saw(EMAIL)], ['Hedwig Kowalczyk', saw(PERSON)]],
      answer: [
        ['Hedwig Kowalczyk', saw(PERSON)], ['Hedwig Kowalczyk', saw(PERSON)], [mail, saw(EMAIL)], [mail, saw(EMAIL)],
        ['Hedwig Kowalczyk', saw(PERSON)], ['Hedwig Kowalczyk', saw(PERSON)],
      ],
    };
    assert.deepEqual({ question: await chips(question), answer: await chips(answer) }, expected, 'while it arrives');
    assert.equal((await answer.locator('pre').innerText()).trim(), `mail ${mail}`, 'code has no locks');
    assert.equal(await answer.getByRole('link', { name: mail }).getAttribute('href'), `mailto:${mail}`);

    await page.getByTestId('session-item').filter({ hasText: marker }).waitFor({ state: 'attached' });
    await page.reload();
    await answer.getByTestId('answer-stats').waitFor();
    assert.deepEqual({ question: await chips(question), answer: await chips(answer) }, expected, 'after a reload');

    const note = page.getByTestId('masked-note');
    const lock = answer.getByTestId('masked').first().getByRole('button');
    if (viewport) await lock.click();
    else await answer.getByTestId('masked').first().hover();
    await note.getByText(saw(PERSON)).waitFor();
    const box = await note.boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= (page.viewportSize()?.width ?? 0), 'the note is within the window');
    await check(page, 'with a note');
    await lock.focus();
    await page.keyboard.press('Escape');
    await note.waitFor({ state: 'detached' });
    await page.keyboard.press('Tab');
    await note.getByText(saw(EMAIL)).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    assert.deepEqual(consoleErrors, []);
  });
}

test('text without values has no locks', async () => {
  const marker = randomUUID();
  script(marker, { content: 'Nothing personal.' });
  const { page } = await openPage();
  await signIn(page);
  await send(page, `${marker} tell me of walruses`);
  await page.getByText('Nothing personal.').waitFor();
  assert.equal(await page.getByTestId('masked').count(), 0);
});
