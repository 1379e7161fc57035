-- Reading, changing and deleting sessions.
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

create function pg_temp.load(p_session text, p_limit integer default 10, p_leaf text default null)
returns jsonb language sql as $$
  select public.load_session(p_session::uuid, p_limit, p_leaf::uuid);
$$;
create function pg_temp.terms(
  p_session text, p_employee text default null, p_user text default '00000000-0000-4000-8000-00000000000a'
) returns jsonb language sql as $$
  select public.load_terms(
    p_user::uuid, p_session::uuid, p_employee, 'prime-boss', 'gpt-4o-mini', 'text-embedding-3-small');
$$;
create function pg_temp.path(p_leaf text, p_limit integer default 10) returns jsonb language sql as $$
  select jsonb_path_query_array(
    pg_temp.load('00000000-0000-4000-8000-0000000000a1', p_limit, p_leaf), '$.messages[*].content');
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
  array['foreign', 'messages', 'summary'], 'a loaded session has these keys');
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

select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9'), '{"foreign": false, "messages": [], "summary": null}',
  'a new session is empty and not foreign');

-- load_terms -----------------------------------------------------------------------------------------------------------
select throws_ok(
  $$ select pg_temp.terms('00000000-0000-4000-8000-0000000000a1') $$, '42501', null,
  'a user reads neither prompts nor tools, budgets or prices');
set local role service_role;
create temporary table own_terms as select pg_temp.terms('00000000-0000-4000-8000-0000000000a1') as terms;
select bag_eq(
  $$ select jsonb_object_keys(terms) from own_terms $$,
  array['employee', 'price', 'prices', 'embedding_price', 'limits'], 'terms have these keys');
select is(terms #>> '{employee,slug}', 'doc-clerk', 'the employee is the one of the session') from own_terms;
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a1', p_user => '00000000-0000-4000-8000-00000000000b') #>> '{employee,slug}',
  'prime-boss', 'the employee of a session of another user is not told');
select bag_eq(
  $$ select jsonb_object_keys(terms -> 'employee') from own_terms $$,
  array['slug', 'version', 'title', 'system_prompt', 'model', 'fallback_models', 'temperature', 'max_output_tokens', 'reasoning_effort', 'verbosity',
        'token_budget', 'top_k', 'tools', 'unmask_policy', 'unmasked_kinds', 'messages_per_minute', 'daily_tokens', 'daily_usd', 'mcp_servers', 'colleagues'],
  'the employee has these settings');
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a1', 'sheet-analyst') #>> '{employee,slug}', 'sheet-analyst',
  'a requested employee replaces the one of the session');
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9') #>> '{employee,slug}', 'prime-boss',
  'a new session has the default employee');
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9', 'nobody') -> 'employee', 'null', 'an unknown employee is null');
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9', 'retired') -> 'employee', 'null', 'an inactive employee is null');
select is(
  terms -> 'price', '{"input": 0.15, "cached_input": 0.075, "output": 0.6}', 'the price is the one of the default model')
from own_terms;
select is(
  terms #> '{embedding_price,input}', '0.02', 'the price of the embedding model is returned') from own_terms;
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9', 'thinker') -> 'price',
  '{"input": 1.25, "cached_input": 0.125, "output": 10}', 'the price is the current one of the model of the employee');
select is(
  terms -> 'limits', '{"plan": null, "messages_per_minute": null, "daily_tokens": null, "daily_usd": null}',
  'a user without plan and row has no limits of their own') from own_terms;
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9', p_user => '00000000-0000-4000-8000-0000000000ff') -> 'limits', 'null',
  'a user who is gone has none');

reset role;
update public.employee_profiles set fallback_models = '{gpt-4o-mini,no-price}', reasoning_effort = 'low' where slug = 'thinker';
select throws_ok(
  $$ update public.employee_profiles set verbosity = 'very long' where slug = 'thinker' $$, '23514', null,
  'a setting of a model is one word');
update auth.users set is_anonymous = true where id = '00000000-0000-4000-8000-00000000000a';
insert into public.chat_user_limits (user_id, daily_tokens) values ('00000000-0000-4000-8000-00000000000a', 7000);
set local role service_role;
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9', 'thinker') #>> '{employee,reasoning_effort}', 'low',
  'the effort of thinking is one of the settings');
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9', 'thinker') -> 'prices',
  '{"gpt-4o-mini": {"input": 0.15, "cached_input": 0.075, "output": 0.6}}',
  'the prices of fallback models are returned where they are known');
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9') -> 'limits',
  '{"plan": "anonymous", "messages_per_minute": null, "daily_tokens": 7000, "daily_usd": null}',
  'an anonymous user is told, and limits of their own');
