-- What a turn leaves behind besides its messages: tool runs, summary, facts, embeddings, feedback.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_documents (id, user_id, name, media_type, size_bytes) values
  ('00000000-0000-4000-8000-0000000000d1', '00000000-0000-4000-8000-00000000000a', 'a.txt', 'text/plain', 5),
  ('00000000-0000-4000-8000-0000000000d2', '00000000-0000-4000-8000-00000000000b', 'b.txt', 'text/plain', 5);

create function pg_temp.vector(p_value real) returns text language sql as $$
  select array_fill(p_value, array[1536])::extensions.halfvec(1536)::text;
$$;
create function pg_temp.memory(p_changes jsonb) returns jsonb language sql as $$
  select public.commit_memory(jsonb_build_object(
    'user_id', '00000000-0000-4000-8000-00000000000a', 'session_id', '00000000-0000-4000-8000-0000000000a1') || p_changes);
$$;
create function pg_temp.fact(p_id integer, p_fact text, p_from text default '2026-11-01T10:00:00Z') returns jsonb
language sql as $$
  select jsonb_build_object('facts', jsonb_build_array(jsonb_build_object(
    'id', '00000000-0000-4000-8000-0000000000f' || p_id, 'category', 'profile', 'key', 'city', 'fact', p_fact,
    'confidence', 0.9, 'source_message_id', '00000000-0000-4000-8000-000000000201', 'valid_from', p_from)));
$$;
create function pg_temp.turn() returns jsonb language sql as $$
  select jsonb_build_object(
    'turn_id', '00000000-0000-4000-8000-000000000101', 'user_id', '00000000-0000-4000-8000-00000000000a',
    'session_id', '00000000-0000-4000-8000-0000000000a1', 'employee_slug', 'prime-boss', 'title', 'Moving',
    'messages', jsonb_build_array(
      jsonb_build_object(
        'id', '00000000-0000-4000-8000-000000000201', 'role', 'user', 'content', 'I live in Bern', 'content_tokens', 4,
        'status', 'complete', 'created_at', '2026-11-01T10:00:00Z'),
      jsonb_build_object(
        'id', '00000000-0000-4000-8000-000000000202', 'role', 'assistant', 'content', 'Noted.', 'content_tokens', 2,
        'status', 'complete', 'created_at', '2026-11-01T10:00:01Z')),
    'usage', jsonb_build_object(
      'model', 'gpt-4o-mini', 'prompt_tokens', 20, 'history_tokens', 0, 'completion_tokens', 2, 'total_tokens', 22,
      'latency_ms', 900, 'success', true, 'usage_source', 'provider', 'created_at', '2026-11-01T10:00:01Z'),
    'tool_runs', jsonb_build_array(jsonb_build_object(
      'id', '00000000-0000-4000-8000-0000000000e1', 'tool', 'calculator', 'arguments', '{"sum": "1+1"}'::jsonb,
      'status', 'succeeded', 'latency_ms', 3)),
    'summary', jsonb_build_object(
      'covers_message_id', '00000000-0000-4000-8000-000000000201', 'summary', 'The user moved.', 'tokens', 4),
    'embeddings', jsonb_build_array(jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000000301', 'source', 'message',
      'message_id', '00000000-0000-4000-8000-000000000201', 'content', 'I live in Bern', 'content_tokens', 4,
      'embedding', pg_temp.vector(0.1)))) || pg_temp.fact(1, 'Lives in Bern');
$$;
grant execute on all functions in schema pg_temp to public;

-- A turn with all of it ----------------------------------------------------------------------------------------------
set local role service_role;
select is(public.commit_turn(pg_temp.turn()), '{"committed": true}', 'a turn is saved with its memory');
select results_eq(
  'select tool, arguments, status from public.chat_tool_runs',
  $$ values ('calculator', '{"sum": "1+1"}'::jsonb, 'succeeded') $$, 'its tool run');
select results_eq('select summary, tokens from public.chat_session_summaries', $$ values ('The user moved.', 4) $$, 'its summary');
select results_eq(
  'select fact, source_message_id is not null, valid_to from public.user_memory_facts',
  $$ values ('Lives in Bern', true, null::timestamptz) $$, 'its fact');
select results_eq(
  'select id, session_id is not null, occurred_at from public.user_memory_embeddings where embedding is not null',
  $$ values ('00000000-0000-4000-8000-000000000301'::uuid, true, '2026-11-01T10:00:00Z'::timestamptz) $$,
  'its embedding, with session and date');
select results_eq(
  'select id, message_id, content, content_tokens, occurred_at from public.user_memory_embeddings where embedding is null',
  $$ values ('00000000-0000-4000-8000-000000000202'::uuid, '00000000-0000-4000-8000-000000000202'::uuid, 'Noted.', 2,
             '2026-11-01T10:00:01Z'::timestamptz) $$, 'and what has none, pending');
