// `npm run simulate:mutants`: puts bugs into a copy of the sources, one after the other, and shows after how many turns the
// simulator finds each. `npm run simulate:mutants -- outbox` takes only the bugs with that word in their name.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Turns within which the simulator must find a bug: a number of turns is the same on every machine. */
const TURNS = 200_000;
/** Milliseconds after which a simulator is given up that neither finds anything nor ends. */
const HANGS_AFTER = 60 * 60 * 1000;

/** @typedef {{ file: string, from: string, to: string }} Patch */
/** @typedef {{ name: string, patches: Patch[] }} Mutant */

/** @type {Mutant[]} */
const MUTANTS = [
  {
    name: 'the outbox drops a record whose delivery failed',
    patches: [
      {
        file: 'src/session/outbox.rs',
        from: 'postpone(sql, next.record.turn_id, retry_at)?;',
        to: `mark_delivered(sql, next.record.turn_id)?;
                let _ = retry_at;`,
      },
    ],
  },
  {
    name: 'a later record of a session goes first',
    patches: [
      {
        file: 'src/session/store.rs',
        from: `WHERE session_id = ? AND parked_at IS NULL ORDER BY position LIMIT 1
                     ) WHERE retry_at <= ?`,
        to: `WHERE session_id = ? AND parked_at IS NULL ORDER BY position
                     ) WHERE retry_at <= ? LIMIT 1`,
      },
    ],
  },
  {
    name: 'a failed delivery holds back other sessions',
    patches: [
      {
        file: 'src/session/store.rs',
        from: `SELECT session_id FROM outbox AS first
                 WHERE parked_at IS NULL AND retry_at <= ? AND NOT EXISTS (`,
        to: `SELECT session_id FROM outbox AS first
                 WHERE parked_at IS NULL AND retry_at <= ? AND NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.attempts > 0 AND other.parked_at IS NULL AND other.position < first.position) AND NOT EXISTS (`,
      },
    ],
  },
  {
    name: 'a turn is committed without its key',
    patches: [
      {
        file: 'src/session/outbox.rs',
        from: 'database::save(postgrest, "commit_turn", &CommitTurn { p_turn: record }).await',
        to: `database::save(postgrest, "commit_turn", &CommitTurn { p_turn: &TurnRecord {
        turn_id: crate::ids::random(&ctx.ports.clock), ..record.clone()
    } }).await`,
      },
    ],
  },
  {
    name: 'a turn is closed twice',
    patches: [
      {
        file: 'src/turn/finish.rs',
        from: `        store.close_turn(record, ending, now)?;`,
        to: `        store.close_turn(record, ending, now)?;
        store.close_turn(record, ending, now)?;`,
      },
    ],
  },
  {
    name: 'a turn is settled under two ids',
    patches: [
      {
        file: 'src/turn/finish.rs',
        from: `        ledger::settle(sql, &record.ledger_entry())?;
        pending`,
        to: `        ledger::settle(sql, &record.ledger_entry())?;
        let id = crate::ids::time_ordered(&self.session.user.ports.clock, now);
        ledger::settle(sql, &crate::limit::quota::LedgerEntry { id, ..record.ledger_entry() })?;
        pending`,
      },
    ],
  },
  {
    name: 'an interrupted turn is not settled',
    patches: [
      {
        file: 'src/turn/finish.rs',
        from: `    ledger::settle(store.sql(), &record.ledger_entry())?;
`,
        to: '',
      },
    ],
  },
  {
    name: 'reservations of a dead object are never released',
    patches: [
      {
        file: 'src/user/object.rs',
        from: `        ledger::release_all(sql)?;
`,
        to: '',
      },
    ],
  },
  {
    name: 'a budget is checked and not reserved',
    patches: [
      {
        file: 'src/account/ledger.rs',
        from: '        write(&self.ports.sql, entry, true, replace)?;',
        to: '        let _ = replace;',
      },
    ],
  },
  {
    name: 'a turn is answered before it is stored',
    patches: [
      {
        file: 'src/turn/prepare.rs',
        from: 'if turn.kept.is_all() { store.open_turn(&turn, &head) } else { store.open_usage_only(&turn) };',
        to: `if turn.kept.is_all() { Ok(()) } else { store.open_usage_only(&turn) };
        let _ = SessionStore::<P::Sql>::open_turn;`,
      },
    ],
  },
  {
    name: 'a placeholder is used and its value never stored',
    patches: [
      {
        file: 'src/account/vault.rs',
        from: '        store(&self.ports.sql, self.user.id, &SealedVault { key: None, entries }, Delivery::Due)?;',
        to: '        let _ = &entries;',
      },
    ],
  },
  {
    name: 'two requests open one vault at once',
    patches: [
      {
        file: 'src/account/vault.rs',
        from: `        // Another request may have unlocked it while this one waited.
        if self.account.vault.is_open() {
            return Ok(());
        }
`,
        to: '',
      },
    ],
  },
  {
    name: 'a replay skips an event',
    patches: [
      {
        file: 'src/session/log.rs',
        from: `        for event in &self.events {
            if let TurnEvent::HandedOff`,
        to: `        for event in self.events.iter().skip(1) {
            if let TurnEvent::HandedOff`,
      },
    ],
  },
  {
    name: 'an interruption is told under numbers that other frames have',
    patches: [
      {
        file: 'src/stream/ui_messages.rs',
        from: 'self.frames = INTERRUPTED;',
        to: 'let _ = INTERRUPTED;',
      },
    ],
  },
  {
    name: 'a stopped turn is stored as complete',
    patches: [
      {
        file: 'src/turn/finish.rs',
        from: 'Outcome::Stopped => Status::Stopped',
        to: 'Outcome::Stopped => Status::Complete',
      },
    ],
  },
  {
    name: 'the next turn is admitted before this one has ended',
    patches: [
      {
        file: 'src/turn/answer.rs',
        from: '        let mut progress = TurnProgress {',
        to: `        drop(admission);
        let admission = ();
        let mut progress = TurnProgress {`,
      },
    ],
  },
  {
    name: 'waiting records are read after Postgres',
    patches: [
      {
        file: 'src/turn/load.rs',
        from: '        for record in &undelivered {',
        to: `        let later = store.undelivered(RECENT_MESSAGES)?.into_iter().map(|turn| turn.record).collect();
        let (_, undelivered) = resolve_path(wanted.insert_at, newest, later);
        for record in &undelivered {`,
      },
    ],
  },
  {
    name: 'a turn that Postgres refuses is dropped',
    patches: [
      {
        file: 'src/session/outbox.rs',
        from: `            park(sql, turn_id, ctx.ports.clock.now()).map(|()| Delivered::Parked)
        }
        Err`,
        to: `            mark_delivered(sql, turn_id).map(|()| Delivered::Parked)
        }
        Err`,
      },
    ],
  },
  {
    name: 'a resumed answer overtakes the record that brings it',
    patches: [
      {
        file: 'src/session/outbox.rs',
        from: 'if record.continues && is_answer_parked(ctx, record)? {',
        to: 'if record.continues && is_answer_parked(ctx, record)? && false {',
      },
    ],
  },
  {
    name: 'a waiting resumed answer leaves the path',
    patches: [
      {
        file: 'src/session/path.rs',
        from: `    let (resumed, mut undelivered): (Vec<_>, Vec<_>) =
        undelivered.into_iter().partition(|record| record.continues);`,
        to: '    let (resumed, mut undelivered): (Vec<TurnRecord>, Vec<_>) = (Vec::new(), undelivered);',
      },
    ],
  },
  {
    name: 'another branch counts as the newest',
    patches: [
      {
        file: 'src/turn/load.rs',
        from: 'cache.is_newest = wanted.insert_at.is_newest();',
        to: '',
      },
    ],
  },
  {
    name: 'a regenerated question is stored twice',
    patches: [
      {
        file: 'src/session/in_flight.rs',
        from: 'let is_answer_only = self.is_regeneration || self.resumed.is_some();',
        to: 'let is_answer_only = false;',
      },
    ],
  },
  {
    name: 'a branch keeps the messages that it branches off from',
    patches: [
      {
        file: 'src/session/cache.rs',
        from: 'self.messages.truncate(self.length_to(parent).unwrap_or(0));',
        to: 'let _ = self.length_to(parent);',
      },
    ],
  },
  {
    name: 'a snapshot lacks interrupted turns',
    patches: [
      {
        file: 'src/turn/finish.rs',
        from: `        snapshot.add(&record);
`,
        to: `        let _ = &mut snapshot;
`,
      },
    ],
  },
  {
    name: 'an attempt inherits the reports of the one before',
    patches: [
      {
        file: 'src/model/completion.rs',
        from: '(self.completion.finish, self.completion.usage) = (None, None);',
        to: '',
      },
    ],
  },
  {
    name: 'approvals are skipped',
    patches: [
      {
        file: 'src/turn/agent_loop.rs',
        from: '        if !is_of_client && !needs_approval(tool, arguments) {',
        to: '        if !is_of_client && (!needs_approval(tool, arguments) || name.len() < 8) {',
      },
    ],
  },
  {
    name: 'a decision on other arguments counts',
    patches: [
      {
        file: 'src/session/approval.rs',
        from: 'if decision.input.as_ref().is_some_and(|input| *input != shown(&call.arguments)) {',
        to: 'if decision.input.as_ref().is_some_and(|input| *input != shown(&call.arguments)) && false {',
      },
    ],
  },
  {
    name: 'a late approval counts',
    patches: [
      {
        file: 'src/session/approval.rs',
        from: `        now: Millis,
    ) -> Result<(), Error> {
        if self.expires_at().is_some_and(|at| at <= timestamp(now)) {`,
        to: `        now: Millis,
    ) -> Result<(), Error> {
        if self.expires_at().is_some_and(|at| at <= timestamp(now)) && false {`,
      },
    ],
  },
  {
    name: 'an approval outlives the next message',
    patches: [
      {
        file: 'src/session/store.rs',
        from: `        self.sql.exec("DELETE FROM pending_approval WHERE session_id = ?", &[(&session).into()])?;
`,
        to: '',
      },
    ],
  },
  {
    name: "placeholders of a step's text are not shown",
    patches: [
      {
        file: 'src/turn/agent_loop.rs',
        from: 'placeholders([call.before.as_str(), call.arguments_json().as_str()])',
        to: 'placeholders([call.arguments_json().as_str()])',
      },
    ],
  },
  {
    name: 'an erasure forgets the snapshots',
    patches: [
      {
        file: 'src/session/store.rs',
        from: `        "DELETE FROM session_snapshot",
        "DELETE FROM pending`,
        to: '        "DELETE FROM pending',
      },
    ],
  },
  {
    name: 'an erasure does not wait for turns',
    patches: [
      {
        file: 'src/user/erase.rs',
        from: '            if !is_busy && !is_written {',
        to: `            let _ = is_busy && is_written;
            if true {`,
      },
    ],
  },
  {
    name: 'turns begin during an erasure',
    patches: [
      {
        file: 'src/user/erase.rs',
        from: 'return Err(abort(Code::ErasureInProgress, detail));',
        to: 'drop(abort(Code::ErasureInProgress, detail));',
      },
    ],
  },
  {
    name: 'an erasure ends with its object',
    patches: [
      {
        file: 'src/user/erase.rs',
        from: `            self.account.agenda.plan(Job::Erasure, now + WATCH_EVERY, sql)?;
        }
        erasure::request(sql, now)?;
        self.run_erasure(user).await?;`,
        to: `            let _ = WATCH_EVERY;
        }
        erasure::request(sql, now)?;
        self.erase_all(user).await?;`,
      },
    ],
  },
  {
    name: 'an erasure is over after the first step in Postgres',
    patches: [
      {
        file: 'src/user/erase.rs',
        from: 'if unfinished { Ok(()) } else { erasure::begin(sql, Step::Files) }',
        to: 'let _ = unfinished; erasure::begin(sql, Step::Files)',
      },
    ],
  },
  {
    name: 'a copy of the vault comes back after its erasure',
    patches: [
      {
        file: 'src/account/vault.rs',
        from: 'if self.account.vault.erasures.get() != erasures {',
        to: 'if self.account.vault.erasures.get() != erasures && false {',
      },
    ],
  },
  {
    name: 'the alarm is not set again',
    patches: [
      {
        file: 'src/user/alarm.rs',
        from: '        if let Err(fault) = self.arm() {',
        to: '        if let Err(fault) = Ok::<(), Fault>(()) {',
      },
    ],
  },
  {
    name: 'a new value sets no alarm',
    patches: [
      {
        file: 'src/account/agenda.rs',
        from: `        self.set_due(job, Due { at, messages: 0, failures: 0 }, sql)?;
        self.wake_by(at, sql);
`,
        to: `        self.set_due(job, Due { at, messages: 0, failures: 0 }, sql)?;
`,
      },
    ],
  },
  {
    name: 'a job that is done stays planned',
    patches: [
      {
        file: 'src/user/background.rs',
        from: 'agenda.finish(job, sql)',
        to: 'Ok(())',
      },
    ],
  },
  {
    name: 'a busy session is evicted',
    patches: [
      {
        file: 'src/user/session_table.rs',
        from: 'if session.is_busy() || Rc::strong_count(session) > 1 {',
        to: 'if session.is_busy() && Rc::strong_count(session) > 9 {',
      },
    ],
  },
  {
    name: 'idle sessions are never evicted',
    patches: [
      {
        file: 'src/user/session_table.rs',
        from: 'idle <= MAX_IDLE && bytes <= MAX_IDLE_BYTES',
        to: 'idle <= MAX_IDLE * 100 && bytes <= MAX_IDLE_BYTES',
      },
    ],
  },
  {
    name: 'what is forgotten stays in the index',
    patches: [{ file: 'src/memory/forget.rs', from: 'index::remove(sql, &forgotten.messages)?;', to: '' }],
  },
  {
    name: 'the index is trusted after an answer was lost',
    patches: [
      {
        file: 'src/memory/change.rs',
        from: 'distrust(&ctx.account.agenda, sql, ctx.ports.clock.now())?;',
        to: 'let _ = || distrust(&ctx.account.agenda, sql, ctx.ports.clock.now());',
      },
    ],
  },
];

