-- What the runtime calls, each in one round trip. Reads run with the user's own rights, so that row-level security
-- decides; writes are the service key's alone, run with the owner's rights and check the owner again.

-- Loading a session ----------------------------------------------------------------------------------------------------

create or replace function private.active_employee(p_slug text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object(
    'slug', slug, 'title', title, 'system_prompt', system_prompt, 'model', model, 'fallback_models', fallback_models,
    'temperature', temperature, 'max_output_tokens', max_output_tokens, 'token_budget', token_budget, 'top_k', top_k,
    'tools', tools, 'unmask_policy', unmask_policy)
  from public.employee_profiles where slug = p_slug and is_active;
$$;

create or replace function private.current_price(p_model text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object('input', input_usd, 'cached_input', cached_input_usd, 'output', output_usd)
  from public.chat_model_prices where model = p_model and valid_from <= now()
  order by valid_from desc limit 1;
$$;

create or replace function public.load_session(
  p_session uuid, p_employee text, p_default_employee text, p_default_model text, p_limit integer
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_session jsonb;
  v_employee jsonb;
  v_messages jsonb;
  v_summary jsonb;
begin
  select jsonb_build_object('id', id, 'employee_slug', employee_slug, 'title', title) into v_session
  from public.chat_sessions where id = p_session;

  if v_session is null and private.is_foreign_session(p_session) then
    return jsonb_build_object(
      'foreign', true, 'session', null, 'employee', null, 'price', null, 'summary', null,
      'messages', jsonb_build_array());
  end if;

  v_employee := private.active_employee(coalesce(p_employee, v_session ->> 'employee_slug', p_default_employee));

  select coalesce(jsonb_agg(to_jsonb(newest) - 'created_at' order by newest.created_at, newest.id), '[]')
  into v_messages
  from (
    select id, role, content, content_tokens, status, created_at
    from public.chat_messages where session_id = p_session
    order by created_at desc, id desc limit least(p_limit, 1000)
  ) newest;

  select jsonb_build_object('summary', summary, 'tokens', tokens, 'covers_message_id', covers_message_id) into v_summary
  from public.chat_session_summaries where session_id = p_session;

  return jsonb_build_object(
    'foreign', false, 'session', v_session, 'employee', v_employee, 'summary', v_summary,
    'price', private.current_price(coalesce(v_employee ->> 'model', p_default_model)), 'messages', v_messages);
end $$;

-- A page of the user's sessions, newest first: those below (p_before_at, p_before_id), where the last page ended.
create or replace function public.list_sessions(
  p_limit integer default 50, p_before_at timestamptz default null, p_before_id uuid default null
) returns table (
  id uuid, title text, employee_slug text, status text, message_count integer, last_message_at timestamptz,
  created_at timestamptz
)
language sql stable security invoker set search_path = '' as $$
  select s.id, s.title, s.employee_slug, s.status, s.message_count, s.last_message_at, s.created_at
  from public.chat_sessions s
  where (s.last_message_at, s.id) < (
    coalesce(p_before_at, 'infinity'), coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  order by s.last_message_at desc, s.id desc
  limit least(p_limit, 500);
$$;

-- Recall -----------------------------------------------------------------------------------------------------------------

-- Any of the words, because a question and its answer share few. Only the longest ones, because they tell most and are
-- rarest, and a message may have thousands.
create or replace function private.any_word(p_text text, p_most integer) returns tsquery
language sql stable security invoker set search_path = '' as $$
  select string_agg(quoted, ' | ')::tsquery
  from (
    select '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''' as quoted
    from unnest(to_tsvector('simple', p_text)) order by length(lexeme) desc, lexeme limit p_most
  ) words;
$$;

-- Loads pgvector: the settings of the next function are refused by a session that does not know them yet.
do $$ begin perform '[1]'::extensions.halfvec; end $$;

-- The caller's memories that may be among the best, each with its distance and its rank by words.
--
-- While a user has few memories, all of them are read and compared: exact, and no index can lose a row. A user with
-- many gets the nearest from HNSW and those with the rare words from GIN, which would find nearly everything by a
-- frequent one; if others' memories crowd theirs out of what the iterative scan
-- may visit, all are read after all. With the owner's rights: under row-level security these operators, which are not
-- leakproof, could use neither index. It gives ids away, never content, and only the caller's own.
--
-- p_few: comparing one by one takes about 6 microseconds a row and depends on nobody else (npm run bench:db).
create or replace function private.memory_candidates(
  p_embedding extensions.halfvec, p_words tsquery, p_rare tsquery, p_count integer, p_skip_session uuid,
  p_skip_since timestamptz, p_few integer default 10000
) returns table (id uuid, distance double precision, rank real)
language plpgsql stable security definer
set search_path = '' set hnsw.iterative_scan = 'relaxed_order' set hnsw.max_scan_tuples = 100000 as $$
declare
  v_user constant uuid := auth.uid();
  v_nearest uuid[];
begin
  if (select count(*) > p_few
      from (select from public.user_memory_embeddings m where m.user_id = v_user limit p_few + 1) counted) then
    if p_embedding is not null then
      v_nearest := array(
        select m.id from public.user_memory_embeddings m
        where m.user_id = v_user and (m.session_id = p_skip_session and m.occurred_at >= p_skip_since) is not true
        order by m.embedding operator(extensions.<=>) p_embedding limit p_count);
    end if;
    if p_embedding is null or cardinality(v_nearest) = p_count then
      return query
        select m.id, m.embedding operator(extensions.<=>) p_embedding, ts_rank(m.search, p_words)
        from public.user_memory_embeddings m
        where m.id = any (v_nearest || array(
          select w.id from public.user_memory_embeddings w
          where w.user_id = v_user and w.search @@ p_rare
            and (w.session_id = p_skip_session and w.occurred_at >= p_skip_since) is not true
          order by ts_rank(w.search, p_words) desc limit p_count));
      return;
    end if;
  end if;

  return query
    select m.id, m.embedding operator(extensions.<=>) p_embedding, ts_rank(m.search, p_words)
    from public.user_memory_embeddings m
    where m.user_id = v_user and (m.session_id = p_skip_session and m.occurred_at >= p_skip_since) is not true;
end $$;

-- What the user's memory has for a question: current facts, and the p_limit best memories by meaning and by words
-- together (reciprocal rank fusion with its usual constant of 60:
-- https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf). Without an embedding, words alone decide. Of p_skip_session
-- what is not older than p_skip_since is left out: the prompt has it already.
create or replace function public.recall(
  p_embedding extensions.halfvec, p_query text, p_limit integer default 20, p_facts integer default 50,
  p_skip_session uuid default null, p_skip_since timestamptz default '-infinity'
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_words constant tsquery := private.any_word(p_query, 32);
  v_rare constant tsquery := private.any_word(p_query, 4);
  v_limit constant integer := least(greatest(p_limit, 1), 200);
  v_memories jsonb;
  v_facts jsonb;
begin
  with candidates as materialized (
    select * from private.memory_candidates(p_embedding, v_words, v_rare, 4 * v_limit, p_skip_session, p_skip_since)
  ), placed as (
    (select id, row_number() over (order by distance) as place
     from candidates where distance is not null order by distance limit 4 * v_limit)
    union all
    (select id, row_number() over (order by rank desc) as place
     from candidates where rank > 0 order by rank desc limit 4 * v_limit)
  ), best as (
    select id, sum(1.0 / (60 + place)) as score from placed group by id order by score desc, id limit v_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', m.id, 'source', m.source, 'message_id', m.message_id, 'document_id', m.document_id,
    'session_id', m.session_id, 'content', m.content, 'content_tokens', m.content_tokens,
    'occurred_at', m.occurred_at, 'score', round(best.score, 6)) order by best.score desc, m.id), '[]')
  into v_memories
  from best join public.user_memory_embeddings m using (id);

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

  return jsonb_build_object('facts', v_facts, 'memories', v_memories);
end $$;

-- Writing ---------------------------------------------------------------------------------------------------------------

-- Users that were erased, so that a turn which was still on its way does not bring them back.
create table if not exists private.erased_users (
  user_id   uuid primary key,
  erased_at timestamptz not null
);
alter table private.erased_users enable row level security;

-- Whether what a user said at that moment may be stored: not before their erasure, not after their account is gone.
create or replace function private.is_gone(p_user uuid, p_at timestamptz) returns boolean
language sql stable security invoker set search_path = '' as $$
  select not exists (select from auth.users where id = p_user)
    or exists (select from private.erased_users where user_id = p_user and erased_at >= p_at);
$$;

-- Inserts a turn's messages; triggers move the session's counters.
create or replace function private.add_messages(p_session uuid, p_user uuid, p_messages jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_turn public.chat_messages[];
begin
  select array_agg(m) into v_turn
  from jsonb_populate_recordset(null::public.chat_messages, p_messages) m;

  -- A parent that is not in this session is dropped: the user has deleted the conversation since, and a turn that was
  -- answered must be saved all the same. Turns of a session arrive in order, so a parent that exists is there by now.
  insert into public.chat_messages (
    id, session_id, user_id, parent_id, role, content, content_tokens, tool_calls, tool_call_id, status, metadata,
    created_at)
  select
    m.id, p_session, p_user, parent.id, m.role, m.content, m.content_tokens, m.tool_calls, m.tool_call_id, m.status,
    coalesce(m.metadata, '{}'), m.created_at
  from unnest(v_turn) m
  left join lateral (
    select id from public.chat_messages where id = m.parent_id and session_id = p_session
    union
    select id from unnest(v_turn) sibling where sibling.id = m.parent_id
  ) parent on true;
end $$;

-- The vault's new entries: {token, entity, fingerprint, ciphertext, key_version}, bytes in PostgreSQL's hex ('\x…').
create or replace function private.add_vault(p_user uuid, p_entries jsonb) returns void
language sql security invoker set search_path = '' as $$
  insert into public.chat_pii_vault (user_id, token, entity, fingerprint, ciphertext, key_version)
  select p_user, v.token, v.entity, v.fingerprint, v.ciphertext, v.key_version
  from jsonb_populate_recordset(null::public.chat_pii_vault, p_entries) v
  on conflict do nothing;
$$;

-- {id, tool, arguments, status, approved_by, error_code, latency_ms, created_at}
create or replace function private.add_tool_runs(p_session uuid, p_user uuid, p_turn uuid, p_runs jsonb) returns void
language sql security invoker set search_path = '' as $$
  insert into public.chat_tool_runs (
    id, user_id, session_id, turn_id, tool, arguments, status, approved_by, error_code, latency_ms, created_at)
  select
    r.id, p_user, p_session, p_turn, r.tool, coalesce(r.arguments, '{}'), r.status, r.approved_by, r.error_code,
    r.latency_ms, coalesce(r.created_at, now())
  from jsonb_populate_recordset(null::public.chat_tool_runs, p_runs) r
  on conflict (id) do nothing;
$$;

-- {covers_message_id, summary, tokens}; an older summary that arrives late does not replace a newer one.
create or replace function private.add_summary(p_session uuid, p_user uuid, p_summary jsonb) returns void
language sql security invoker set search_path = '' as $$
  insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens)
  select p_session, p_user, m.id, p_summary ->> 'summary', (p_summary ->> 'tokens')::integer
  from public.chat_messages m
  where m.id = (p_summary ->> 'covers_message_id')::uuid and m.session_id = p_session
  on conflict (session_id) do update
  set covers_message_id = excluded.covers_message_id, summary = excluded.summary, tokens = excluded.tokens
  where (select created_at from public.chat_messages where id = chat_session_summaries.covers_message_id)
     <= (select created_at from public.chat_messages where id = excluded.covers_message_id);
$$;

-- {id, category, key, fact, confidence, source_message_id, valid_from, expires_at}, oldest first: each closes the current
-- fact of its key. One that says what is known already is left out.
create or replace function private.add_facts(p_user uuid, p_facts jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_fact public.user_memory_facts;
  v_current public.user_memory_facts;
begin
  for v_fact in select * from jsonb_populate_recordset(null::public.user_memory_facts, p_facts) loop
    continue when exists (select from public.user_memory_facts where id = v_fact.id);
    select * into v_current from public.user_memory_facts
    where user_id = p_user and category = v_fact.category and key = v_fact.key and valid_to is null
    for update;
    continue when v_current.fact = v_fact.fact;

    v_fact.valid_from := greatest(coalesce(v_fact.valid_from, now()), v_current.valid_from);
    update public.user_memory_facts set valid_to = v_fact.valid_from where id = v_current.id;
    insert into public.user_memory_facts (
      id, user_id, category, key, fact, confidence, source_message_id, valid_from, expires_at)
    values (
      v_fact.id, p_user, v_fact.category, v_fact.key, v_fact.fact, coalesce(v_fact.confidence, 1),
      (select id from public.chat_messages where id = v_fact.source_message_id and user_id = p_user),
      v_fact.valid_from, v_fact.expires_at);
    update public.user_memory_facts set superseded_by = v_fact.id where id = v_current.id;
  end loop;
end $$;

-- {id, source, message_id | document_id, chunk_index, content, content_tokens, embedding, occurred_at}; those whose
-- message or document is gone, or is another user's, are left out.
create or replace function private.add_embeddings(p_user uuid, p_embeddings jsonb) returns void
language sql security invoker set search_path = '' as $$
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
$$;

-- What a turn leaves behind besides its messages, each part optional.
create or replace function private.add_memory(p_session uuid, p_user uuid, p_memory jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  if p_memory ? 'vault' then perform private.add_vault(p_user, p_memory -> 'vault'); end if;
  if p_memory ? 'summary' then perform private.add_summary(p_session, p_user, p_memory -> 'summary'); end if;
  if p_memory ? 'facts' then perform private.add_facts(p_user, p_memory -> 'facts'); end if;
  if p_memory ? 'embeddings' then perform private.add_embeddings(p_user, p_memory -> 'embeddings'); end if;
end $$;

-- Saves a whole turn or nothing: {turn_id, user_id, session_id, employee_slug, title, messages, usage} and, optional,
-- tool_runs, vault, summary, facts, embeddings. Sent again with the same turn_id it changes nothing and answers
-- committed = false; so it does, with gone = true, when the user was erased meanwhile.
create or replace function public.commit_turn(p_turn jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_turn constant uuid := (p_turn ->> 'turn_id')::uuid;
  v_user constant uuid := (p_turn ->> 'user_id')::uuid;
  v_session constant uuid := (p_turn ->> 'session_id')::uuid;
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_turn -> 'usage');
  v_started constant timestamptz := p_turn #>> '{messages,0,created_at}';
  v_owner uuid;
  v_session_tokens bigint;
begin
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
  return jsonb_build_object('committed', true);
end $$;

create or replace function private.require_owner(p_session uuid, p_owner uuid, p_user uuid) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  if p_owner is distinct from p_user then
    raise exception 'Session % belongs to another user: send its owner''s user_id.', p_session
      using errcode = 'insufficient_privilege';
  end if;
end $$;

-- What is worked out after a turn or of a document: {user_id}, session_id for a turn's, and, optional, vault, summary,
-- facts, embeddings. Every part changes nothing when it is sent again.
create or replace function public.commit_memory(p_memory jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant uuid := (p_memory ->> 'user_id')::uuid;
  v_session constant uuid := (p_memory ->> 'session_id')::uuid;
  v_owner uuid;
begin
  if v_session is null then
    v_owner := (select id from auth.users where id = v_user);
  else
    select user_id into v_owner from public.chat_sessions where id = v_session for update;
  end if;
  -- The conversation was deleted, perhaps with its user: nothing may be remembered of it.
  if v_owner is null then
    return jsonb_build_object('committed', false, 'gone', true);
  end if;
  perform private.require_owner(v_session, v_owner, v_user);
  perform private.add_memory(v_session, v_user, p_memory);
  return jsonb_build_object('committed', true);
end $$;

-- A user's opinion of an answer of theirs; a later one replaces it, and no rating takes it back.
create or replace function public.save_feedback(p_user uuid, p_message uuid, p_rating integer, p_comment text default null)
returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  if not exists (
    select from public.chat_messages where id = p_message and user_id = p_user and role = 'assistant'
  ) then
    return jsonb_build_object('saved', false);
  end if;
  if p_rating is null then
    delete from public.chat_message_feedback where message_id = p_message and user_id = p_user;
  else
    insert into public.chat_message_feedback (message_id, user_id, rating, comment)
    values (p_message, p_user, p_rating, nullif(p_comment, ''))
    on conflict (message_id, user_id) do update set rating = excluded.rating, comment = excluded.comment;
  end if;
  return jsonb_build_object('saved', true);
end $$;

-- A user's rights over their data ------------------------------------------------------------------------------------------

-- Everything stored of the calling user, a JSON object a row; values behind tokens stay in the vault, which only the
-- Worker can open. Vectors are left out: they can be made again.
create or replace function public.export_user() returns setof jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object('kind', 'session') || to_jsonb(s) - 'user_id' from public.chat_sessions s
  union all
  select jsonb_build_object('kind', 'message') || to_jsonb(m) - 'user_id'
  from (select * from public.chat_messages order by session_id, created_at, id) m
  union all
  select jsonb_build_object('kind', 'summary') || to_jsonb(s) - 'user_id' from public.chat_session_summaries s
  union all
  select jsonb_build_object('kind', 'feedback') || to_jsonb(f) - 'user_id' from public.chat_message_feedback f
  union all
  select jsonb_build_object('kind', 'tool_run') || to_jsonb(r) - 'user_id' from public.chat_tool_runs r
  union all
  select jsonb_build_object('kind', 'fact') || to_jsonb(f) - 'user_id' from public.user_memory_facts f
  union all
  select jsonb_build_object('kind', 'document') || to_jsonb(d) - 'user_id' from public.chat_documents d
  union all
  select jsonb_build_object(
    'kind', 'memory', 'id', e.id, 'source', e.source, 'message_id', e.message_id, 'document_id', e.document_id,
    'chunk_index', e.chunk_index, 'content', e.content, 'occurred_at', e.occurred_at)
  from public.user_memory_embeddings e
  union all
  select jsonb_build_object('kind', 'usage') || to_jsonb(u) - 'user_id' from public.chat_usage_log u
  union all
  select jsonb_build_object('kind', 'vault', 'token', v.token, 'entity', v.entity, 'created_at', v.created_at)
  from public.chat_pii_vault v;
$$;

-- Deletes everything stored of a user, and answers how much that was. The account itself is Supabase Auth's to delete.
create or replace function public.erase_user(p_user uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_table text;
  v_count bigint;
  v_counts jsonb := '{}';
begin
  insert into private.erased_users (user_id, erased_at) values (p_user, now())
  on conflict (user_id) do update set erased_at = excluded.erased_at;
  -- Messages and summaries go with their sessions.
  foreach v_table in array array[
    'chat_pii_vault', 'user_memory_embeddings', 'user_memory_facts', 'chat_documents', 'chat_tool_runs',
    'chat_message_feedback', 'chat_usage_log', 'chat_messages', 'chat_sessions'
  ] loop
    execute format('delete from public.%I where user_id = $1', v_table) using p_user;
    get diagnostics v_count = row_count;
    v_counts := v_counts || jsonb_build_object(v_table, v_count);
  end loop;
  return v_counts;
end $$;

-- Who may call what -----------------------------------------------------------------------------------------------------------

revoke all on private.erased_users from public, anon, authenticated, service_role;

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure from pg_catalog.pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and p.proname in (
        'active_employee', 'current_price', 'load_session', 'list_sessions', 'any_word', 'memory_candidates', 'recall',
        'is_gone', 'add_messages', 'add_vault', 'add_tool_runs', 'add_summary', 'add_facts', 'add_embeddings',
        'add_memory', 'require_owner', 'commit_turn', 'commit_memory', 'save_feedback', 'export_user', 'erase_user')
  loop
    execute format('revoke execute on function %s from public, anon, authenticated, service_role', v_function);
  end loop;
end $$;

grant execute on function
  public.load_session(uuid, text, text, text, integer),
  private.active_employee(text),
  private.current_price(text),
  public.list_sessions(integer, timestamptz, uuid),
  public.recall(extensions.halfvec, text, integer, integer, uuid, timestamptz),
  private.any_word(text, integer),
  private.memory_candidates(extensions.halfvec, tsquery, tsquery, integer, uuid, timestamptz, integer),
  public.export_user()
to authenticated;

grant execute on function
  public.commit_turn(jsonb),
  public.commit_memory(jsonb),
  public.save_feedback(uuid, uuid, integer, text),
  public.erase_user(uuid)
to service_role;
