-- load_session: a user gets their own session, nothing of anybody else's, and the employee who will answer.
begin;
create extension if not exists pgtap with schema extensions;
select plan(25);

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
  $$ select pg_temp.load('00000000-0000-4000-8000-0000000000a1') $$, '42501', null, 'nor may the service key');

-- The owner ----------------------------------------------------------------------------------------------------------
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
create temporary table own as select pg_temp.load('00000000-0000-4000-8000-0000000000a1') as loaded;
select is(loaded -> 'foreign', 'false', 'the owner''s session is not foreign') from own;
select is(
  loaded -> 'session',
  '{"id": "00000000-0000-4000-8000-0000000000a1", "employee_slug": "doc-clerk", "title": "Mine"}', 'it is returned')
from own;
select is(
  jsonb_path_query_array(loaded, '$.messages[*].content'),
  '["Message 1", "Message 2", "Message 3", "Message 4"]', 'with the path to its newest message, oldest first') from own;
select is(
  loaded #> '{messages,0}',
  '{"id": "00000000-0000-4000-8000-000000000001", "parent_id": null, "role": "user", "content": "Message 1",
    "content_tokens": 1, "status": "complete", "name": "mine", "tool_calls": null}', 'each with these fields') from own;
select is(
  jsonb_path_query_array(
    pg_temp.load('00000000-0000-4000-8000-0000000000a1', p_limit => 2), '$.messages[*].content'),
  '["Message 3", "Message 4"]', 'a limit keeps the newest');

select is(
  pg_temp.path('00000000-0000-4000-8000-000000000005'), '["Message 1", "Message 2", "Message 5"]',
  'the path to another message has nothing of other branches');
select is(
  pg_temp.path('00000000-0000-4000-8000-000000000005', 2), '["Message 2", "Message 5"]', 'and is as long as wanted');
reset role;
update public.chat_messages set metadata = '{"client_message_id": "00000000-0000-4000-8000-0000000000cc"}'
where id = '00000000-0000-4000-8000-000000000002';
set local role authenticated;
select is(
  pg_temp.path('00000000-0000-4000-8000-0000000000cc'), '["Message 1", "Message 2"]',
  'a message may be called as its author calls it');
select is(pg_temp.path('00000000-0000-0000-0000-000000000000'), '[]', 'nothing leads to the beginning');
select is(pg_temp.path('00000000-0000-4000-8000-0000000000ff'), '[]', 'nor to what is not there');

-- The employee and the price -----------------------------------------------------------------------------------------
select is(loaded #>> '{employee,slug}', 'doc-clerk', 'the session''s employee answers') from own;
select bag_eq(
  $$ select jsonb_object_keys(loaded -> 'employee') from own $$,
  array['slug', 'title', 'system_prompt', 'model', 'fallback_models', 'temperature', 'max_output_tokens',
        'token_budget', 'top_k', 'tools', 'unmask_policy', 'messages_per_minute', 'daily_tokens', 'daily_usd', 'mcp_servers', 'colleagues'],
  'with these settings');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1', 'sheet-analyst') #>> '{employee,slug}', 'sheet-analyst',
  'unless another one is asked for');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9') #>> '{employee,slug}', 'prime-boss',
  'in a new session the default one answers');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9') - 'employee' - 'price',
  '{"foreign": false, "prices": {}, "session": null, "limits": null, "messages": []}', 'which is empty and not foreign');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'nobody') -> 'employee', 'null', 'an unknown employee is null');
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'retired') -> 'employee', 'null', 'an inactive one too');
select is(
  loaded -> 'price', '{"input": 0.15, "cached_input": 0.075, "output": 0.6}', 'the price is the default model''s')
from own;
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'thinker') -> 'price',
  '{"input": 1.25, "cached_input": 0.125, "output": 10}', 'or the employee''s model''s, as valid today');

reset role;
update public.employee_profiles set fallback_models = '{gpt-4o-mini,no-price}' where slug = 'thinker';
set local role authenticated;
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a9', 'thinker') -> 'prices',
  '{"gpt-4o-mini": {"input": 0.15, "cached_input": 0.075, "output": 0.6}}',
  'its fallback models come with their prices, as far as they are known');

-- Somebody else ------------------------------------------------------------------------------------------------------
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1'),
  '{"foreign": true, "session": null, "employee": null, "price": null, "prices": {}, "limits": null, "messages": []}',
  'somebody else''s session is reported as foreign, with nothing of it');
select is(pg_temp.path('00000000-0000-4000-8000-000000000005'), '[]', 'no path leads there');
set local request.jwt.claims = '{"role": "authenticated"}';
select is(
  pg_temp.load('00000000-0000-4000-8000-0000000000a1') -> 'foreign', 'true', 'a token without a user owns nothing');

select * from finish();
rollback;
