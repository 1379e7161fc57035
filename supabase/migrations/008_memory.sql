-- Everything that is said is remembered: a message is found by its words at once, and by its meaning when it is embedded.

-- A memory without an embedding is pending.
alter table public.user_memory_embeddings alter column embedding drop not null;

-- Words with English stems and without English stop words; of other languages they are taken as they are. Only if it is not
-- so yet, for it writes the table anew. Storage main keeps them in their row as long as it fits a page: beside a vector
-- they would go to a second table, and reading all of a user's from there takes longer than comparing all of their vectors.
do $$
declare
  v_words constant text := (
    select pg_catalog.pg_get_expr(d.adbin, d.adrelid)
    from pg_catalog.pg_attrdef d
    join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where d.adrelid = 'public.user_memory_embeddings'::regclass and a.attname = 'search');
begin
  if v_words not like '%''english''%' then
    alter table public.user_memory_embeddings drop column search;
    alter table public.user_memory_embeddings
      add column search tsvector not null generated always as (to_tsvector('english', content)) stored,
      alter column search set storage main,
      add column if not exists asks boolean not null generated always as (right(rtrim(content), 1) = '?') stored,
      add column if not exists speaker text
        generated always as (lower(substring(content from '^([[:alpha:]][[:alnum:] .''-]{0,39}): '))) stored;
  end if;
end $$;
comment on column public.user_memory_embeddings.search is 'English words by their stems, without the most frequent ones.';
comment on column public.user_memory_embeddings.speaker is 'Where the content says so: "Ada: ...".';
create index if not exists user_memory_embeddings_words on public.user_memory_embeddings using gin (search);

-- With the id: where a user's rows are wanted by their ids, the planner, which takes every user for an average one, may go by
-- the user, and would then look through all of them for each.
do $$ begin
  if pg_catalog.pg_get_indexdef('public.user_memory_embeddings_user'::regclass) not like '%(user_id, id)' then
    drop index public.user_memory_embeddings_user;
    create index user_memory_embeddings_user on public.user_memory_embeddings (user_id, id);
  end if;
end $$;
-- What was said around a memory, or stands around it in its document.
create index if not exists user_memory_embeddings_around on public.user_memory_embeddings
  (coalesce(session_id, document_id), occurred_at, chunk_index, id);
-- A user's pending memories, oldest first.
create index if not exists user_memory_embeddings_pending on public.user_memory_embeddings (user_id, occurred_at, id)
  where embedding is null;

-- Whether a message was looked at for what it says of its user; what was there before is not looked at again.
alter table public.user_memory_embeddings add column if not exists is_read boolean not null default true;
create index if not exists user_memory_embeddings_unread on public.user_memory_embeddings (user_id, occurred_at, id)
  where not is_read;
-- What is said to an employee that does not learn is remembered like everything, but no facts and no summary are made of it.
alter table public.employee_profiles add column if not exists learns boolean not null default true;

-- Recall -----------------------------------------------------------------------------------------------------------------

drop function if exists public.recall(extensions.halfvec, text, integer, integer, uuid, timestamptz);
drop function if exists public.recall(extensions.halfvec, text, integer, integer);
drop function if exists private.memory_candidates(extensions.halfvec, tsquery, tsquery, integer, uuid, timestamptz, integer);

-- The longest words of a text, each as a query of its own: they tell most and are rarest, and a message may have thousands.
create or replace function private.question_words(p_text text, p_most integer) returns table (number integer, word tsquery)
language sql stable security invoker set search_path = '' as $$
  select
    row_number() over (order by length(lexeme) desc, lexeme)::integer,
    ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery
  from unnest(to_tsvector('english', left(p_text, 32000))) order by 1 limit p_most;
$$;

-- Loads pgvector: the settings of the next function are refused by a session that does not know them yet.
do $$ begin perform '[1]'::extensions.halfvec; end $$;

