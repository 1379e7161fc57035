import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MessageTree } from '../../web/src/chat/messageTree.ts';
import { openPage, PHONE, send, signIn, SLOW_ANSWER } from './browser.mjs';
import { database, isFenced, requestsWith, script, stack, storedMessages } from './test-stack.mjs';

const row = (id, parent = null, more = {}) => ({
  id, parent_id: parent, role: id.startsWith('a') ? 'assistant' : 'user', content: id, status: 'complete', metadata: {}, ...more,
});
const message = (id, metadata = {}) => ({ id, role: id.startsWith('a') ? 'assistant' : 'user', parts: [{ type: 'text', text: id }], metadata });
const ids = (path) => path.map(({ id }) => id);

test('rows become a tree with paths, siblings and newest descendants', () => {
  const tree = MessageTree.fromRows([row('q1'), row('a1', 'q1'), row('q2', 'a1'), row('a2', 'q2'), row('a3', 'q1'), row('q3', 'a1'), row('a4', 'q3')]);
  assert.equal(tree.newest(), 'a4');
  assert.deepEqual(ids(tree.pathTo('a2')), ['q1', 'a1', 'q2', 'a2']);
  assert.deepEqual(tree.siblings('a1'), ['a1', 'a3']);
  assert.deepEqual(tree.siblings('q3'), ['q2', 'q3']);
  assert.deepEqual(tree.siblings('q1'), ['q1']);
  assert.equal(tree.newest('a1'), 'a4');
  assert.equal(tree.newest('q2'), 'a2');
  assert.equal(tree.newest('a3'), 'a3');
  assert.deepEqual([tree.parentOf('q3'), tree.parentOf('q1')], ['a1', null]);
  const empty = MessageTree.fromRows([]);
  assert.deepEqual([empty.newest(), empty.pathTo('x'), empty.siblings('x')], [undefined, [], ['x']]);
});

test('a user message is found by its id and by its client id', () => {
  const named = MessageTree.fromRows([row('q1', null, { metadata: { client_message_id: 'mine' } }), row('a1', 'q1')]);
  const tree = named.withPath([message('mine'), message('a2')]);
  assert.deepEqual(tree.siblings('a1'), ['a1', 'a2']);
  assert.deepEqual(tree.siblings('mine'), ['q1']);
  assert.ok(tree.has('mine') && tree.has('q1') && !tree.has('a3'));
  assert.deepEqual(tree.pathTo('a2').map(({ parts: [{ text }] }) => text), ['mine', 'a2']);
  assert.equal(tree.newest('mine'), 'a2');
});

test('messages after an unknown or hidden parent stay in the tree', () => {
  const tree = MessageTree.fromRows([
    row('a1', 'gone'), row('q1', 'a1'), row('t', 'q1', { role: 'tool' }), row('a2', 't'), row('a3', 'gone'), row('q2', 'a3'), row('q0'),
  ]);
  assert.deepEqual(ids(tree.pathTo('a2')), ['a1', 'q1', 'a2']);
  assert.deepEqual(ids(tree.pathTo('q2')), ['a3', 'q2']);
  assert.deepEqual(tree.siblings('a1'), ['a1', 'a3']);
  assert.deepEqual(tree.siblings('q0'), ['q0'], 'a first message is no sibling of messages with an unknown parent');
  assert.equal(tree.parentOf('a1'), 'gone');
  // A message with the same unknown parent is their sibling.
  assert.deepEqual(tree.withPath([message('q9', { parent_id: 'gone' })]).siblings('a1'), ['a1', 'a3', 'q9']);
});

const questions = (page) => page.getByTestId('message-user').allInnerTexts();
const branchSwitcher = (page, of) => page.getByRole('group', { name: `Versions of this ${of}` });
const button = (scope, name) => scope.getByRole('button', { name, exact: true });
const sessionOf = (page) => new URL(page.url()).hash.split('/').at(-1);

/** Conversation in the newest prompt, without the persona and what is recalled. */
const promptOf = (marker) => requestsWith(marker).at(-1).messages.filter(({ role, content }) => role !== 'system' && !isFenced(content)).map(({ content }) => content);

/** Scripts numbered answers. */
function scriptNumbered(marker) {
  let answers = 0;
  script(marker, () => ({ content: `Answer number ${++answers}.` }));
}

