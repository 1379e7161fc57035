-- The specification's queries and the views over them, on turns whose figures are known.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

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
-- 19 quick turns and one slow one, a failed one, and one of long ago that no window holds. Each cost a cent.
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

-- The founding specification's queries, as they stand ----------------------------------------------------------------
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
  'select slug, title from public.employee_profiles', $$ values ('prime-boss', 'Prime Boss') $$, 'who is there');

-- Targets ------------------------------------------------------------------------------------------------------------
set local role service_role;
select results_eq(
  $$ select metric collate "default", current, met, samples from public.v_targets $$,
  $$ values
    ('latency_p95_ms', 1200.0000, true, 20::bigint), ('error_rate_percent', 4.7619, false, 21),
    -- 100 of the 200 that sending all 150 instead of 50 tokens of history would have been.
    ('token_saving_percent', 50.0000, true, 20), ('cost_per_active_user_usd', 0.1050, true, 2),
    ('cost_per_conversation_usd', 0.1050, false, 2), ('satisfaction_percent', 75.0000, false, 4),
    ('first_token_p95_ms', 200.0000, null, 21), ('outbox_lag_p95_ms', 2000.0000, null, 21) $$,
  'each target with what is true');
select results_eq(
  'select turns, users, errors, total_tokens, cost_usd from public.v_usage_by_day',
  $$ values (21::bigint, 2::bigint, 1::bigint, 2310::bigint, 0.2100000000::numeric) $$, 'the day');
select results_eq(
  'select error_code, turns from public.v_errors', $$ values ('model_timeout', 1::bigint) $$, 'the errors');

-- Who may look -------------------------------------------------------------------------------------------------------
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a",
  "user_metadata": {"role": "admin"}}';
select is_empty('select from public.v_targets', 'a user sees no targets, whatever they wrote into their own metadata');
select is_empty('select from public.v_usage_by_day', 'no days');
select is_empty('select from public.v_errors', 'and no errors');
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a",
  "app_metadata": {"role": "admin"}}';
select is((select count(*) from public.v_targets), 8::bigint, 'an admin does');
set local role anon;
select throws_ok('select from public.v_targets', '42501', null, 'anon may not ask');

set local role postgres;
delete from public.chat_usage_log;
delete from public.chat_message_feedback;
select lives_ok('select * from public.v_targets', 'nothing to measure is no error');
select is_empty('select from public.v_targets where met is not null', 'and meets or misses nothing');

select * from finish();
rollback;
