// Pictures: uploaded to the built Worker, read by the mock model, and stored only encrypted.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { call, database, eventually, grace, newUser, rows, scriptSteps, stack, stepRequests, storedFiles, stream, streamWithRecall } from './test-stack.mjs';
import { pdf } from './pdf.mjs';

/** A black PNG with a hidden text chunk, so that a test can search for copies of the file. */
function png(width, height, hidden = '') {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    let crc = 0xffffffff;
    for (const byte of body) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const lines = Buffer.alloc(Math.min((width + 1) * height, 1 << 20));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('tEXt', Buffer.from(`Comment\0${hidden}`)),
    chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** An uncompressed grey TIFF of 8 x 8. */
function tiff() {
  const entries = [[256, 3, 8], [257, 3, 8], [258, 3, 8], [259, 3, 1], [262, 3, 1], [273, 4, 8], [277, 3, 1], [278, 3, 8], [279, 4, 64]];
  const bytes = Buffer.alloc(8 + 64 + 2 + entries.length * 12 + 4);
  bytes.write('II*\0', 0, 'latin1');
  bytes.writeUInt32LE(72, 4);
  bytes.writeUInt16LE(entries.length, 72);
  entries.forEach(([tag, type, value], at) => {
    const start = 74 + at * 12;
    bytes.writeUInt16LE(tag, start);
    bytes.writeUInt16LE(type, start + 2);
    bytes.writeUInt32LE(1, start + 4);
    if (type === 3) bytes.writeUInt16LE(value, start + 8);
    else bytes.writeUInt32LE(value, start + 8);
  });
  return bytes;
}

async function upload(user, name, body) {
  const response = await call('/api/files', { user, method: 'POST', body, headers: { 'x-file-name': encodeURIComponent(name) } });
  return { status: response.status, body: await response.json() };
}

/** Creates an employee who may read pictures. */
async function createReader() {
  const slug = `reader-${randomUUID().slice(0, 8)}`;
  await database.query("insert into employee_profiles (slug, title, system_prompt, tools) values ($1, 'Reader', 'You read.', '{ocr,recall}')", [slug]);
  return slug;
}

/** Scripts the model's transcription of every picture. */
function scriptTranscription(text) {
  const predicate = ({ messages }) => messages[0]?.content?.startsWith?.('You transcribe.');
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate }, response: { content: text, usage: { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050 } } });
}

const transcriptionRequests = () => stack.model.mock.getRequests().map(({ body }) => body).filter((body) => body?.messages?.[0]?.content?.startsWith?.('You transcribe.'));

test('the text of a photo is masked, becomes a document, and is billed', async () => {
  const [user, slug] = [await newUser(), await createReader()];
  const secret = randomUUID();
  const { status, body: file } = await upload(user, 'receipt.png', png(20, 10, secret));
  assert.deepEqual([status, file.media_type, file.pixels], [201, 'image/png', { width: 20, height: 10 }]);
  assert.ok(new Date(file.expires_at) - Date.now() > 23 * 3600 * 1000);

  const email = `${randomUUID()}@example.com`;
  scriptTranscription(`# Receipt\n\nErika, ${email}, the zebra paid 12.50 EUR.`);
  const marker = `read ${randomUUID()}`;
  scriptSteps(marker, { ocr: { file: file.id } }, 'It says 12.50 EUR.');
  const { frames, text, session } = await stream(marker, { user, employee: slug, attachments: [{ file: file.id, name: 'receipt.png' }] });
  assert.equal(text, 'It says 12.50 EUR.');
  const { output } = frames.map(({ data }) => data).find(({ type }) => type === 'tool-output-available');
  assert.match(output.text, new RegExp(email));
  assert.equal(output.kept_as_document, true);

  const [, read] = stepRequests(marker);
  assert.ok(!JSON.stringify(stepRequests(marker)).includes(email));
  assert.match(read.messages.at(-1).content, /\[EMAIL_\d+\], the zebra paid/);
  const [part] = transcriptionRequests().at(-1).messages[1].content;
  assert.match(part.image_url.url, /^data:image\/png;base64,/);
  assert.ok(!JSON.stringify(transcriptionRequests().at(-1)).includes('receipt'));

  const [usage] = await rows('select prompt_tokens, completion_tokens from chat_usage_log where purpose = \'ocr\' and user_id = $1', [user.id]);
  assert.deepEqual(usage, { prompt_tokens: 1000, completion_tokens: 50 });
  const documents = (await (await call('/api/documents', { user })).json()).data;
  assert.deepEqual(documents.map(({ name }) => name), ['receipt.png.md']);
  assert.ok((await storedFiles()).every((file) => !file.includes(secret) && !file.includes(email)));

  const recallTurn = await streamWithRecall((unique) => `${unique}: what did the zebra pay?`, { user, employee: slug });
  assert.ok(recallTurn.frames.some(({ data }) => data.type === 'source-document' && data.title === 'receipt.png.md'));
});

