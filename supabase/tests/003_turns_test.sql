-- Saving turns: commit_turn saves a turn completely, once, and for its owner only; parked turns; feedback.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- commit_turn ----------------------------------------------------------------------------------------------------------
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
  $$ select employee_slug, title, is_archived, message_count, last_message_at from public.chat_sessions $$,
  $$ values ('prime-boss', 'First title', false, 2, '2026-11-01T10:00:10.5Z'::timestamptz) $$,
  'the session is created, with its counters');
select results_eq(
  $$ select role, content, status, right(parent_id::text, 3) from public.chat_messages order by created_at $$,
  $$ values ('user', 'Write to [EMAIL_1]', 'complete', null), ('assistant', 'Done', 'interrupted', '210') $$,
  'the messages are stored with their parents');
select results_eq(
  $$ select total_tokens, cached_tokens, cost_usd, ttft_ms, usage_source from public.chat_usage_log $$,
  $$ values (21, 5, 0.0000032250::numeric, 120, 'provider') $$, 'the usage is stored');

select results_eq(
  $$ select id = message_id, session_id, content, content_tokens, embedding is null, occurred_at
     from public.user_memory_embeddings order by occurred_at $$,
  $$ values (true, '00000000-0000-4000-8000-0000000000a1'::uuid, 'Write to [EMAIL_1]', 6, true,
             '2026-11-01T10:00:10Z'::timestamptz),
            (true, '00000000-0000-4000-8000-0000000000a1', 'Done', 1, true, '2026-11-01T10:00:10.5Z') $$,
  'the messages are stored as pending memories');

select is(
  public.commit_turn(pg_temp.turn(10, '{"title": "Another", "employee_slug": "doc-clerk"}')), '{"committed": false}',
  'the same turn is not committed again');
select results_eq(
  $$ select title, employee_slug, message_count from public.chat_sessions $$,
  $$ values ('First title', 'prime-boss', 2) $$, 'a repeated turn changes nothing');

select is(
  public.commit_turn(pg_temp.turn(20, '{"title": "Another", "employee_slug": "doc-clerk"}')), '{"committed": true}',
  'a second turn of the session is committed');
select results_eq(
  $$ select title, employee_slug, message_count, content_tokens, last_message_at from public.chat_sessions $$,
  $$ values ('First title', 'doc-clerk', 4, 14::bigint, '2026-11-01T10:00:20.5Z'::timestamptz) $$,
  'it updates counters and employee, and keeps the title');
select results_eq(
  $$ select session_tokens from public.chat_usage_log order by created_at $$, array[0, 7]::bigint[],
  'its usage has the tokens of the whole history');

select throws_ok(
  $$ select public.commit_turn(pg_temp.turn(30, '{"user_id": "00000000-0000-4000-8000-00000000000b"}')) $$,
  '42501', null, 'a turn for a session of another user is refused');
select results_eq(
  $$ select count(*)::integer from public.chat_usage_log $$, array[2], 'a refused turn leaves no usage');
select is(
  public.commit_turn(pg_temp.turn(30, '{"session_id": "00000000-0000-4000-8000-0000000000a3",
    "user_id": "00000000-0000-4000-8000-00000000000c"}')),
  '{"committed": false, "gone": true}', 'a turn of a user without an account is dropped');
select throws_ok(
  $$ select public.commit_turn(jsonb_set(pg_temp.turn(30), '{messages,1,status}', '"odd"')) $$,
  '23514', null, 'a turn with an unknown status is refused');
select results_eq(
  $$ select message_count from public.chat_sessions $$, array[4], 'a refused turn leaves no messages');

select lives_ok(
  $$ select public.commit_turn(jsonb_set(pg_temp.turn(40, '{"session_id": "00000000-0000-4000-8000-0000000000a4"}'),
       '{messages,0,parent_id}', '"00000000-0000-4000-8000-000000000310"')) $$,
  'a turn whose parent is not in its session is committed');
select results_eq(
  $$ select parent_id from public.chat_messages where id = '00000000-0000-4000-8000-000000000240' $$,
  array[null::uuid], 'a parent in another session becomes null');

-- Memories ----------------------------------------------------------------------------------------------------------
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
  'memories are messages with text of users and assistants, unless remember is false; long ones are cut');