test('a regenerated answer is another version, and the next question follows the shown one', async () => {
  const marker = randomUUID();
  scriptNumbered(marker);
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, `${marker} one`);
  await page.getByText('Answer number 1.').waitFor();
  assert.equal(await page.getByTestId('branch-switcher').count(), 0);
  await button(page, 'Answer again').click();
  await page.getByText('Answer number 2.').waitFor();
  await branchSwitcher(page, 'answer').getByText('2 / 2').waitFor();
  assert.equal(await page.getByText('Answer number 1.').count(), 0);
  assert.deepEqual(await questions(page), [`${marker} one`]);

  await button(page, 'Earlier version').click();
  await page.getByText('Answer number 1.').waitFor();
  await branchSwitcher(page, 'answer').getByText('1 / 2').waitFor();
  await send(page, `${marker} two`);
  await page.getByText('Answer number 3.').waitFor();
  assert.deepEqual(promptOf(marker), [`${marker} one`, 'Answer number 1.', `${marker} two`]);

  await button(page, 'Later version').click();
  await page.getByText('Answer number 2.').waitFor();
  assert.deepEqual(await questions(page), [`${marker} one`]);
  await button(page, 'Earlier version').click();
  await page.getByText('Answer number 3.').waitFor();

  await storedMessages(sessionOf(page), 5);
  await page.reload();
  await page.getByText('Answer number 3.').waitFor();
  await page.getByText('Answer number 1.').waitFor();
  await button(page, 'Later version').click();
  await page.getByText('Answer number 2.').waitFor();
  await send(page, `${marker} three`);
  await page.getByText('Answer number 4.').waitFor();
  assert.deepEqual(promptOf(marker), [`${marker} one`, 'Answer number 2.', `${marker} three`]);
  assert.deepEqual(consoleErrors, []);
});

test('a question is edited in its place, the first one too', async () => {
  const marker = randomUUID();
  scriptNumbered(marker);
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, `${marker} one`);
  await page.getByText('Answer number 1.').waitFor();
  await send(page, `${marker} two`);
  await page.getByText('Answer number 2.').waitFor();

  await button(page, 'Edit').nth(1).click();
  const editor = page.getByTestId('inline-editor');
  const field = editor.getByRole('textbox');
  assert.equal(await field.inputValue(), `${marker} two`);
  assert.ok(await button(editor, 'Save').isDisabled(), 'an unchanged text cannot be saved');
  await page.keyboard.type(' and a half');
  await page.keyboard.press('Escape');
  assert.equal(await editor.count(), 0);
  assert.ok(await button(page, 'Edit').nth(1).evaluate((edit) => edit === document.activeElement), 'the focus returns to the button');

  await page.keyboard.press('Enter');
  await field.fill(`${marker} 2`);
  await page.keyboard.press('Enter');
  await page.getByText('Answer number 3.').waitFor();
  assert.deepEqual(promptOf(marker), [`${marker} one`, 'Answer number 1.', `${marker} 2`]);
  assert.deepEqual(await questions(page), [`${marker} one`, `${marker} 2`]);

  await button(page, 'Edit').first().click();
  await field.fill(`${marker} 1`);
  await button(editor, 'Save').click();
  await page.getByText('Answer number 4.').waitFor();
  assert.deepEqual(promptOf(marker), [`${marker} 1`]);
  await send(page, `${marker} next`);
  await page.getByText('Answer number 5.').waitFor();
  assert.deepEqual(promptOf(marker), [`${marker} 1`, 'Answer number 4.', `${marker} next`]);

  await storedMessages(sessionOf(page), 10);
  await page.reload();
  await page.getByText('Answer number 5.').waitFor();
  await branchSwitcher(page, 'question').getByText('2 / 2').waitFor();
  await button(page, 'Earlier version').click();
  await page.getByText('Answer number 3.').waitFor();
  assert.deepEqual(await questions(page), [`${marker} one`, `${marker} 2`]);
  await branchSwitcher(page, 'question').nth(1).getByRole('button', { name: 'Earlier version' }).click();
  await page.getByText('Answer number 2.').waitFor();
  assert.deepEqual(await questions(page), [`${marker} one`, `${marker} two`]);
  assert.deepEqual(consoleErrors, []);
});

