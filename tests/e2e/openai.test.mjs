// Stock clients of OpenAI's API, unchanged but for base URL and key.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import OpenAI from 'openai';
import { accessToken, ada, database, eventually, grace, newUser, requestsWith, rows, script, scriptSteps, stack, stepRequests, storedFiles, storedMessages } from './test-stack.mjs';

const client = (user = ada, options = {}) =>
  new OpenAI({ baseURL: `${stack.api}/v1`, apiKey: user.access_token, maxRetries: 0, ...options });

const weather = {
  type: 'function',
  function: {
    name: 'get_weather', description: 'Weather at a place', strict: true,
    parameters: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'], additionalProperties: false },
  },
};

const ask = (content, fields = {}) => ({ model: 'prime-boss', messages: [{ role: 'user', content }], ...fields });

test('a completion is answered with the values of its messages, and only its usage is kept', async () => {
  const user = await newUser();
  const marker = `once ${randomUUID()}`;
  script(marker, { content: 'Write to [EMAIL_1].' });
  const completion = await client(user).chat.completions.create({
    model: 'prime-boss',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'My friend is secret-ann@example.com' },
      { role: 'assistant', content: 'Noted: secret-ann@example.com' },
      { role: 'user', content: [{ type: 'text', text: `How do I reach her? ${marker}` }] },
    ],
    temperature: 0.2, seed: 7, stop: ['END'], user: 'someone@example.com', max_tokens: 50,
  });
  assert.equal(completion.object, 'chat.completion');
  assert.equal(completion.model, 'prime-boss');
  assert.deepEqual(completion.choices[0].message, { role: 'assistant', content: 'Write to secret-ann@example.com.', refusal: null });
  assert.equal(completion.choices[0].finish_reason, 'stop');
  assert.ok(completion.usage.total_tokens > 0);
  const [request] = requestsWith(marker);
  assert.equal(request.messages[2].content, 'My friend is [EMAIL_1]');
  assert.equal(request.messages[3].content, 'Noted: [EMAIL_1]');
  assert.equal(request.temperature, 0.2);
  assert.equal(request.seed, 7);
  assert.deepEqual(request.stop, ['END']);
  assert.match(request.user, /^\[EMAIL_\d+\]$/);
  const [usage] = await rows('select * from chat_usage_log where user_id = $1', [user.id]);
  assert.equal(usage.session_id, null);
  assert.equal(usage.employee_slug, 'prime-boss');
  for (const table of ['chat_sessions', 'chat_messages', 'user_memory_embeddings', 'user_memory_facts']) {
    assert.equal((await database.query(`select from ${table} where user_id = $1`, [user.id])).rowCount, 0, table);
  }
  const files = await storedFiles();
  assert.ok(!files.some((file) => file.includes(marker) || file.includes('secret-ann@')));
});

test('a stream comes as chunks, and no placeholder is seen half-open', async () => {
  const marker = `stream ${randomUUID()}`;
  script(marker, { content: 'It is [EMAIL_1], and [EMAIL_1] again. 👋' }, { chunkSize: 2 });
  const user = await newUser();
  const stream = await client(user).chat.completions.create(ask(`half-open@example.com ${marker}`, {
    stream: true, stream_options: { include_usage: true },
  }));
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const pieces = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? ''));
  assert.equal(pieces.join(''), 'It is half-open@example.com, and half-open@example.com again. 👋');
  assert.ok(!pieces.some((piece) => piece.includes('[')), String(pieces));
  assert.ok(chunks.at(-1).usage.total_tokens > 0 && chunks.at(-1).choices.length === 0);
  assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
});

test('the helper for streams gathers a whole completion', async () => {
  const marker = `helper ${randomUUID()}`;
  script(marker, { content: 'Gathered.' }, { chunkSize: 3 });
  const runner = client().chat.completions.stream(ask(marker));
  const completion = await runner.finalChatCompletion();
  assert.equal(completion.choices[0].message.content, 'Gathered.');
});

test('a tool of the client is called, runs there, and its result is answered', async () => {
  const marker = `tools ${randomUUID()}`;
  scriptSteps(marker, { get_weather: { place: '[EMAIL_1]' } }, 'It is 21 degrees there.');
  const user = await newUser();
  const places = [];
  const runner = client(user).chat.completions.runTools(ask(`Weather at rain@example.com? ${marker}`, {
    tools: [{ ...weather, function: { ...weather.function, parse: JSON.parse, function: ({ place }) => { places.push(place); return `21 at ${place}`; } } }],
  }));
  assert.equal(await runner.finalContent(), 'It is 21 degrees there.');
  assert.deepEqual(places, ['rain@example.com']);
  const [first, second] = stepRequests(marker);
  assert.ok(first.tools.some(({ function: { name } }) => name === 'get_weather'));
  const [call, result] = second.messages.slice(-2);
  assert.equal(call.tool_calls[0].function.arguments, '{"place":"[EMAIL_1]"}');
  assert.equal(result.content, '21 at [EMAIL_1]');
  assert.equal(result.tool_call_id, call.tool_calls[0].id);
});

