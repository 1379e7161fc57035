-- The vault, export, erasure and retention of user data, and the monitoring views.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- Vault ----------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');

create function pg_temp.vault(p_key integer, p_founded timestamptz, p_master integer, p_token text)
returns jsonb language sql as $$
  select jsonb_build_object(
    'key', jsonb_build_object(
      'key_id', '00000000-0000-4000-8000-00000000001' || p_key, 'founded_at', p_founded, 'master_version', p_master,
      'wrapped', '\x' || repeat('0' || p_master, 60)),
    'entries', jsonb_build_array(jsonb_build_object(
      'token', p_token, 'entity', 'EMAIL', 'fingerprint', '\x' || repeat('a' || substr(p_token, 8, 1), 32),
      'ciphertext', '\x' || repeat('cd', 40), 'key_version', 1)));
$$;
create function pg_temp.commit(p_vault jsonb) returns jsonb language sql as $$
  select public.commit_vault('00000000-0000-4000-8000-00000000000a', p_vault);
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select is(pg_temp.commit(pg_temp.vault(1, now(), 1, '[EMAIL_1]')), '{"committed": true}', 'a vault is saved');
select is(pg_temp.commit(pg_temp.vault(1, now(), 1, '[EMAIL_1]')), '{"committed": true}', 'the same vault is saved again');
select is(pg_temp.commit(pg_temp.vault(1, now(), 2, '[EMAIL_2]')), '{"committed": true}', 'another entry is saved');
select results_eq(
  'select token from public.chat_pii_vault order by token', array['[EMAIL_1]', '[EMAIL_2]'], 'each entry is stored once');
select results_eq(
  'select master_version, wrapped::text from public.chat_pii_keys', $$ values (2, '\x' || repeat('02', 60)) $$,
  'the new wrapping of a key replaces the old one');
select is(
  pg_temp.commit(pg_temp.vault(2, now(), 1, '[EMAIL_3]')), '{"committed": false, "gone": true}',
  'another key and its entries are refused');
select is(
  pg_temp.commit('{"key": null, "entries": []}'), '{"committed": false, "gone": true}', 'entries without a key are refused');
select throws_ok('select public.load_vault()', '42501', null, 'the service key may not call load_vault');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(
  public.load_vault() -> 'key',
  jsonb_build_object(
    'key_id', '00000000-0000-4000-8000-000000000011', 'founded_at', now(), 'master_version', 2,
    'wrapped', '\x' || repeat('02', 60)),
  'a user reads their key as it was saved');
select is(jsonb_array_length(public.load_vault() -> 'entries'), 2, 'a user reads their entries');
select throws_ok(
  $$ select pg_temp.commit('{}') $$, '42501', null, 'a user may not call commit_vault');
select is(public.unmask_policies() -> 'prime-boss', '{}', 'unmask_policies has the policy of each slug');
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(public.load_vault(), '{"key": null, "entries": [], "spent": {}}', 'another user reads an empty vault');

set local role service_role;
select is((public.erase_user('00000000-0000-4000-8000-00000000000a') ->> 'chat_pii_keys')::integer, 1, 'erasing a user deletes the key');
select is(
  pg_temp.commit(pg_temp.vault(1, now() - interval '1 second', 2, '[EMAIL_1]')), '{"committed": false, "gone": true}',
  'a key from before the erasure is refused');
select is(
  pg_temp.commit(pg_temp.vault(2, now() + interval '1 hour', 2, '[EMAIL_1]')), '{"committed": true}',
  'a new key after the erasure is saved');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.vault, pg_temp.commit;

-- Usage and limits -----------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_usage_log (
  turn_id, user_id, purpose, employee_slug, model, prompt_tokens, cached_tokens, completion_tokens, total_tokens, cost_usd,
  latency_ms, success, usage_source, created_at)
select
  gen_random_uuid(), ('00000000-0000-4000-8000-00000000000' || owner)::uuid, purpose, employee, 'm', 10, 4, 2, 12, cost, 5, true,
  'provider', at::timestamptz
