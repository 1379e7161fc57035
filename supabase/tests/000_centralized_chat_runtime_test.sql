-- Tables: comments, counters, cascades, and the indexes that each query uses.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- Comments -------------------------------------------------------------------------------------------------------------
select is_empty($$
  select c.oid::regclass::text from pg_class c
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'v')
    and obj_description(c.oid, 'pg_class') is null
$$, 'every table and view has a comment');
select is_empty($$
  select p.oid::regprocedure::text from pg_proc p
  where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and obj_description(p.oid, 'pg_proc') is null
$$, 'every function has a comment');

-- Employees ------------------------------------------------------------------------------------------------------------
select lives_ok(
  $$ update public.employee_profiles set unmasked_kinds = '{PERSON,ADDRESS}' where slug = 'doc-clerk' $$,
  'an employee may have kinds that its model reads');
select throws_ok(
  $$ update public.employee_profiles set unmasked_kinds = '{person}' where slug = 'doc-clerk' $$, '23514', null,
  'a kind is written in capitals');
select throws_ok(
  $$ update public.employee_profiles set unmasked_kinds = '{null}' where slug = 'doc-clerk' $$, '23514', null,
  'a kind is not null');

-- Counters and cascades ------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug, last_message_at) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss', '2026-11-01T00:00:00Z'),
  ('00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-00000000000a', 'prime-boss', '2026-11-01T00:00:00Z'),
  ('00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-00000000000b', 'prime-boss', '2026-11-01T00:00:00Z');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
select gen_random_uuid(), s.id, s.user_id, 'user', 'Message ' || n, 10 * n, '2026-11-02T00:00:00Z'::timestamptz + n * interval '1 s'
from public.chat_sessions s, generate_series(1, 3) n;
select results_eq(
  $$ select message_count, content_tokens, last_message_at from public.chat_sessions order by id $$,
  $$ select 3, 60::bigint, '2026-11-02T00:00:03Z'::timestamptz from generate_series(1, 3) $$,
  'inserted messages are counted in their session, with their tokens and the newest time');
delete from public.chat_messages where content = 'Message 2';
select results_eq(
  $$ select message_count, content_tokens from public.chat_sessions order by id $$,
  $$ select 2, 40::bigint from generate_series(1, 3) $$, 'deleted messages are subtracted');

-- Runs a statement with a role: 'ok' or the SQLSTATE of its error.
create function pg_temp.attempt(p_role text, p_statement text) returns text language plpgsql as $$
begin
  execute format('set local role %I', p_role);
  execute p_statement;
  set local role postgres;
  return 'ok';
exception when others then
  return sqlstate;
end $$;
-- Up to version 17, triggers that a cascade queues run with the role of the outer statement, which has no right to update
-- chat_sessions.
select is(
  pg_temp.attempt('supabase_auth_admin', $$ delete from auth.users where id = '00000000-0000-4000-8000-00000000000a' $$),
  'ok', 'Supabase Auth deletes an account with sessions and messages');
select results_eq(
  $$ select distinct user_id from public.chat_sessions union select user_id from public.chat_messages $$,
  $$ values ('00000000-0000-4000-8000-00000000000b'::uuid) $$, 'the rows of the account are deleted, and no others');
delete from auth.users;

-- Indexes --------------------------------------------------------------------------------------------------------------
--
-- Each function is called, and the indexes that it scanned are counted. The tables are small, so sequential scans are disabled:
-- the tests show that an index fits.

insert into auth.users (id, email)
select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com' from generate_series(1, 200) n;
insert into public.chat_sessions (id, user_id, employee_slug, title)
select gen_random_uuid(), u.id, 'prime-boss', 'Session' from auth.users u, generate_series(1, 10);
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
select gen_random_uuid(), s.id, s.user_id, 'user', 'Message', 1, now() - interval '1 minute' * n
from public.chat_sessions s, generate_series(1, 20) n;
insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens)
select distinct on (session_id) session_id, user_id, id, 'Summary', 1 from public.chat_messages;
-- Most facts are superseded.
insert into public.user_memory_facts (id, user_id, category, key, fact, valid_from, valid_to)
select gen_random_uuid(), u.id, 'profile', 'key ' || n % 5, 'Fact', now() - interval '1 day',
  case when n >= 5 then now() end