test('tools of the employee run beside, unseen, and a streamed call has its index', async () => {
  const marker = `beside ${randomUUID()}`;
  scriptSteps(marker, { calculator: { expression: '6*7' } }, { get_weather: { place: 'Bern' } }, 'done');
  const stream = await client().chat.completions.create(ask(marker, { model: 'sheet-analyst', tools: [weather], stream: true }));
  const deltas = [];
  for await (const { choices } of stream) deltas.push(...choices);
  const calls = deltas.flatMap(({ delta }) => delta.tool_calls ?? []);
  assert.equal(calls.length, 1);
  assert.equal(calls[0].index, 0);
  assert.deepEqual(calls[0].function, { name: 'get_weather', arguments: '{"place":"Bern"}' });
  assert.equal(deltas.at(-1).finish_reason, 'tool_calls');
  const names = stepRequests(marker)[0].tools.map(({ function: { name } }) => name);
  assert.ok(names.includes('calculator') && !names.includes('remember') && !names.includes('forget'), String(names));
});

test('a structured output is parsed', async () => {
  const marker = `structured ${randomUUID()}`;
  script(marker, { content: '{"to":"[EMAIL_1]","urgent":true}' });
  const user = await newUser();
  const completion = await client(user).chat.completions.parse(ask(`Write to letter@example.com ${marker}`, {
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'letter', strict: true,
        schema: {
          type: 'object', properties: { to: { type: 'string' }, urgent: { type: 'boolean' } },
          required: ['to', 'urgent'], additionalProperties: false,
        },
      },
    },
  }));
  assert.deepEqual(JSON.parse(completion.choices[0].message.content), { to: 'letter@example.com', urgent: true });
  assert.equal(requestsWith(marker)[0].response_format.json_schema.name, 'letter');
});

test('pictures go to an employee that an operator lets see them, and to no other', async () => {
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } };
  const content = [{ type: 'text', text: 'What is it?' }, picture];
  const refused = client().chat.completions.create(ask(content));
  await assert.rejects(refused, (error) => error instanceof OpenAI.BadRequestError && error.param === 'messages');
  await database.query(`insert into employee_profiles (slug, title, system_prompt, tools) values ('seer', 'Seer', 'You see.', '{ocr}')
    on conflict do nothing`);
  const completion = await client().chat.completions.create(ask(content, { model: 'seer' }));
  assert.equal(completion.choices[0].message.content, 'Very well.');
  const sent = stack.model.mock.getRequests().map(({ body }) => body).findLast((body) => Array.isArray(body?.messages?.at(-1)?.content));
  assert.deepEqual(sent.messages.at(-1).content, content);
});

test('errors have the classes of the client', async () => {
  const create = (fields, user = ada) => client(user).chat.completions.create(ask('Hello', fields));
  const rejects = (attempt, kind, fields) => assert.rejects(attempt, (error) => {
    assert.ok(error instanceof kind, String(error));
    for (const [name, value] of Object.entries(fields)) assert.equal(error[name], value, name);
    return true;
  });
  await rejects(create({ model: 'nobody' }), OpenAI.NotFoundError, { code: 'model_not_found', param: 'model' });
  await rejects(create({ temperature: 9 }), OpenAI.BadRequestError, { param: 'temperature', type: 'invalid_request_error' });
  await rejects(create({ n: 2 }), OpenAI.BadRequestError, { param: 'n' });
  await rejects(create({ messages: [] }), OpenAI.BadRequestError, { param: 'messages' });
  await rejects(create({}, { access_token: 'x' }), OpenAI.AuthenticationError, { code: 'invalid_api_key', status: 401 });
  await rejects(create({}, { access_token: await accessToken({ exp: 1 }) }), OpenAI.AuthenticationError, { status: 401 });
  await rejects(create({ messages: [{ role: 'user', content: 'word '.repeat(20_000) }] }), OpenAI.BadRequestError, { code: 'context_length_exceeded' });
  await rejects(client().embeddings.create({ model: 'm', input: 'x' }), OpenAI.NotFoundError, {});
  const user = await newUser();
  await database.query('insert into chat_user_limits (user_id, daily_tokens) values ($1, 10)', [user.id]);
  await rejects(create({}, user), OpenAI.RateLimitError, { code: 'insufficient_quota', status: 429 });
});

test('a model that breaks off is an error for the reader of a stream', async () => {
  const marker = `cut ${randomUUID()}`;
  script(marker, { content: 'This answer never comes to its end.' }, { chunkSize: 4, truncateAfterChunks: 3 });
  const stream = await client().chat.completions.create(ask(marker, { stream: true }));
  await assert.rejects(async () => {
    for await (const { choices } of stream) assert.equal(choices[0].finish_reason, null);
  }, OpenAI.APIError);
});

