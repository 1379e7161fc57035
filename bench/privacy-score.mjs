// How much of the personal data in labelled texts is found: `npm run bench:privacy-score [-- FILE]`.
//
// A line of FILE is {"id", "text", "spans": [[start, end, "KIND"]], "lang"?}; offsets are in Unicode code points, the end is exclusive.
// A finding counts if it is of the kind and shares half of its characters with the label, or covers it; a label that a finding of any kind covers is
// hidden. Findings of kinds that no line of FILE labels are left out.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const file = process.argv[2] ?? new URL('privacy/labelled.jsonl', import.meta.url);
const input = readFileSync(file, 'utf8');
const labelled = input.trim().split('\n').map((line) => JSON.parse(line));
const redact = ['run', '--quiet', '--release', '--bin', 'redact'];
const run = process.env.REDACT ? [process.env.REDACT, []] : ['cargo', redact];
const { stdout, status, error } = spawnSync(run[0], run[1], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
if (error || status) throw new Error(`redact failed: ${error?.message ?? status}`);
const found = stdout.trim().split('\n').map((line) => JSON.parse(line).spans);

const kinds = new Set(labelled.flatMap(({ spans }) => spans.map(([, , kind]) => kind)));
const shared = ([start, end], [from, to]) => Math.max(0, Math.min(end, to) - Math.max(start, from));
const fits = (label, finding) => {
  const both = shared(label, finding);
  const all = Math.max(label[1], finding[1]) - Math.min(label[0], finding[0]);
  return label[2] === finding[2] && (both * 2 >= all || both === label[1] - label[0]);
};

/** @type {Map<string, { labels: number, hits: number, finds: number, right: number, chars: number, hidden: number }>} */
const rows = new Map();
const row = (name) => {
  if (!rows.has(name)) rows.set(name, { labels: 0, hits: 0, finds: 0, right: 0, chars: 0, hidden: 0 });
  return rows.get(name);
};
labelled.forEach(({ spans, lang = 'unknown' }, at) => {
  const own = found[at].filter(([, , kind]) => kinds.has(kind));
  for (const label of spans) {
    const hit = own.some((finding) => fits(label, finding));
    const covered = found[at].reduce((sum, finding) => sum + shared(label, finding), 0);
    for (const name of ['all', `kind ${label[2]}`, `language ${lang}`]) {
      const counts = row(name);
      counts.labels += 1;
      counts.hits += hit ? 1 : 0;
      counts.chars += label[1] - label[0];
      counts.hidden += Math.min(covered, label[1] - label[0]);
    }
  }
  for (const finding of own) {
    const right = spans.some((label) => fits(label, finding));
    for (const name of ['all', `kind ${finding[2]}`, `language ${lang}`]) {
      row(name).finds += 1;
      row(name).right += right ? 1 : 0;
    }
  }
});

const share = (part, whole) => (whole ? (part / whole).toFixed(2) : '–');
console.log('| | labels | recall | precision | hidden |\n| --- | --- | --- | --- | --- |');
for (const [name, { labels, hits, finds, right, chars, hidden }] of [...rows].sort(([a], [b]) => a.localeCompare(b))) {
  console.log(`| ${name} | ${labels} | ${share(hits, labels)} | ${share(right, finds)} | ${share(hidden, chars)} |`);
}