from auth.users u, generate_series(0, 49) n;
insert into public.user_memory_embeddings (
  id, user_id, source, message_id, session_id, content, content_tokens, embedding, occurred_at)
select gen_random_uuid(), user_id, 'message', id, session_id, 'Memory', 1,
  case when n = 1 then array_fill(0.1::real, array[1536])::extensions.halfvec end, created_at
from (select *, row_number() over (partition by user_id) as n from public.chat_messages) m where n <= 2;
insert into public.chat_usage_log (
  turn_id, user_id, session_id, employee_slug, model, prompt_tokens, completion_tokens, total_tokens, latency_ms, success,
  usage_source, created_at)
select gen_random_uuid(), user_id, id, 'prime-boss', 'gpt-4o-mini', 1, 1, 2, 10, true, 'provider',
  now() - interval '1 day' * (n * 10)
from public.chat_sessions, generate_series(1, 10) n;
analyze;

-- Runs p_query as the first user. Returns the indexes of the schema public that it scanned and the tables that it read completely.
create function pg_temp.scans(p_query text, p_role text default 'authenticated') returns text[] language plpgsql as $$
declare
  v_before jsonb;
  v_scans text[];
begin
  select jsonb_object_agg(oid, pg_stat_get_xact_numscans(oid)) into v_before
  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i');
  perform set_config('request.jwt.claims',
    '{"role": "authenticated", "sub": "00000000-0000-4000-8000-000000000001"}', true);
  execute format('set local role %I', p_role);
  set local enable_seqscan = off;
  execute p_query;
  set local enable_sort = on;
  set local role postgres;
  select array_agg(relname::text order by relname) into v_scans
  from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
    and pg_stat_get_xact_numscans(oid) > coalesce((v_before ->> oid::text)::bigint, 0);
  return v_scans;
end $$;

create function pg_temp.a_session() returns uuid language sql as $$
  select id from public.chat_sessions where user_id = '00000000-0000-4000-8000-000000000001' limit 1;
$$;

select set_has(
  format('select unnest(pg_temp.scans(%L))', format(
    'select public.load_session(%L, 100)', pg_temp.a_session())),
  $$ values ('chat_messages_session_order'), ('chat_session_summaries_pkey') $$, 'load_session');
select set_has(
  format('select unnest(pg_temp.scans(%L, ''service_role''))', format(
    'select public.load_terms(%L, %L, null, %L, %L, %L)', '00000000-0000-4000-8000-000000000001', pg_temp.a_session(),
    'prime-boss', 'gpt-4o-mini', 'text-embedding-3-small')),
  $$ values ('employee_profiles_pkey'), ('chat_model_prices_pkey'), ('chat_user_limits_pkey') $$, 'load_terms');
select is(
  pg_temp.scans('select public.list_sessions(20, now(), gen_random_uuid())'), array['chat_sessions_user_recent'],
  'list_sessions');
select set_has(
  $$ select unnest(pg_temp.scans('select public.memories(20, now(), gen_random_uuid())')) $$,
  $$ values ('user_memory_embeddings_user'), ('chat_messages_pkey') $$, 'memories');
select is(
  pg_temp.scans('select public.match_memories(array_fill(0.1::real, array[1536])::extensions.halfvec)'),
  array['user_memory_embeddings_user'], 'match_memories');
select is(
  pg_temp.scans('select public.current_facts(''00000000-0000-4000-8000-000000000001'')', 'service_role'),
  array['user_memory_facts_current'], 'current_facts');

-- The plan of a function's query, as the function makes it: for arguments that the planner does not know.
create function pg_temp.plan_of(p_function text) returns setof text language plpgsql as $$
declare
  v_function record;
  v_query text;
