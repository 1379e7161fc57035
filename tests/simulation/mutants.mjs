// `npm run simulate:mutants`: puts bugs into a copy of the sources, one after the other, and shows how long the simulator
// takes to find each. `npm run simulate:mutants -- retry` does so with those whose name has that word.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** How long a bug may stay unfound. */
const WITHIN = 60_000;

/** @typedef {{ file: string, from: string, to: string }} Patch */
/** @typedef {{ name: string, patches: Patch[] }} Mutant */

/** @type {Mutant[]} */
const MUTANTS = [
  {
    name: 'the outbox drops a retry',
    patches: [{
      file: 'src/session/outbox.rs',
      from: 'journal.wake_at(clock.now() + pause(entry.attempts, clock.random())).await;',
      to: 'let _ = clock.now() + pause(entry.attempts, clock.random());',
    }],
  },
  {
    name: 'the outbox goes on past a failure',
    patches: [{
      file: 'src/session/outbox.rs',
      from: 'return postpone(&entry, fault, journal, clock).await;',
      to: 'postpone(&entry, fault, journal, clock).await.ok();\n                continue;',
    }],
  },
  {
    name: 'a turn is committed without its key',
    patches: [{
      file: 'src/session/outbox.rs',
      from: 'database.commit_turn(&entry.record).await',
      to: `database.commit_turn(&crate::session::record::TurnRecord {
                turn_id: uuid::Builder::from_random_bytes(clock.random()).into_uuid(), ..entry.record.clone()
            }).await`,
    }],
  },
  {
    name: 'a turn is settled twice',
    patches: [{
      file: 'src/turn/settle.rs',
      from: 'let closed = journal.close(&record, &ending, now);',
      to: 'journal.close(&record, &ending, now).ok();\n    let closed = journal.close(&record, &ending, now);',
    }],
  },
  {
    name: 'what a turn took is not booked again after a failure',
    patches: [{
      file: 'src/session/outbox.rs',
      from: 'let settled = user.settle(record.user_id, &record.books()).await;',
      to: 'let settled = user.settle(record.user_id, &record.books()).await.or(Ok::<(), crate::user::record::Refused>(()));',
    }],
  },
  {
    name: 'a turn is answered before it is kept',
    patches: [
      { file: 'src/turn.rs', from: 'journal.open(turn, head)?;', to: 'let _ = journal;' },
      {
        file: 'src/turn.rs',
        from: 'let teller = Teller::start(&head, shown, emit);',
        to: `let teller = Teller::start(&head, shown, emit);
    ports.journal.open(&turn, &head).ok();`,
      },
    ],
  },
  {
    name: 'a token is used and its value never kept',
    patches: [{
      file: 'src/user/vault.rs',
      from: 'ports.strongbox.keep(user.id, &KeptVault { key: None, entries: masked.new }, true)?;',
      to: '',
    }],
  },
  {
    name: 'two calls open one vault at once',
    patches: [{
      file: 'src/user/vault.rs',
      from: `    // Another call may have come first while this one waited.
    if state.open.borrow().is_some() {
        return Ok(());
    }
`,
      to: '',
    }],
  },
  {
    name: 'a replay skips a batch',
    patches: [{ file: 'src/session/log.rs', from: 'for told in &self.told {\n            teller', to: 'for told in self.told.iter().skip(1) {\n            teller' }],
  },
  {
    name: 'an interruption is told under numbers that others may have',
    patches: [{ file: 'src/stream/ui.rs', from: 'self.frames = INTERRUPTED;', to: '' }],
  },
  {
    name: 'a stopped turn is stored as complete',
    patches: [{ file: 'src/turn/settle.rs', from: 'Outcome::Stopped => Status::Stopped', to: 'Outcome::Stopped => Status::Complete' }],
  },
  {
    name: 'the next turn is let in before this one ended',
    patches: [{
      file: 'src/turn.rs',
      from: 'let (prompt_tokens, shown) = (turn.prompt_tokens, head.shown.clone());',
      to: 'let (prompt_tokens, shown) = (turn.prompt_tokens, head.shown.clone());\n    drop(admission);\n    let admission = ();',
    }],
  },
  {
    name: 'an interrupted answer is stored as the model wrote it',
    patches: [{ file: 'src/turn/settle.rs', from: 'answer.say(&redact(&said, Author::Model(&shown), &config.pii_patterns));', to: 'let _ = (config, &shown);\n    answer.say(&said);' }],
  },
  {
    name: 'what waits is looked at after Postgres was read',
    patches: [
      {
        file: 'src/turn/load.rs',
        from: '    for record in &waiting {',
        to: `    let later = ports.journal.outbox(RECENT_MESSAGES).into_iter().map(|waiting| waiting.record).collect();
    let (_, waiting) = way_to(place, newest, later);
    for record in &waiting {`,
      },
    ],
  },
  {
    name: 'a turn that Postgres refuses is dropped',
    patches: [{ file: 'src/session/outbox.rs', from: 'journal.park(turn, clock.now())', to: 'journal.delivered(turn)' }],
  },
  {
    name: 'another branch passes for the newest',
    patches: [{ file: 'src/turn/load.rs', from: 'memory.is_newest = place.is_newest();', to: '' }],
  },
  {
    name: 'a question that is answered again is asked twice',
    patches: [{ file: 'src/session/record.rs', from: 'if self.is_again || self.so_far.is_some() {', to: 'if false {' }],
  },
  {
    name: 'a branch keeps what it branches off from',
    patches: [{
      file: 'src/session/memory.rs',
      from: 'self.messages.truncate(self.length_to(parent).unwrap_or(0));',
      to: 'let _ = self.length_to(parent);',
    }],
  },
  {
    name: 'a copy of memory lacks interrupted turns',
    patches: [{ file: 'src/turn/settle.rs', from: 'if let Some(mut memory) = journal.recollect() {', to: 'if let Some(mut memory) = None::<crate::session::memory::Memory> {' }],
  },
  {
    name: 'an attempt inherits what the one before said',
    patches: [{ file: 'src/model/listen.rs', from: '(heard.finish, heard.usage) = (None, None);', to: '' }],
  },
  {
    name: 'a budget is checked and not reserved',
    patches: [{ file: 'src/user/books.rs', from: 'ports.strongbox.reserve(entry, now + RESERVED_FOR)?;', to: 'let _ = RESERVED_FOR;' }],
  },
];