reset role;
update auth.users set raw_app_meta_data = '{"plan": "pro"}' where id = '00000000-0000-4000-8000-00000000000a';
set local role service_role;
select is(
  pg_temp.terms('00000000-0000-4000-8000-0000000000a9') #>> '{limits,plan}', 'pro', 'the plan is the one in app_metadata');
reset role;
delete from public.chat_user_limits;
set local role authenticated;

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
  '{"foreign": true, "messages": [], "summary": null}',
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
  $$ select row ->> 'title' from public.list_sessions(2) row $$, array['Session 4', 'Session 3'], 'the newest sessions are first');
select results_eq(
  $$ select row ->> 'title' from public.list_sessions(
       2, '2026-11-01T10:03:00Z', '00000000-0000-4000-8000-000000000103') row $$,
  array['Session 2', 'Session 1'], 'the next page begins after the last row, also among rows of the same time');
select results_eq(
  $$ select row ->> 'title' from public.list_sessions(1, '2026-11-01T10:03:00Z', '00000000-0000-4000-8000-000000000104') row $$,
  array['Session 3'], 'no row is lost between pages');
select is(
  (select count(*) from public.list_sessions(10000)), 4::bigint, 'only sessions of the caller are listed');

select results_eq(
  $$ select jsonb_object_keys(row) from public.list_sessions(1) row $$,
  array['id', 'title', 'pinned', 'archived', 'created_at', 'employee_slug', 'message_count', 'last_message_at'],
  'a session has these fields');
select results_eq(
  $$ select row ->> 'title' from public.list_sessions(p_session => '00000000-0000-4000-8000-000000000102') row $$,
  array['Session 2'], 'one session is listed alone');
select is_empty(
  $$ select from public.list_sessions(p_session => '00000000-0000-4000-8000-0000000001b1') $$,
  'a session of another user is not listed');

select results_eq(
  $$ select row ->> 'title' from public.list_sessions(
       p_words => '[["sessions", "SESS"], ["2", "3"]]', p_found => array['00000000-0000-4000-8000-000000000101'::uuid,
       '00000000-0000-4000-8000-0000000001b1']) row $$,
  array['Session 3', 'Session 2', 'Session 1'], 'sessions with the words in their title, or found in the index');
select is_empty($$ select from public.list_sessions(p_words => '[["sess"], ["9"]]') $$, 'a title must have all words');

-- update_session -------------------------------------------------------------------------------------------------------
select throws_ok(
  $$ select public.update_session(auth.uid(), '00000000-0000-4000-8000-000000000102', '{}') $$, '42501', null,
  'a user may not call update_session');
set local role service_role;
create function pg_temp.change(p_changes jsonb, p_session text, p_undelivered jsonb default null, p_user text default 'a')
returns jsonb language sql as $$
  select public.update_session(
    ('00000000-0000-4000-8000-00000000000' || p_user)::uuid, ('00000000-0000-4000-8000-000000000' || p_session)::uuid,
    p_changes, p_undelivered);
$$;
select is(
  pg_temp.change('{"title": "Plans", "pinned": true}', '102') - 'created_at',
  '{"id": "00000000-0000-4000-8000-000000000102", "title": "Plans", "employee_slug": "prime-boss", "archived": false,
    "pinned": true, "message_count": 0, "last_message_at": "2026-11-01T10:02:00+00:00"}', 'a session gets its new title');
select is(
  pg_temp.change('{"archived": true}', '102') ->> 'title', 'Plans', 'what is not named stays');
select is(pg_temp.change('{"pinned": true}', '102', null, 'b'), null, 'a session of another user is not changed');
select is(pg_temp.change('{"pinned": true}', '1ff'), null, 'an unknown session is not changed');
select is(
  pg_temp.change(
    '{"title": "Mine"}', '105', '{"employee_slug": "doc-clerk", "title": "Hello", "created_at": "2026-11-01T11:00:00Z"}')
    - 'last_message_at' - 'id',
  '{"title": "Mine", "employee_slug": "doc-clerk", "archived": false, "pinned": false, "message_count": 0,
    "created_at": "2026-11-01T11:00:00+00:00"}', 'a session whose first turn is not saved yet is changed');
select throws_ok(
  $$ select pg_temp.change(jsonb_build_object('title', repeat('x', 2001)), '102') $$, '23514', null,
  'a title has 2000 characters at most');
set local role authenticated;
select results_eq(
  $$ select row ->> 'title' from public.list_sessions(p_archived => true) row $$, array['Plans'], 'archived sessions alone');
select results_eq(
  $$ select row ->> 'title' from public.list_sessions(p_archived => false) row $$,
  array['Mine', 'Session 4', 'Session 3', 'Session 1'], 'the other sessions alone');
select results_eq(
  $$ select row ->> 'title' from public.list_sessions(p_pinned => true) row $$, array['Plans'], 'pinned sessions alone');

