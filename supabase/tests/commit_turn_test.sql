-- commit_turn: a turn is saved whole, once, and for its owner only.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'owner@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'other@example.com');

-- A turn of two messages whose ids end in p_number and p_number + 1.
create function pg_temp.turn(p_number integer, p_changes jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object(
    'turn_id', '00000000-0000-4000-8000-0000000001' || p_number, 'user_id', '00000000-0000-4000-8000-00000000000a',
    'session_id', '00000000-0000-4000-8000-0000000000a1', 'employee_slug', 'prime-boss', 'title', 'First title',
    'messages', jsonb_build_array(
      jsonb_build_object(
        'id', '00000000-0000-4000-8000-0000000002' || p_number, 'parent_id', null, 'role', 'user',
        'content', 'Write to [EMAIL_1]', 'content_tokens', 6, 'status', 'complete', 'metadata', '{}'::jsonb,
        'created_at', '2026-11-01T10:00:' || p_number || 'Z'),
      jsonb_build_object(
        'id', '00000000-0000-4000-8000-0000000003' || p_number,
        'parent_id', '00000000-0000-4000-8000-0000000002' || p_number, 'role', 'assistant',
        'content', 'Done', 'content_tokens', 1, 'status', 'interrupted', 'metadata', '{"model": "gpt-4o-mini"}'::jsonb,
        'created_at', '2026-11-01T10:00:' || p_number || '.5Z')),
    'usage', jsonb_build_object(
      'model', 'gpt-4o-mini', 'prompt_tokens', 20, 'cached_tokens', 5, 'completion_tokens', 1, 'total_tokens', 21,
      'cost_usd', 0.0000032250, 'latency_ms', 900, 'ttft_ms', 120, 'success', true, 'error_code', null,
      'usage_source', 'provider', 'created_at', '2026-11-01T10:00:' || p_number || '.6Z')) || p_changes;
$$;
grant execute on all functions in schema pg_temp to public;

set local role anon;
select throws_ok('select public.commit_turn(pg_temp.turn(10))', '42501', null, 'anon may not commit a turn');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok('select public.commit_turn(pg_temp.turn(10))', '42501', null, 'a user may not commit a turn');

set local role service_role;
select is(public.commit_turn(pg_temp.turn(10)), '{"committed": true}', 'the service key commits a turn');
select results_eq(
  $$ select employee_slug, title, status, message_count, last_message_at from public.chat_sessions $$,
  $$ values ('prime-boss', 'First title', 'active', 2, '2026-11-01T10:00:10.5Z'::timestamptz) $$,
  'the session is made, with its counters');
select results_eq(
  $$ select role, content, status, right(parent_id::text, 3) from public.chat_messages order by created_at $$,
  $$ values ('user', 'Write to [EMAIL_1]', 'complete', null), ('assistant', 'Done', 'interrupted', '210') $$,
  'the messages are there, each under its parent');
select results_eq(
  $$ select total_tokens, cached_tokens, cost_usd, ttft_ms, usage_source from public.chat_usage_log $$,
  $$ values (21, 5, 0.0000032250::numeric, 120, 'provider') $$, 'the usage is there');

select results_eq(
  $$ select id = message_id, session_id, content, content_tokens, embedding is null, occurred_at
     from public.user_memory_embeddings order by occurred_at $$,
  $$ values (true, '00000000-0000-4000-8000-0000000000a1'::uuid, 'Write to [EMAIL_1]', 6, true,
             '2026-11-01T10:00:10Z'::timestamptz),
            (true, '00000000-0000-4000-8000-0000000000a1', 'Done', 1, true, '2026-11-01T10:00:10.5Z') $$,
  'and what was said is remembered, to be embedded');

select is(
  public.commit_turn(pg_temp.turn(10, '{"title": "Another", "employee_slug": "doc-clerk"}')), '{"committed": false}',
  'the same turn again is not committed');
select results_eq(
  $$ select title, employee_slug, message_count from public.chat_sessions $$,
  $$ values ('First title', 'prime-boss', 2) $$, 'and it changes nothing');

select is(
  public.commit_turn(pg_temp.turn(20, '{"title": "Another", "employee_slug": "doc-clerk"}')), '{"committed": true}',
  'a second turn of the session is committed');
select results_eq(
  $$ select title, employee_slug, message_count, content_tokens, last_message_at from public.chat_sessions $$,
  $$ values ('First title', 'doc-clerk', 4, 14::bigint, '2026-11-01T10:00:20.5Z'::timestamptz) $$,
  'it moves counters and employee, and leaves the title');
select results_eq(
  $$ select session_tokens from public.chat_usage_log order by created_at $$, array[0, 7]::bigint[],
  'and its usage knows what the whole history would have been');

select throws_ok(
  $$ select public.commit_turn(pg_temp.turn(30, '{"user_id": "00000000-0000-4000-8000-00000000000b"}')) $$,
  '42501', null, 'a turn for a session of someone else is refused');
select results_eq(
  $$ select count(*)::integer from public.chat_usage_log $$, array[2], 'and nothing of it is kept');
select is(
  public.commit_turn(pg_temp.turn(30, '{"session_id": "00000000-0000-4000-8000-0000000000a3",
    "user_id": "00000000-0000-4000-8000-00000000000c"}')),
  '{"committed": false, "gone": true}', 'a turn of a user whose account is gone is not kept');
select throws_ok(
  $$ select public.commit_turn(jsonb_set(pg_temp.turn(30), '{messages,1,status}', '"odd"')) $$,
  '23514', null, 'a turn with an unknown status is refused');
select results_eq(
  $$ select message_count from public.chat_sessions $$, array[4], 'whole');

select lives_ok(
  $$ select public.commit_turn(jsonb_set(pg_temp.turn(40, '{"session_id": "00000000-0000-4000-8000-0000000000a4"}'),
       '{messages,0,parent_id}', '"00000000-0000-4000-8000-000000000310"')) $$,
  'a turn whose parent is not in its session is committed');
select results_eq(
  $$ select parent_id from public.chat_messages where id = '00000000-0000-4000-8000-000000000240' $$,
  array[null::uuid], 'without that parent');

-- Remembering --------------------------------------------------------------------------------------------------------
do $do$ begin
  perform public.commit_turn(pg_temp.turn(50, '{"remember": false}'));
  perform public.commit_turn(jsonb_set(jsonb_set(
    pg_temp.turn(51, '{"remember": true}'), '{messages,0,role}', '"tool"'), '{messages,1,content}', '" "'));
  perform public.commit_turn(jsonb_set(jsonb_set(
    pg_temp.turn(52), '{messages,0,content}', to_jsonb(repeat('long ', 10000))), '{messages,0,content_tokens}', '10000'));
end $do$;
select results_eq(
  $$ select right(m.id::text, 3), length(e.content), e.content_tokens
     from public.chat_messages m left join public.user_memory_embeddings e on e.message_id = m.id
     where m.created_at >= '2026-11-01T10:00:50Z' order by m.created_at $$,
  $$ values ('250', null, null), ('350', null, null), ('251', null, null), ('351', null, null),
            ('252', 32000, 6400), ('352', 4, 1) $$,
  'not if the turn says so; of the others what somebody said, and the beginning of what is long');

set local role postgres;
delete from public.chat_sessions where id = '00000000-0000-4000-8000-0000000000a4';
set local role service_role;
select is(
  public.commit_turn(pg_temp.turn(40, '{"session_id": "00000000-0000-4000-8000-0000000000a4"}')),
  '{"committed": false}', 'a committed turn that is sent again after its session was deleted does not bring it back');
select is_empty(
  $$ select from public.chat_sessions where id = '00000000-0000-4000-8000-0000000000a4' $$, 'the session stays deleted');

set local role postgres;
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is_empty(
  $$ select id from public.chat_messages union all select turn_id from public.chat_usage_log
     union all select id from public.user_memory_embeddings $$,
  'erasing the user erases sessions, messages, memories and usage');

select * from finish();
rollback;
