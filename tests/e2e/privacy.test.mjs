import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import {
  ask, call, database, eventually, killWorker, newUser, restartWorker, rows, script, stack, storedFiles, storedMessages, stream,
} from './test-stack.mjs';

// Concatenated, so that secret scanners do not take a fixture for a live key.
const BODY = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0';
const PEM = `-----BEGIN ${'PRIVATE'} KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC${BODY}\n-----END ${'PRIVATE'} KEY-----`;
const JWT = [`ey${'JhbGciOiJIUzI1NiJ9'}`, `ey${'JzdWIiOiIxMjM0NTYifQ'}`, BODY].join('.');

/** One value of each kind: a phrase with it, and the value that must be masked. */
const PERSONAL = {
  ABA_ROUTING: ['routing number 021000021', '021000021'],
  API_KEY: [`key gh${'p_'}${BODY}`, `gh${'p_'}${BODY}`],
  AU_ABN: ['ABN 51 824 753 556', '51 824 753 556'],
  AU_MEDICARE: ['medicare 2123 45670 1', '2123 45670 1'],
  AU_TFN: ['TFN 123 456 782', '123 456 782'],
  BR_CNPJ: ['CNPJ 11.222.333/0001-81', '11.222.333/0001-81'],
  BR_CPF: ['CPF 111.444.777-35', '111.444.777-35'],
  CA_SIN: ['SIN 130 692 544', '130 692 544'],
  CN_RIC: ['身份证 11010519491231002X', '11010519491231002X'],
  CREDIT_CARD: ['card 4111 1111 1111 1111', '4111 1111 1111 1111'],
  CRYPTO: ['to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'],
  CUSTOMER_NO: ['customer KD-123456', 'KD-123456'],
  DATE_OF_BIRTH: ['born on 3 May 1990', '3 May 1990'],
  DE_TAX_ID: ['Steuer-ID 86095742719', '86095742719'],
  DRIVER_LICENSE: ["driver's license D1234567", 'D1234567'],
  EMAIL: ['mail eve.adams@example.org', 'eve.adams@example.org'],
  ES_NIE: ['NIE X1234567L', 'X1234567L'],
  ES_NIF: ['DNI 12345678Z', '12345678Z'],
  FI_HETU: ['henkilötunnus 131052-308T', '131052-308T'],
  FR_NIR: ['sécu 2 55 08 14 168 025 38', '2 55 08 14 168 025 38'],
  IBAN: ['IBAN GB82 WEST 1234 5698 7654 32', 'GB82 WEST 1234 5698 7654 32'],
  IN_AADHAAR: ['aadhaar 2341 2341 2346', '2341 2341 2346'],
  IN_PAN: ['PAN ABCPE1234F', 'ABCPE1234F'],
  IP_ADDRESS: ['from 203.0.113.77', '203.0.113.77'],
  IT_FISCAL_CODE: ['codice fiscale RSSMRA85T10A562S', 'RSSMRA85T10A562S'],
  JWT: [`token ${JWT}`, JWT],
  KR_RRN: ['RRN 900101-1234568', '900101-1234568'],
  MAC_ADDRESS: ['mac 00:1B:44:11:3A:B7', '00:1B:44:11:3A:B7'],
  MX_CURP: ['CURP HEGG560427MVZRRL04', 'HEGG560427MVZRRL04'],
  NL_BSN: ['BSN 111222333', '111222333'],
  PASSPORT: ['passport no. L01X00T47', 'L01X00T47'],
  PASSWORD: ['password: hunter2!zebra', 'hunter2!zebra'],
  PHONE: ['call +1 415 555 2671', '+1 415 555 2671'],
  PL_PESEL: ['PESEL 44051401359', '44051401359'],
  PRIVATE_KEY: [`key:\n${PEM}`, PEM],
  SE_PERSONNUMMER: ['personnummer 811218-9876', '811218-9876'],
  SG_NRIC: ['NRIC S1234567D', 'S1234567D'],
  TR_TCKN: ['TC kimlik no 10000000146', '10000000146'],
  UK_NHS: ['NHS number 943 476 5919', '943 476 5919'],
  UK_NINO: ['NINO AB 12 34 56 C', 'AB 12 34 56 C'],
  URL: ['at https://ann:s3cr3t@example.com/x', 'https://ann:s3cr3t@example.com/x'],
  US_BANK_ACCOUNT: ['checking account 123456789012', '123456789012'],
  US_EIN: ['EIN 12-3456789', '12-3456789'],
  US_ITIN: ['ITIN 912-70-1234', '912-70-1234'],
  US_SSN: ['ssn 078-05-1120', '078-05-1120'],
  ZA_ID: ['South African ID 8001015009087', '8001015009087'],
};

