-- Reading sessions: load_session and list_sessions.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- load_session ---------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'owner@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'other@example.com');
insert into public.employee_profiles (slug, title, system_prompt, model, is_active) values
  ('retired', 'Retired', 'Gone.', null, false), ('thinker', 'Thinker', 'Think.', 'gpt-5', true);
insert into public.chat_model_prices (model, valid_from, input_usd, cached_input_usd, output_usd) values
  ('gpt-5', now() + interval '1 day', 99, 99, 99);
insert into public.chat_sessions (id, user_id, employee_slug, title) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'doc-clerk', 'Mine');
-- Two branches: 1-2-3-4 and 1-2-5, which is older; the third and fourth at the same moment: their ids decide.
insert into public.chat_messages (
  id, session_id, user_id, parent_id, role, content, content_tokens, metadata, created_at)
select
  ('00000000-0000-4000-8000-00000000000' || n)::uuid, '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-00000000000a', ('00000000-0000-4000-8000-00000000000' || parent)::uuid, 'user',
  'Message ' || n, n, case when n = 1 then '{"client_message_id": "mine"}' else '{}' end::jsonb,
  '2026-11-01T10:00:00Z'::timestamptz + interval '1 second' * least(moment, 3)
from (values (1, null, 1), (2, 1, 2), (3, 2, 3), (4, 3, 4), (5, 2, 2)) as message (n, parent, moment);

create function pg_temp.load(
  p_session text, p_employee text default null, p_limit integer default 10, p_leaf text default null
) returns jsonb language sql as $$
  select public.load_session(p_session::uuid, p_employee, 'prime-boss', 'gpt-4o-mini', p_limit, p_leaf::uuid);
$$;
create function pg_temp.path(p_leaf text, p_limit integer default 10) returns jsonb language sql as $$
  select jsonb_path_query_array(
    pg_temp.load('00000000-0000-4000-8000-0000000000a1', null, p_limit, p_leaf), '$.messages[*].content');
$$;
grant execute on all functions in schema pg_temp to public;

set local role anon;
select throws_ok(
  $$ select pg_temp.load('00000000-0000-4000-8000-0000000000a1') $$, '42501', null, 'anon may not load a session');
set local role service_role;
select throws_ok(
  $$ select pg_temp.load('00000000-0000-4000-8000-0000000000a1') $$, '42501', null, 'the service key may not load a session');

-- The owner ------------------------------------------------------------------------------------------------------------
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
create temporary table own as select pg_temp.load('00000000-0000-4000-8000-0000000000a1') as loaded;
select is(loaded -> 'foreign', 'false', 'the owner''s session is not foreign') from own;
select bag_eq(
  $$ select jsonb_object_keys(loaded) from own $$,
  array['foreign', 'employee', 'price', 'prices', 'limits', 'messages', 'summary'], 'a loaded session has these keys');
select is(
  jsonb_path_query_array(loaded, '$.messages[*].content'),
  '["Message 1", "Message 2", "Message 3", "Message 4"]', 'it has the path to its newest message, oldest first') from own;
select is(
  loaded #> '{messages,0}',
  '{"id": "00000000-0000-4000-8000-000000000001", "parent_id": null, "role": "user", "content": "Message 1",
    "content_tokens": 1, "name": "mine", "tool_calls": null}', 'each message has these fields') from own;
select is(
  jsonb_path_query_array(
    pg_temp.load('00000000-0000-4000-8000-0000000000a1', p_limit => 2), '$.messages[*].content'),
  '["Message 3", "Message 4"]', 'a limit keeps the newest messages');

select is(
  pg_temp.path('00000000-0000-4000-8000-000000000005'), '["Message 1", "Message 2", "Message 5"]',
  'the path to another message has no messages of other branches');
select is(
  pg_temp.path('00000000-0000-4000-8000-000000000005', 2), '["Message 2", "Message 5"]', 'a limit applies to the path to another message');
reset role;
update public.chat_messages set metadata = '{"client_message_id": "00000000-0000-4000-8000-0000000000cc"}'
where id = '00000000-0000-4000-8000-000000000002';
set local role authenticated;
select is(
  pg_temp.path('00000000-0000-4000-8000-0000000000cc'), '["Message 1", "Message 2"]',
  'a message is found by the id that its client gave it');
select is(pg_temp.path('00000000-0000-0000-0000-000000000000'), '[]', 'the nil UUID gives an empty path');
select is(pg_temp.path('00000000-0000-4000-8000-0000000000ff'), '[]', 'an unknown message gives an empty path');

