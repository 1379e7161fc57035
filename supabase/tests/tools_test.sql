-- What tools leave behind: runs, answers that wait and go on, files, and who takes over.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

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
  public.commit_turn(pg_temp.turn(101, 'I will.', pg_temp.run('pending'))), '{"committed": true}', 'an answer that waits is saved');
select results_eq(
  $$ select status, approved_by, turn_id is not null from public.chat_tool_runs $$,
  $$ values ('pending', null::uuid, true) $$, 'with what it waits for');
select is(
  public.commit_turn(pg_temp.turn(102, 'I will. Done.', pg_temp.run(
    'succeeded', '{"approved_by": "00000000-0000-4000-8000-00000000000a", "latency_ms": 12}') || '{"continues": true}', false)),
  '{"committed": true}', 'it goes on');
select results_eq(
  $$ select content, content_tokens from public.chat_messages where role = 'assistant' $$,
  $$ values ('I will. Done.', 13) $$, 'as one answer');
select results_eq(
  $$ select message_count, content_tokens from public.chat_sessions $$, $$ values (2, 15::bigint) $$, 'which is counted once');
select results_eq(
  $$ select content, embedding is null from public.user_memory_embeddings where message_id = '00000000-0000-4000-8000-000000000300' $$,
  $$ values ('I will. Done.', true) $$, 'and remembered once');
select results_eq(
  $$ select status, approved_by, latency_ms from public.chat_tool_runs $$,
  $$ values ('succeeded', '00000000-0000-4000-8000-00000000000a'::uuid, 12) $$, 'the run has what became of it');
select is(
  (select count(*) from public.chat_usage_log), 2::bigint, 'both turns are paid for');
select lives_ok(
  $$ select public.commit_turn(pg_temp.turn(103, 'x', pg_temp.run('failed') || '{"continues": true, "remember": false}', false)) $$,
  'a run that is over');
select is((select status from public.chat_tool_runs), 'succeeded', 'stays as it is');
select is_empty(
  $$ select from public.user_memory_embeddings where message_id = '00000000-0000-4000-8000-000000000300' $$,
  'an answer that must not be remembered is not');

select lives_ok(
  $$ select public.commit_turn(pg_temp.turn(104, 'y', '{"handed_to": "sheet-analyst", "continues": true, "files": [
    {"id": "00000000-0000-4000-8000-000000000500", "name": "a.xlsx", "media_type": "text/csv", "table_rows": 3,
     "created_at": "2026-11-01T10:00:01Z"}]}', false)) $$, 'another employee takes over, and a file was made');
select is((select employee_slug from public.chat_sessions), 'sheet-analyst', 'whose the session is from then on');
select is(
  (select employee_slug from public.chat_usage_log where turn_id = '00000000-0000-4000-8000-000000000104'), 'prime-boss',
  'but who began pays');
select results_eq(
  $$ select purpose, name, table_rows, session_id is not null from public.chat_files $$,
  $$ values ('export', 'a.xlsx', 3::bigint, true) $$, 'the file is there');
select throws_ok(
  $$ select public.commit_turn(pg_temp.turn(105, 'z', '{"user_id": "00000000-0000-4000-8000-00000000000b", "continues": true}', false)) $$,
  '42501', null, 'nobody goes on with somebody else''s answer');

select is(
  public.save_file('00000000-0000-4000-8000-00000000000b', '{"id": "00000000-0000-4000-8000-000000000600", "purpose": "scan",
    "name": "b.png", "media_type": "image/png", "size_bytes": 5, "received_at": "2026-11-01T10:00:00Z",
    "expires_at": "2999-01-01T00:00:00Z"}', 1), '{"saved": true, "expired": []}', 'a picture is uploaded');
select is(
  public.save_file('00000000-0000-4000-8000-00000000000b', '{"id": "00000000-0000-4000-8000-000000000601", "purpose": "scan",
    "name": "b.png", "media_type": "image/png", "size_bytes": 5, "received_at": "2026-11-01T10:00:00Z"}', 1),
  '{"saved": false, "expired": []}', 'up to so many');
select is(
  public.delete_files('00000000-0000-4000-8000-00000000000a', array['00000000-0000-4000-8000-000000000600']::uuid[]), '[]',
  'nobody throws away what is not theirs');
select is(
  public.delete_files('00000000-0000-4000-8000-00000000000b', array['00000000-0000-4000-8000-000000000600']::uuid[]),
  '["00000000-0000-4000-8000-000000000600"]', 'their own they do');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select results_eq(
  $$ select jsonb_array_length(public.load_session('00000000-0000-4000-8000-0000000000a1', null, 'prime-boss', 'm', 10) #> '{messages,1,tool_calls}') $$,
  $$ values (1) $$, 'what an answer called is read with it');
select results_eq(
  $$ select array(select c ->> 'slug' from jsonb_array_elements(
       public.load_session('00000000-0000-4000-8000-0000000000a1', 'prime-boss', 'prime-boss', 'm', 10) #> '{employee,colleagues}') c) $$,
  $$ values (array['doc-clerk', 'sheet-analyst']) $$, 'who may hand over knows to whom');
select throws_ok(
  $$ select public.save_file('00000000-0000-4000-8000-00000000000a', '{}', 1) $$, '42501', null, 'a user saves no file rows');
select * from finish();
rollback;
