// `npm run bench:db`: times the database functions at two sizes, called like PostgREST calls them, beside the same search with an HNSW
// index over the memories of all users, as applications with pgvector usually have it.
// `npm run bench:db -- --quick` runs with a twentieth of the rows.
import { fill, userId } from './db-data.mjs';
import { startNativePostgres } from '../dev/native-postgres.mjs';

const FRACTION = process.argv.includes('--quick') ? 0.05 : 1;
const SIZES = {
  small: { messages: 10_000, embeddings: 20_000, heavy: 100 },
  large: { messages: 1_000_000 * FRACTION, embeddings: 200_000 * FRACTION, heavy: 12_000 * FRACTION },
};
/** Memories of a user after years of use, in both sizes. */
const BUSY = 2000;
/** Measured users. For sessions: users with a session in the small size too; for memories: any users. */
const MEASURED_USERS = 498;

/** Largest 95th percentiles, in milliseconds. */
const TARGETS_MS = {
  load_session: 5, 'list_sessions, first page': 5, 'list_sessions, second page': 5, match_memories: 25, 'match_memories, busy user': 25,
};
/** Memories that the object reads in a page while it builds its index, and the least that it gets in a second. */
const PAGE = 400;
const MIN_MEMORIES_PER_SECOND = 1000;
/** Largest ratio of the large size to the small one. */
const MAX_SLOWDOWN = 1.5;
/** Least share of the true nearest memories: the search is exact, and only equal distances may be ordered otherwise. */
const MIN_RECALL = 0.999;

const say = (line) => console.error(line.startsWith(' ') ? line : `• ${line}`);