-- The employee and the price -------------------------------------------------------------------------------------------
select is(loaded #>> '{employee,slug}', 'doc-clerk', 'the employee is the one of the session') from own;
select bag_eq(
  $$ select jsonb_object_keys(loaded -> 'employee') from own $$,
  array['slug', 'title', 'system_prompt', 'model', 'fallback_models', 'temperature', 'max_output_tokens',
        'token_budget', 'top_k', 'tools', 'unmask_policy', 'messages_per_minute', 'daily_tokens', 'daily_usd', 'mcp_servers', 'colleagues'],
  'the employee has these settings');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1', 'sheet-analyst') #>> '{employee,slug}', 'sheet-analyst',
  'a requested employee replaces the one of the session');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9') #>> '{employee,slug}', 'prime-boss',
  'a new session has the default employee');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9') - 'employee' - 'price',
  '{"foreign": false, "prices": {}, "limits": null, "messages": [], "summary": null}', 'a new session is empty and not foreign');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'nobody') -> 'employee', 'null', 'an unknown employee is null');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'retired') -> 'employee', 'null', 'an inactive employee is null');
select is(
  loaded -> 'price', '{"input": 0.15, "cached_input": 0.075, "output": 0.6}', 'the price is the one of the default model')
from own;
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'thinker') -> 'price',
  '{"input": 1.25, "cached_input": 0.125, "output": 10}', 'the price is the current one of the model of the employee');

reset role;
update public.employee_profiles set fallback_models = '{gpt-4o-mini,no-price}' where slug = 'thinker';
set local role authenticated;
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'thinker') -> 'prices',
  '{"gpt-4o-mini": {"input": 0.15, "cached_input": 0.075, "output": 0.6}}',
  'the prices of fallback models are returned where they are known');

-- The summary ----------------------------------------------------------------------------------------------------------
select is(loaded -> 'summary', 'null', 'a session without a summary has null') from own;
reset role;
insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens, created_at, updated_at)
values (
  '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002',
  'Plans', 1, '2026-11-01T11:00:00Z', '2026-11-01T12:00:00Z');
set local role authenticated;
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1') -> 'summary',
  '{"text": "Plans", "covers": "00000000-0000-4000-8000-000000000002", "since": "2026-11-01T11:00:00+00:00"}',
  'a summary has its text, the last message that it covers, and the time of its first version');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9') -> 'summary', 'null', 'the summary of another session is not returned');

-- Other users ----------------------------------------------------------------------------------------------------------
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1'),
  '{"foreign": true, "employee": null, "price": null, "prices": {}, "limits": null, "messages": [], "summary": null}',
  'a session of another user is foreign, and nothing of it is returned');
select is(pg_temp.path('00000000-0000-4000-8000-000000000005'), '[]', 'a session of another user has an empty path');
set local request.jwt.claims = '{"role": "authenticated"}';
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1') -> 'foreign', 'true', 'a token without a user owns nothing');

reset role;
delete from auth.users;
drop function pg_temp.path, pg_temp.load;

-- list_sessions --------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at)
select
  ('00000000-0000-4000-8000-00000000010' || n)::uuid, '00000000-0000-4000-8000-00000000000a', 'prime-boss', 'Session ' || n,
  -- The third and the fourth have the same time: their ids decide.
  '2026-11-01T10:00:00Z'::timestamptz + interval '1 minute' * least(n, 3)
from generate_series(1, 4) n;
insert into public.chat_sessions (id, user_id, employee_slug, title) values
  ('00000000-0000-4000-8000-0000000001b1', '00000000-0000-4000-8000-00000000000b', 'prime-boss', 'Not mine');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select results_eq(
  'select title from public.list_sessions(2)', array['Session 4', 'Session 3'], 'the newest sessions are first');
select results_eq(
  $$ select title from public.list_sessions(
       2, '2026-11-01T10:03:00Z', '00000000-0000-4000-8000-000000000103') $$,
  array['Session 2', 'Session 1'], 'the next page begins after the last row, also among rows of the same time');
select results_eq(
  $$ select title from public.list_sessions(1, '2026-11-01T10:03:00Z', '00000000-0000-4000-8000-000000000104') $$,
  array['Session 3'], 'no row is lost between pages');
select is(
  (select count(*) from public.list_sessions(10000)), 4::bigint, 'only sessions of the caller are listed');

select * from finish();
rollback;
