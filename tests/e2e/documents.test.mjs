import { test } from 'node:test';
import assert from 'node:assert/strict';
import { call, database, eventually, isFenced, newUser, readFrames, requestsWith, script, storedFiles, storedMessages, streamWithRecall } from './test-stack.mjs';
import { pdf } from './pdf.mjs';

/** @param {string | Buffer} body */
async function upload(user, name, type, body) {
  const response = await call('/api/documents', {
    user, method: 'POST', body, headers: { 'x-file-name': encodeURIComponent(name), ...(type && { 'content-type': type }) },
  });
  return { status: response.status, body: await response.json() };
}

/** Waits until a document is ready. */
function ready(user, id) {
  return eventually(async () => {
    const document = await (await call(`/api/documents/${id}`, { user })).json();
    assert.equal(document.status, 'ready', JSON.stringify(document));
    return document;
  });
}

/** Recalled text in the prompt of a question. */
function recalledText(marker) {
  const [, ...rest] = requestsWith(marker).at(-1).messages;
  assert.ok(rest.every(({ role }) => role !== 'system'), 'the persona alone is a system message');
  return rest.filter(({ content }) => isFenced(content)).map(({ content }) => content).join('');
}

const sources = (frames) => frames.map(({ data }) => data).filter(({ type }) => type === 'source-document');

const KINDS = [
  ['plan.txt', 'text/plain', 'text/plain', 'The walrus expedition leaves in May.'],
  ['plan.md', 'text/markdown', 'text/markdown', '# Trips\n\n## Walrus\n\nThe walrus expedition leaves in May.'],
  ['plan.csv', 'text/csv', 'text/csv', 'animal;month\nwalrus expedition;leaves in May\nocelot;June\n'],
  ['plan.html', 'text/html', 'text/html', '<h1>Trips</h1><script>no()</script><p>The <b>walrus</b> expedition leaves in&nbsp;May.'],
  ['plan.pdf', '', 'application/pdf', pdf([['Trips of the year'], ['The walrus expedition', 'leaves in May.']])],
];

for (const [name, type, mediaType, body] of KINDS) {
  test(`${name} is read, embedded, recalled and cited`, async () => {
    const [user, other] = [await newUser(), await newUser()];
    const { status, body: document } = await upload(user, name, type, body);
    assert.equal(status, 201, JSON.stringify(document));
    const { id, created_at, updated_at, status: state, embedded, chunks, ...rest } = document;
    assert.deepEqual(rest, { name, media_type: mediaType, size_bytes: Buffer.byteLength(body), error_code: null });
    assert.ok(state === 'pending' && embedded === 0 && chunks >= 1 && created_at && updated_at, JSON.stringify(document));
    const again = await upload(user, `again-${name}`, type, body);
    assert.deepEqual([again.status, again.body.id], [200, id], 'the same document is not stored twice');
    assert.equal((await ready(user, id)).embedded, chunks);

    const { frames, session, marker } = await streamWithRecall((unique) => `When does the walrus expedition ${unique} leave?`, { user });
    const recalled = recalledText(marker);
    assert.ok(recalled.includes(`Document "${name}": `) && /leaves in\s+May/.test(recalled), recalled);
    const [{ providerMetadata: { frontdesk: { passages } }, ...source }, ...others] = sources(frames);
    assert.deepEqual([source, others], [{ type: 'source-document', sourceId: id, mediaType, title: name, filename: name }, []]);
    const page = await (await call(`/api/documents/${id}/passages?around=${passages[0]}`, { user })).json();
    assert.deepEqual([page.name, page.media_type, page.count, page.next], [name, mediaType, chunks, null]);
    const cited = page.data.filter((passage) => passages.includes(passage.id));
    assert.ok(cited.some(({ content }) => /leaves in\s+May/.test(content)), JSON.stringify(cited));
    const types = frames.map(({ data }) => data.type);
    assert.ok(types.indexOf('data-receipt') < types.indexOf('source-document') && types.indexOf('source-document') < types.indexOf('text-start'), types.join(' '));
    const [, answer] = await storedMessages(session);
    assert.deepEqual(answer.metadata.sources, [{ id, name, media_type: mediaType, passages }]);

    const foreignTurn = await streamWithRecall((unique) => `When does the walrus expedition ${unique} leave?`, { user: other, remember: false });
    assert.equal(recalledText(foreignTurn.marker), '', 'no other user recalls it');
    assert.deepEqual((await (await call('/api/documents', { user: other })).json()).data, []);
    for (const method of ['GET', 'DELETE']) {
      const foreign = await call(`/api/documents/${id}`, { user: other, method });
      assert.deepEqual([foreign.status, (await foreign.json()).code], [404, 'document_not_found']);
    }
    for (const query of ['', `?around=${passages[0]}`]) {
      const foreign = await call(`/api/documents/${id}/passages${query}`, { user: other });
      assert.deepEqual([foreign.status, (await foreign.json()).code], [404, 'document_not_found']);
    }
  });
}