const word = process.argv[2] ?? '';
const chosen = MUTANTS.filter(({ name }) => name.includes(word));
const copy = mkdtempSync(join(tmpdir(), 'frontdesk-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(1));
for (const part of ['.cargo', 'Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'crates', 'src', 'docs', 'tests/harness', 'tests/simulation']) {
  cpSync(join(ROOT, part), join(copy, part), { recursive: true });
}

let missed = 0;
for (const mutant of chosen) missed += (await isFound(mutant)) ? 0 : 1;
console.log(`${chosen.length - missed} of ${chosen.length} found within ${TURNS.toLocaleString('en')} turns each`);
process.exit(missed > 0 ? 1 : 0);

/** @param {Mutant} mutant */
async function isFound({ name, patches }) {
  const before = new Map(patches.map(({ file }) => [file, readFileSync(join(copy, file), 'utf8')]));
  for (const { file, from, to } of patches) {
    const parts = readFileSync(join(copy, file), 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${name}: ${file} has ${parts.length - 1} times: ${from}`);
    writeFileSync(join(copy, file), parts.join(to));
  }
  let simulator;
  try {
    simulator = build(name);
  } catch (error) {
    console.log(`✗ ${error.message}`);
    return false;
  } finally {
    for (const [file, text] of before) writeFileSync(join(copy, file), text);
  }
  const { turns, seed, said } = await run(simulator);
  const isKilled = said !== '';
  const count = turns === undefined ? 'hangs' : turns.toLocaleString('en');
  console.log(`${isKilled ? '✓' : '✗'} ${count.padStart(7)}  ${name}${isKilled ? `\n           seed ${seed}: ${said.slice(0, 160)}` : ''}`);
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
    cwd: copy, env: { ...process.env, CARGO_TARGET_DIR: target, CARGO_INCREMENTAL: '1' }, encoding: 'utf8', maxBuffer: 1 << 30,
  });
  const artifacts = built.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  if (built.status !== 0) {
    const errors = artifacts.filter(({ message }) => message?.level === 'error').map(({ message }) => message.rendered);
    throw new Error(`${name} does not build:\n${errors.join('')}`);
  }
  return artifacts.findLast(({ executable }) => executable).executable;
}

/**
 * @param {string} simulator
 * @returns {Promise<{ turns?: number, seed?: string, said: string }>} turns that it took, and the violation that it found, if any
 */
function run(simulator) {
  const child = spawn(simulator, ['--turns', `${TURNS}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  const timer = setTimeout(() => child.kill(), HANGS_AFTER);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (data) => (out += data));
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      const turns = out.match(/^simulation: (?:FAILED after )?(\d+) turns in /m)?.[1];
      const [, seed, violation] = out.match(/^simulation: seed (\d+):? (.*)/m) ?? [];
      const said = code === 1 ? (violation ?? out.slice(-160)) : '';
      resolve({ turns: turns === undefined ? undefined : Number(turns), seed, said });
    });
  });
}