select is(public.commit_turn(pg_temp.turn()), '{"committed": false}', 'sent again it changes nothing');
select is(
  public.commit_memory(pg_temp.turn() - 'turn_id'), '{"committed": true}', 'nor does the memory alone, which is taken');
select results_eq(
  $$ select (select count(*) from public.user_memory_facts),
            (select count(*) from public.user_memory_embeddings), (select count(*) from public.chat_tool_runs) $$,
  'values (1::bigint, 2::bigint, 1::bigint)', 'each is there once');
select throws_ok(
  $$ select pg_temp.memory('{"user_id": "00000000-0000-4000-8000-00000000000b"}') $$, '42501', null,
  'memory of a session of someone else is refused');
select is(
  pg_temp.memory('{"session_id": "00000000-0000-4000-8000-0000000000a9"}'), '{"committed": false, "gone": true}',
  'memory of a deleted session is not kept');

-- Facts --------------------------------------------------------------------------------------------------------------
do $do$ begin perform pg_temp.memory(pg_temp.fact(2, 'Lives in Basel', '2026-11-02T10:00:00Z')); end $do$;
select results_eq(
  'select fact, valid_to, right(superseded_by::text, 2) from public.user_memory_facts order by valid_from',
  $$ values ('Lives in Bern', '2026-11-02T10:00:00Z'::timestamptz, 'f2'), ('Lives in Basel', null, null) $$,
  'a fact that contradicts the current one closes and supersedes it');
do $do$ begin perform pg_temp.memory(pg_temp.fact(3, 'Lives in Basel', '2026-11-03T10:00:00Z')); end $do$;
select is((select count(*) from public.user_memory_facts), 2::bigint, 'what is known already is not added again');
do $do$ begin perform pg_temp.memory(pg_temp.fact(4, 'Lives in Chur', '2026-10-01T10:00:00Z')); end $do$;
select results_eq(
  $$ select count(*) from public.user_memory_facts where valid_to is null $$, array[1::bigint],
  'a late one leaves one current fact');
select is_empty(
  'select from public.user_memory_facts where valid_to < valid_from', 'and no span that ends before it begins');
select throws_ok(
  $$ select pg_temp.memory('{"facts": [{"id": "00000000-0000-4000-8000-0000000000f9", "category": "a", "key": "b",
       "fact": "c", "confidence": 2}]}') $$, '23514', null, 'a confidence above 1 is refused');

-- Summary, embeddings ------------------------------------------------------------------------------------------------
do $do$ begin perform pg_temp.memory('{"summary": {"covers_message_id": "00000000-0000-4000-8000-000000000202", "summary": "Newer.", "tokens": 2}}'); end $do$;
do $do$ begin perform pg_temp.memory('{"summary": {"covers_message_id": "00000000-0000-4000-8000-000000000201", "summary": "Older.", "tokens": 2}}'); end $do$;
select results_eq(
  'select summary from public.chat_session_summaries', array['Newer.'], 'an older summary that comes late replaces nothing');
do $do$ begin perform public.commit_memory(jsonb_build_object(
  'user_id', '00000000-0000-4000-8000-00000000000a', 'embeddings', jsonb_build_array(
    jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000000302', 'source', 'document', 'document_id', '00000000-0000-4000-8000-0000000000d1',
      'content', 'Mine', 'content_tokens', 1, 'embedding', pg_temp.vector(0.2)),
    jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000000303', 'source', 'document', 'document_id', '00000000-0000-4000-8000-0000000000d2',
      'content', 'Not mine', 'content_tokens', 2, 'embedding', pg_temp.vector(0.2))))); end $do$;
select set_eq(
  'select content from public.user_memory_embeddings', array['I live in Bern', 'Noted.', 'Mine'],
  'a document is embedded without a session, and one of another user not at all');


-- Pending ------------------------------------------------------------------------------------------------------------
do $do$ begin perform public.commit_memory(jsonb_build_object(
  'user_id', '00000000-0000-4000-8000-00000000000a', 'embeddings', jsonb_build_array(jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000304', 'source', 'document',
    'document_id', '00000000-0000-4000-8000-0000000000d1', 'chunk_index', 1, 'content', 'Mine too',
    'content_tokens', 2, 'occurred_at', '2026-11-05T10:00:00Z')))); end $do$;