const SECRETS = ['eve.planted@example.org', '4111 1111 1111 1111', 'planted.owner@example.net'];

test('personal data of a document is in no row and no request, and its user sees it unmasked', async () => {
  const user = await newUser();
  const name = `Contract of ${SECRETS[2]} (2026).md`;
  const text = `# Contract\n\nThe zebra stable belongs to ${SECRETS[0]}.\n\nPaid with ${SECRETS[1]}.`;
  const { status, body: document } = await upload(user, name, 'text/markdown', text);
  assert.deepEqual([status, document.name], [201, name]);
  await ready(user, document.id);
  const listed = await (await call('/api/documents', { user })).json();
  assert.deepEqual(listed.data.map((one) => one.name), [name]);

  script('Whose is the zebra stable', { content: 'It belongs to [EMAIL_1].' });
  const { frames, text: answer, session, marker } = await streamWithRecall((unique) => `Whose is the zebra stable ${unique}?`, { user });
  assert.equal(answer, `It belongs to ${SECRETS[0]}.`);
  const [source] = sources(frames);
  assert.equal(source.title, name);
  assert.match(recalledText(marker), /^Document "Contract of \[EMAIL_2\] \(2026\)\.md": # Contract\n> \n> The zebra stable belongs to \[EMAIL_1\]/m);

  const resumed = [];
  const id = frames[0].id;
  for await (const frame of readFrames(await call(`/api/chat/${session}/stream?after=${encodeURIComponent(id)}`, { user }))) resumed.push(frame);
  assert.deepEqual(sources(resumed), [source], 'a resumed stream has the sources again');
  await storedMessages(session);
  const history = await (await call(`/api/sessions/${session}/messages`, { user })).json();
  assert.equal(history.data.at(-1).metadata.sources[0].name, name);
  const whole = await eventually(async () => {
    const answered = await (await call('/api/chat', { user, json: { message: `Again: zebra stable ${marker}`, stream: false } })).json();
    // Without sources if recall missed its deadline.
    assert.ok(answered.sources?.length > 0, JSON.stringify(answered));
    return answered;
  });
  const { data: passages } = await (await call(`/api/documents/${document.id}/passages`, { user })).json();
  assert.ok(passages[0].content.includes(SECRETS[0]), 'its user reads the values');
  assert.deepEqual(whole.sources, [{ id: document.id, name, media_type: 'text/markdown', passages: passages.map((passage) => passage.id) }]);

  const tables = await database.query(`select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`);
  for (const { table_name: table } of tables.rows) {
    const { rows } = await database.query(`select t::text as row from public.${table} t`);
    for (const secret of SECRETS) assert.ok(!rows.some(({ row }) => row.includes(secret)), `${secret} in ${table}`);
  }
  const files = await storedFiles();
  for (const secret of SECRETS) {
    assert.ok(!files.some((file) => file.includes(secret)), `${secret} is in a file`);
    assert.ok(!requestsWith('').some((request) => JSON.stringify(request).includes(secret)), `${secret} was sent`);
  }
});

test('a deleted document is not recalled, and its chunks and vectors are deleted', async () => {
  const user = await newUser();
  const { body: document } = await upload(user, 'gnu.txt', 'text/plain', 'The gnu ferry costs nine francs.');
  await ready(user, document.id);
  const count = async () => (await database.query('select count(*)::int from user_memory_embeddings where document_id = $1', [document.id])).rows[0].count;
  assert.equal(await count(), 1);
  const deleted = await call(`/api/documents/${document.id}`, { user, method: 'DELETE' });
  assert.deepEqual([deleted.status, await deleted.text()], [204, '']);
  assert.equal(await count(), 0);
  assert.equal((await call(`/api/documents/${document.id}`, { user, method: 'DELETE' })).status, 404);
  assert.equal((await call(`/api/documents/${document.id}/passages`, { user })).status, 404);
  const { frames, marker } = await streamWithRecall((unique) => `What does the gnu ferry ${unique} cost?`, { user });
  assert.ok(!recalledText(marker).includes('francs') && sources(frames).length === 0);
});

test('the passages of a long document come in pages, in their order', async () => {
  const user = await newUser();
  const text = Array.from({ length: 30 }, (_, at) => `## Part ${at}\n\n${`Words of part ${at}. `.repeat(80)}`).join('\n\n');
  const { body: { id, chunks } } = await upload(user, 'parts.md', 'text/markdown', text);
  const passages = async (query) => (await call(`/api/documents/${id}/passages?${query}`, { user })).json();
  const read = [];
  for (let from = 0; from !== null;) {
    const page = await passages(`from=${from}&limit=7`);
    assert.ok(page.data.length > 0 && page.data.length <= 7);
    read.push(...page.data);
    from = page.next;
  }
  assert.deepEqual(read.map(({ index }) => index), Array.from({ length: chunks }, (_, at) => at));
  const around = await passages(`around=${read[10].id}&limit=5`);
  assert.deepEqual(around.data.map(({ index }) => index), [7, 8, 9, 10, 11]);
  assert.equal((await passages('around=mine')).field, 'around');
});

test('a long document with thousands of addresses is masked and cut into passages', async () => {
  const user = await newUser();
  const rows = Array.from({ length: 2500 }, (_, n) => `${n},person${n}@example.org,room ${n}`);
  const { status, body: document } = await upload(user, 'people.csv', 'text/csv', `number,mail,room\n${rows.join('\n')}`);
  assert.equal(status, 201, JSON.stringify(document));
  // Only the first rows of a long table become passages.
  assert.ok(document.chunks > 10 && document.chunks < 60, `${document.chunks} chunks`);
  await ready(user, document.id);
  const { rows: [{ raw, headed }] } = await database.query(
    `select count(*) filter (where content like '%@%')::int as raw, count(*) filter (where content like 'number%mail%room%')::int as headed
     from user_memory_embeddings where document_id = $1`, [document.id]);
  assert.deepEqual([raw, headed], [0, document.chunks]);
});

test('an unreadable upload is rejected with the code of its reason', async () => {
  const user = await newUser();
  const scan = pdf([[]]);
  for (const [name, type, body, status, code] of [
    ['a.png', 'image/png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1]), 415, 'unsupported_document'],
    ['a.txt', 'text/plain', Buffer.from([1, 2, 0, 3]), 415, 'unsupported_document'],
    ['a.pdf', 'application/pdf', 'no pdf', 415, 'unsupported_document'],
    ['a.pdf', 'application/pdf', '%PDF-1.7 but damaged', 422, 'document_unreadable'],
    ['scan.pdf', 'application/pdf', scan, 422, 'document_without_text'],
    ['a.txt', 'text/plain', '   \n', 422, 'document_without_text'],
    ['a.txt', 'text/plain', '', 422, 'document_without_text'],
    ['', 'text/plain', 'text', 422, 'invalid_field'],
    ['a.txt', 'text/plain', 'word '.repeat(250_000), 413, 'document_too_long'],
    ['a.txt', 'text/plain', Buffer.alloc(5 * 1024 * 1024 + 1, 'a '), 413, 'body_too_large'],
  ]) {
    const refused = await upload(user, name, type, body);
    assert.deepEqual([refused.status, refused.body.code], [status, code], `${name} ${type}: ${JSON.stringify(refused.body)}`);
  }
  const { rows: [{ count }] } = await database.query('select count(*)::int from chat_documents where user_id = $1', [user.id]);
  assert.equal(count, 0);
  const stranger = await call('/api/documents', { user: null, method: 'POST', body: 'text', headers: { 'x-file-name': 'a.txt' } });
  assert.equal(stranger.status, 401);
  await database.query(`insert into chat_documents (id, user_id, name, media_type, size_bytes)
    select gen_random_uuid(), $1, 'x', 'text/plain', 1 from generate_series(1, 200)`, [user.id]);
  const tooMany = await upload(user, 'a.txt', 'text/plain', 'text');
  assert.deepEqual([tooMany.status, tooMany.body.code], [409, 'too_many_documents']);
});