select is(
  public.commit_turn(pg_temp.turn(57, '{"session_id": "00000000-0000-4000-8000-0000000000a7", "usage_only": true, "messages": []}')),
  '{"committed": true, "deleted": true}', 'a turn without a session is committed');
select results_eq(
  $$ select session_id, total_tokens from public.chat_usage_log where turn_id = '00000000-0000-4000-8000-000000000157' $$,
  $$ values (null::uuid, 21) $$, 'its usage is stored');
select is_empty(
  $$ select from public.chat_sessions where id = '00000000-0000-4000-8000-0000000000a7' $$, 'and no session of it');

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
  'deleting the account deletes sessions, messages, memories and usage');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.turn;

-- commit_turn with facts -----------------------------------------------------------------------------------------------
insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000a', 'a@example.com');
create function pg_temp.turn() returns jsonb language sql as $$
  select '{
    "turn_id": "00000000-0000-4000-8000-000000000101", "user_id": "00000000-0000-4000-8000-00000000000a",
    "session_id": "00000000-0000-4000-8000-0000000000a1", "employee_slug": "prime-boss", "title": "Moving",
    "messages": [
      {"id": "00000000-0000-4000-8000-000000000201", "role": "user", "content": "I live in Bern", "content_tokens": 4,
       "status": "complete", "created_at": "2026-11-01T10:00:00Z"},
      {"id": "00000000-0000-4000-8000-000000000202", "role": "assistant", "content": "Noted.", "content_tokens": 2,
       "status": "complete", "created_at": "2026-11-01T10:00:01Z"}],
    "usage": {"model": "gpt-4o-mini", "prompt_tokens": 20, "history_tokens": 0, "completion_tokens": 2, "total_tokens": 22,
      "latency_ms": 900, "success": true, "usage_source": "provider", "created_at": "2026-11-01T10:00:01Z"},
    "tool_runs": [{"id": "00000000-0000-4000-8000-0000000000e1", "tool": "calculator", "arguments": {"sum": "1+1"},
      "status": "succeeded", "latency_ms": 3}],
    "facts": [{"id": "00000000-0000-4000-8000-0000000000f1", "category": "profile", "key": "city", "fact": "Lives in Bern",
      "confidence": 0.9, "source_message_id": "00000000-0000-4000-8000-000000000201", "valid_from": "2026-11-01T10:00:00Z"}]
  }'::jsonb;
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select is(public.commit_turn(pg_temp.turn()), '{"committed": true}', 'a turn is saved with its tool runs and facts');
select results_eq(
  'select tool, arguments, status from public.chat_tool_runs',
  $$ values ('calculator', '{"sum": "1+1"}'::jsonb, 'succeeded') $$, 'the tool run is stored');
select results_eq(
  'select fact, source_message_id is not null, valid_to from public.user_memory_facts',
  $$ values ('Lives in Bern', true, null::timestamptz) $$, 'the fact is stored with its source');
select results_eq(
  'select id, message_id, content, content_tokens, occurred_at, embedding from public.user_memory_embeddings order by id',
  $$ values
    ('00000000-0000-4000-8000-000000000201'::uuid, '00000000-0000-4000-8000-000000000201'::uuid, 'I live in Bern', 4,
     '2026-11-01T10:00:00Z'::timestamptz, null::extensions.halfvec),
    ('00000000-0000-4000-8000-000000000202', '00000000-0000-4000-8000-000000000202', 'Noted.', 2,
     '2026-11-01T10:00:01Z', null) $$,
  'each message is a pending memory');
select is(public.commit_turn(pg_temp.turn()), '{"committed": false}', 'the same turn is not saved again');
select is(
  public.commit_turn(pg_temp.turn() || '{"turn_id": "00000000-0000-4000-8000-000000000102",
    "started_at": "2026-11-01T10:01:00Z", "messages": [], "tool_runs": []}'),
  '{"committed": true}', 'another turn with the same fact is saved');
select results_eq(
  $$ select (select count(*) from public.user_memory_facts),
            (select count(*) from public.user_memory_embeddings), (select count(*) from public.chat_tool_runs) $$,
  'values (1::bigint, 2::bigint, 1::bigint)', 'each fact, memory and tool run is stored once');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.turn;

-- commit_turn with tools -----------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'owner@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'other@example.com');