test('a failed request changes nothing and can be retried', async () => {
  const marker = randomUUID();
  scriptNumbered(marker);
  const { page } = await openPage();
  await signIn(page);
  await send(page, `${marker} one`);
  await page.getByText('Answer number 1.').waitFor();
  await page.route('**/api/chat', (route) => route.abort());

  await button(page, 'Answer again').click();
  await page.getByTestId('error').waitFor();
  await page.getByText('Answer number 1.').waitFor();
  await button(page, 'Edit').click();
  const editor = page.getByTestId('inline-editor');
  await editor.getByRole('textbox').fill(`${marker} other`);
  await button(editor, 'Save').click();
  await editor.getByTestId('error').waitFor();
  assert.equal(await editor.getByRole('textbox').inputValue(), `${marker} other`);
  assert.ok(await editor.getByRole('textbox').evaluate((field) => field === document.activeElement));
  await page.getByText('Answer number 1.').waitFor();

  await page.unroute('**/api/chat');
  await button(editor, 'Save').click();
  await page.getByText('Answer number 2.').waitFor();
  await branchSwitcher(page, 'question').getByText('2 / 2').waitFor();
  await button(page, 'Earlier version').click();
  await page.getByText('Answer number 1.').waitFor();
});

test('a reload during a regenerated answer shows it in its place, and only one answer runs at a time', async () => {
  const marker = randomUUID();
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  for (const text of ['one', 'two']) {
    script(`${marker} ${text}`, { content: `The first to ${text}.` });
    await send(page, `${marker} ${text}`);
    await page.getByText(`The first to ${text}.`).waitFor();
  }
  const slow = 'Another one, word by word. '.repeat(20).trim();
  script(`${marker} one`, { content: slow }, SLOW_ANSWER);
  await button(page, 'Answer again').first().click();
  await page.getByText('Another one').waitFor();
  const second = await page.context().newPage();
  await second.goto(page.url());
  await page.reload();
  for (const tab of [page, second]) {
    await tab.getByText('Another one').waitFor();
    assert.deepEqual(await questions(tab), [`${marker} one`]);
    assert.ok(await button(tab, 'Edit').isDisabled());
    assert.equal(await button(tab, 'Answer again').count(), 0);
  }
  await page.getByTestId('stop').click();
  for (const tab of [page, second]) {
    await tab.getByText('This answer was stopped.').waitFor();
    await branchSwitcher(tab, 'answer').getByText('2 / 2').waitFor();
  }
  await button(page, 'Earlier version').click();
  await page.getByText('The first to two.').waitFor();
  assert.deepEqual(await questions(page), [`${marker} one`, `${marker} two`]);

  script(`${marker} one`, { content: 'Whole this time.' });
  await button(second, 'Ask again').click();
  await second.getByText('Whole this time.').waitFor();
  await branchSwitcher(second, 'answer').getByText('3 / 3').waitFor();
  assert.deepEqual(await questions(second), [`${marker} one`]);
  assert.deepEqual(consoleErrors, []);
});

test('a regenerated answer whose stream is lost is loaded from the server as another version', async () => {
  const marker = randomUUID();
  scriptNumbered(marker);
  const { page } = await openPage();
  await signIn(page);
  await send(page, `${marker} one`);
  await page.getByText('Answer number 1.').waitFor();
  await page.route('**/api/chat', async (route) => {
    const response = await route.fetch();
    const frames = (await response.text()).split('\n\n');
    await route.fulfill({ response, body: `${frames.slice(0, 4).join('\n\n')}\n\n` });
  });
  await button(page, 'Answer again').click();
  await page.getByText('Answer number 2.').waitFor();
  await branchSwitcher(page, 'answer').getByText('2 / 2').waitFor();
  await page.unroute('**/api/chat');
  await button(page, 'Earlier version').click();
  await page.getByText('Answer number 1.').waitFor();
  await send(page, `${marker} two`);
  await page.getByText('Answer number 3.').waitFor();
  assert.deepEqual(promptOf(marker), [`${marker} one`, 'Answer number 1.', `${marker} two`]);
});