const percentile = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Sets the role and the claims of a user, like PostgREST before each call. */
function actAs(client, user) {
  return client.query(`select set_config('role', 'authenticated', false), set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ role: 'authenticated', sub: user }),
  ]);
}

/** Times `query(user)` for each user, after a first round that warms the caches. */
async function time(client, users, query) {
  const times = [];
  for (const user of [...users, ...users]) {
    await actAs(client, user.id);
    const { text, values } = query(user);
    const started = performance.now();
    const { rows } = await client.query(text, values);
    times.push(performance.now() - started);
    user.rows = rows;
  }
  return times.slice(users.length);
}

/** Users with memories: each with a session if there is one, and a query vector near one memory. */
async function chooseUsers(admin, ids) {
  const { rows } = await admin.query(`
    select u.id, s.id as session, last.last_message_at, last.id as last_id, m.vector
    from unnest($1::uuid[]) u (id)
    left join lateral (select id from chat_sessions where user_id = u.id limit 1) s on true
    left join lateral (select id, last_message_at from list_of(u.id)) last on true
    join lateral (
      select l2_normalize(e.embedding + (select embedding * array_fill(0.3::real, array[1536])::halfvec from user_memory_embeddings
        where user_id <> u.id limit 1))::text as vector
      from user_memory_embeddings e where e.user_id = u.id order by e.id limit 1
    ) m on true`, [ids]);
  return rows;
}

const NEAREST = 'select id from user_memory_embeddings where user_id = $1 order by embedding <=> $2::halfvec, id limit 10';

/** Share of each user's ten nearest memories that `ids(user)` contains. */
async function recallOf(admin, users, ids) {
  let hits = 0;
  let expected = 0;
  // Without index scans the search is exact: HNSW cannot supply the order.
  await admin.query('set enable_indexscan = off');
  for (const user of users) {
    const { rows } = await admin.query(NEAREST, [user.id, user.vector]);
    const returned = new Set(await ids(user));
    hits += rows.filter(({ id }) => returned.has(id)).length;
    expected += rows.length;
  }
  await admin.query('reset enable_indexscan');
  return hits / expected;
}

async function measure(postgres, name, size) {
  say(`Filling ${name}: ${size.messages.toLocaleString('en')} messages, ${size.embeddings.toLocaleString('en')} memories`);
  await postgres.createDatabase(name);
  const admin = await postgres.connect(name);
  await admin.query('set search_path = public, extensions');
  await fill(admin, { ...size, busy: BUSY }, say);
  await admin.query(`create function list_of(p_user uuid) returns table (id uuid, last_message_at timestamptz) language sql as
    'select id, last_message_at from chat_sessions where user_id = p_user order by last_message_at desc, id desc limit 1'`);
  const choose = (number) => chooseUsers(admin, Array.from({ length: MEASURED_USERS }, (_, n) => userId(number(n))));
  const users = await choose((n) => 3 + n);
  const anyUsers = await choose((n) => 3 + ((n * 7919) % 9998));
  const repeated = async (id) => Array(100).fill((await chooseUsers(admin, [id]))[0]);
  const [heavy, busy] = [await repeated(userId(1)), await repeated(userId(2))];

  say(`Measuring ${name}`);
  const client = await postgres.connect(name);
  await client.query('set search_path = public, extensions');
  const rows = [];
  const addRow = async (what, measured, { query, recall: measureRecall }) => {
    const times = await time(client, measured, query);
    rows.push({ size: name, what, p50: percentile(times, 0.5), p95: percentile(times, 0.95), recall: measureRecall && await measureRecall(measured) });
  };
  const matchQuery = ({ vector }) => ({ name: 'match', text: 'select id from match_memories($1::halfvec, 10)', values: [vector] });
  const plainQuery = ({ vector }) => ({ text: 'select id from user_memory_embeddings order by embedding <=> $1::halfvec limit 10', values: [vector] });
  const resultRecall = (measured) => recallOf(admin, measured, async (user) => user.rows.map(({ id }) => id));
  const ofFirst = (measured) => resultRecall(measured.slice(0, 1));

  await addRow('load_session', users, {
    query: ({ session }) => ({ text: `select load_session($1, 100)`, values: [session] }),
  });
  await addRow('list_sessions, first page', users, { query: () => ({ text: 'select * from list_sessions(20)', values: [] }) });
  await addRow('list_sessions, second page', users, {
    query: (user) => ({ text: 'select * from list_sessions(20, $1, $2)', values: [user.last_message_at, user.last_id] }),
  });
  await addRow('memories, first page', anyUsers, { query: () => ({ text: 'select memories($1)::text', values: [PAGE] }) });
  for (const [what, [{ id }]] of [['memories, busy user, all', busy], ['memories, user with most, all', heavy]]) {
    const { count, times } = await readMemories(client, id);
    const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
    rows.push({ size: name, what, p50: percentile(times, 0.5), p95: percentile(times, 0.95), perSecond: count / seconds });
  }
  await addRow('match_memories', anyUsers, { query: matchQuery, recall: resultRecall });
  await addRow('match_memories, busy user', busy, { query: matchQuery, recall: ofFirst });
  await addRow('match_memories, user with most', heavy, { query: matchQuery, recall: ofFirst });

  say(`Building the vector index of the peer in ${name}`);
  await admin.query('create index on user_memory_embeddings using hnsw (embedding halfvec_cosine_ops)');
  await addRow('plain search with HNSW', anyUsers, { query: plainQuery, recall: resultRecall });
  await addRow('plain search with HNSW, user with most', heavy, { query: plainQuery, recall: ofFirst });
  await client.end();
  await admin.end();
  return rows;
}

/** Reads all memories of a user in pages, like an object that builds its index. */
async function readMemories(client, user) {
  await actAs(client, user);
  const times = [];
  let [count, last] = [0, {}];
  for (;;) {
    const started = performance.now();
    const { rows: [{ memories }] } = await client.query('select memories($1, $2, $3)::text as memories', [PAGE, last.occurred_at, last.id]);
    times.push(performance.now() - started);
    const page = JSON.parse(memories);
    count += page.length;
    if (page.length < PAGE) return { count, times };
    last = page.at(-1);
  }
}

/** Compares each row with its targets. */
function judge(rows) {
  return rows.map(({ size, what, p50, p95, recall, perSecond }) => {
    const small = rows.find((row) => row.size === 'small' && row.what === what);
    const slowdown = p95 / small.p95;
    const isFast = !(what in TARGETS_MS) || (p95 <= TARGETS_MS[what] && slowdown <= MAX_SLOWDOWN);
    const isExact = recall === undefined || recall >= MIN_RECALL;
    const isEnough = perSecond === undefined || perSecond >= MIN_MEMORIES_PER_SECOND;
    return {
      size, what, 'p50, ms': p50.toFixed(2), 'p95, ms': p95.toFixed(2), 'at most': TARGETS_MS[what] ?? '',
      'against small': size === 'large' ? `${slowdown.toFixed(2)}x` : '', 'recall@10': recall?.toFixed(3) ?? '',
      'memories/s': perSecond?.toFixed(0) ?? '', met: what.startsWith('plain') ? '(peer)' : isFast && isExact && isEnough,
    };
  });
}

/** The large database fits into memory, as it should in production. */
const postgres = await startNativePostgres(say, { shared_buffers: '6GB', maintenance_work_mem: '2GB', max_wal_size: '8GB' });
try {
  const rows = [];
  for (const [name, size] of Object.entries(SIZES)) rows.push(...await measure(postgres, name, size));
  const judged = judge(rows);
  console.table(judged);
  if (judged.some(({ met }) => met === false)) process.exitCode = 1;
} finally {
  await postgres.stop();
}