from (values
  ('a', 'turn', 'prime-boss', 0.5, '2026-11-29T10:00:00Z'), ('a', 'turn', 'prime-boss', null, '2026-11-29T11:00:00Z'),
  ('a', 'facts', 'doc-clerk', null, '2026-11-29T11:00:00Z'), ('a', 'turn', 'doc-clerk', 0.25, '2026-11-28T23:59:59Z'),
  ('a', 'turn', 'doc-clerk', 9, '2026-10-31T23:59:59Z'), ('b', 'turn', 'prime-boss', 9, '2026-11-29T10:00:00Z')
) as used (owner, purpose, employee, cost, at);
insert into public.chat_user_limits (user_id, daily_tokens) values ('00000000-0000-4000-8000-00000000000a', 1000);
update public.employee_profiles set daily_usd = 2.5 where slug = 'doc-clerk';
create function pg_temp.used(p_user text) returns jsonb language sql as $$
  select public.user_usage(
    ('00000000-0000-4000-8000-00000000000' || p_user)::uuid, '2026-11-29T00:00:00Z', '2026-11-01T00:00:00Z');
$$;
create function pg_temp.turns() returns uuid[] language sql as $$
  select array(select turn_id from public.chat_usage_log where purpose = 'turn');
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select is(
  pg_temp.used('a') -> 'today',
  '{"since": "2026-11-29T00:00:00+00:00", "requests": 3, "total_tokens": 36, "cost_usd": 0.5, "by": [
    {"employee": "doc-clerk", "purpose": "facts", "requests": 1, "prompt_tokens": 10, "cached_tokens": 4,
     "completion_tokens": 2, "total_tokens": 12, "cost_usd": null},
    {"employee": "prime-boss", "purpose": "turn", "requests": 2, "prompt_tokens": 20, "cached_tokens": 8,
     "completion_tokens": 4, "total_tokens": 24, "cost_usd": 0.5}]}', 'the usage of today by employee and purpose');
select is(
  public.user_usage('00000000-0000-4000-8000-00000000000a', '2026-11-29T00:00:00Z', '2026-11-01T00:00:00Z', pg_temp.turns()) #> '{today,requests}',
  '1', 'turns that are on their way are left out');
select is(
  pg_temp.used('a') #> '{month,total_tokens}', '48', 'the usage of the month has the other days of it');
select is(
  pg_temp.used('a') -> 'limits', '{"plan": null, "messages_per_minute": null, "daily_tokens": 1000, "daily_usd": null}',
  'the limits of the user');
select is(
  pg_temp.used('a') -> 'employees',
  '[{"employee": "doc-clerk", "messages_per_minute": null, "daily_tokens": null, "daily_usd": 2.5}]',
  'the limits of employees that have one');
select is(
  pg_temp.used('b') -> 'limits', '{"plan": null, "messages_per_minute": null, "daily_tokens": null, "daily_usd": null}', 'a user without limits');
select is(
  pg_temp.used('c') -> 'month',
  '{"since": "2026-11-01T00:00:00+00:00", "requests": 0, "total_tokens": 0, "cost_usd": 0, "by": []}',
  'the usage of a user without usage');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok($$ select pg_temp.used('a') $$, '42501', null, 'a user may not call user_usage: it tells the budgets');

reset role;
update public.employee_profiles set daily_usd = null;
delete from auth.users;
drop function pg_temp.used;

-- User data ------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at)
select
  ('00000000-0000-4000-8000-00000000010' || n)::uuid, '00000000-0000-4000-8000-00000000000a', 'prime-boss', 'Session ' || n,
  '2026-11-01T10:00:00Z'::timestamptz + interval '1 minute' * least(n, 3)
from generate_series(1, 4) n;
insert into public.chat_sessions (id, user_id, employee_slug, title) values
  ('00000000-0000-4000-8000-0000000001b1', '00000000-0000-4000-8000-00000000000b', 'prime-boss', 'Not mine');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