-- delete_session -------------------------------------------------------------------------------------------------------
create function pg_temp.remove(p_session text, p_at text, p_is_known boolean default false, p_user text default 'a')
returns jsonb language sql as $$
  select public.delete_session(
    ('00000000-0000-4000-8000-00000000000' || p_user)::uuid, ('00000000-0000-4000-8000-000000000' || p_session)::uuid,
    p_at::timestamptz, p_is_known);
$$;
create function pg_temp.commit(p_turn text, p_session text, p_started text) returns jsonb language sql as $$
  select public.commit_turn(jsonb_build_object(
    'turn_id', '00000000-0000-4000-8000-000000000' || p_turn, 'user_id', '00000000-0000-4000-8000-00000000000a',
    'session_id', '00000000-0000-4000-8000-000000000' || p_session, 'employee_slug', 'prime-boss', 'title', 'Late',
    'started_at', p_started,
    'facts', jsonb_build_array(jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000001' || p_turn, 'category', 'profile', 'key', 'k' || p_turn, 'fact', 'Told',
      'source_message_id', '00000000-0000-4000-8000-000000002' || p_turn)),
    'messages', jsonb_build_array(jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000002' || p_turn, 'role', 'user', 'content', 'Late', 'content_tokens', 1,
      'status', 'complete', 'created_at', p_started)),
    'usage', '{"model": "m", "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "latency_ms": 5,
               "success": true, "usage_source": "provider", "created_at": "2026-11-02T10:00:01Z"}'::jsonb));
$$;
grant execute on all functions in schema pg_temp to public;
select throws_ok(
  $$ select pg_temp.remove('103', '2026-11-02T10:00:00Z') $$, '42501', null, 'a user may not call delete_session');
reset role;
insert into public.chat_files (id, user_id, session_id, purpose, name, media_type) values
  ('00000000-0000-4000-8000-0000000000f1', '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000103',
   'export', 'a.xlsx', 'text/csv'),
  ('00000000-0000-4000-8000-0000000000f2', '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000104',
   'export', 'b.xlsx', 'text/csv');
set local role service_role;
select is(
  pg_temp.remove('103', '2026-11-02T10:00:00Z', true, 'b'), '{"deleted": false, "files": []}',
  'a session of another user is not deleted');
select is(
  pg_temp.remove('1ff', '2026-11-02T10:00:00Z'), '{"deleted": false, "files": []}', 'an unknown session is not deleted');
select is(
  pg_temp.remove('103', '2026-11-02T10:00:00Z'),
  '{"deleted": true, "files": ["00000000-0000-4000-8000-0000000000f1"]}', 'a session is deleted, and its files are named');
select is_empty(
  $$ select from public.chat_sessions where id = '00000000-0000-4000-8000-000000000103' $$, 'the session is gone');
select results_eq('select name from public.chat_files', array['b.xlsx'], 'its files are gone, others stay');

select is(
  pg_temp.commit('301', '103', '2026-11-02T09:59:00Z'), '{"committed": true, "deleted": true}',
  'a turn that began before the deletion brings nothing back');
select is_empty(
  $$ select from public.chat_messages where session_id = '00000000-0000-4000-8000-000000000103' $$,
  'no message of it is stored');
select results_eq(
  'select total_tokens, session_id from public.chat_usage_log', $$ values (2, null::uuid) $$, 'its cost is stored');
select results_eq(
  'select fact, source_message_id from public.user_memory_facts', $$ values ('Told', null::uuid) $$, 'its facts are stored');
select is(
  pg_temp.commit('301', '103', '2026-11-02T09:59:00Z'), '{"committed": false}', 'it is stored once');
select is(
  pg_temp.change(
    '{"title": "Mine"}', '103', '{"employee_slug": "doc-clerk", "title": "x", "created_at": "2026-11-02T09:59:00Z"}'),
  null, 'nor does a change of it');

select is(
  pg_temp.commit('302', '103', '2026-11-02T10:01:00Z'), '{"committed": true}', 'a turn that begins later is stored');
select is(
  pg_temp.remove('103', '2026-11-02T10:00:00Z'),
  '{"deleted": true, "files": ["00000000-0000-4000-8000-0000000000f1"]}', 'a request that comes twice has the same answer');
select isnt_empty(
  $$ select from public.chat_sessions where id = '00000000-0000-4000-8000-000000000103' $$, 'and is carried out once');
select is(
  pg_temp.remove('106', '2026-11-02T10:00:00Z', true), '{"deleted": true, "files": []}',
  'a session is deleted before its first turn is stored');
select is(
  pg_temp.commit('303', '106', '2026-11-02T09:59:00Z'), '{"committed": true, "deleted": true}', 'and stays deleted');
select is_empty(
  $$ select from public.chat_sessions where id = '00000000-0000-4000-8000-000000000106' $$, 'it has no row');

select * from finish();
rollback;
