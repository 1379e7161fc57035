-- Memory: messages and chunks are found by their words as soon as they are stored, and by meaning once they are embedded.

-- Recall ---------------------------------------------------------------------------------------------------------------

create or replace function private.question_words(p_text text, p_most integer) returns table (number integer, word tsquery)
language sql stable security invoker set search_path = '' as $$
  select
    row_number() over (order by length(lexeme) desc, lexeme)::integer,
    ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery
  from unnest(to_tsvector('english', left(p_text, 32000))) order by 1 limit p_most;
$$;
comment on function private.question_words(text, integer) is
'Returns the longest words of a text, at most p_most, each as a query of its own. Long words are rare and carry most
meaning, and a message may have thousands of words. Internal: called by memory_scores.';

create or replace function private.any_word(p_text text, p_most integer) returns tsquery
language sql stable security invoker set search_path = '' as $$
  select string_agg(quoted, ' | ')::tsquery
  from (
    select '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''' as quoted
    from unnest(to_tsvector('simple', p_text)) order by length(lexeme) desc, lexeme limit p_most
  ) words;
$$;
comment on function private.any_word(text, integer) is
'Returns a query for any of the longest words of a text, at most p_most: a question and the fact that answers it share few
words. Caller: recall, as authenticated.';
grant execute on function private.any_word(text, integer) to authenticated;

-- Loads pgvector: the hnsw settings of the next function are unknown to a connection that has not loaded it.
do $$ begin perform '[1]'::extensions.halfvec; end $$;

create or replace function private.memory_scores(
  p_embedding extensions.halfvec, p_query text, p_count integer default 400, p_few integer default 10000
) returns table (id uuid, distance double precision, words double precision)
language plpgsql stable security definer
set search_path = '' set hnsw.iterative_scan = 'relaxed_order' set hnsw.max_scan_tuples = 100000
-- The planner assumes an average number of rows per user: for a user with many more, nested loops would be far too slow. Where
-- a nested loop is needed, offset 0 keeps the sub-query apart.
set enable_nestloop = off set jit = off as $$
declare
  v_user constant uuid := auth.uid();
  v_rare constant tsquery := (select string_agg(word::text, ' | ')::tsquery from private.question_words(p_query, 4));
  v_nearest uuid[];
  v_chosen uuid[];   -- null: all memories of the user
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
          -- The iterative scan gave up early, because most near vectors belong to others. "+ 0" bypasses the index.
          order by (m.embedding operator(extensions.<=>) p_embedding) + 0 limit p_count);
      end if;
    end if;
    v_chosen := v_nearest || array(
      select m.id from public.user_memory_embeddings m
      where m.user_id = v_user and m.search @@ v_rare
      order by ts_rank(m.search, v_rare) desc limit p_count);
    -- The two neighbours on each side. user_id is checked in the final query only: with it the planner may choose the wrong
    -- index here. A session or document has one owner.
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
    -- strip() drops the positions of the words. offset 0 keeps this before the sorts: rows with their vectors sort slowly.
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
    -- Neighbours of a thread are one place apart, threads three, so that two steps never reach another thread.
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
    -- BM25 with k1 = 1.2, without length normalisation because memories are short.
    select s.place, sum(r.idf * 2.2 * s.frequency / (s.frequency + 1.2)) as words
    from spread s join rarity r on r.number = s.number group by s.place
  )
  select p.id, p.distance, f.words from placed p left join fitting f on f.place = p.place;
end $$;
comment on function private.memory_scores(extensions.halfvec, text, integer, integer) is
'Returns candidates for the best memories of the caller: (id, cosine distance to p_embedding, BM25 score of the words of
p_query). p_count is the number of candidates per index, p_few the number of memories up to which all are compared.
Security definer, because row-level security keeps operators that are not leakproof from using an index; it returns ids of
the caller only, never content. Caller: recall, as authenticated.';
grant execute on function private.memory_scores(extensions.halfvec, text, integer, integer) to authenticated;

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
    'session_id', m.session_id, 'role', said.role, 'content', m.content, 'content_tokens', m.content_tokens,
    'occurred_at', m.occurred_at, 'score', round(best.score, 6)) order by best.score desc, m.id), '[]')
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
    -- Repeats the condition of the policy, so that the partial index matches.
    where user_id = (select auth.uid()) and valid_to is null and (expires_at is null or expires_at > now())
    order by hit desc, confidence desc, valid_from desc limit least(greatest(p_facts, 0), 500)
  ) f;

  select jsonb_build_object('text', summary, 'covers', covers_message_id, 'since', created_at) into v_summary
  from public.chat_session_summaries where session_id = p_session;

  return jsonb_build_object('facts', v_facts, 'memories', v_memories, 'summary', v_summary);
