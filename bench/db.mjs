// `npm run bench:db`: what the database functions take at two sizes, each as PostgREST would call it, beside the plain
// vector search that most examples show. `npm run bench:db -- --quick` tries it at a twentieth of the sizes.
import { fill, userId } from './db-data.mjs';
import { startNativePostgres } from './native-postgres.mjs';

const FRACTION = process.argv.includes('--quick') ? 0.05 : 1;
const SIZES = {
  small: { messages: 10_000, embeddings: 20_000, heavy: 100 },
  large: { messages: 1_000_000 * FRACTION, embeddings: 200_000 * FRACTION, heavy: 12_000 * FRACTION },
};
/** A user who has talked for years has so many memories, at both sizes. */
const BUSY = 2000;
/** Users who are asked for: of sessions those who have one at the small size too, of memories any. */
const USERS_ASKED = 498;

/** Milliseconds at the 95th percentile; how much slower large may be than small; the share of the true nearest found. */
const TARGETS = {
  load_session: 5, 'list_sessions, first page': 5, 'list_sessions, second page': 5, recall: 25, 'recall, busy user': 25,
};
const SLOWER_AT_MOST = 1.5;
const FOUND_AT_LEAST = 0.95;

const say = (line) => console.error(line.startsWith(' ') ? line : `• ${line}`);

const percentile = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Becomes a signed-in user, as PostgREST does before each call. */
function become(client, user) {
  return client.query(`select set_config('role', 'authenticated', false), set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ role: 'authenticated', sub: user }),
  ]);
}

/** Times `query(user)` for each user; a first round warms caches and is not counted. */
async function time(client, users, query) {
  const times = [];
  for (const user of [...users, ...users]) {
    await become(client, user.id);
    const { text, values } = query(user);
    const started = performance.now();
    const { rows } = await client.query(text, values);
    times.push(performance.now() - started);
    user.rows = rows;
  }
  return times.slice(users.length);
}

/** Users who have memories, each with a session if there is one, a question's vector near one of their memories, and words of another. */
async function chooseUsers(admin, ids) {
  const { rows } = await admin.query(`
    select u.id, s.id as session, last.last_message_at, last.id as last_id, m.vector, m.words
    from unnest($1::uuid[]) u (id)
    left join lateral (select id from chat_sessions where user_id = u.id limit 1) s on true
    left join lateral (select id, last_message_at from list_of(u.id)) last on true
    join lateral (
      select l2_normalize(e.embedding + (select embedding * array_fill(0.3::real, array[1536])::halfvec from user_memory_embeddings
        where user_id <> u.id limit 1))::text as vector, e.content as words
      from user_memory_embeddings e where e.user_id = u.id order by e.id limit 1
    ) m on true`, [ids]);
  return rows;
}

const NEAREST = 'select id from user_memory_embeddings where user_id = $1 order by embedding <=> $2::halfvec, id limit 10';

/** The share of each user's ten truly nearest memories that `ids(user)` has. */
async function found(admin, users, ids) {
  let hits = 0;
  let wanted = 0;
  // Without index scans the order cannot come from HNSW: the rows are compared one by one.
  await admin.query('set enable_indexscan = off');
  for (const user of users) {
    const { rows } = await admin.query(NEAREST, [user.id, user.vector]);
    const got = new Set(await ids(user));
    hits += rows.filter(({ id }) => got.has(id)).length;
    wanted += rows.length;
  }
  await admin.query('reset enable_indexscan');
  return hits / wanted;
}

async function measure(postgres, name, size) {
  say(`Filling ${name}: ${size.messages.toLocaleString('en')} messages, ${size.embeddings.toLocaleString('en')} memories`);
  await postgres.createDatabase(name);
  const admin = await postgres.connect(name);
  await admin.query('set search_path = public, extensions');
  await fill(admin, { ...size, busy: BUSY }, say);
  await admin.query(`create function list_of(p_user uuid) returns table (id uuid, last_message_at timestamptz) language sql as
    'select id, last_message_at from chat_sessions where user_id = p_user order by last_message_at desc, id desc limit 1'`);
  const choose = (number) => chooseUsers(admin, Array.from({ length: USERS_ASKED }, (_, n) => userId(number(n))));
  const users = await choose((n) => 3 + n);
  const anyUsers = await choose((n) => 3 + ((n * 7919) % 9998));
  const again = async (id) => Array(100).fill((await chooseUsers(admin, [id]))[0]);
  const [many, busy] = [await again(userId(1)), await again(userId(2))];

  say(`Measuring ${name}`);
  const client = await postgres.connect(name);
  await client.query('set search_path = public, extensions');
  const recall = ({ vector, words }) => ({ name: 'recall', text: 'select recall($1::halfvec, $2, 10)', values: [vector, words] });
  const plain = ({ vector }) => ({ text: 'select id from user_memory_embeddings order by embedding <=> $1::halfvec limit 10', values: [vector] });
  const rows = [];
  const row = async (what, people, query, share) => {
    const times = await time(client, people, query);
    rows.push({ size: name, what, p50: percentile(times, 0.5), p95: percentile(times, 0.95), found: share && await share(people) });
  };
  const candidates = async (user) => {
    await become(client, user.id);
    const { rows: nearest } = await client.query(
      `select id from private.memory_scores($1::halfvec, '') order by distance, id limit 10`, [user.vector]);
    return nearest.map(({ id }) => id);
  };
  const ofCandidates = (people) => found(admin, people, candidates);
  const ofRows = (people) => found(admin, people, async (user) => user.rows.map(({ id }) => id));

  await row('load_session', users, ({ session }) => ({
    text: `select load_session($1, null, 'prime-boss', 'gpt-4o-mini', 100)`, values: [session],
  }));
  await row('list_sessions, first page', users, () => ({ text: 'select * from list_sessions(20)', values: [] }));
  await row('list_sessions, second page', users, (user) => ({
    text: 'select * from list_sessions(20, $1, $2)', values: [user.last_message_at, user.last_id],
  }));
  await row('recall', anyUsers, recall, ofCandidates);
  await row('recall, busy user', busy, recall, (people) => ofCandidates(people.slice(0, 1)));
  await row('recall, user with most', many, recall, (people) => ofCandidates(people.slice(0, 1)));
  await row('plain search under RLS', anyUsers, plain, ofRows);
  await row('plain search, user with most', many, plain, (people) => ofRows(people.slice(0, 1)));
  await client.end();
  await admin.end();
  return rows;
}

/** Every row with its target, and whether it is met. */
function judge(rows) {
  return rows.map(({ size, what, p50, p95, found: share }) => {
    const small = rows.find((row) => row.size === 'small' && row.what === what);
    const slower = p95 / small.p95;
    const isQuick = !(what in TARGETS) || (p95 <= TARGETS[what] && slower <= SLOWER_AT_MOST);
    const isExact = !what.startsWith('recall') || share >= FOUND_AT_LEAST;
    return {
      size, what, 'p50, ms': p50.toFixed(2), 'p95, ms': p95.toFixed(2), 'at most': TARGETS[what] ?? '',
      'against small': size === 'large' ? `${slower.toFixed(2)}x` : '', 'recall@10': share?.toFixed(3) ?? '',
      met: what.startsWith('plain') ? '(peer)' : isQuick && isExact,
    };
  });
}

const postgres = await startNativePostgres(say);
try {
  const rows = [];
  for (const [name, size] of Object.entries(SIZES)) rows.push(...await measure(postgres, name, size));
  const judged = judge(rows);
  console.table(judged);
  if (judged.some(({ met }) => met === false)) process.exitCode = 1;
} finally {
  await postgres.stop();
}