-- The caller's memories that may be among the best, each with its distance and how well its words fit (BM25).
--
-- While a user has few memories, all of them are read and compared: exact, and no index can lose a row. Of a user with many
-- come the nearest from HNSW, those with the rarest words from GIN, which would find nearly everything by a frequent
-- one, and what was said around each; if others' memories crowd theirs out of what the iterative scan may visit, theirs
-- are compared after all. With the owner's rights: under row-level security these operators, which are not leakproof,
-- could use neither index. It gives ids away, never content, and only the caller's own.
--
-- A word counts for the memories around it too, half for the next ones and a quarter for those after: an answer rarely
-- repeats the words of its question.
--
-- p_few: comparing one by one takes a few microseconds a row and depends on nobody else (npm run bench:db).
create or replace function private.memory_scores(
  p_embedding extensions.halfvec, p_query text, p_count integer default 400, p_few integer default 10000
) returns table (id uuid, distance double precision, words double precision)
language plpgsql stable security definer
set search_path = '' set hnsw.iterative_scan = 'relaxed_order' set hnsw.max_scan_tuples = 100000
-- The planner knows how much users have on average: for one with more its nested loops never end. Where there must be one,
-- offset 0 says so.
set enable_nestloop = off set jit = off as $$
declare
  v_user constant uuid := auth.uid();
  v_rare constant tsquery := (select string_agg(word::text, ' | ')::tsquery from private.question_words(p_query, 4));
  v_nearest uuid[];
  v_chosen uuid[];   -- null: all of the user's
begin
  if (select count(*) > p_few
      from (select from public.user_memory_embeddings m where m.user_id = v_user limit p_few + 1) counted) then
    if p_embedding is not null then
      v_nearest := array(
        select m.id from public.user_memory_embeddings m
        where m.user_id = v_user and m.embedding is not null
        order by m.embedding operator(extensions.<=>) p_embedding limit p_count);
      if cardinality(v_nearest) < p_count then
        v_nearest := array(
          select m.id from public.user_memory_embeddings m
          where m.user_id = v_user and m.embedding is not null
          -- What is added keeps the index from it.
          order by (m.embedding operator(extensions.<=>) p_embedding) + 0 limit p_count);
      end if;
    end if;
    v_chosen := v_nearest || array(
      select m.id from public.user_memory_embeddings m
      where m.user_id = v_user and m.search @@ v_rare
      order by ts_rank(m.search, v_rare) desc limit p_count);
    -- A thread is one user's. That it is the caller's is asked when all are read: asked here, the planner may go by it.
    v_chosen := array(
      select c.id from unnest(v_chosen) c (id)
      union
      select around.id
      from unnest(v_chosen) c (id)
      cross join lateral (
        select coalesce(m.session_id, m.document_id) as thread, m.occurred_at, m.chunk_index, m.id
        from public.user_memory_embeddings m where m.id = c.id
        offset 0
      ) this
      cross join lateral (
        (select m.id from public.user_memory_embeddings m
         where coalesce(m.session_id, m.document_id) = this.thread
           and (m.occurred_at, m.chunk_index, m.id) < (this.occurred_at, this.chunk_index, this.id)
         order by m.occurred_at desc, m.chunk_index desc, m.id desc limit 2)
        union all
        (select m.id from public.user_memory_embeddings m
         where coalesce(m.session_id, m.document_id) = this.thread
           and (m.occurred_at, m.chunk_index, m.id) > (this.occurred_at, this.chunk_index, this.id)
         order by m.occurred_at, m.chunk_index, m.id limit 2)
      ) around);
  end if;

  return query
  with theirs as (
    -- strip: words leave their row once, and lose their places in the text. offset 0: before anything is sorted, for rows
    -- that carry their vector are slow to sort.
    select
      m.id, coalesce(m.session_id, m.document_id) as thread, m.occurred_at, m.chunk_index, strip(m.search) as search,
      m.embedding operator(extensions.<=>) p_embedding as distance
    from public.user_memory_embeddings m where m.user_id = v_user and v_chosen is null
    union all
    select one.*
    from unnest(v_chosen) c (id)
    cross join lateral (
      select
        m.id, coalesce(m.session_id, m.document_id) as thread, m.occurred_at, m.chunk_index, strip(m.search) as search,
        m.embedding operator(extensions.<=>) p_embedding as distance
      from public.user_memory_embeddings m where m.id = c.id and m.user_id = v_user
      offset 0
    ) one
    offset 0
  ), placed as materialized (
    -- One apart within a thread, and three between threads, so that two steps never leave one.
    select
      t.id, t.distance, t.search,
      row_number() over (order by t.thread, t.occurred_at, t.chunk_index, t.id)
        + 2 * dense_rank() over (order by t.thread) as place
    from theirs t
  ), hits as materialized (
    select w.number, p.place from private.question_words(p_query, 32) w join placed p on p.search @@ w.word
  ), rarity as (
    select
      h.number,
      ln(1 + ((select count(*) from placed) - count(*) + 0.5)::double precision / (count(*) + 0.5)::double precision) as idf
    from hits h group by h.number
  ), spread as (
    select h.number, h.place + kernel.step as place, sum(kernel.weight) as frequency
    from hits h
    cross join (values (-2, 0.25::double precision), (-1, 0.5), (0, 1), (1, 0.5), (2, 0.25)) kernel (step, weight)
    group by 1, 2
  ), fitting as (
    -- BM25 with k1 = 1.2 and, because memories are short, without their length.
    select s.place, sum(r.idf * 2.2 * s.frequency / (s.frequency + 1.2)) as words
    from spread s join rarity r on r.number = s.number group by s.place
  )
  select p.id, p.distance, f.words from placed p left join fitting f on f.place = p.place;