test('an empty failed answer can be left for the version before it', async () => {
  const marker = randomUUID();
  script(marker, { content: 'There was one.' });
  const { page } = await openPage();
  await signIn(page);
  await send(page, marker);
  await page.getByText('There was one.').waitFor();
  script(marker, { error: { message: 'no', type: 'invalid_request_error' }, status: 400 });
  await button(page, 'Answer again').click();
  await page.getByTestId('error').waitFor();
  await branchSwitcher(page, 'answer').getByText('2 / 2').waitFor();
  await storedMessages(sessionOf(page), 3);
  await page.reload();
  await page.getByText('This answer failed before it was complete.').waitFor();
  await button(page, 'Earlier version').click();
  await page.getByText('There was one.').waitFor();
  assert.equal(await page.getByTestId('error').count(), 0);
});

test('by keyboard on a phone: regenerate, switch versions, edit', async () => {
  const marker = randomUUID();
  scriptNumbered(marker);
  const { page, consoleErrors } = await openPage(PHONE);
  await signIn(page);
  await send(page, `${marker} ${'a long question '.repeat(12)}`);
  await page.getByText('Answer number 1.').waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
  const tabTo = async (name) => {
    for (let presses = 0; presses < 20 && await focused() !== name; presses++) await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(), name);
  };
  await tabTo('Answer again');
  await page.keyboard.press('Enter');
  await page.getByText('Answer number 2.').waitFor();
  await tabTo('Earlier version');
  await page.keyboard.press('Enter');
  await page.getByText('Answer number 1.').waitFor();
  assert.equal(await focused(), 'Earlier version', 'the focus stays at the first version');
  await page.keyboard.press('Enter');
  await page.getByText('1 / 2').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.getByText('Answer number 2.').waitFor();
  await tabTo('Edit');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(`${marker} short`);
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('question');
  await page.keyboard.press('Enter');
  await page.getByText('Answer number 3.').waitFor();
  assert.deepEqual(await questions(page), [`${marker} short\nquestion`]);
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, 'nothing is wider than the screen');
  assert.deepEqual(consoleErrors, []);
});

test('a pressed button stays under the pointer, and hovering moves nothing', async () => {
  const marker = randomUUID();
  const { page } = await openPage();
  await signIn(page);
  const answer = page.getByTestId('message-assistant');
  const top = async (locator) => (await locator.boundingBox()).y;
  script(marker, { content: 'A line of its own.\n\n'.repeat(30) });
  await send(page, marker);
  await button(page, 'Answer again').waitFor();
  const restingTop = await top(button(page, 'Answer again'));
  await button(answer, 'Copy').hover();
  for (const name of ['Answer again', 'Edit']) await button(page, name).hover();
  await button(page, 'Answer again').hover();
  assert.equal(await top(button(page, 'Answer again')), restingTop);

  script(`${marker} in short`, { content: 'Short.' });
  await button(page, 'Edit').click();
  await page.getByTestId('inline-editor').getByRole('textbox').fill(`${marker} in short`);
  await page.keyboard.press('Enter');
  await page.getByText('Short.').waitFor();
  const question = branchSwitcher(page, 'question');
  const before = await top(question);
  await button(question, 'Earlier version').click();
  await answer.filter({ hasText: 'A line of its own.' }).waitFor();
  assert.equal(await top(question), before);
  await button(page, 'Scroll to the newest message').waitFor();
});

test('an answer names the fallback model that wrote it', async () => {
  const marker = randomUUID();
  await database.query(`insert into employee_profiles (slug, title, description, system_prompt, model, fallback_models)
    values ('deputised', 'The Deputised', 'x', 'x', 'gpt-away', '{gpt-4o}') on conflict do nothing`);
  stack.model.mock.prependFixture({
    match: { endpoint: 'chat', model: 'gpt-away' }, response: { error: { message: 'no such model', type: 'invalid_request_error' }, status: 404 },
  });
  const { page } = await openPage();
  await signIn(page);
  await page.getByTestId('employee-picker').selectOption('deputised');
  await send(page, marker);
  await page.getByText('Very well.').waitFor();
  await page.locator('.message-footer').getByText(/^gpt-4o · /).waitFor();
  await storedMessages(sessionOf(page), 2);
  await page.reload();
  await page.locator('.message-footer').getByText(/^gpt-4o · /).waitFor();
});