select gen_random_uuid(), id, user_id, 'user', 'Hello from ' || title, 5, last_message_at from public.chat_sessions;
select private.remember(user_id, array_agg(id)) from public.chat_messages group by user_id;
insert into public.user_memory_facts (id, user_id, category, key, fact, valid_from, valid_to, expires_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Bern', now(), null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'plans', 'trip', 'Is in Rome', now(), null, now() - interval '1 day'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Basel',
   now() - interval '2 years', now() - interval '1 year', null);
insert into public.chat_pii_vault (user_id, token, entity, fingerprint, ciphertext, key_version) values
  ('00000000-0000-4000-8000-00000000000a', '[EMAIL_1]', 'EMAIL', decode(repeat('00', 32), 'hex'), decode(repeat('00', 40), 'hex'), 1);
insert into public.chat_tool_runs (id, user_id, tool, status, created_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'ocr', 'succeeded', now() - interval '1 year'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'ocr', 'succeeded', now());
insert into public.chat_documents (id, user_id, name, media_type, size_bytes, status, updated_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'old.txt', 'text/plain', 5, 'pending', now() - interval '8 days'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'ready.txt', 'text/plain', 5, 'ready', now() - interval '8 days');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok('select public.erase_user(auth.uid())', '42501', null, 'a user may not call erase_user');
select throws_ok('select public.purge_expired()', '42501', null, 'a user may not call purge_expired');

-- export_user ----------------------------------------------------------------------------------------------------------
create temporary table exported as
select kind, public.export_user(kind) as page
from unnest('{session,message,summary,feedback,tool_run,fact,document,file,memory,usage,value}'::text[]) kind;
select results_eq(
  'select kind, jsonb_array_length(page -> $$rows$$) from exported order by kind',
  $$ values ('document', 2), ('fact', 3), ('feedback', 0), ('file', 0), ('memory', 4), ('message', 4), ('session', 4), ('summary', 0),
            ('tool_run', 2), ('usage', 0), ('value', 1) $$, 'all rows of the user are exported');
select is_empty(
  $$ select from exported where page::text ~ 'Not mine|ciphertext|fingerprint|user_id|embedding|"t"' $$,
  'no rows of other users and no key material are exported');
select is(
  (page #> '{rows,0}') - 'created_at', '{"kind": "value", "value": "[EMAIL_1]", "entity": "EMAIL"}',
  'a value is exported as its placeholder') from exported where kind = 'value';
select is_empty('select from exported where page -> $$after$$ <> $$null$$', 'a page that is not full is the last one');
with recursive pages (page) as (
  select public.export_user('message', p_limit => 3)
  union all
  select public.export_user('message', (page #>> '{after,at}')::timestamptz, page #>> '{after,id}', 3)
  from pages where page -> 'after' <> 'null'
)
select results_eq(
  $$ select content from public.chat_messages order by created_at, id $$,
  (select array_agg(row ->> 'content' order by n, m)
   from (select page, row_number() over () as n from pages) p, jsonb_array_elements(page -> 'rows') with ordinality as r (row, m)),
  'pages have all rows in their order, once');
select throws_ok($$ select public.export_user('other') $$, '22023', null, 'an unknown kind is refused');

-- purge_expired --------------------------------------------------------------------------------------------------------
set local role service_role;
select is(
  public.purge_expired(),
  '{"expired_facts": 1, "superseded_facts": 1, "tool_runs": 1, "unfinished_documents": 1}',
  'expired rows are deleted and counted');
select set_eq('select fact from public.user_memory_facts', array['Lives in Bern'], 'current facts stay');
select is((select count(*) from public.user_memory_embeddings), 5::bigint, 'memories stay');
select throws_ok($$ select public.purge_expired('1 hour') $$, '22023', null, 'a p_keep below one day is refused');

-- erase_user -----------------------------------------------------------------------------------------------------------
set local role postgres;
delete from public.chat_sessions where title = 'Session 4';
select is(
  jsonb_array_length(public.pending_memories('00000000-0000-4000-8000-00000000000a', 10)), 3,
  'memories of a deleted session are not pending');
set local role service_role;
select is(
  public.erase_user('00000000-0000-4000-8000-00000000000a') - 'chat_usage_log',
  '{"active_users": 0, "chat_messages": 3, "chat_sessions": 3, "chat_pii_keys": 0, "chat_pii_vault": 1, "chat_tool_runs": 1, "chat_documents": 1, "chat_files": 0,
    "user_memory_facts": 1, "user_memory_embeddings": 3, "chat_message_feedback": 0, "chat_parked_turns": 0, "chat_stalled_work": 0, "chat_session_summaries": 0,
    "chat_user_limits": 0, "deleted_sessions": 0}',
  'a user is erased, and the deleted rows are counted');
select is(
  public.erase_user('00000000-0000-4000-8000-00000000000a') ->> 'chat_messages', '3',
  'a request that was carried out already returns the counts of the first time');
select is(
  public.erase_user('00000000-0000-4000-8000-00000000000a', now() + interval '1 second') ->> 'chat_messages', '0',
  'a later request erases again');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000a', jsonb_build_array(jsonb_build_object(
    'id', gen_random_uuid(), 'embedding', array_fill(0.1::real, array[1536])::extensions.halfvec::text))), 0::bigint,
  'a late embedding finds no memory');
