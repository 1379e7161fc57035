import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { ada, call, newUser, readFrames, script } from './test-stack.mjs';

/**
 * Longest silence of another user's stream while a hostile file is read, in milliseconds, beside twice the one that the stream had before:
 * the machine may be busy. The file is read in another process; what is left is to pass it on.
 */
const MAX_GAP_MS = 300;

/** The same for text that is read and then masked, which happens in the isolate of the stream. */
const MAX_MASKING_GAP_MS = 1500;

/** Longest time in which a hostile file is refused or read, in milliseconds. */
const MAX_TIME_MS = 5000;

/** Most memory that a hostile file may take, in MB, beside its own bytes. */
const MAX_MEMORY_MB = 30;

/** Copies of a file on its way, and of its text back: in both Workers and between them. */
const COPIES = 12;

/** @param {(string | Buffer)[]} objects */
function pdfOf(objects) {
  const parts = [Buffer.from('%PDF-1.5\n')];
  const at = objects.map((body, index) => {
    const place = parts.reduce((sum, part) => sum + part.length, 0);
    parts.push(Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(body), Buffer.from('\nendobj\n'));
    return `${String(place).padStart(10, '0')} 00000 n \n`;
  });
  const start = parts.reduce((sum, part) => sum + part.length, 0);
  const size = objects.length + 1;
  parts.push(Buffer.from(`xref\n0 ${size}\n0000000000 65535 f \n${at.join('')}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF`));
  return Buffer.concat(parts);
}

/** @param {string} data */
function flate(data, extra = '') {
  const packed = deflateSync(Buffer.from(data), { level: 9 });
  return Buffer.concat([Buffer.from(`<< /Filter /FlateDecode /Length ${packed.length} ${extra} >>\nstream\n`), packed, Buffer.from('\nendstream')]);
}

const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>';
const PAGES = '<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font 5 0 R >> >>';
const PAGE = '<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>';
const FONTS = ['<< /F1 6 0 R >>', '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'];

/** One operand of 4.1 million numbers, in 9 KB. */
function manyOperands() {
  const body = `BT /F1 9 Tf (x) Tj [${'0 '.repeat(4 * 1024 * 1024 - 200)}] TJ ET`;
  return pdfOf([CATALOG, PAGES, PAGE, flate(body), ...FONTS]);
}

/** An object stream whose index names one string 100,000 times. */
function manyObjects() {
  const pairs = Array.from({ length: 100_000 }, (_, n) => `${1000 + n} 0`).join(' ') + ' ';
  const stream = flate(`${pairs}(${'A'.repeat(600 * 1024)})`, `/Type /ObjStm /N 100000 /First ${pairs.length}`);
  return pdfOf([CATALOG, PAGES, PAGE, flate('BT /F1 9 Tf (x) Tj ET'), ...FONTS, stream]);
}

const wide = 'h'.repeat(2_500_000);
const FILES = [
  ['operands.pdf', 'application/pdf', manyOperands()],
  ['objects.pdf', 'application/pdf', manyObjects()],
  ['header.csv', 'text/csv', `${wide},b\n${'1,2\n'.repeat(600_000)}`],
  ['header.html', 'text/html', `<table><tr><th>${wide}</th></tr>${'<tr><td>1</td></tr>'.repeat(100_000)}</table>`],
  ['columns.csv', 'text/csv', `${'c,'.repeat(1_000_000)}\n${'1,2\n'.repeat(500_000)}`],
  ['secrets.txt', 'text/plain', 'password=hunter2hunter2 '.repeat(11_000)],
];

/** Resident memory of all processes that run the Worker, in MB; 0 where it is not told. */
function memory() {
  if (process.platform !== 'linux') return 0;
  const of = (/** @type {string} */ pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return /^Name:\s+workerd/m.test(status) && belongs(pid) ? Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) : 0;
    } catch { return 0; }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).reduce((sum, pid) => sum + of(pid), 0) / 1024;
}

/** True for a descendant of this process: another stack may run beside it. */
function belongs(/** @type {string} */ pid) {
  for (let at = Number(pid); at > 1;) {
    if (at === process.pid) return true;
    at = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${at}/status`, 'utf8'))?.[1] ?? 0);
  }
  return false;
}

script('a long story', { content: 'word '.repeat(2400) }, { chunkSize: 5, streamingProfile: { ttft: 10, tps: 200, jitter: 0 } });

for (const [name, type, body] of FILES) {
  test(`${name} is refused or read while another user's stream goes on`, async () => {
    const user = await newUser();
    const response = await call('/api/chat', { user: ada, json: { message: 'a long story' } });
    let [last, gap, calmGap, isOver] = [Date.now(), 0, 0, false];
    const reading = (async () => {
      for await (const _ of readFrames(response)) {
        gap = Math.max(gap, Date.now() - last);
        last = Date.now();
        if (isOver) break;
      }
    })();
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    [calmGap, gap] = [gap, 0];
    const [before, began] = [memory(), Date.now()];
    let most = 0;
    const watch = setInterval(() => { most = Math.max(most, memory()); }, 50);
    const reply = await call('/api/documents', { user, method: 'POST', body, headers: { 'content-type': type, 'x-file-name': name } });
    const took = Date.now() - began;
    clearInterval(watch);
    isOver = true;
    await reading;
    const used = most - before;
    const mostMemory = MAX_MEMORY_MB + COPIES * body.length / 1e6;
    const mostGap = 2 * calmGap + (name === 'secrets.txt' ? MAX_MASKING_GAP_MS : MAX_GAP_MS);
    console.log(`# ${name}: ${reply.status} after ${took} ms, ${Math.round(used)} MB more, longest gap ${gap} ms, before ${calmGap} ms`);
    assert.ok([200, 201, 413, 415, 422].includes(reply.status), `${reply.status}: ${await reply.text()}`);
    assert.ok(took <= MAX_TIME_MS, `took ${took} ms`);
    assert.ok(used <= mostMemory, `took ${used} MB`);
    assert.ok(gap <= mostGap, `a gap of ${gap} ms`);
  });
}