end $$;

-- What the user's memory has for a question: current facts, and the p_limit best memories by meaning and by words
-- together (reciprocal rank fusion with its usual constant of 60:
-- https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf). Without an embedding, words alone decide.
--
-- Two things memories know of themselves: one that asks tells less than one that says; and where they begin with who speaks,
-- a question that names one of those is more often about what that one said.
create or replace function public.recall(
  p_embedding extensions.halfvec default null, p_query text default '', p_limit integer default 20,
  p_facts integer default 50, p_session uuid default null
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_words constant tsquery := private.any_word(left(p_query, 32000), 32);
  v_said constant tsvector := to_tsvector('simple', left(p_query, 32000));
  v_limit constant integer := least(greatest(p_limit, 1), 400);
  v_memories jsonb;
  v_facts jsonb;
  v_summary jsonb;
begin
  with scores as materialized (
    select * from private.memory_scores(p_embedding, p_query)
  ), placed as (
    (select id, row_number() over (order by distance, id) as place
     from scores where distance is not null order by distance, id limit 400)
    union all
    (select id, row_number() over (order by words desc, distance, id) as place
     from scores where words > 0 order by words desc, distance, id limit 400)
  ), fused as (
    select id, sum(1.0 / (60 + place)) as score from placed group by id
  ), known as materialized (
    select f.id, f.score, m.asks, m.speaker from fused f join public.user_memory_embeddings m using (id)
  ), named as (
    select array_agg(speaker) as speakers
    from (select distinct speaker from known where speaker is not null offset 0) s
    where v_said @@ phraseto_tsquery('simple', speaker)
  ), best as (
    select
      k.id,
      k.score * case when k.asks then 0.9 else 1 end * case when k.speaker <> all (n.speakers) then 0.75 else 1 end as score
    from known k cross join named n
    order by score desc, k.id limit v_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'message_id', m.message_id, 'document_id', m.document_id, 'document', d.name, 'media_type', d.media_type,
    'session_id', m.session_id, 'role', said.role, 'content', m.content, 'content_tokens', m.content_tokens, 'occurred_at', m.occurred_at,
    'score', round(best.score, 6)) order by best.score desc, m.id), '[]')
  into v_memories
  from best
  join public.user_memory_embeddings m using (id)
  left join public.chat_messages said on said.id = m.message_id
  left join public.chat_documents d on d.id = m.document_id;

  select coalesce(jsonb_agg(to_jsonb(f) - 'hit' order by f.hit desc, f.confidence desc, f.valid_from desc), '[]')
  into v_facts
  from (
    select
      id, category, key, fact, confidence, valid_from, expires_at,
      coalesce(ts_rank(to_tsvector('simple', category || ' ' || key || ' ' || fact), v_words), 0) as hit
    from public.user_memory_facts
    -- The sub-select is the policy's own condition, said again so that the partial index serves.
    where user_id = (select auth.uid()) and valid_to is null and (expires_at is null or expires_at > now())
    order by hit desc, confidence desc, valid_from desc limit least(greatest(p_facts, 0), 500)
  ) f;

  select jsonb_build_object('text', summary, 'covers', covers_message_id, 'since', created_at) into v_summary
  from public.chat_session_summaries where session_id = p_session;

  return jsonb_build_object('facts', v_facts, 'memories', v_memories, 'summary', v_summary);
