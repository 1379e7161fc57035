import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bootstrap.mjs';
import { withFrameAncestors } from './frame-ancestors.mjs';

const headers = readFileSync(join(ROOT, 'web/public/_headers'), 'utf8');

test('the page can be framed by the pages of FRAME_ANCESTORS, and by none without it', () => {
  assert.equal(withFrameAncestors(headers, ''), headers);
  const framed = withFrameAncestors(headers, "'self', https://app.example.com https://*.preview.example.com");
  assert.ok(framed.includes("frame-ancestors 'self' https://app.example.com https://*.preview.example.com\n"));
  assert.ok(!framed.includes("frame-ancestors 'none'"));
});

test('an ancestor that is no origin stops the build', () => {
  for (const wrong of ['*', 'https://*', 'https://*.com', 'http://app.example.com', 'app.example.com', 'https://a.example.com/path', "https://a.example.com;script-src", "'unsafe-inline'"]) {
    assert.throws(() => withFrameAncestors(headers, wrong), /FRAME_ANCESTORS has/, wrong);
  }
});
