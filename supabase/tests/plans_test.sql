-- Every query that a turn, a page or the monitoring makes uses its index: the real functions are called, and what they
-- scanned is counted. The rows are few, so sequential scans are made dear: what is shown is that the index fits.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email)
select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com' from generate_series(1, 200) n;
insert into public.chat_sessions (id, user_id, employee_slug, title)
select gen_random_uuid(), u.id, 'prime-boss', 'Session' from auth.users u, generate_series(1, 10);
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
select gen_random_uuid(), s.id, s.user_id, 'user', 'Message', 1, now() - interval '1 minute' * n
from public.chat_sessions s, generate_series(1, 20) n;
insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens)
select distinct on (session_id) session_id, user_id, id, 'Summary', 1 from public.chat_messages;
-- Most facts are of the past.
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

-- Runs p_query as the first user and tells which indexes of the schema public it scanned, and which tables it read whole.
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
    'select public.load_session(%L, null, %L, %L, 100)', pg_temp.a_session(), 'prime-boss', 'gpt-4o-mini')),
  $$ values ('chat_sessions_id_user_id_key'), ('chat_messages_session_order'),
            ('employee_profiles_pkey'), ('chat_model_prices_pkey') $$, 'load_session');
select is(
  pg_temp.scans('select public.list_sessions(20, now(), gen_random_uuid())'), array['chat_sessions_user_recent'],
  'list_sessions');
select set_has(
  $$ select unnest(pg_temp.scans(
       'select public.recall(array_fill(0.1::real, array[1536])::extensions.halfvec, ''memory'')')) $$,
  $$ values ('user_memory_embeddings_user'), ('user_memory_facts_current') $$, 'recall');
-- Sorting all of a user's rows is what the index is to spare; with few rows it would be cheaper.
set local enable_sort = off;
select set_has(
  $$ select unnest(pg_temp.scans(
       'select private.memory_scores(array_fill(0.1::real, array[1536])::extensions.halfvec, ''memory'', 1, 0)')) $$,
  $$ values ('user_memory_embeddings_nearest'), ('user_memory_embeddings_around'), ('user_memory_embeddings_pkey') $$,
  'recall for a user with many memories, by meaning, and what was said around them');
set local enable_sort = on;
select set_has(
  $$ select unnest(pg_temp.scans(
       'select public.pending_memories(''00000000-0000-4000-8000-000000000001'', 10)', 'service_role')) $$,
  $$ values ('user_memory_embeddings_pending'), ('chat_messages_pkey') $$, 'what is to be embedded');
select is(
  pg_temp.scans('select public.pending_memories_count()'), array['user_memory_embeddings_pending'], 'and how much that is');
select set_has(
  $$ select unnest(pg_temp.scans('select * from public.v_targets', 'service_role')) $$,
  $$ values ('chat_usage_log_time') $$, 'the monitoring');
select set_has(
  $$ select unnest(pg_temp.scans('select count(*) from public.chat_usage_log')) $$,
  $$ values ('chat_usage_log_user_time') $$, 'a user''s usage');
select set_has(
  $$ select unnest(pg_temp.scans('delete from public.chat_sessions')) $$,
  $$ values ('chat_sessions_user_recent'), ('chat_messages_session_order'), ('chat_messages_parent'),
            ('chat_usage_log_session'), ('chat_tool_runs_session'), ('chat_session_summaries_message'),
            ('user_memory_facts_source'), ('user_memory_embeddings_message_id_chunk_index_key') $$,
  'deleting a session, with all that hangs on it');

-- Every foreign key has an index that a cascade can use, and every policy's column too.
select is_empty($$
  select c.conrelid::regclass, c.conname from pg_constraint c
  where c.contype = 'f' and c.connamespace = 'public'::regnamespace and not exists (
    select from pg_index i
    where i.indrelid = c.conrelid
      and i.indkey[0] = any (c.conkey))
$$, 'every foreign key is indexed');
select is_empty($$
  select a.attrelid::regclass from pg_attribute a join pg_policy p on p.polrelid = a.attrelid
  where a.attname = 'user_id' and not exists (
    select from pg_index i where i.indrelid = a.attrelid and a.attnum = any (i.indkey) and i.indisvalid)
$$, 'every column that a policy reads is indexed');

select * from finish();
rollback;