test('a client that aborts leaves the others alone', async () => {
  const marker = `abort ${randomUUID()}`;
  script(marker, { content: 'one two three four five six' }, { chunkSize: 3, latency: 100 });
  const user = await newUser();
  const stream = await client(user).chat.completions.create(ask(marker, { stream: true }));
  for await (const _ of stream) {
    stream.controller.abort();
    break;
  }
  const next = await client(user).chat.completions.create(ask('and now?'));
  assert.equal(next.choices[0].message.content, 'Very well.');
  await eventually(async () => {
    const { rowCount } = await database.query('select from chat_usage_log where user_id = $1', [user.id]);
    assert.equal(rowCount, 2, 'both are booked');
  });
});

test('models are the employees', async () => {
  const models = [];
  for await (const model of client().models.list()) models.push(model);
  assert.ok(models.some(({ id, object }) => id === 'doc-clerk' && object === 'model'));
  assert.equal((await client().models.retrieve('prime-boss')).id, 'prime-boss');
  await assert.rejects(client().models.retrieve('nobody'), OpenAI.NotFoundError);
});

test('with x-session-id the history is the server\'s, and no other user\'s', async () => {
  const session = randomUUID();
  const inSession = (user = ada) => client(user, { defaultHeaders: { 'x-session-id': session } });
  script('what do I like', { content: 'Tea.' });
  const { data: first, response } = await inSession().chat.completions.create(ask('I like tea')).withResponse();
  assert.equal(response.headers.get('x-session-id'), session);
  assert.equal(first.choices[0].message.content, 'Very well.');
  await storedMessages(session);
  const marker = `what do I like ${randomUUID()}`;
  const second = await inSession().chat.completions.create({
    model: 'prime-boss',
    messages: [{ role: 'user', content: 'I like beer' }, { role: 'assistant', content: 'Beer!' }, { role: 'user', content: marker }],
  });
  assert.equal(second.choices[0].message.content, 'Tea.');
  const said = requestsWith(marker)[0].messages.map(({ content }) => content);
  assert.ok(said.includes('I like tea') && !said.includes('I like beer'));
  assert.equal((await storedMessages(session, 4)).length, 4);
  await assert.rejects(inSession(grace).chat.completions.create(ask('mine?')), OpenAI.NotFoundError);
});

test('in a session the results of tools continue the answer', async () => {
  const session = randomUUID();
  const marker = `session tools ${randomUUID()}`;
  scriptSteps(marker, { get_weather: { place: 'Bern' } }, '21 degrees.');
  const inSession = client(ada, { defaultHeaders: { 'x-session-id': session } });
  const body = ask(marker, { tools: [weather] });
  const first = await inSession.chat.completions.create(body);
  const { message } = first.choices[0];
  assert.equal(first.choices[0].finish_reason, 'tool_calls');
  const messages = [...body.messages, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '21' }];
  const second = await inSession.chat.completions.create({ ...body, messages });
  assert.equal(second.choices[0].message.content, '21 degrees.');
  const [, answer] = await eventually(async () => {
    const stored = await storedMessages(session);
    assert.match(stored[1].content, /21 degrees/);
    return stored;
  });
  assert.equal(answer.tool_calls[0].state, 'succeeded');
});

test('ChatOpenAI of LangChain streams, calls tools and reads structured output', async () => {
  const model = (fields = {}) => new ChatOpenAI({
    model: 'prime-boss', apiKey: ada.access_token, configuration: { baseURL: `${stack.api}/v1` }, maxRetries: 0, ...fields,
  });
  const marker = `chain ${randomUUID()}`;
  script(marker, { content: 'Linked at last.' }, { chunkSize: 4 });
  const pieces = [];
  for await (const chunk of await model().stream([new SystemMessage('Be brief.'), new HumanMessage(marker)])) pieces.push(chunk.content);
  assert.equal(pieces.join(''), 'Linked at last.');

  const asked = `chain tools ${randomUUID()}`;
  scriptSteps(asked, { get_weather: { place: 'Bern' } }, 'Sunny.');
  const withTools = model().bindTools([weather]);
  const question = new HumanMessage(asked);
  const called = await withTools.invoke([question]);
  assert.ok(called instanceof AIMessage);
  assert.deepEqual(called.tool_calls[0].args, { place: 'Bern' });
  const result = new ToolMessage({ content: 'sunny', tool_call_id: called.tool_calls[0].id });
  assert.equal((await withTools.invoke([question, called, result])).content, 'Sunny.');

  const structured = `chain structured ${randomUUID()}`;
  script(structured, { content: '{"place":"Bern"}' });
  const reader = model().withStructuredOutput(weather.function.parameters, { name: 'place', method: 'jsonSchema' });
  assert.deepEqual(await reader.invoke(structured), { place: 'Bern' });
});