set local role postgres;
create function pg_temp.rows_of(p_user uuid) returns bigint language plpgsql as $$
declare
  v_table text;
  v_rows bigint;
  v_sum bigint := 0;
begin
  for v_table in
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id'
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
  loop
    execute format('select count(*) from public.%I where user_id = $1', v_table) into v_rows using p_user;
    v_sum := v_sum + v_rows;
  end loop;
  return v_sum;
end $$;
select is(pg_temp.rows_of('00000000-0000-4000-8000-00000000000a'), 0::bigint, 'no table has a row of the erased user');
select cmp_ok(pg_temp.rows_of('00000000-0000-4000-8000-00000000000b'), '>', 0::bigint, 'the rows of the other user stay');

create function pg_temp.turn(p_said_at timestamptz) returns jsonb language sql as $$
  select public.commit_turn(jsonb_build_object(
    'turn_id', gen_random_uuid(), 'user_id', '00000000-0000-4000-8000-00000000000a',
    'session_id', '00000000-0000-4000-8000-000000000101', 'employee_slug', 'prime-boss', 'title', 'Late',
    'messages', jsonb_build_array(jsonb_build_object(
      'id', gen_random_uuid(), 'role', 'user', 'content', 'Hello', 'content_tokens', 1, 'status', 'complete',
      'created_at', p_said_at)),
    'usage', jsonb_build_object(
      'model', 'gpt-4o-mini', 'prompt_tokens', 1, 'completion_tokens', 1, 'total_tokens', 2, 'latency_ms', 1,
      'success', true, 'usage_source', 'provider', 'created_at', p_said_at)));
$$;
select is(
  pg_temp.turn(now() - interval '1 second'), '{"committed": false, "gone": true}',
  'a turn that began before the erasure is dropped');
select is(pg_temp.turn(now() + interval '1 hour'), '{"committed": true}', 'a turn after the erasure is saved');
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is(pg_temp.rows_of('00000000-0000-4000-8000-00000000000a'), 0::bigint, 'deleting the account deletes the rows');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.rows_of, pg_temp.turn;

-- An erasure in steps, whatever comes in between ------------------------------------------------------------------------
set local role postgres;
insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000e', 'e@example.com');
insert into public.chat_sessions (id, user_id, employee_slug)
select gen_random_uuid(), '00000000-0000-4000-8000-00000000000e', 'prime-boss' from generate_series(1, 4);
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens)
select gen_random_uuid(), id, user_id, 'user', 'Hello', 1 from public.chat_sessions s, generate_series(1, 3)
where user_id = '00000000-0000-4000-8000-00000000000e';
insert into public.chat_user_limits (user_id, daily_tokens) values ('00000000-0000-4000-8000-00000000000e', 1000);
insert into private.deleted_sessions values (gen_random_uuid(), '00000000-0000-4000-8000-00000000000e', now(), '{}');
create function pg_temp.erase(p_limit integer) returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'messages', c -> 'chat_messages', 'sessions', c -> 'chat_sessions', 'limits', c -> 'chat_user_limits',
    'deleted', c -> 'deleted_sessions', 'unfinished', c -> 'unfinished'))
  from public.erase_user('00000000-0000-4000-8000-00000000000e', '2026-11-29T00:00:00Z', p_limit) c;