end $$;
comment on function public.recall(extensions.halfvec, text, integer, integer, uuid) is
'Returns what the memory of the caller has for a question: {facts: [{id, category, key, fact, confidence, valid_from,
expires_at}], memories: [{message_id, document_id, document, media_type, session_id, role, content, content_tokens,
occurred_at, score}], summary: {text, covers, since} | null}, the best first. At most p_limit memories (and 400) and
p_facts facts (and 500). Without p_embedding only words decide. summary is the one of the session p_session: covers is the
last message that it stands for, since the time of its first version. Callers: authenticated.';
grant execute on function public.recall(extensions.halfvec, text, integer, integer, uuid) to authenticated;

-- Storing memories -----------------------------------------------------------------------------------------------------

create or replace function private.remember(p_user uuid, p_messages uuid[]) returns void
language sql security invoker set search_path = '' as $$
  insert into public.user_memory_embeddings (
    id, user_id, source, message_id, session_id, content, content_tokens, occurred_at, is_read)
  select
    m.id, m.user_id, 'message', m.id, m.session_id, left(m.content, 32000),
    ceil(m.content_tokens * least(1, 32000.0 / length(m.content))), m.created_at,
    -- Facts are extracted from messages of the user only, and not from imports, where that would cost too much.
    m.role <> 'user' or m.metadata ? 'imported' or not coalesce(e.learns, false)
  from public.chat_messages m
  join public.chat_sessions s on s.id = m.session_id
  left join public.employee_profiles e on e.slug = s.employee_slug
  where m.id = any (p_messages) and m.user_id = p_user and m.role in ('user', 'assistant') and m.content ~ '\S'
  on conflict do nothing;
$$;
comment on function private.remember(uuid, uuid[]) is
'Stores messages of a user as pending memories that have the ids of their messages; those that exist stay unchanged.
Content beyond 32000 characters is cut. Internal: called by commit_turn and import_messages.';

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

  -- New sessions have the time of their first message; the trigger updates it. Sorted by id, as the locks below, so that two
  -- imports cannot deadlock.
  insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
  select
    m.session_id, p_user, p_employee, left((array_agg(m.title order by m.place) filter (where m.title <> ''))[1], 200),
    min(m.created_at), min(m.created_at)
  from rows from (jsonb_to_recordset(p_messages) as (id uuid, session_id uuid, title text, created_at timestamptz))
    with ordinality as m(id, session_id, title, created_at, place)
  where not exists (select from public.chat_messages known where known.id = m.id)
  group by m.session_id order by m.session_id
  on conflict (id) do nothing;
  -- The locks serialise turns and imports of a session: the set of known messages does not change until the end.
  perform private.require_owner(s.id, s.user_id, p_user)
  from (select id, user_id from public.chat_sessions where id = any (v_sessions) order by id for update) s;

  with given as (
    -- Only the first message of each id.
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
    -- A message that exists in another session is no parent here.
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
comment on function public.import_messages(uuid, text, jsonb) is
'Imports conversations of another system.

p_messages, in order: [{id, session_id, role, content, content_tokens, created_at}] and, optional, name (the id that the
client gave it) and title (of its session). The parent of a message is the message before it in its session, of the first
one the newest that is older. New sessions belong to the employee p_employee.

Returns {imported, known}: known messages exist already and are not changed. {foreign: [session ids]} if sessions belong
to another user, {gone: true} if the user does not exist or was erased; nothing is imported then. Errors: constraint
violations for malformed rows. Callers: service_role.';
grant execute on function public.import_messages(uuid, text, jsonb) to service_role;

-- Embedding ------------------------------------------------------------------------------------------------------------

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
comment on function public.pending_memories(uuid, integer) is
'Returns pending memories of a user, oldest first, at most p_limit (and 1000): [{id, text}]. text is what is embedded: the
content and, for a message, the two messages before it, because its meaning often depends on them. Callers: service_role.';
grant execute on function public.pending_memories(uuid, integer) to service_role;

create or replace function public.save_embeddings(p_user uuid, p_embeddings jsonb) returns bigint
language plpgsql security definer set search_path = '' as $$
begin
  update public.user_memory_embeddings m
  set embedding = e.embedding::extensions.halfvec
  from jsonb_to_recordset(p_embeddings) as e(id uuid, embedding text)
  -- "is true" keeps the planner from the index of pending memories, which it would scan for each id.
  where m.id = e.id and (m.user_id = p_user and m.embedding is null) is true and e.embedding is not null;
  return (select count(*) from public.user_memory_embeddings where user_id = p_user and embedding is null);
end $$;
comment on function public.save_embeddings(uuid, jsonb) is
'Saves embeddings of pending memories of a user: [{id, embedding}], the vector as text; others stay unchanged. Returns the
number of memories that are still pending. Errors: 22000 for a vector of another length. Callers: service_role.';
grant execute on function public.save_embeddings(uuid, jsonb) to service_role;

create or replace function public.pending_memories_count() returns bigint
language sql stable security invoker set search_path = '' as $$
  select count(*) from public.user_memory_embeddings where user_id = (select auth.uid()) and embedding is null;
$$;
comment on function public.pending_memories_count() is
  'Returns the number of pending memories of the caller. Callers: authenticated.';
grant execute on function public.pending_memories_count() to authenticated;