test('a scanned PDF is sent as a file, and a TIFF as PNG', async () => {
  const [user, slug] = [await newUser(), await createReader()];
  scriptTranscription('Text.');
  for (const [name, body, expected] of [
    ['scan.pdf', pdf([['A page']]), (part) => assert.match(part.file.file_data, /^data:application\/pdf;base64,/)],
    ['fax.tif', tiff(), (part) => assert.match(part.image_url.url, /^data:image\/png;base64,iVBOR/)],
  ]) {
    const { body: file } = await upload(user, name, body);
    const marker = `scan ${randomUUID()}`;
    scriptSteps(marker, { ocr: { file: file.id } }, 'Read.');
    const { frames } = await stream(marker, { user, employee: slug });
    assert.equal(frames.map(({ data }) => data).find(({ type }) => type === 'tool-output-available')?.output.text, 'Text.', name);
    expected(transcriptionRequests().at(-1).messages[1].content[0]);
  }
});

test('a file of another type, too large, or with too many pixels is rejected with an explanation', async () => {
  const user = await newUser();
  for (const [name, body, status, code] of [
    ['a.png', Buffer.from('GIF89a'), 415, 'unsupported_document'],
    ['a.png', Buffer.alloc(5 * 1024 * 1024 + 1), 413, 'body_too_large'],
    ['a.png', png(100_000, 100_000), 422, 'document_unreadable'],
    ['', png(1, 1), 422, 'invalid_field'],
  ]) {
    const refused = await upload(user, name, body);
    assert.deepEqual([refused.status, refused.body.code], [status, code]);
    assert.ok(refused.body.detail.length > 20);
  }
});

test('pictures of other users are not read, and employees without the tool read none', async () => {
  const [user, slug] = [await newUser(), await createReader()];
  const { body: file } = await upload(user, 'mine.png', png(2, 2));
  scriptTranscription('Mine.');
  const marker = `theirs ${randomUUID()}`;
  scriptSteps(marker, { ocr: { file: file.id } }, 'No.');
  const { frames } = await stream(marker, { user: grace, employee: slug });
  assert.match(frames.map(({ data }) => data).find(({ type }) => type === 'tool-output-error').errorText, /no such file/);
  const forbidden = `forbidden ${randomUUID()}`;
  scriptSteps(forbidden, { ocr: { file: file.id } }, 'No.');
  const other = await stream(forbidden, { user });
  assert.match(other.frames.map(({ data }) => data).find(({ type }) => type === 'tool-output-error').errorText, /no tool "ocr"/);
  assert.equal((await call(`/api/files/${file.id}`, { user })).status, 404, 'a picture is no download');

  const employees = (await (await call('/api/employees', { user })).json()).data;
  assert.equal(employees.find((one) => one.slug === slug).reads_pictures, true);
  assert.equal(employees.find((one) => one.slug === 'prime-boss').reads_pictures, false);

  assert.equal((await call(`/api/files/${file.id}`, { user, method: 'DELETE' })).status, 204);
  const gone = `gone ${randomUUID()}`;
  scriptSteps(gone, { ocr: { file: file.id } }, 'Gone.');
  const after = await stream(gone, { user, employee: slug });
  assert.match(after.frames.map(({ data }) => data).find(({ type }) => type === 'tool-output-error').errorText, /no such file/);
  await eventually(async () => assert.equal((await database.query('select 1 from chat_files where id = $1', [file.id])).rowCount, 0));
});
