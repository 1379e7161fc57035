// Stock clients outside of a browser, unchanged but for the address and the token: `openai` of PyPI, curl, a parser of event streams,
// and supabase-js.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@supabase/supabase-js';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ROOT } from '../../dev/bootstrap.mjs';
import { ensurePython } from '../../dev/python.mjs';
import { ada, call, holdAnswerEnd, newUser, script, scriptSteps, stack, storedMessages } from './test-stack.mjs';

const run = promisify(execFile);

const python = await ensurePython(['openai==3.57.0']);

test('openai of PyPI streams, calls tools, reads structured output, and has its errors', { skip: !python && 'there is no Python here' }, async () => {
  const [user, marker] = [await newUser(), randomUUID()];
  script(`${marker} once`, { content: 'Once.' });
  script(`${marker} stream`, { content: 'In pieces. 👋' }, { chunkSize: 3 });
  script(`${marker} helper`, { content: 'Gathered.' }, { chunkSize: 3 });
  script(`${marker} structured`, { content: '{"to":"ann","urgent":true}' });
  script(`${marker} cut`, { content: 'This never comes to its end.' }, { chunkSize: 4, truncateAfterChunks: 3 });
  script(`${marker} abort`, { content: 'one two three four five' }, { chunkSize: 3, latency: 100 });
  scriptSteps(`${marker} tools`, { get_weather: { place: 'Bern' } }, 'It is 21 degrees.');
  const { stdout } = await run(python, [join(ROOT, 'tests/e2e/stock/openai_client.py'), `${stack.api}/v1`, user.access_token, marker]);
  const { total_tokens: total, stream_usage: streamed, models, ...results } = JSON.parse(stdout);
  assert.ok(total > 0 && streamed > 0);
  assert.ok(models.includes('doc-clerk'));
  assert.deepEqual(results, {
    once: 'Once.', stream: 'In pieces. 👋', helper: 'Gathered.', tool_finish: 'tool_calls', tool_arguments: { place: 'Bern' }, tools: 'It is 21 degrees.',
    structured: ['Letter', 'ann', true],
    errors: {
      model: ['NotFoundError', 'model_not_found'], field: ['BadRequestError', 'invalid_field'], key: ['AuthenticationError', 'invalid_api_key'],
      path: ['NotFoundError', 'not_found'], cut: ['APIError', 'model_unavailable'],
    },
    after_abort: 'Once.', async: 'In pieces. 👋',
  });
});

/** Runs the command of the documentation. @param {string[]} options */
const curl = (...options) => run('curl', ['-sS', '-N', '-H', `Authorization: Bearer ${ada.access_token}`, ...options]);

test('curl reads a stream, one answer, and an error', async () => {
  const marker = `curl ${randomUUID()}`;
  script(marker, { content: 'Hello, curl. 👋' }, { chunkSize: 4 });
  const chat = ['-X', 'POST', `${stack.api}/api/chat`];
  // Without the header of JSON: `-d` alone sends that of a form.
  const { stdout } = await curl(...chat, '-d', JSON.stringify({ message: marker, stream: true }));
  const deltas = [...stdout.matchAll(/^data: (\{"type":"text-delta".*\})$/gm)].map(([, data]) => JSON.parse(data).delta);
  assert.equal(deltas.join(''), 'Hello, curl. 👋');
  assert.ok(stdout.endsWith('data: [DONE]\n\n'));
  const whole = await curl(...chat, '-H', 'Content-Type: application/json', '-d', JSON.stringify({ message: marker, stream: false }));
  assert.equal(JSON.parse(whole.stdout).message, 'Hello, curl. 👋');
  const refused = await curl(...chat, '-w', '\n%{http_code} %{content_type}', '-d', '{}');
  assert.match(refused.stdout, /"code":"invalid_field"[\s\S]*\n422 application\/problem\+json/);
  // A second protocol of the same command line.
  const completion = await curl('--http1.1', `${stack.api}/v1/chat/completions`, '-d', JSON.stringify({ model: 'prime-boss', messages: [{ role: 'user', content: marker }] }));
  assert.equal(JSON.parse(completion.stdout).choices[0].message.content, 'Hello, curl. 👋');
  await assert.rejects(curl('--fail', '-X', 'POST', `${stack.api}/api/chat`, '-d', '{}'), 'curl --fail ends with an error');
});

/** Events of a response as a stock parser reads them. */
async function* events(response) {
  yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream({ onError: 'terminate' }));
}

test('a parser of event streams gets each event with its id, and goes on after the last one', async () => {
  const marker = `events ${randomUUID()}`;
  // Separators that a careless writer would let split an event.
  const text = 'One\nTwo\r\nThree\u2028Four\u0085 data: five\n\nid: 6';
  script(marker, { content: text }, { chunkSize: 2 });
  const session = randomUUID();
  const end = holdAnswerEnd(marker);
  const seen = [];
  const response = await call('/api/chat', { json: { message: marker, session_id: session } });
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  for await (const event of events(response)) {
    seen.push(event);
    if (seen.length === 6) break;
  }
  end.open();
  const rest = await call(`/api/chat/${session}/stream`, { headers: { 'last-event-id': seen.at(-1).id, accept: 'text/event-stream' } });
  for await (const event of events(rest)) seen.push(event);
  assert.equal(seen.at(-1).data, '[DONE]');
  const parsed = seen.slice(0, -1).map(({ id, data, event }) => ({ frame: id, event, ...JSON.parse(data) }));
  assert.ok(parsed.every(({ frame, event }) => frame && event === undefined));
  assert.equal(new Set(parsed.map(({ frame }) => frame)).size, parsed.length, 'no event comes twice');
  const deltas = parsed.filter(({ type }) => type === 'text-delta').map(({ delta }) => delta);
  assert.equal(deltas.join('').replaceAll('\r\n', '\n'), text.replaceAll('\r\n', '\n'));
});

test('supabase-js signs a user in, whose token chats, and reads the messages and usage as rows', async () => {
  const supabase = createClient(stack.supabaseUrl, stack.anonKey, { auth: { persistSession: false, autoRefreshToken: false } });
  const { data: { session }, error } = await supabase.auth.signInWithPassword({ email: 'ada@example.com', password: 'frontdesk' });
  assert.equal(error, null);
  const marker = `supabase ${randomUUID()}`;
  script(marker, { content: 'Noted.' });
  const chat = randomUUID();
  const response = await call('/api/chat', { user: session, json: { message: marker, session_id: chat, stream: false } });
  assert.equal((await response.json()).message, 'Noted.');
  await storedMessages(chat);
  const { data: messages } = await supabase.from('chat_messages').select('role, content').eq('session_id', chat).order('created_at');
  assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant']);
  const { data: usage } = await supabase.from('chat_usage_log').select('total_tokens, employee_slug').eq('session_id', chat).eq('purpose', 'turn');
  assert.equal(usage[0].employee_slug, 'prime-boss');
  const { data: employees } = await supabase.from('employee_profiles').select('slug, title');
  assert.ok(employees.some(({ slug }) => slug === 'prime-boss'));
  const { error: refused } = await supabase.from('employee_profiles').select('system_prompt');
  assert.equal(refused?.code, '42501');
  const { error: forged } = await supabase.from('chat_messages').insert({ session_id: chat, role: 'assistant', content: 'forged' });
  assert.ok(forged);
  // The token that is refreshed works as the first did.
  const { data: renewed } = await supabase.auth.refreshSession();
  assert.equal((await call('/api/usage', { user: renewed.session })).status, 200);
});