end $$;

-- Remembering ------------------------------------------------------------------------------------------------------------

-- Messages of a user that were just saved, each as a pending memory with the id of its message; what is remembered already
-- stays as it is. A message may be longer than a memory: its beginning is remembered.
create or replace function private.remember(p_user uuid, p_messages uuid[]) returns void
language sql security invoker set search_path = '' as $$
  insert into public.user_memory_embeddings (
    id, user_id, source, message_id, session_id, content, content_tokens, occurred_at, is_read)
  select
    m.id, m.user_id, 'message', m.id, m.session_id, left(m.content, 32000),
    ceil(m.content_tokens * least(1, 32000.0 / length(m.content))), m.created_at,
    -- Only what the user says here: facts of years that are imported would cost more than anyone asked for.
    m.role <> 'user' or m.metadata ? 'imported' or not coalesce(e.learns, false)
  from public.chat_messages m
  join public.chat_sessions s on s.id = m.session_id
  left join public.employee_profiles e on e.slug = s.employee_slug
  where m.id = any (p_messages) and m.user_id = p_user and m.role in ('user', 'assistant') and m.content ~ '\S'
  on conflict do nothing;
$$;

-- As before; an embedding may come later, and fills what is pending.
create or replace function private.add_embeddings(p_user uuid, p_embeddings jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  update public.user_memory_embeddings m
  set embedding = e.embedding::extensions.halfvec
  from jsonb_to_recordset(p_embeddings) as e(
    message_id uuid, document_id uuid, chunk_index integer, embedding text)
  where (m.message_id = e.message_id or m.document_id = e.document_id) and m.chunk_index = coalesce(e.chunk_index, 0)
    and (m.user_id = p_user and m.embedding is null) is true and e.embedding is not null;

  insert into public.user_memory_embeddings (
    id, user_id, source, message_id, document_id, session_id, chunk_index, content, content_tokens, embedding,
    occurred_at)
  select
    e.id, p_user, e.source, m.id, d.id, m.session_id, coalesce(e.chunk_index, 0), e.content, e.content_tokens,
    e.embedding::extensions.halfvec, coalesce(e.occurred_at, m.created_at, d.created_at)
  from jsonb_to_recordset(p_embeddings) as e(
    id uuid, source text, message_id uuid, document_id uuid, chunk_index integer, content text,
    content_tokens integer, embedding text, occurred_at timestamptz)
  left join public.chat_messages m on m.id = e.message_id and m.user_id = p_user
  left join public.chat_documents d on d.id = e.document_id and d.user_id = p_user
  where m.id is not null or d.id is not null
  on conflict do nothing;
end $$;

-- As before, and what was said is remembered, unless the turn has "remember": false.
create or replace function public.commit_turn(p_turn jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_turn constant uuid := (p_turn ->> 'turn_id')::uuid;
  v_user constant uuid := (p_turn ->> 'user_id')::uuid;
  v_session constant uuid := (p_turn ->> 'session_id')::uuid;
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_turn -> 'usage');
  v_started constant timestamptz := coalesce(p_turn ->> 'started_at', p_turn #>> '{messages,0,created_at}');
  v_owner uuid;
  v_session_tokens bigint;
begin
  delete from public.chat_parked_turns where turn_id = v_turn;
  if exists (select from public.chat_usage_log where turn_id = v_turn) then
    return jsonb_build_object('committed', false);
  end if;
  if private.is_gone(v_user, v_started) then
    return jsonb_build_object('committed', false, 'gone', true);
  end if;

  insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
  values (
    v_session, v_user, p_turn ->> 'employee_slug', left(nullif(p_turn ->> 'title', ''), 200), v_started, v_started)
  on conflict (id) do nothing;

  -- The lock makes turns of one session take their turn, so a copy of this one cannot slip in between the statements.
  select user_id, content_tokens into v_owner, v_session_tokens
  from public.chat_sessions where id = v_session for update;
  perform private.require_owner(v_session, v_owner, v_user);

  insert into public.chat_usage_log (
    turn_id, user_id, session_id, employee_slug, model, prompt_tokens, cached_tokens, completion_tokens, total_tokens,
    history_tokens, session_tokens, cost_usd, latency_ms, ttft_ms, success, error_code, usage_source, created_at)
  values (
    v_turn, v_user, v_session, p_turn ->> 'employee_slug', v_usage.model, v_usage.prompt_tokens,
    coalesce(v_usage.cached_tokens, 0), v_usage.completion_tokens, v_usage.total_tokens, v_usage.history_tokens,
    v_session_tokens, v_usage.cost_usd, v_usage.latency_ms, v_usage.ttft_ms, v_usage.success, v_usage.error_code,
    v_usage.usage_source, v_usage.created_at)
  on conflict (turn_id) do nothing;
  if not found then
    return jsonb_build_object('committed', false);
  end if;

  update public.chat_sessions set employee_slug = p_turn ->> 'employee_slug'
  where id = v_session and employee_slug <> p_turn ->> 'employee_slug';
  perform private.add_messages(v_session, v_user, p_turn -> 'messages');
  if p_turn ? 'tool_runs' then
    perform private.add_tool_runs(v_session, v_user, v_turn, p_turn -> 'tool_runs');
  end if;
  perform private.add_memory(v_session, v_user, p_turn);
  if p_turn -> 'remember' is distinct from 'false' then
    perform private.remember(v_user, array(
      select (m ->> 'id')::uuid from jsonb_array_elements(p_turn -> 'messages') m));
  end if;
  return jsonb_build_object('committed', true);
end $$;

-- Embedding --------------------------------------------------------------------------------------------------------------

-- A user's pending memories as they are to be embedded, oldest first: [{id, text}]. A message is followed by the two before
-- it, for what it means is often in what it answers; they are bounded, so that the message itself decides.
create or replace function public.pending_memories(p_user uuid, p_limit integer) returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', p.id, 'text', concat_ws(E'\n', p.content, nullif(concat_ws(' ', second.content, first.content), '')))
    order by p.occurred_at, p.id), '[]')
  from (
    select id, message_id, content, occurred_at from public.user_memory_embeddings
    where user_id = p_user and embedding is null
    order by occurred_at, id limit least(greatest(p_limit, 0), 1000)
  ) p
  left join public.chat_messages m on m.id = p.message_id
  left join lateral (
    select b.parent_id, case when b.role in ('user', 'assistant') then nullif(left(b.content, 4000), '') end as content
    from public.chat_messages b where b.id = m.parent_id
  ) first on true
  left join lateral (
    select case when b.role in ('user', 'assistant') then nullif(left(b.content, 4000), '') end as content
    from public.chat_messages b where b.id = first.parent_id
  ) second on true;
