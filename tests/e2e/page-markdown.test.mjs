import { test } from 'node:test';
import assert from 'node:assert/strict';
import { markdownBlocks } from '../../web/src/chat/markdownBlocks.ts';
import { openPage, send, signIn } from './browser.mjs';
import { script } from './test-stack.mjs';

test('Markdown is split at blank lines, and lists, fences and definitions stay whole', () => {
  assert.deepEqual(markdownBlocks('one\n\ntwo\nthree\n\n\n# four'), ['one\n\n', 'two\nthree\n\n\n', '# four']);
  for (const whole of ['1. a\n\n2. b\n\n   more of b', '```js\nlet a;\n\nlet b;\n```', '- a\n\n- b', '    code\n\n    code', '[1]: x\n\none\n\n[1]', '']) {
    assert.deepEqual(markdownBlocks(whole), whole ? [whole] : []);
  }
  assert.deepEqual(markdownBlocks('~~~~\n```\n\n~~~\n~~~~\n\nafter'), ['~~~~\n```\n\n~~~\n~~~~\n\n', 'after']);
  assert.deepEqual(markdownBlocks('para\n\n- a\n\n- b\n\nafter'), ['para\n\n', '- a\n\n- b\n\n', 'after']);
  const pieces = ['\n', '\n\n', 'a', '- b\n', '1. c\n', '```\n', '~~~\n', '  d\n', '# e\n', '[f]: g\n'];
  // Every text of six pieces, in an order that a linear congruence gives.
  for (let n = 0, seed = 7; n < 20_000; n += 1) {
    let text = '';
    for (let piece = 0; piece < 6; piece += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      text += pieces[seed % pieces.length];
    }
    assert.equal(markdownBlocks(text).join(''), text);
  }
});

test('code of an answer is highlighted, wrapped and downloaded; a link that leads into the page is text', async () => {
  const code = 'def price(plan):\n    return {"basic": 5}[plan]';
  script('show me code', { content: `Here:\n\n\`\`\`python\n${code}\n\`\`\`\n\nSee [the docs](https://example.com/docs), [this](#/c/1) and [that](/api).` });
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'show me code');
  const answer = page.getByTestId('message-assistant');
  await answer.locator('.hljs-keyword', { hasText: 'def' }).waitFor();
  assert.equal(await answer.locator('pre').innerText(), `${code}\n`);
  await answer.getByRole('button', { name: 'Wrap' }).click();
  assert.equal(await answer.locator('pre').evaluate((pre) => getComputedStyle(pre).whiteSpaceCollapse), 'preserve');
  const download = page.waitForEvent('download');
  await answer.getByRole('button', { name: 'Download' }).click();
  assert.equal((await download).suggestedFilename(), 'code.python');
  assert.deepEqual(await answer.locator('a').evaluateAll((links) => links.map((link) => link.href)), ['https://example.com/docs']);
  assert.deepEqual(consoleErrors, []);
});