do $do$ begin perform public.commit_turn(jsonb_set(
  pg_temp.turn() - 'embeddings' - 'facts' - 'summary' - 'tool_runs', '{messages}', jsonb_build_array(
    jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000000203', 'parent_id', '00000000-0000-4000-8000-000000000202', 'role', 'user',
      'content', 'Where do I live?', 'content_tokens', 5, 'status', 'complete', 'created_at', '2026-11-04T10:00:00Z'),
    jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000000204', 'parent_id', '00000000-0000-4000-8000-000000000203', 'role', 'assistant',
      'content', 'In Bern.', 'content_tokens', 3, 'status', 'complete', 'created_at', '2026-11-04T10:00:01Z')))
    || '{"turn_id": "00000000-0000-4000-8000-000000000102"}'); end $do$;
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 10),
  '[{"id": "00000000-0000-4000-8000-000000000202", "text": "Noted."},
    {"id": "00000000-0000-4000-8000-000000000203", "text": "Where do I live?\nNoted."},
    {"id": "00000000-0000-4000-8000-000000000204", "text": "In Bern.\nNoted. Where do I live?"},
    {"id": "00000000-0000-4000-8000-000000000304", "text": "Mine too"}]',
  'what is pending is told oldest first, messages with the two before them, documents alone');
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 1),
  '[{"id": "00000000-0000-4000-8000-000000000202", "text": "Noted."}]', 'as many as are asked for');
select is(public.pending_memories('00000000-0000-4000-8000-00000000000b', 10), '[]', 'of that user alone');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000b', jsonb_build_array(jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000202', 'embedding', pg_temp.vector(0.3)))),
  0::bigint, 'an embedding for somebody else''s memory is not saved');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000a', jsonb_build_array(
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000202', 'embedding', pg_temp.vector(0.3)),
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000203', 'embedding', null),
    jsonb_build_object('id', '00000000-0000-4000-8000-0000000002ff', 'embedding', pg_temp.vector(0.3)),
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000301', 'embedding', pg_temp.vector(0.3)))),
  3::bigint, 'embeddings are saved, and what is still pending is counted');
select results_eq(
  $$ select right(id::text, 3), embedding::text = pg_temp.vector(0.3) from public.user_memory_embeddings
     where embedding is not null and message_id is not null order by id $$,
  $$ values ('202', true), ('301', false) $$, 'what was there stays as it is');
do $do$ begin perform pg_temp.memory(jsonb_build_object('embeddings', jsonb_build_array(jsonb_build_object(
  'id', '00000000-0000-4000-8000-000000000305', 'source', 'message', 'message_id', '00000000-0000-4000-8000-000000000203',
  'content', 'Where do I live?', 'content_tokens', 5, 'embedding', pg_temp.vector(0.4))))); end $do$;
select results_eq(
  $$ select right(id::text, 3), embedding::text = pg_temp.vector(0.4) from public.user_memory_embeddings
     where message_id = '00000000-0000-4000-8000-000000000203' $$,
  $$ values ('203', true) $$, 'one that comes as a part of memory fills what is pending too');
select throws_ok(
  $$ select public.save_embeddings('00000000-0000-4000-8000-00000000000a',
       '[{"id": "00000000-0000-4000-8000-000000000204", "embedding": "[1,2]"}]') $$,
  '22000', null, 'a vector of another length is refused');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(public.pending_memories_count(), 2::bigint, 'a user is told how many are pending');
select throws_ok(
  $$ select public.pending_memories('00000000-0000-4000-8000-00000000000a', 10) $$, '42501', null, 'and not for embedding');
select throws_ok(
  $$ select public.save_embeddings('00000000-0000-4000-8000-00000000000a', '[]') $$, '42501', null, 'nor saves any');
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(public.pending_memories_count(), 0::bigint, 'which are their own');
set local role service_role;
select throws_ok('select public.pending_memories_count()', '42501', null, 'the service key has none');

-- Feedback -----------------------------------------------------------------------------------------------------------
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', 1, 'Good'),
  '{"saved": true}', 'an answer is rated');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', -1),
  '{"saved": true}', 'and rated again');
select results_eq(
  'select rating::integer, comment from public.chat_message_feedback', $$ values (-1, null::text) $$, 'the last word counts');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-000000000202', 1),
  '{"saved": false}', 'an answer to someone else is not there to rate');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000201', 1),
  '{"saved": false}', 'nor is what the user said themselves');
select throws_ok(
  $$ select public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', 5) $$,
  '23514', null, 'a rating is 1 or -1');
do $do$ begin
  perform public.save_feedback('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000202', null);
end $do$;
select is_empty('select from public.chat_message_feedback', 'a rating can be taken back');

-- Deleting a message's session takes its memory; facts stay, without their source ------------------------------------
set local role postgres;
delete from public.chat_sessions;
select set_eq(
  'select content from public.user_memory_embeddings', array['Mine', 'Mine too'], 'a deleted session is not remembered');
select isnt_empty('select from public.user_memory_facts', 'facts stay');
select is_empty('select from public.user_memory_facts where source_message_id is not null', 'without their source');

select * from finish();
rollback;