before(async () => {
  const employee = 'insert into employee_profiles (slug, title, system_prompt, unmask_policy) values ($1, $1, $1, $2)';
  await database.query(employee, ['open-book', { default: 'full', US_SSN: 'full' }]);
  await database.query(employee, ['discreet', { default: 'partial', PASSWORD: 'none' }]);
});

/** Scripts a model that repeats the message. */
function scriptEcho(marker) {
  script(marker, ({ messages }) => ({ content: messages.at(-1).content }), { chunkSize: 7 });
}

/** All model requests, rows, stored files and logs. */
async function allTraces() {
  const requests = stack.model.mock.getRequests().map(({ body }) => JSON.stringify(body));
  const tables = await database.query("select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'");
  const stored = [];
  for (const { table_name: table } of tables.rows) {
    stored.push(...(await database.query(`select t::text as row from public.${table} t`)).rows.map(({ row }) => row));
  }
  return [...requests, ...stored, ...await storedFiles()];
}

test('values of every kind are masked everywhere, and unmasked for their user in the stream, in JSON and in the history', async () => {
  const name = 'Augusta Ada Lovelace-King';
  const user = await newUser({ user_metadata: { full_name: name } });
  const marker = randomUUID();
  scriptEcho(marker);
  const message = [marker, ...Object.values(PERSONAL).map(([phrase]) => phrase), `I am ${name}, ${user.email}`].join('.\n');
  const { text, session } = await stream(message, { user, employee: 'open-book' });
  assert.equal(text, message);
  const attached = `${marker}\n\n<attachment name="people.txt">\n${message}\n</attachment>`;
  const { body } = await ask(marker, { user, session, attachments: [{ name: 'people.txt', text: message }] });
  assert.equal(body.message, attached);
  await storedMessages(session, 4);
  const history = await (await call(`/api/sessions/${session}/messages`, { user })).json();
  assert.deepEqual(history.data.map(({ content }) => content), [message, message, attached, attached]);

  const kinds = await rows('select entity from chat_pii_vault where user_id = $1', [user.id], Object.keys(PERSONAL).length + 2);
  assert.deepEqual(new Set(kinds.map(({ entity }) => entity)), new Set([...Object.keys(PERSONAL), 'PERSON']));
  const traces = await allTraces();
  const secrets = [...Object.values(PERSONAL).map(([, secret]) => secret), name];
  for (const secret of [...secrets, ...secrets.map((text) => JSON.stringify(text).slice(1, -1))]) {
    assert.ok(!traces.some((text) => text.includes(secret) || text.includes(Buffer.from(secret).toString('latin1'))), secret);
  }
  assert.ok(traces.some((text) => text.includes(marker)), 'the traces contain the message itself');
});

test('a value keeps its placeholder in every session, in other spellings and after a restart, and numbers are unique', async () => {
  const user = await newUser();
  const say = async (message) => {
    const { session } = await ask(message, { user });
    return (await storedMessages(session))[0].content;
  };
  assert.equal(await say('first eve@example.org'), 'first [EMAIL_1]');
  const many = await Promise.all(Array.from({ length: 8 }, (_, n) => say(`parallel p${n}@example.org and EVE@example.org`)));
  const numbers = many.map((content) => /^parallel \[EMAIL_(\d+)\] and \[EMAIL_1\]$/.exec(content)?.[1]);
  assert.deepEqual(numbers.map(Number).sort((a, b) => a - b), [2, 3, 4, 5, 6, 7, 8, 9]);
  await killWorker();
  await restartWorker();
  assert.equal(await say('again eve (at) example (dot) org, new@example.org'), 'again [EMAIL_1], [EMAIL_10]');
});

