// Spreadsheets: exported by the built Worker, downloaded by their links, and opened with an independent reader.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import exceljs from 'exceljs';
import { call, database, eventually, grace, newUser, rows, scriptSteps, stack, storedFiles, stream } from './test-stack.mjs';

/** Runs a turn with an export and returns the tool's result. */
async function runExport(user, args) {
  const marker = `export ${randomUUID()}`;
  scriptSteps(marker, { sheet_export: args }, 'Here it is.');
  const { frames, session } = await stream(marker, { user, employee: 'sheet-analyst' });
  const parts = frames.map(({ data }) => data);
  const failed = parts.find(({ type }) => type === 'tool-output-error');
  return { output: parts.find(({ type }) => type === 'tool-output-available')?.output, error: failed?.errorText, session };
}

async function requestLink(user, id) {
  const response = await call(`/api/files/${id}`, { user });
  return { status: response.status, body: await response.json() };
}

/** Follows the download link like a browser: without an access token. */
async function download(user, id) {
  const { body } = await requestLink(user, id);
  const response = await fetch(stack.api + body.url);
  assert.equal(response.status, 200, await (response.ok ? '' : response.text()));
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

async function sheetOf(bytes) {
  const workbook = new exceljs.Workbook();
  await workbook.xlsx.load(bytes);
  return workbook.worksheets[0];
}

const COLUMNS = [
  { name: 'Who', kind: 'text' }, { name: 'Amount', kind: 'number' }, { name: 'Day', kind: 'date' }, { name: 'Paid', kind: 'boolean' },
];

test('rows become a typed workbook, and only the download contains the original values', async () => {
  const user = await newUser();
  const email = `${randomUUID()}@example.com`;
  const marker = `export ${randomUUID()}`;
  const table = [['[EMAIL_1]', 1234.5, '2026-01-31', true], ['=1+1', -7, '2026-02-01', false], ['Zoë 😀 東京', null, null, null]];
  scriptSteps(marker, { sheet_export: { name: 'Bills', format: 'xlsx', columns: COLUMNS, rows: table, from: null } }, 'Here it is.');
  const { frames, session } = await stream(`${marker} for ${email}`, { user, employee: 'sheet-analyst' });
  const { file } = frames.map(({ data }) => data).find(({ type }) => type === 'tool-output-available').output;
  assert.deepEqual([file.name, file.rows, file.columns], ['Bills.xlsx', 3, ['Who', 'Amount', 'Day', 'Paid']]);

  const { response, bytes } = await download(user, file.id);
  assert.match(response.headers.get('content-disposition'), /filename="Bills.xlsx"/);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const sheet = await sheetOf(bytes);
  assert.deepEqual(sheet.getRow(1).values.slice(1), ['Who', 'Amount', 'Day', 'Paid']);
  assert.deepEqual(sheet.getRow(2).values.slice(1), [email, 1234.5, new Date('2026-01-31T00:00:00Z'), true]);
  assert.deepEqual(sheet.getRow(3).values.slice(1), ['=1+1', -7, new Date('2026-02-01T00:00:00Z'), false]);
  assert.equal(sheet.getCell('A3').formula, undefined);
  assert.equal(sheet.getCell('A4').value, 'Zoë 😀 東京');
  assert.ok(sheet.getCell('A1').font.bold && sheet.views[0].state === 'frozen');

  const [row] = await rows("select name, table_rows, purpose from chat_files where session_id = $1", [session]);
  assert.deepEqual([row.name, Number(row.table_rows), row.purpose], ['Bills.xlsx', 3, 'export']);
  assert.ok((await storedFiles()).every((text) => !text.includes(email)));
  const listed = (await (await call('/api/files', { user })).json()).data;
  assert.deepEqual(listed.map(({ id }) => id), [file.id]);
});

test('a download link works only for its owner and with its exact signature', async () => {
  const user = await newUser();
  const { output } = await runExport(user, { name: 'Mine', format: 'csv', columns: [{ name: 'A', kind: 'text' }], rows: [['=cmd()'], ['+1'], ['x']], from: null });
  const { bytes, response } = await download(user, output.file.id);
  assert.equal(bytes.toString(), '\ufeffA\r\n\'=cmd()\r\n\'+1\r\nx\r\n');
  assert.match(response.headers.get('content-type'), /^text\/csv/);
  assert.equal((await requestLink(grace, output.file.id)).body.code, 'file_not_found');
  const { body } = await requestLink(user, output.file.id);
  const expired = body.url.replace(/expires=\d+/, 'expires=1');
  for (const url of [expired, body.url.replace(user.id, grace.id), body.url.slice(0, -2), `/api/files/${output.file.id}/download`]) {
    const refused = await fetch(stack.api + url);
    assert.deepEqual([refused.status, (await refused.json()).code], [404, 'file_not_found'], url);
  }
  const others = await call(body.url, { user: grace });
  assert.deepEqual([others.status, (await others.json()).code], [404, 'file_not_found']);
  assert.equal((await call(body.url, { user })).status, 200);
});

test('an uploaded table of 100,000 rows is queried and exported', async () => {
  const user = await newUser();
  const lines = Array.from({ length: 100_000 }, (_, n) => `Zoë ${n},${n}.5,2026-01-${String(1 + n % 28).padStart(2, '0')},${n % 3 ? 'east' : 'west'}`);
  const csv = `Name,Amount,Day,Region\n${lines.join('\n')}\n`;
  const upload = await call('/api/documents', { user, method: 'POST', body: csv, headers: { 'content-type': 'text/csv', 'x-file-name': 'sales.csv' } });
  assert.equal(upload.status, 201, await upload.clone().text());

  const all = await runExport(user, { name: 'All', format: 'xlsx', columns: null, rows: null, from: { document: 'sales.csv', query: {} } });
  assert.equal(all.output?.file.rows, 100_000, JSON.stringify(all));
  const { bytes } = await download(user, all.output.file.id);
  const sheet = await sheetOf(bytes);
  assert.equal(sheet.rowCount, 100_001);
  assert.deepEqual(sheet.getRow(1).values.slice(1), ['Name', 'Amount', 'Day', 'Region']);
  for (const n of [0, 1, 4711, 99_999]) {
    const day = new Date(`2026-01-${String(1 + n % 28).padStart(2, '0')}T00:00:00Z`);
    assert.deepEqual(sheet.getRow(n + 2).values.slice(1), [`Zoë ${n}`, n + 0.5, day, n % 3 ? 'east' : 'west']);
  }

  const query = {
    columns: [], where: [{ column: 'Amount', op: 'lt', value: 1000 }], group_by: ['Region'],
    aggregates: [{ op: 'sum', column: 'Amount', name: 'Total' }, { op: 'count', column: null, name: 'Rows' }],
    order_by: [{ column: 'Region', descending: false }], limit: null,
  };
  const sums = await runExport(user, { name: 'Sums', format: 'csv', columns: null, rows: null, from: { document: 'SALES.csv', query } });
  assert.ok(sums.output, sums.error);
  const { bytes: summed } = await download(user, sums.output.file.id);
  assert.equal(summed.toString(), '\ufeffRegion,Total,Rows\r\neast,333000,666\r\nwest,167000,334\r\n');

  const wrong = await runExport(user, { name: 'x', format: 'csv', columns: null, rows: null, from: { document: 'none.csv', query: {} } });
  assert.match(wrong.error, /no table "none.csv".*"sales.csv"/s);
  const column = await runExport(user, { name: 'x', format: 'csv', columns: null, rows: null, from: { document: 'sales.csv', query: { ...query, group_by: ['Country'] } } });
  assert.match(column.error, /Region/);
});

test('erasing a user deletes the files', async () => {
  const user = await newUser();
  const { output } = await runExport(user, { name: 'Gone', format: 'csv', columns: [{ name: 'A', kind: 'text' }], rows: [['gone-too']], from: null });
  const { body } = await requestLink(user, output.file.id);
  await eventually(async () => assert.equal((await database.query('select 1 from chat_files where user_id = $1', [user.id])).rowCount, 1));
  // An erasure that exceeds a request's time goes on: try again.
  await eventually(async () => assert.equal((await call('/api/me', { user, method: 'DELETE' })).status, 200));
  assert.equal((await fetch(stack.api + body.url)).status, 404);
  assert.equal((await database.query('select 1 from chat_files where user_id = $1', [user.id])).rowCount, 0);
});
