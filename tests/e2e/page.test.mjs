import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chatAbout, createGate } from '../faults/faults.mjs';
import { openPage, PHONE, send, signIn, SLOW_ANSWER } from './browser.mjs';
import { eventually, grace, holdAnswerEnd, newUser, proxies, requestsWith, script } from './test-stack.mjs';

test('a user signs in, picks an employee, sees text arrive, and finds the conversation again', async () => {
  const answer = 'Let me count the columns one by one. '.repeat(8).trim();
  script('how many columns', { content: answer }, SLOW_ANSWER);
  const end = holdAnswerEnd('how many columns');
  const { page, consoleErrors } = await openPage();

  await signIn(page, 'wrong');
  await page.getByTestId('error').waitFor();
  // The browser itself logs the failed sign-in.
  consoleErrors.length = 0;
  await signIn(page);
  await page.getByTestId('employee-picker').selectOption('sheet-analyst');
  await send(page, 'how many columns?');
  const arriving = page.getByTestId('message-assistant');
  await arriving.waitFor();
  const early = await arriving.innerText();
  assert.ok(answer.startsWith(early.trim()) && early.trim().length < answer.length, `text arrives bit by bit: ${early}`);
  end.open();
  await page.getByText(answer).waitFor();
  assert.match(requestsWith('how many columns')[0].messages[0].content, /Spreadsheet Analyst/);

  const listed = page.getByTestId('session-item').filter({ hasText: 'how many columns?' });
  await listed.waitFor();
  assert.match(await listed.innerText(), /Spreadsheet Analyst/);

  await page.reload();
  await page.getByText(answer).waitFor();
  assert.equal(await page.getByTestId('message-user').innerText(), 'how many columns?');
  assert.equal(await page.getByTestId('employee-picker').inputValue(), 'sheet-analyst');

  await page.getByTestId('new-chat').click();
  await page.getByTestId('message-user').waitFor({ state: 'detached' });
  await listed.click();
  await page.getByText(answer).waitFor();
  assert.deepEqual(consoleErrors, []);
});

test('HTML of the user and of the model is shown as text and never executed', async () => {
  const html = '<img src=x onerror="document.title=1"> <script>document.title=2</script>';
  script('say some html', { content: `${html} ![pixel](https://example.com/leak.png) [link](javascript:document.title=3)` });
  const { page } = await openPage();
  /** @type {string[]} */
  const requestedUrls = [];
  page.on('request', (request) => requestedUrls.push(request.url()));
  await signIn(page);
  await send(page, `say some html ${html}`);
  await page.getByTestId('message-assistant').getByText('Copy').waitFor();
  assert.equal(await page.title(), 'Frontdesk');
  assert.equal(await page.locator('.conversation img, .conversation script').count(), 0);
  assert.ok(!await page.locator('.conversation a[href^="javascript"]').count());
  assert.ok(!requestedUrls.some((url) => url.includes('example.com')), 'no image of an answer is fetched');
});