-- A turn of a question (200) and an answer (300), or only of the answer.
create function pg_temp.turn(p_turn integer, p_answer text, p_changes jsonb default '{}', p_question boolean default true)
returns jsonb language sql as $$
  select jsonb_build_object(
    'turn_id', '00000000-0000-4000-8000-000000000' || p_turn, 'user_id', '00000000-0000-4000-8000-00000000000a',
    'session_id', '00000000-0000-4000-8000-0000000000a1', 'employee_slug', 'prime-boss', 'title', 'Title',
    'started_at', '2026-11-01T10:00:00Z',
    'messages', case when p_question then jsonb_build_array(jsonb_build_object(
        'id', '00000000-0000-4000-8000-000000000200', 'parent_id', null, 'role', 'user', 'content', 'Send it',
        'content_tokens', 2, 'status', 'complete', 'metadata', '{}'::jsonb, 'created_at', '2026-11-01T10:00:00Z'))
      else '[]' end || jsonb_build_array(jsonb_build_object(
        'id', '00000000-0000-4000-8000-000000000300', 'parent_id', '00000000-0000-4000-8000-000000000200',
        'role', 'assistant', 'content', p_answer, 'content_tokens', length(p_answer), 'status', 'complete',
        'tool_calls', jsonb_build_array(jsonb_build_object('id', 'x', 'name', 'send_mail')),
        'metadata', '{}'::jsonb, 'created_at', '2026-11-01T10:00:01Z')),
    'usage', jsonb_build_object(
      'model', 'gpt-4o-mini', 'prompt_tokens', 20, 'completion_tokens', 1, 'total_tokens', 21, 'latency_ms', 900,
      'success', true, 'usage_source', 'provider', 'created_at', '2026-11-01T10:00:02Z')) || p_changes;
$$;
create function pg_temp.run(p_status text, p_changes jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('tool_runs', jsonb_build_array(jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000400', 'tool', 'send_mail', 'arguments', '{"to": "[EMAIL_1]"}'::jsonb,
    'status', p_status, 'created_at', '2026-11-01T10:00:01Z') || p_changes));
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select is(
  public.commit_turn(pg_temp.turn(101, 'I will.', pg_temp.run('pending'))), '{"committed": true}', 'an answer that waits for an approval is saved');
select results_eq(
  $$ select status, approved_by, turn_id is not null from public.chat_tool_runs $$,
  $$ values ('pending', null::uuid, true) $$, 'its tool run is pending');
select is(
  public.commit_turn(pg_temp.turn(102, 'I will. Done.', pg_temp.run(
    'succeeded', '{"approved_by": "00000000-0000-4000-8000-00000000000a", "latency_ms": 12}') || '{"continues": true}', false)),
  '{"committed": true}', 'the continued answer is saved');
select results_eq(
  $$ select content, content_tokens from public.chat_messages where role = 'assistant' $$,
  $$ values ('I will. Done.', 13) $$, 'the continued answer replaces the first one');
select results_eq(
  $$ select message_count, content_tokens from public.chat_sessions $$, $$ values (2, 15::bigint) $$, 'a continued answer is counted once');
select results_eq(
  $$ select content, embedding is null from public.user_memory_embeddings where message_id = '00000000-0000-4000-8000-000000000300' $$,
  $$ values ('I will. Done.', true) $$, 'a continued answer is one memory');
select results_eq(
  $$ select status, approved_by, latency_ms from public.chat_tool_runs $$,
  $$ values ('succeeded', '00000000-0000-4000-8000-00000000000a'::uuid, 12) $$, 'the pending run gets its outcome');
select is(
  (select count(*) from public.chat_usage_log), 2::bigint, 'both turns have usage');
select lives_ok(
  $$ select public.commit_turn(pg_temp.turn(103, 'x', pg_temp.run('failed') || '{"continues": true, "remember": false}', false)) $$,
  'a turn with a finished run is saved');
select is((select status from public.chat_tool_runs), 'succeeded', 'a finished run stays unchanged');
select is_empty(
  $$ select from public.user_memory_embeddings where message_id = '00000000-0000-4000-8000-000000000300' $$,
  'a continued answer with remember = false is not remembered');

