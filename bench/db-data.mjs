// Synthetic conversations and memories of any size, the same in every run.

/** Number of users in both sizes, as the specification asks. */
const USERS = 10_000;

/** Messages of a session. Equal in both sizes: only the database grows, not the results. */
const MESSAGES_PER_SESSION = 20;

/**
 * Fills the database. User 1 has `heavy` memories and a session of up to 5,000 messages, user 2 has `busy` memories; the others have
 * about equal shares of the rest. The memories of a user belong to messages as long as there are any, then to a document.
 * @param {import('pg').Client} client
 * @param {{ messages: number, embeddings: number, heavy: number, busy: number }} size
 * @param {(line: string) => void} say
 */
export async function fill(client, { messages, embeddings, heavy, busy }, say) {
  for (const [what, sql] of Object.entries(statements({ messages, embeddings, heavy, busy }))) {
    const started = performance.now();
    await client.query(sql);
    say(`  ${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

/** Id of a user by number, from 1. */
export const userId = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function statements({ messages, embeddings, heavy, busy }) {
  const sessions = messages / MESSAGES_PER_SESSION;
  const user = (expression) => `('00000000-0000-4000-8000-' || lpad((${expression})::text, 12, '0'))::uuid`;
  // As in natural languages, few words are frequent and many are rare.
  const words = (count) => `(select string_agg('word' || floor(power(5000, random()))::integer, ' ')
    from generate_series(1, ${count} + m.n % 2))`;
  return {
    users: `
      select setseed(0.5);
      insert into auth.users (id, email) select ${user('n')}, n || '@example.com' from generate_series(1, ${USERS}) n;
      insert into public.chat_documents (id, user_id, name, media_type, size_bytes, status)
      select gen_random_uuid(), id, 'notes.txt', 'text/plain', 1000, 'ready' from auth.users`,
    sessions: `
      insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at)
      select gen_random_uuid(), ${user(`1 + n % ${USERS}`)}, 'prime-boss', 'Session ' || n,
        now() - interval '1 hour' * (random() * 5000)
      from generate_series(0, ${sessions - 1}) n`,
    messages: `
      insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
      select gen_random_uuid(), s.id, s.user_id, case when n % 2 = 0 then 'user' else 'assistant' end,
        repeat('Some words of a message. ', 4), 20, s.last_message_at - interval '1 minute' * n
      from (
        select *, row_number() over (order by title) as position from public.chat_sessions
      ) s, lateral generate_series(1, case when s.position = 1 then greatest(${MESSAGES_PER_SESSION}, least(5000, ${messages} / 100)) else ${MESSAGES_PER_SESSION} end) n`,
    // A vector is its topic's centre plus two of many noise vectors: cheap to compute, unique, and with the similarity of real embeddings
    // of one topic (a cosine of about 0.6).
    topics: `
      create temporary table topics as
      select n, l2_normalize((select array_agg(random() - 0.5) from generate_series(1, 1536 + n - n))::vector(1536))::halfvec as v
      from generate_series(0, 499) n;
      create temporary table noises as
      select n, (l2_normalize((select array_agg(random() - 0.5) from generate_series(1, 1536 + n - n))::vector(1536))::halfvec
        * array_fill(0.55::real, array[1536])::halfvec) as v
      from generate_series(0, 3999) n`,
    embeddings: `
      insert into public.user_memory_embeddings (
        id, user_id, source, message_id, session_id, document_id, chunk_index, content, content_tokens, embedding, occurred_at)
      select gen_random_uuid(), d.user_id, case when s.id is null then 'document' else 'message' end, s.id, s.session_id,
        case when s.id is null then d.id end, case when s.id is null then m.n else 0 end, ${words(12)}, 15,
        l2_normalize(t.v + a.v + b.v), now() - interval '1 hour' * (random() * 5000)
      from (
        select *, row_number() over (partition by u order by n) as place from (
        select n, case when n <= ${heavy} then 1 when n <= ${heavy + busy} then 2
            else 3 + floor(random() * ${USERS - 2})::integer end as u,
          floor(random() * 500)::integer as topic, floor(random() * 4000)::integer as one, floor(random() * 4000)::integer as two
        from generate_series(1, ${embeddings}) n
        ) numbered
      ) m
      join public.chat_documents d on d.user_id = ${user('m.u')}
      left join (
        select id, session_id, user_id, row_number() over (partition by user_id order by created_at, id) as place
        from public.chat_messages
      ) s on s.user_id = d.user_id and s.place = m.place
      join topics t on t.n = m.topic join noises a on a.n = m.one join noises b on b.n = m.two`,
    statistics: 'vacuum analyze',
  };
}