const word = process.argv[2] ?? '';
const chosen = MUTANTS.filter(({ name }) => name.includes(word));
const copy = mkdtempSync(join(tmpdir(), 'frontdesk-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(1));
for (const part of ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'crates', 'src', 'tests/simulation']) {
  cpSync(join(ROOT, part), join(copy, part), { recursive: true });
}

let missed = 0;
for (const mutant of chosen) missed += (await isFound(mutant)) ? 0 : 1;
console.log(`${chosen.length - missed} of ${chosen.length} found within ${WITHIN / 1000} s each`);
process.exit(missed > 0 ? 1 : 0);

/** @param {Mutant} mutant */
async function isFound({ name, patches }) {
  const before = new Map(patches.map(({ file }) => [file, readFileSync(join(copy, file), 'utf8')]));
  for (const { file, from, to } of patches) {
    const parts = readFileSync(join(copy, file), 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${name}: ${file} has ${parts.length - 1} times: ${from}`);
    writeFileSync(join(copy, file), parts.join(to));
  }
  const { seconds, said } = await run(build(name));
  for (const [file, text] of before) writeFileSync(join(copy, file), text);
  const isKilled = said !== '';
  console.log(`${isKilled ? `✓ ${seconds.toFixed(1).padStart(5)} s` : `✗ ${WITHIN / 1000} s`}  ${name}${isKilled ? `\n           ${said.slice(0, 160)}` : ''}`);
  return isKilled;
}

/**
 * @param {string} name
 * @returns {string} the simulator's path
 */
function build(name) {
  const options = ['test', '--profile', 'simulation', '--test', 'simulation', '--no-run', '--message-format=json'];
  // Not where the sources themselves are built: cargo takes one copy of a package for another, and what is tested next
  // would have the bug.
  const target = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'mutants');
  const built = spawnSync('cargo', options, {
    cwd: copy, env: { ...process.env, CARGO_TARGET_DIR: target }, encoding: 'utf8', maxBuffer: 1 << 30,
  });
  if (built.status !== 0) throw new Error(`${name} does not build:\n${built.stderr}`);
  const artifacts = built.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return artifacts.findLast(({ executable }) => executable).executable;
}

/**
 * @param {string} simulator
 * @returns {Promise<{ seconds: number, said: string }>} how long it took, and what was violated, if anything was
 */
function run(simulator) {
  const began = performance.now();
  const child = spawn(simulator, ['--turns', '1000000000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const timer = setTimeout(() => child.kill(), WITHIN);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (data) => (out += data));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      const said = code === 1 ? (out.match(/simulation: seed \d+: (.*)/)?.[1] ?? out.slice(-160)) : '';
      resolve({ seconds: (performance.now() - began) / 1000, said });
    });
  });
}