select lives_ok(
  $$ select public.commit_turn(pg_temp.turn(104, 'y', '{"handed_to": "sheet-analyst", "continues": true, "files": [
    {"id": "00000000-0000-4000-8000-000000000500", "name": "a.xlsx", "media_type": "text/csv", "table_rows": 3,
     "created_at": "2026-11-01T10:00:01Z"}]}', false)) $$, 'a turn with a handover and a file is saved');
select is((select employee_slug from public.chat_sessions), 'sheet-analyst', 'the session belongs to the employee that took over');
select is(
  (select employee_slug from public.chat_usage_log where turn_id = '00000000-0000-4000-8000-000000000104'), 'prime-boss',
  'the usage belongs to the employee that began');
select results_eq(
  $$ select purpose, name, table_rows, session_id is not null from public.chat_files $$,
  $$ values ('export', 'a.xlsx', 3::bigint, true) $$, 'the file is stored');
select throws_ok(
  $$ select public.commit_turn(pg_temp.turn(105, 'z', '{"user_id": "00000000-0000-4000-8000-00000000000b", "continues": true}', false)) $$,
  '42501', null, 'an answer of another user cannot be continued');

reset role;
update public.chat_messages set tool_calls = '[
  {"id": "00000000-0000-4000-8000-000000000401", "state": "waiting", "approval_id": "a", "expires_at": "2026-11-02T10:00:00Z"},
  {"id": "00000000-0000-4000-8000-000000000402", "state": "waiting", "approval_id": "b", "expires_at": "2026-11-02T10:00:00Z"},
  {"id": "00000000-0000-4000-8000-000000000403", "state": "denied", "reason": "No"}]'
where id = '00000000-0000-4000-8000-000000000300';
set local role service_role;
select lives_ok($$ select public.commit_turn(pg_temp.turn(106, 'w', '{"messages": [], "tool_runs": [
  {"id": "00000000-0000-4000-8000-000000000401", "tool": "send_mail", "status": "expired"},
  {"id": "00000000-0000-4000-8000-000000000402", "tool": "send_mail", "status": "denied"},
  {"id": "00000000-0000-4000-8000-000000000403", "tool": "send_mail", "status": "denied"}]}', false)) $$,
  'a turn that withdraws calls is saved');
select results_eq(
  $$ select c - 'id' from public.chat_messages, jsonb_array_elements(tool_calls) c where id = '00000000-0000-4000-8000-000000000300' $$,
  $$ values ('{"state": "expired"}'::jsonb), ('{"state": "denied"}'), ('{"state": "denied", "reason": "No"}') $$,
  'withdrawn calls do not wait any more; one that was denied before keeps its reason');