$$;

-- [{id, embedding}], a vector as text; fills what is pending of the user's, and answers how much still is.
create or replace function public.save_embeddings(p_user uuid, p_embeddings jsonb) returns bigint
language plpgsql security definer set search_path = '' as $$
begin
  update public.user_memory_embeddings m
  set embedding = e.embedding::extensions.halfvec
  from jsonb_to_recordset(p_embeddings) as e(id uuid, embedding text)
  -- Put so that it goes by the id, not through all that is pending for each.
  where m.id = e.id and (m.user_id = p_user and m.embedding is null) is true and e.embedding is not null;
  return (select count(*) from public.user_memory_embeddings where user_id = p_user and embedding is null);
end $$;

-- How many of the caller's memories are found by their words alone.
create or replace function public.pending_memories_count() returns bigint
language sql stable security invoker set search_path = '' as $$
  select count(*) from public.user_memory_embeddings where user_id = (select auth.uid()) and embedding is null;
$$;

-- Importing --------------------------------------------------------------------------------------------------------------

-- Messages of conversations that were had elsewhere, in their order: [{id, session_id, role, content, content_tokens,
-- created_at}], and, optional, the client's name of each and a title of its session. A message follows the one before it
-- of its session, the first one the newest that is older. What is there already is not written again: {imported, known}.
-- Nothing at all is if a session is somebody else's: {foreign: [ids]}; or the user is gone: {gone: true}.
create or replace function public.import_messages(p_user uuid, p_employee text, p_messages jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_sessions constant uuid[] := array(
    select distinct (m ->> 'session_id')::uuid from jsonb_array_elements(p_messages) m order by 1);
  v_foreign uuid[];
  v_added uuid[];
begin
  if private.is_gone(p_user, now()) then
    return jsonb_build_object('gone', true);
  end if;
  v_foreign := array(select id from public.chat_sessions where id = any (v_sessions) and user_id <> p_user order by id);
  if cardinality(v_foreign) > 0 then
    return jsonb_build_object('foreign', v_foreign);
  end if;

  -- As if its first message had just come: the trigger moves it on. In order, like the locks below, so that two imports
  -- do not wait for each other.
  insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
  select
    m.session_id, p_user, p_employee, left((array_agg(m.title order by m.place) filter (where m.title <> ''))[1], 200),
    min(m.created_at), min(m.created_at)
  from rows from (jsonb_to_recordset(p_messages) as (id uuid, session_id uuid, title text, created_at timestamptz))
    with ordinality as m(id, session_id, title, created_at, place)
  where not exists (select from public.chat_messages known where known.id = m.id)
  group by m.session_id order by m.session_id
  on conflict (id) do nothing;
  -- The locks make turns and imports of a session take their turn: what is known stays known until the end.
  perform private.require_owner(s.id, s.user_id, p_user)
  from (select id, user_id from public.chat_sessions where id = any (v_sessions) order by id for update) s;

  with given as (
    -- An id that comes twice counts once.
    select distinct on (m.id) m.*
    from rows from (jsonb_to_recordset(p_messages) as (
      id uuid, session_id uuid, role text, content text, content_tokens integer, created_at timestamptz, name text))
      with ordinality as m(id, session_id, role, content, content_tokens, created_at, name, place)
    order by m.id, place
  ), linked as (
    select
      g.*, known.id is not null as is_known, lag(g.id) over (partition by g.session_id order by g.place) as before
    from given g
    left join public.chat_messages known on known.id = g.id
    -- One that is known in another session is nobody's parent here.
    where known.id is null or known.session_id = g.session_id
  ), added as (
    insert into public.chat_messages (
      id, session_id, user_id, parent_id, role, content, content_tokens, metadata, created_at)
    select
      l.id, l.session_id, p_user,
      coalesce(l.before, (
        select older.id from public.chat_messages older
        where older.session_id = l.session_id and older.user_id = p_user and older.created_at < l.created_at
        order by older.created_at desc, older.id desc limit 1)),
      l.role, l.content, l.content_tokens,
      jsonb_strip_nulls(jsonb_build_object('imported', true, 'client_message_id', l.name)), l.created_at
    from linked l where not l.is_known
    order by l.place
    on conflict (id) do nothing
    returning id
  )
  select array_agg(id) into v_added from added;
  perform private.remember(p_user, v_added);
  return jsonb_build_object(
    'imported', coalesce(cardinality(v_added), 0),
    'known', jsonb_array_length(p_messages) - coalesce(cardinality(v_added), 0));
end $$;

-- Who may call what ------------------------------------------------------------------------------------------------------

revoke execute on function
  public.recall(extensions.halfvec, text, integer, integer, uuid),
  private.question_words(text, integer),
  private.memory_scores(extensions.halfvec, text, integer, integer),
  private.remember(uuid, uuid[]),
  private.add_embeddings(uuid, jsonb),
  public.commit_turn(jsonb),
  public.pending_memories(uuid, integer),
  public.save_embeddings(uuid, jsonb),
  public.pending_memories_count(),
  public.import_messages(uuid, text, jsonb)
from public, anon, authenticated, service_role;

grant execute on function
  public.recall(extensions.halfvec, text, integer, integer, uuid),
  private.memory_scores(extensions.halfvec, text, integer, integer),
  public.pending_memories_count()
to authenticated;

grant execute on function
  public.commit_turn(jsonb),
  public.pending_memories(uuid, integer),
  public.save_embeddings(uuid, jsonb),
  public.import_messages(uuid, text, jsonb)
to service_role;