test('thoughts of a model are folded, unmasked like the answer, and in no later prompt', async () => {
  const chunks = [
    { choices: [{ index: 0, delta: { reasoning_content: 'The address is ' } }] },
    { choices: [{ index: 0, delta: { reasoning_content: '[EMAIL_1], I see.' } }] },
    { choices: [{ index: 0, delta: { content: 'Noted.' } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ];
  const body = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
  proxies.model.addRule(chatAbout('think about'), (exchange) => exchange.respond(200, body, { 'content-type': 'text/event-stream' }));
  const { page, consoleErrors } = await openPage();
  const { email } = await newUser();
  await signIn(page);
  await send(page, `think about ${email}`);
  await page.getByText('Noted.').waitFor();
  const thoughts = page.getByTestId('thoughts');
  assert.equal(await thoughts.locator('summary').innerText(), 'Thoughts');
  assert.ok(!await thoughts.locator('p').isVisible(), 'they are folded');
  await thoughts.locator('summary').focus();
  await page.keyboard.press('Enter');
  assert.match(await thoughts.locator('p').innerText(), /^The address is \S+@example\.com, I see\.$/);
  await send(page, 'and then what?');
  await page.getByText('Very well.').waitFor();
  const prompt = await eventually(async () => JSON.stringify(requestsWith('and then what?').at(-1).messages));
  assert.ok(prompt.includes('Noted.') && !prompt.includes('I see.'), prompt);
  assert.deepEqual(consoleErrors, []);
});

test('a message that cannot be sent returns to the composer', async () => {
  const { page } = await openPage();
  await signIn(page);
  await page.getByTestId('composer').waitFor();
  await page.route('**/api/chat', (route) => route.abort());
  await send(page, 'into the void');
  await page.getByTestId('error').waitFor();
  assert.equal(await page.getByTestId('composer').inputValue(), 'into the void');
  await page.unroute('**/api/chat');
  await page.getByTestId('send').click();
  await page.getByText('Very well.').waitFor();
});

test('after ten reloads during an answer its text is complete, in order and shown once', async () => {
  const answer = Array.from({ length: 150 }, (_, n) => `word${n}`).join(' ');
  script('reload me ten times', { content: answer }, { chunkSize: 6, streamingProfile: { ttft: 0, tps: 200 } });
  // The model waits at a gate for each reload, so that each happens during the answer at any speed of the machine.
  const gates = Array.from({ length: 10 }, createGate);
  proxies.model.addRule(chatAbout('reload me ten times'), (exchange) => exchange.pass(async function* stepwise(events) {
    let n = 0;
    for await (const event of events) {
      n += 1;
      if (n % 12 === 0) await gates[n / 12 - 1]?.pass();
      yield event;
    }
  }));
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'reload me ten times');
  const arriving = page.getByTestId('message-assistant');
  let seen = '';
  for (const gate of gates) {
    await gate.reached;
    await arriving.waitFor();
    await page.reload();
    await arriving.waitFor();
    seen = await eventually(async () => {
      const text = (await arriving.innerText()).trim();
      assert.ok(answer.startsWith(text) && text.length > seen.length && text.length < answer.length, text);
      return text;
    });
    gate.open();
  }
  await page.getByText(answer).waitFor();
  assert.equal(await arriving.locator('.markdown').innerText(), answer);
  assert.equal(await arriving.count(), 1);
  assert.equal(await page.getByTestId('message-user').count(), 1);
  await page.reload();
  await page.getByText(answer).waitFor();
  assert.equal(await arriving.count(), 1);
  assert.deepEqual(consoleErrors, []);
});

test('stopping after a reload shows at once and ends the model request', async (t) => {
  const answer = 'This goes on after the reload. '.repeat(200).trim();
  script('stop after a reload', { content: answer }, SLOW_ANSWER);
  const modelRule = proxies.model.addRule(chatAbout('stop after a reload'));
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'stop after a reload');
  await page.getByText('This goes on').waitFor();
  await page.reload();
  await page.getByText('This goes on').waitFor();
  // A busy machine is given the time that it takes for requests that do nothing.
  const roundTrip = await page.evaluate(async () => {
    const startedAt = performance.now();
    await fetch('/healthz');
    return performance.now() - startedAt;
  });
  const [shown, upstream] = await Promise.all([stopAndWait(page, 'This answer was stopped.'), timed(modelRule.exchanges[0].ended)]);
  t.diagnostic(`stopped on the page after ${Math.round(shown)} ms, at the model after ${Math.round(upstream.milliseconds)} ms`);
  assert.ok(shown < 2000 + 20 * roundTrip, `${shown} ms, a round trip takes ${roundTrip} ms`);
  assert.equal(upstream.value, false, 'the model request was not read to its end');
  assert.ok((await page.getByTestId('message-assistant').innerText()).length < answer.length);
  assert.deepEqual(consoleErrors, []);
});

/** Clicks the stop button. @returns {Promise<number>} milliseconds of the page's clock until it shows the text */
function stopAndWait(page, text) {
  return page.evaluate((wanted) => new Promise((resolve) => {
    const clickedAt = performance.now();
    new MutationObserver(() => {
      if (document.body.innerText.includes(wanted)) resolve(performance.now() - clickedAt);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
    document.querySelector('[data-testid=stop]').click();
  }), text);
}

async function timed(promise) {
  const startedAt = performance.now();
  return { value: await promise, milliseconds: performance.now() - startedAt };
}

test('the stop button works in the sending tab and in another one', async () => {
  const answer = 'This would go on for a long time. '.repeat(60).trim();
  script('stop me', { content: answer }, SLOW_ANSWER);
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'stop me');
  await page.getByText('This would go on').waitFor();
  const second = await page.context().newPage();
  await second.goto(page.url());
  await second.getByText('This would go on').waitFor();
  await second.getByTestId('stop').click();
  for (const tab of [page, second]) {
    await tab.getByRole('button', { name: 'Ask again' }).waitFor();
    await tab.getByText('This answer was stopped.').waitFor();
    assert.ok((await tab.getByTestId('message-assistant').innerText()).length < answer.length);
  }
  await page.reload();
  await page.getByText('This answer was stopped.').waitFor();
  assert.deepEqual(consoleErrors, []);
});

test('two tabs of one conversation show the same', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'hello from the first tab');
  await page.getByText('Very well.').waitFor();
  await page.waitForFunction(() => globalThis.location.hash.startsWith('#/c/'));
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByText('Very well.').waitFor();
  script('tell both tabs', { content: 'Both of you hear this. '.repeat(8) }, SLOW_ANSWER);
  const end = holdAnswerEnd('tell both tabs');
  await send(page, 'tell both tabs');
  await other.getByTestId('message-user').filter({ hasText: 'tell both tabs' }).waitFor();
  await other.getByText('Both of you hear').waitFor();
  end.open();
  for (const tab of [page, other]) {
    await tab.getByText('Both of you hear this. '.repeat(8).trim()).waitFor();
    await tab.getByTestId('send').waitFor();
    assert.equal(await tab.getByTestId('message-assistant').count(), 2);
  }
  await send(other, 'and back again');
  await page.getByTestId('message-user').filter({ hasText: 'and back again' }).waitFor();
  await page.getByTestId('message-assistant').nth(2).waitFor();
  assert.deepEqual(consoleErrors, []);
});