/** A recognizer that finds `name` in the way of Presidio's analyzer: spans in characters. */
function startRecognizer(name) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const { text, entities } = JSON.parse((await request.toArray()).join(''));
    requests.push({ key: request.headers.authorization, entities });
    const before = (at) => [...text.slice(0, at)].length;
    const spans = [...text.matchAll(name)].map(({ index }) => (
      { start: before(index), end: before(index + name.length), entity_type: 'PERSON', score: 0.85 }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify(spans));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ server, requests, port: server.address().port })));
}

test('what a recognizer of the deployment finds is masked, and without its answer nothing leaves', async () => {
  const name = 'vosto brakkel';
  const { server, requests, port } = await startRecognizer(name);
  await killWorker();
  await restartWorker({ PII_MODEL_URL: `http://127.0.0.1:${port}/analyze`, PII_MODEL_KEY: 'k3y', PII_MODEL_OPTIONS: '{"deadline_ms":60000}' });
  try {
    const user = await newUser();
    const { session, body } = await ask(`👋 I met ${name}, not vosto`, { user });
    assert.equal(body.message, 'Very well.');
    assert.equal((await storedMessages(session))[0].content, '👋 I met [PERSON_1], not vosto');
    assert.deepEqual(requests[0], { key: 'Bearer k3y', entities: ['PERSON', 'ADDRESS'] });
    const upload = await call('/api/documents', {
      user, method: 'POST', headers: { 'content-type': 'text/plain', 'x-file-name': 'notes.txt' }, body: `Written by ${name}.`,
    });
    assert.equal(upload.status, 201);
    const [{ content }] = await rows('select content from user_memory_embeddings where user_id = $1 and document_id is not null', [user.id], 1);
    assert.equal(content, 'Written by [PERSON_1].');
    server.close();
    server.closeAllConnections();
    const refused = await ask(`Again ${name} and eve@example.org`, { user });
    assert.deepEqual([refused.status, refused.body.code], [503, 'privacy_unavailable']);
    assert.ok(!(await storedFiles()).some((text) => text.includes(name)));
  } finally {
    await killWorker();
    await restartWorker();
  }
});

test('a known value is masked without its context words', async () => {
  const user = await newUser({ user_metadata: { name: 'José García' } });
  await ask('my password: Zebra-77! please', { user });
  const { session } = await ask('was it Zebra-77! or not? JOSE GARCIA', { user });
  assert.equal((await storedMessages(session))[0].content, 'was it [PASSWORD_1] or not? [PERSON_1]');
});

test('the unmask policy of an employee applies to the stream, the history and the session list', async () => {
  const user = await newUser();
  const marker = randomUUID();
  scriptEcho(marker);
  const typed = 'joe@example.org, card 5555 5555 5555 4444, call +1 415 555 2671, password: hunter2!x, ssn 078-05-1120';
  const { text, session } = await stream(`${typed} ${marker}`, { user, employee: 'discreet' });
  const shown = `j•••@example.org, card •••• 4444, call •••• 71, password: [PASSWORD_1], ssn [US_SSN_1] ${marker}`;
  assert.equal(text, shown);
  await storedMessages(session);
  const { data } = await (await call(`/api/sessions/${session}/messages`, { user })).json();
  assert.deepEqual(data.map(({ content }) => content), [shown, shown]);
  const list = await (await call('/api/sessions', { user })).json();
  assert.match(list.data[0].title, /^j•••@example.org, card •••• 4444, call/);
  assert.equal(list.data[0].unmask_policy, undefined);
});

