-- What each role may do with each table: every verb, for anon, a user, and the service key.
begin;
create extension if not exists pgtap with schema extensions;
select plan(72);

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'owner@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'other@example.com');
insert into public.employee_profiles (slug, title, system_prompt, is_active) values ('retired', 'Retired', 'Gone.', false);
insert into public.chat_sessions (id, user_id, employee_slug) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss'),
  ('00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-00000000000b', 'prime-boss');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens)
select gen_random_uuid(), id, user_id, 'user', 'Hello', 1 from public.chat_sessions;
insert into public.chat_usage_log (
  turn_id, user_id, session_id, employee_slug, model, prompt_tokens, completion_tokens, total_tokens, latency_ms,
  success, usage_source)
select gen_random_uuid(), user_id, id, 'prime-boss', 'gpt-4o-mini', 1, 1, 2, 10, true, 'provider'
from public.chat_sessions;

-- Every verb that nobody may use, tried by the role that is set.
create function pg_temp.refuses(variadic statements text[]) returns setof text language plpgsql as $$
declare statement text;
begin
  foreach statement in array statements loop
    return next throws_ok(statement, '42501', null, current_user || ' may not: ' || statement);
  end loop;
end $$;
create function pg_temp.refuses_writes() returns setof text language plpgsql as $$
declare table_and_column text[];
begin
  foreach table_and_column slice 1 in array array[
    ['employee_profiles', 'slug'], ['chat_sessions', 'title'], ['chat_messages', 'content'],
    ['chat_usage_log', 'cost_usd'], ['chat_model_prices', 'input_usd']] loop
    return query select pg_temp.refuses(
      format('insert into public.%I default values', table_and_column[1]),
      format('update public.%I set %I = null', table_and_column[1], table_and_column[2]),
      format('truncate public.%I', table_and_column[1]));
  end loop;
end $$;
grant execute on all functions in schema pg_temp to public;

-- anon ---------------------------------------------------------------------------------------------------------------
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select set_eq(
  'select slug from public.employee_profiles',
  array['prime-boss', 'doc-clerk', 'sheet-analyst'], 'anon sees the active employees');
select lives_ok('select slug, title, description from public.employee_profiles', 'anon sees three columns of them');
select pg_temp.refuses(
  'select system_prompt from public.employee_profiles',
  'select * from public.chat_sessions', 'select * from public.chat_messages', 'select * from public.chat_usage_log',
  'select * from public.chat_model_prices', 'select * from public.v_rls_status', 'delete from public.chat_sessions');
select pg_temp.refuses_writes();

-- A user -------------------------------------------------------------------------------------------------------------
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select set_eq(
  'select slug from public.employee_profiles',
  array['prime-boss', 'doc-clerk', 'sheet-analyst'], 'a user sees the active employees');
select pg_temp.refuses(
  'select system_prompt from public.employee_profiles', 'select * from public.chat_model_prices',
  'select * from public.v_rls_status', 'delete from public.chat_messages', 'delete from public.chat_usage_log');
select pg_temp.refuses_writes();
select results_eq(
  'select user_id::text from public.chat_sessions',
  array['00000000-0000-4000-8000-00000000000a'], 'a user reads their own sessions only');
select results_eq(
  'select user_id::text from public.chat_messages',
  array['00000000-0000-4000-8000-00000000000a'], 'a user reads their own messages only');
select results_eq(
  'select user_id::text from public.chat_usage_log',
  array['00000000-0000-4000-8000-00000000000a'], 'a user reads their own usage only');
select results_eq(
  'with gone as (delete from public.chat_sessions returning user_id) select user_id::text from gone',
  array['00000000-0000-4000-8000-00000000000a'], 'a user deletes their own sessions only');
select is_empty('select from public.chat_messages', 'and their messages go with them');
select results_eq(
  'select session_id from public.chat_usage_log', array[null::uuid], 'but what they cost stays on record');

set local request.jwt.claims = '{"role": "authenticated"}';
select is_empty('select from public.chat_usage_log', 'a token without a user reads nothing');

-- The service key ----------------------------------------------------------------------------------------------------
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select isnt_empty('select from public.chat_messages', 'the service key reads messages');
select isnt_empty('select system_prompt from public.employee_profiles', 'the service key reads prompts');
select isnt_empty('select from public.v_rls_status', 'the service key reads the status of row-level security');
select pg_temp.refuses_writes();
select pg_temp.refuses('delete from public.chat_sessions', 'delete from public.chat_messages');

select * from finish();
rollback;