test('a truncated answer shows an error and can be requested again', async () => {
  script('break off', { content: 'This will never be whole. '.repeat(5) }, { chunkSize: 10, truncateAfterChunks: 4, streamingProfile: { ttft: 20, tps: 50 } });
  const { page } = await openPage();
  await signIn(page);
  await send(page, 'break off');
  await page.getByTestId('error').waitFor();
  script('break off', { content: 'Now it is whole.' });
  await page.getByRole('button', { name: 'Ask again' }).click();
  await page.getByText('Now it is whole.').waitFor();
});

test('by keyboard on a phone: sign in, send, open past conversations, sign out', async () => {
  const { page, consoleErrors } = await openPage(PHONE);
  await page.getByTestId('sign-in-form').waitFor();
  await page.keyboard.type(grace.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type('frontdesk');
  await page.keyboard.press('Enter');
  await page.getByTestId('composer').focus();
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('on two lines');
  await page.keyboard.press('Enter');
  await page.getByText('Very well.').waitFor();
  assert.equal(await page.getByTestId('message-user').innerText(), 'by keyboard\non two lines');
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, 'nothing is wider than the screen');

  assert.ok(!await page.getByTestId('new-chat').isVisible());
  await page.getByRole('button', { name: 'Conversations' }).focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('session-item').filter({ hasText: 'by keyboard' }).first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('session-item').first().waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Conversations' }).press('Enter');
  await page.getByTestId('sign-out').press('Enter');
  await page.getByTestId('sign-in-form').waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
  assert.deepEqual(consoleErrors, []);
});

test('a conversation gets its address even if the answer arrives all at once', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await page.route('**/api/chat', async (route) => route.fulfill({ response: await route.fetch() }));
  const message = `whole at once ${randomUUID()}`;
  await send(page, message);
  await page.getByText('Very well.').waitFor();
  await page.waitForFunction(() => globalThis.location.hash.startsWith('#/c/'));
  await page.reload();
  await page.getByTestId('message-user').getByText(message).waitFor();
  assert.deepEqual(consoleErrors, []);
});