test('a typed placeholder is text and returns unchanged', async () => {
  const user = await newUser();
  const marker = randomUUID();
  scriptEcho(marker);
  const { session } = await ask('I am eve@example.org', { user });
  const { text } = await stream(`What is [EMAIL_1], \\[email_1\\] or [EMAIL_2]? ${marker}`, { user, session });
  assert.equal(text, `What is [EMAIL_1], \\[email_1\\] or [EMAIL_2]? ${marker}`);
});

test('a message that cannot be masked is rejected, and nothing of it is sent', async () => {
  const user = await newUser();
  const marker = randomUUID();
  const message = `${marker} ${Array.from({ length: 1001 }, (_, n) => `u${n}@example.org`).join(' ')}`;
  const response = await call('/api/chat', { user, json: { message } });
  assert.equal(response.status, 422);
  const problem = await response.json();
  assert.deepEqual([problem.code, problem.field], ['too_many_values', 'message']);
  assert.match(problem.detail, /in parts/);
  assert.ok(!(await allTraces()).some((text) => text.includes(marker)));
});

test('an erased user leaves no rows and no usable key, and can start again', async () => {
  const user = await newUser();
  const { session } = await ask('I am eve@example.org', { user });
  await storedMessages(session);
  await rows('select from chat_pii_vault where user_id = $1', [user.id]);
  await rows('select from chat_pii_keys where user_id = $1', [user.id]);
  const { rows: [key] } = await database.query('select * from chat_pii_keys where user_id = $1', [user.id]);
  const response = await call('/api/me', { user, method: 'DELETE' });
  assert.equal(response.status, 200);
  const { data: counts } = await response.json();
  assert.deepEqual([counts.chat_messages, counts.chat_pii_vault, counts.chat_pii_keys], [2, 1, 1]);
  for (const table of ['chat_messages', 'chat_sessions', 'chat_pii_vault', 'chat_pii_keys', 'chat_usage_log']) {
    assert.deepEqual((await database.query(`select from ${table} where user_id = $1`, [user.id])).rows, [], table);
  }
  // The old session id is a new session.
  script('do you remember me', { content: 'You are [EMAIL_1]?' });
  const { text } = await stream('do you remember me', { user, session });
  assert.equal(text, 'You are [EMAIL_1]?');
  const [anew] = await rows('select * from chat_pii_keys where user_id = $1', [user.id]);
  assert.notEqual(anew.key_id, key.key_id);
  const [question] = await storedMessages(session);
  assert.equal(question.content, 'do you remember me');
});

test('an object without a vault loads it from Postgres, but never that of another user', async () => {
  const user = await newUser();
  const other = await newUser();
  await ask('I am eve@example.org', { user });
  await rows('select from chat_pii_vault where user_id = $1', [user.id]);
  const vaultOf = async (who) => {
    const response = await fetch(`${stack.supabaseUrl}/rest/v1/rpc/load_vault`, {
      method: 'POST', body: '{}',
      headers: { apikey: stack.anonKey, authorization: `Bearer ${who.access_token}`, 'content-type': 'application/json' },
    });
    return response.json();
  };
  assert.equal((await vaultOf(user)).entries.length, 1);
  assert.deepEqual(await vaultOf(other), { key: null, entries: [], spent: {} });
  // An object that has never seen its user must take the vault from Postgres.
  const mover = await newUser();
  await database.query('update chat_pii_keys set user_id = $2 where user_id = $1', [user.id, mover.id]);
  await database.query('update chat_pii_vault set user_id = $2 where user_id = $1', [user.id, mover.id]);
  const { status, body } = await ask('Hello', { user: mover });
  assert.deepEqual([status, body.code], [503, 'privacy_unavailable'], 'a stolen vault does not open');
  await eventually(async () => {
    const log = readFileSync(stack.logOf('worker'), 'utf8');
    assert.match(log, /PII_MASTER_KEY does not open the user's key/);
  });
});