$$;
grant execute on function pg_temp.erase to public;
set local role service_role;
select is(pg_temp.erase(5), '{"messages": 5, "unfinished": true}', 'a step deletes no more rows than it may');
select is(
  public.update_session('00000000-0000-4000-8000-00000000000e', gen_random_uuid(), '{}', jsonb_build_object(
    'employee_slug', 'prime-boss', 'created_at', now() + interval '1 hour')), null,
  'nothing is written before the erasure is finished, however new it is');
select is(pg_temp.erase(5), '{"messages": 10, "unfinished": true}', 'the next step counts on');
select is(pg_temp.erase(5), '{"messages": 12, "sessions": 3, "unfinished": true}', 'messages come before sessions, so that no cascade runs');
select is(pg_temp.erase(5), '{"messages": 12, "sessions": 4, "limits": 1, "deleted": 1}', 'the last step finishes the erasure');
select is(pg_temp.erase(5), '{"messages": 12, "sessions": 4, "limits": 1, "deleted": 1}', 'a late step returns the same counts');
select is(
  (public.user_usage('00000000-0000-4000-8000-00000000000e', now(), now()) #>> '{limits,daily_tokens}'), '1000',
  'an erasure lifts no limit');
select is(public.is_account('00000000-0000-4000-8000-00000000000e'), true, 'the account remains');

-- A backup from before the erasure is restored.
set local role postgres;
delete from private.erased_users;
insert into public.chat_sessions (id, user_id, employee_slug)
values (gen_random_uuid(), '00000000-0000-4000-8000-00000000000e', 'prime-boss');
set local role service_role;
select is(
  public.replay_erasures('[{"user_id": "00000000-0000-4000-8000-00000000000e", "requested_at": "2026-11-28T00:00:00Z"},
    {"user_id": "00000000-0000-4000-8000-00000000000e", "requested_at": "2026-11-29T00:00:00Z"}]'),
  '{"users": 1}', 'erasures from the log are carried out again');
set local role postgres;
select is_empty(
  $$ select from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000e' $$, 'a restored user is erased again');
select is(
  private.is_gone('00000000-0000-4000-8000-00000000000e', now() - interval '1 minute'), true,
  'and is still refused what is older');
delete from auth.users where id = '00000000-0000-4000-8000-00000000000e';
set local role service_role;
select is(public.is_account('00000000-0000-4000-8000-00000000000e'), false, 'a deleted account is none');
set local role postgres;

-- Monitoring -----------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss'),
  ('00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-00000000000b', 'doc-clerk');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens)
select ('00000000-0000-4000-8000-00000000020' || n)::uuid, '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-00000000000a', 'assistant', 'Hello', 1 from generate_series(1, 4) n;
insert into public.chat_message_feedback (message_id, user_id, rating)
select id, user_id, case when id::text like '%4' then -1 else 1 end from public.chat_messages;
create temporary table spending as select public.deployment_spending() as before;
-- 19 fast turns, a slow one, a failed one, and one from before every time window. Each costs 0.01 USD.
insert into public.chat_usage_log (
  turn_id, user_id, session_id, employee_slug, model, prompt_tokens, completion_tokens, total_tokens, history_tokens,
  session_tokens, cost_usd, latency_ms, ttft_ms, success, error_code, usage_source, created_at, committed_at)
select
  gen_random_uuid(),
  case when n <= 15 then '00000000-0000-4000-8000-00000000000a' else '00000000-0000-4000-8000-00000000000b' end::uuid,
  case when n <= 15 then '00000000-0000-4000-8000-0000000000a1' else '00000000-0000-4000-8000-0000000000b1' end::uuid,
  case when n <= 15 then 'prime-boss' else 'doc-clerk' end, 'gpt-4o-mini', 100, 10, 110, 50, 150, 0.01,
  case when n = 20 then 5000 else 1000 end, 200, n <> 21, case when n = 21 then 'model_timeout' end, 'provider',
  case when n = 22 then now() - interval '1 year' else now() - interval '1 minute' end,
  case when n = 22 then now() - interval '1 year' else now() - interval '58 seconds' end
from generate_series(1, 22) n;
select is(
  (select array[(now ->> 'tokens')::numeric - (before ->> 'tokens')::numeric, (now ->> 'usd')::numeric - (before ->> 'usd')::numeric]
   from spending, public.deployment_spending() now),
  array[2420, 0.22], 'what all users spend is added up by the day of its arrival');

-- The queries of the founding specification ----------------------------------------------------------------------------
select results_eq(
  $$ select user_id, count(*), sum(total_tokens), avg(latency_ms)::integer from public.chat_usage_log
     group by user_id order by sum(total_tokens) desc limit 1 $$,
  $$ values ('00000000-0000-4000-8000-00000000000a'::uuid, 15::bigint, 1650::bigint, 1000) $$, 'usage by user');
select results_eq(
  $$ select count(*) filter (where not success) * 100.0 / count(*) < 5 from public.chat_usage_log
     where created_at > now() - interval '24 hours' $$, array[true], 'error rate');
select results_eq(
  $$ select employee_slug, count(*) from public.chat_usage_log group by employee_slug order by count(*) desc $$,
  $$ values ('prime-boss', 15::bigint), ('doc-clerk', 7) $$, 'top employees');
select set_has(
  'select slug, title from public.employee_profiles', $$ values ('prime-boss', 'Prime Boss') $$, 'slug and title of employees');

-- Targets --------------------------------------------------------------------------------------------------------------
set local role service_role;
select results_eq(
  $$ select metric collate "default", current, met, samples from public.v_targets $$,
  $$ values
    ('latency_p95_ms', 1200.0000, true, 20::bigint), ('error_rate_percent', 4.7619, false, 21),
    -- 100 of the 200 tokens that prompts with all 150 instead of 50 tokens of history would have.
    ('token_saving_percent', 50.0000, true, 20), ('cost_per_active_user_usd', 0.1050, true, 2),
    ('cost_per_conversation_usd', 0.1050, false, 2), ('satisfaction_percent', 75.0000, false, 4),
    ('first_token_p95_ms', 200.0000, null, 21), ('outbox_lag_p95_ms', 2000.0000, null, 21) $$,
  'each target has its current value');
select results_eq(
  'select turns, users, errors, total_tokens, cost_usd from public.v_usage_by_day',
  $$ values (21::bigint, 2::bigint, 1::bigint, 2310::bigint, 0.2100000000::numeric) $$, 'v_usage_by_day adds up the day');
select results_eq(
  'select error_code, turns from public.v_errors', $$ values ('model_timeout', 1::bigint) $$, 'v_errors counts errors by code');

-- Rights ---------------------------------------------------------------------------------------------------------------
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a",
  "user_metadata": {"role": "admin"}}';
select is_empty('select from public.v_targets', 'a user with admin in user_metadata reads no targets');
select is_empty('select from public.v_usage_by_day', 'a user reads no usage by day');
select is_empty('select from public.v_errors', 'a user reads no errors');
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a",
  "app_metadata": {"role": "admin"}}';
select is((select count(*) from public.v_targets), 8::bigint, 'an admin reads the targets');
set local role anon;
select throws_ok('select from public.v_targets', '42501', null, 'anon may not read the targets');

set local role postgres;
delete from public.chat_usage_log;
delete from public.chat_message_feedback;
select lives_ok('select * from public.v_targets', 'v_targets works without samples');
select is_empty('select from public.v_targets where met is not null', 'without samples no target is met or missed');

select * from finish();
rollback;