reset role;
update public.chat_messages set tool_calls = '[{"id": "x", "name": "send_mail"}]'
where id = '00000000-0000-4000-8000-000000000300';

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select results_eq(
  $$ select jsonb_array_length(public.load_session('00000000-0000-4000-8000-0000000000a1', 10) #> '{messages,1,tool_calls}') $$,
  $$ values (1) $$, 'load_session returns the tool calls of an answer');
set local role service_role;
select results_eq(
  $$ select array(select c ->> 'slug' from jsonb_array_elements(public.load_terms(
       '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000a1', 'prime-boss', 'prime-boss', 'm', 'm')
       #> '{employee,colleagues}') c) $$,
  $$ values (array['doc-clerk', 'sheet-analyst']) $$, 'an employee with hand_over has its colleagues');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.turn, pg_temp.run;

-- Parked turns ---------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000a', 'a@example.com');

create function pg_temp.park(p_turn text, p_reason text default 'status 400, 23514') returns void language sql as $$
  select public.park_turn(
    ('00000000-0000-4000-8000-0000000001' || p_turn)::uuid, '00000000-0000-4000-8000-00000000000a',
    '00000000-0000-4000-8000-0000000000a1', '2026-11-01T10:00:00Z', p_reason);
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select lives_ok($$ select pg_temp.park('10') $$, 'a turn is parked');
select lives_ok($$ select pg_temp.park('10', repeat('x', 300)) $$, 'a turn is parked again with a long reason');
select lives_ok($$ select pg_temp.park('20') $$, 'another turn is parked');
select is(public.parked_turns(), 2::bigint, 'parked turns are counted');
select is(count(*), 2::bigint, 'the service key reads v_parked_turns') from public.v_parked_turns;
select lives_ok(
  $$ select public.park_turn(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), now(), 'gone') $$,
  'a turn of a user without an account is accepted');
select is(public.parked_turns(), 2::bigint, 'a turn of a user without an account is not parked');

select public.commit_turn('{
  "turn_id": "00000000-0000-4000-8000-000000000110", "user_id": "00000000-0000-4000-8000-00000000000a",
  "session_id": "00000000-0000-4000-8000-0000000000a1", "employee_slug": "prime-boss", "title": "Hello",
  "started_at": "2026-11-01T10:00:00Z",
  "messages": [{"id": "00000000-0000-4000-8000-000000000210", "parent_id": null, "role": "user", "content": "Hello",
                "content_tokens": 1, "status": "complete", "created_at": "2026-11-01T10:00:00Z"}],
  "usage": {"model": "gpt-4o-mini", "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "latency_ms": 5,
            "success": true, "usage_source": "provider", "created_at": "2026-11-01T10:00:01Z"}}');
select is(public.parked_turns(), 1::bigint, 'a committed turn is parked no more');
select public.note_stalled_work('00000000-0000-4000-8000-00000000000a', '2026-11-01T10:00:00Z', 'facts', 'model_rejected');
select public.note_stalled_work('00000000-0000-4000-8000-00000000000a', '2026-11-01T10:00:00Z', 'facts', repeat('x', 300));
select public.note_stalled_work('00000000-0000-4000-8000-00000000000a', '2026-11-01T10:00:00Z', 'vectors', 'model_rejected');
select public.note_stalled_work(gen_random_uuid(), now(), 'facts', 'model_rejected');
select is(public.stalled_work(), '{"facts": 1, "vectors": 1}', 'users whose work is stalled are counted');
select public.note_stalled_work('00000000-0000-4000-8000-00000000000a', '2026-11-01T10:00:00Z', 'vectors', null);
select is(public.stalled_work(), '{"facts": 1}', 'work that goes on is stalled no more');
select throws_ok(
  $$ select public.note_stalled_work('00000000-0000-4000-8000-00000000000a', now(), 'other', 'model_rejected') $$, '23514', null,
  'only known work is stalled');
select pg_temp.park('10');
select is(public.parked_turns(), 1::bigint, 'a late call does not park a committed turn');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is_empty($$ select * from public.v_parked_turns $$, 'a user reads no parked turns, not even their own');

reset role;
select public.erase_user('00000000-0000-4000-8000-00000000000a');
select is(public.parked_turns(), 0::bigint, 'erasing a user deletes their parked turns');
select is(public.stalled_work(), '{}', 'erasing a user deletes their stalled work');
select public.note_stalled_work('00000000-0000-4000-8000-00000000000a', '2026-11-01T10:00:00Z', 'facts', 'model_rejected');
select is(public.stalled_work(), '{}', 'a late call notes no stalled work of an erased user');
select pg_temp.park('20');
select is(public.parked_turns(), 0::bigint, 'a late call does not park a turn of an erased user');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.park;

-- Feedback -------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens) values
  ('00000000-0000-4000-8000-000000000201', '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a',
   'user', 'I live in Bern', 4),
  ('00000000-0000-4000-8000-000000000202', '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a',
   'assistant', 'Noted.', 2);
set local role service_role;
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', 1, 'Good'),
  '{"saved": true}', 'an answer is rated');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', -1),
  '{"saved": true}', 'an answer is rated again');
select results_eq(
  'select rating::integer, comment from public.chat_message_feedback', $$ values (-1, null::text) $$, 'the last rating replaces the first one');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-000000000202', 1),
  '{"saved": false}', 'an answer to another user cannot be rated');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000201', 1),
  '{"saved": false}', 'a message of the user cannot be rated');
select throws_ok(
  $$ select public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', 5) $$,
  '23514', null, 'a rating is 1 or -1');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select results_eq(
  'select m.feedback from public.chat_messages m order by role',
  $$ values ('{"rating": "down", "comment": null}'::jsonb), (null) $$, 'a message has the feedback of its user');
set local role service_role;
do $do$ begin
  perform public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', null);
end $do$;
select is_empty('select from public.chat_message_feedback', 'a null rating deletes the feedback');

select * from finish();
rollback;