begin
  select prosrc, proargnames, pronargs into v_function
  from pg_proc where oid = p_function::regprocedure;
  v_query := v_function.prosrc;
  for n in 1 .. v_function.pronargs loop
    v_query := regexp_replace(v_query, '\m' || v_function.proargnames[n] || '\M', '$' || n, 'g');
  end loop;
  perform set_config('request.jwt.claims', '{"role": "authenticated", "sub": "00000000-0000-4000-8000-000000000001"}', true);
  set local role authenticated;
  set local plan_cache_mode = force_generic_plan;
  execute format('prepare planned(%s) as %s', split_part(trim(trailing ')' from p_function), '(', 2), v_query);
  return query execute format('explain (costs off) execute planned(%s)',
    (select string_agg('null', ', ') from generate_series(1, v_function.pronargs)));
  deallocate planned;
  set local role postgres;
end $$;
create temporary table plan as
select line from pg_temp.plan_of('public.memories(integer, timestamptz, uuid)') line;
select isnt_empty(
  $$ select from plan where line ~ 'Index Cond: \(\(user_id = .* AND \(ROW\(occurred_at, id\) < ' $$,
  'memories begins a page at its position in the index, also under row-level security');
select isnt_empty(
  $$ select from pg_temp.plan_of('public.list_sessions(integer, timestamptz, uuid, boolean, boolean, uuid, jsonb, uuid[])') line
     where line ~ 'Index Cond: \(\(user_id = .* AND \(ROW\(last_message_at, id\) < ' $$,
  'list_sessions does, too');
select is_empty(
  $$ select line from plan where line ~ 'Sort|Seq Scan|Bitmap|Hash' $$,
  'memories reads a page in the order of an index, without a sort');
select set_has(
  $$ select unnest(pg_temp.scans(
       'select public.pending_memories(''00000000-0000-4000-8000-000000000001'', 10)', 'service_role')) $$,
  $$ values ('user_memory_embeddings_pending'), ('chat_messages_pkey') $$, 'pending_memories');
select is(
  pg_temp.scans('select public.pending_memories_count()'), array['user_memory_embeddings_pending'], 'pending_memories_count');
select set_has(
  $$ select unnest(pg_temp.scans('select * from public.v_targets', 'service_role')) $$,
  $$ values ('chat_usage_log_time') $$, 'v_targets');
select set_has(
  $$ select unnest(pg_temp.scans('select count(*) from public.chat_usage_log')) $$,
  $$ values ('chat_usage_log_user_time') $$, 'the usage of a user');
select set_has(
  $$ select unnest(pg_temp.scans(
       'select public.erase_user(''00000000-0000-4000-8000-000000000002'')', 'service_role')) $$,
  $$ values ('chat_messages_session_order'), ('chat_sessions_user_recent'), ('user_memory_embeddings_user'),
            ('user_memory_facts_user'), ('chat_usage_log_user_time') $$, 'erase_user');
select set_has(
  format('select unnest(pg_temp.scans(%L, %L))', format(
    'select public.delete_session(%L, %L, now(), false)', '00000000-0000-4000-8000-000000000001', pg_temp.a_session()),
    'service_role'),
  $$ values ('chat_files_session'), ('chat_messages_session_order'), ('chat_messages_parent'),
            ('chat_usage_log_session'), ('chat_tool_runs_session'), ('chat_session_summaries_message'),
            ('user_memory_facts_source'), ('user_memory_embeddings_message_id_chunk_index_key') $$,
  'deleting a session, with its cascades');

select is_empty($$
  select a.attrelid::regclass from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'r' and a.attname = 'user_id'
    and not exists (select from pg_index i where i.indrelid = a.attrelid and i.indkey[0] = a.attnum and i.indisvalid)
$$, 'every table with a user_id has an index that begins with it: policies and erasures read by it');

select * from finish();
rollback;
