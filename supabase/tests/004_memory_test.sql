-- Memory: recall searches memories of the caller; import_messages and the embedding queue store them.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- recall ---------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'c@example.com');

-- A vector that points along one axis: near only to itself.
create function pg_temp.axis(p_axis integer) returns extensions.halfvec language sql immutable as $$
  select array_agg((axis = p_axis)::integer::real order by axis)::extensions.halfvec from generate_series(1, 1536) axis;
$$;
-- In a document of its own, so that it has no neighbours.
create function pg_temp.remember(p_user text, p_number integer, p_content text) returns void
language sql as $$
  insert into public.chat_documents (id, user_id, name, media_type, size_bytes)
  values (('00000000-0000-4000-8000-0000000000d' || p_number)::uuid, p_user::uuid, p_number || '.txt', 'text/plain', 5);
  insert into public.user_memory_embeddings (
    id, user_id, source, document_id, content, content_tokens, embedding, occurred_at)
  values (
    ('00000000-0000-4000-8000-0000000000e' || p_number)::uuid, p_user::uuid, 'document',
    ('00000000-0000-4000-8000-0000000000d' || p_number)::uuid, p_content, 3, pg_temp.axis(p_number), '2026-11-01');
$$;
select pg_temp.remember('00000000-0000-4000-8000-00000000000a', n, content)
from (values (1, 'The lease ends in March'), (2, 'Invoices are due in thirty days'), (3, 'The office cat is called Miso'))
  as memories (n, content);
select pg_temp.remember('00000000-0000-4000-8000-00000000000b', 4, 'The lease of another user');
insert into public.user_memory_facts (id, user_id, category, key, fact, confidence, valid_to, expires_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Bern', 1, null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'pets', 'cat', 'Has a cat called Miso', 0.5, null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lived in Basel', 1, now() + interval '1 hour', null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'plans', 'trip', 'Is in Rome', 1, null, now() - interval '1 hour'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000b', 'profile', 'city', 'Lives in Rome', 1, null, null);

-- A conversation of user C without embeddings.
create function pg_temp.say(p_session integer, p_contents text[]) returns void language sql as $$
  insert into public.chat_sessions (id, user_id, employee_slug)
  values (('00000000-0000-4000-8000-0000000001c' || p_session)::uuid, '00000000-0000-4000-8000-00000000000c', 'prime-boss');
  insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
  select
    ('00000000-0000-4000-8000-000000000' || p_session || lpad(n::text, 2, '0'))::uuid,
    ('00000000-0000-4000-8000-0000000001c' || p_session)::uuid, '00000000-0000-4000-8000-00000000000c',
    case when n % 2 = 1 then 'user' else 'assistant' end, content, 7,
    '2026-11-02T10:00:00Z'::timestamptz + n * interval '1 minute'
  from unnest(p_contents) with ordinality said (content, n);
  select private.remember('00000000-0000-4000-8000-00000000000c', array_agg(id)) from public.chat_messages
  where session_id = ('00000000-0000-4000-8000-0000000001c' || p_session)::uuid;
$$;

create function pg_temp.contents(p_recalled jsonb) returns jsonb language sql as $$
  select jsonb_path_query_array(p_recalled, '$.memories[*].content');
$$;
create function pg_temp.facts(p_recalled jsonb) returns jsonb language sql as $$
  select jsonb_path_query_array(p_recalled, '$.facts[*].fact');
$$;
grant execute on all functions in schema pg_temp to public;

set local role anon;
select throws_ok($$ select public.recall(null, 'cat') $$, '42501', null, 'anon recalls nothing');
set local role service_role;
select throws_ok($$ select public.recall(null, 'cat') $$, '42501', null, 'the service key recalls nothing, because it is not a user');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(
  pg_temp.contents(public.recall(pg_temp.axis(2), 'when?', 1)), '["Invoices are due in thirty days"]',
  'the nearest vector is first');
select is(
  pg_temp.contents(public.recall(null, 'what is the cat called', 1)), '["The office cat is called Miso"]',
  'without an embedding words decide');
select is(
  pg_temp.contents(public.recall(p_query => 'cats', p_limit => 1)), '["The office cat is called Miso"]',
  'words match by their stems');
select is(
  pg_temp.contents(public.recall(null, 'what is in the')), '[]', 'stop words match nothing');
select is(
  pg_temp.contents(public.recall(pg_temp.axis(1), 'cat Miso', 2)),
  '["The office cat is called Miso", "The lease ends in March"]', 'meaning and words decide together');
select is(
  jsonb_array_length(public.recall(pg_temp.axis(1), 'lease', 50) -> 'memories'), 3, 'only memories of the caller are recalled');
select is(
  public.recall(pg_temp.axis(1), 'lease', 1) #> '{memories,0}',
  '{"message_id": null, "document_id": "00000000-0000-4000-8000-0000000000d1", "document": "1.txt",
    "media_type": "text/plain", "session_id": null,
    "role": null, "content": "The lease ends in March", "content_tokens": 3, "occurred_at": "2026-11-01T00:00:00+00:00",
    "score": 0.032787}', 'a memory has its date and its document');
select is(
  pg_temp.facts(public.recall(null, 'Miso', 1)), '["Has a cat called Miso", "Lives in Bern"]',
  'matching facts are first; superseded and expired facts are left out');
select is(jsonb_array_length(public.recall(null, 'Miso', 1, 1) -> 'facts'), 1, 'p_facts limits the facts');
select lives_ok(
  $$ select public.recall(null, E'it''s \\ a ''quoted'' & (odd) | query:* <-> !' || repeat(' word', 5000)) $$,
  'no query is a syntax error');
select lives_ok(
  $$ select public.recall(null, string_agg('word' || n, ' ')) from generate_series(1, 200000) n $$, 'no query is too long');
select is(public.recall(null, '') -> 'memories', '[]', 'an empty query without an embedding recalls nothing');
select is(public.recall(null, null) -> 'memories', '[]', 'a null query without an embedding recalls nothing');

-- Neighbours -----------------------------------------------------------------------------------------------------------
reset role;
select results_eq(
  $$ select word::text collate "default" from private.question_words('The quick \\ brown ''fox'' jumped & jumps', 3) $$,
  $$ values ('''brown'''), ('''quick'''), ('''jump''') $$, 'question_words returns the longest words');
select pg_temp.say(1, array['Any plans?', 'Lisbon maybe', 'With whom', 'My sister', 'Fine', 'Good', 'The weather is nice']);
select pg_temp.say(2, array['Something else']);
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000c"}';
select is(
  pg_temp.contents(public.recall(pg_temp.axis(1), 'Lisbon')), '["Lisbon maybe", "With whom", "My sister", "Any plans?"]',
  'pending memories are found by their words, with their neighbours; a question ranks lower');
select is(
  public.recall(null, 'Lisbon', 1) #> '{memories,0}',
  '{"message_id": "00000000-0000-4000-8000-000000000102", "document_id": null, "document": null, "media_type": null,
    "session_id": "00000000-0000-4000-8000-0000000001c1", "role": "assistant", "content": "Lisbon maybe",
    "content_tokens": 7, "occurred_at": "2026-11-02T10:02:00+00:00", "score": 0.016393}', 'a memory of a message has its role');
select is(
  pg_temp.contents(public.recall(null, 'weather')), '["The weather is nice", "Good", "Fine"]',
  'messages of another session are no neighbours');
select is(
  (select array_agg(round(words::numeric, 3) order by words desc)
   from private.memory_scores(null, 'Lisbon') where words is not null),
  -- Of eight memories one has the word: ln(1 + 7.5 / 1.5) * 2.2 * f / (f + 1.2), f = 1, 1/2 and 1/4.
  array[1.792, 1.159, 1.159, 0.680], 'a neighbour scores by its distance');

-- Questions and speakers -----------------------------------------------------------------------------------------------
reset role;
delete from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000c';
select pg_temp.say(n, array[content])
from (values (1, 'Ada: the harp is old'), (2, 'Bob: the harp is old'), (3, 'the harp is old'), (4, 'Bob: is the harp old? '))
  as said (n, content);
set local role authenticated;
select is(
  pg_temp.contents(public.recall(null, 'What did Bob say of the old harp?')),
  '["Bob: the harp is old", "the harp is old", "Bob: is the harp old? ", "Ada: the harp is old"]',
  'memories of a speaker named in the question rank higher, and questions rank lower');
select is(
  pg_temp.contents(public.recall(null, 'harp', 3)),
  '["Ada: the harp is old", "Bob: the harp is old", "the harp is old"]', 'no speaker ranks higher if the question names none');

-- A user with many memories (here: more than one) gets candidates from the indexes -------------------------------------
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
create function pg_temp.candidates(p_axis integer, p_words text, p_count integer) returns setof text language sql as $$
  select m.content from private.memory_scores(pg_temp.axis(p_axis), p_words, p_count, p_few => 1) c
  join public.user_memory_embeddings m using (id)
$$;
select set_eq(
  $$ select pg_temp.candidates(2, 'office', 1) $$, array['Invoices are due in thirty days', 'The office cat is called Miso'],
  'candidates are the nearest vector and the best match by words');
select set_eq(
  $$ select pg_temp.candidates(1, 'lease', 1) $$, array['The lease ends in March'],
  'candidates belong to the caller, also if another user has the same text');
select is(
  (select count(*) from pg_temp.candidates(2, 'office', 4)), 3::bigint,
  'all memories are compared if the index finds too few');
reset role;
delete from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000c';
select pg_temp.say(1, array['One', 'Two', 'Three', 'Lisbon', 'Five', 'Six', 'Seven']);
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000c"}';
select set_eq(
  $$ select pg_temp.candidates(1, 'Lisbon', 1) $$, array['Two', 'Three', 'Lisbon', 'Five', 'Six'],
  'candidates include neighbours, and pending memories by their words');

set local request.jwt.claims = '{"role": "authenticated"}';
select is(public.recall(pg_temp.axis(1), 'lease'), '{"facts": [], "summary": null, "memories": []}', 'a token without a user recalls nothing');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.axis, pg_temp.remember, pg_temp.say, pg_temp.contents, pg_temp.facts, pg_temp.candidates;

-- Pending memories and embeddings --------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
create function pg_temp.vector(p_value real) returns text language sql as $$
  select array_fill(p_value, array[1536])::extensions.halfvec(1536)::text;
$$;
grant execute on all functions in schema pg_temp to public;
insert into public.chat_sessions (id, user_id, employee_slug) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss');
insert into public.chat_messages (id, session_id, user_id, parent_id, role, content, content_tokens, created_at)
select
  ('00000000-0000-4000-8000-00000000020' || n)::uuid, '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-00000000000a', ('00000000-0000-4000-8000-00000000020' || case when n > 2 then n - 1 end)::uuid, role, content, 4,
  '2026-11-01T10:00:00Z'::timestamptz + n * interval '1 second'
from (values (1, 'user', 'I live in Bern'), (2, 'assistant', 'Noted.'), (3, 'user', 'Where do I live?'), (4, 'assistant', 'In Bern.'))
  as message (n, role, content);
select private.remember('00000000-0000-4000-8000-00000000000a', array_agg(id)) from public.chat_messages;
set local role service_role;
select is(
  public.save_document('00000000-0000-4000-8000-00000000000a', '{
    "id": "00000000-0000-4000-8000-0000000000d1", "name": "a.txt", "media_type": "text/plain", "size_bytes": 5,
    "received_at": "2026-11-01T10:00:00Z", "max_documents": 1, "chunks": [
      {"id": "00000000-0000-4000-8000-000000000304", "content": "Mine too", "content_tokens": 2}]}') ->> 'is_new',
  'true', 'a document with one chunk is stored');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000a', jsonb_build_array(
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000201', 'embedding', pg_temp.vector(0.1)))),
  4::bigint, 'four memories are pending');
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 10),
  '[{"id": "00000000-0000-4000-8000-000000000202", "text": "Noted."},
    {"id": "00000000-0000-4000-8000-000000000203", "text": "Where do I live?\nNoted."},
    {"id": "00000000-0000-4000-8000-000000000204", "text": "In Bern.\nNoted. Where do I live?"},
    {"id": "00000000-0000-4000-8000-000000000304", "text": "Mine too"}]',
  'pending memories are returned oldest first, messages with the two before them, chunks alone');
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 1),
  '[{"id": "00000000-0000-4000-8000-000000000202", "text": "Noted."}]', 'p_limit limits the pending memories');
select is(public.pending_memories('00000000-0000-4000-8000-00000000000b', 10), '[]', 'only pending memories of that user are returned');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000b', jsonb_build_array(jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000202', 'embedding', pg_temp.vector(0.3)))),
  0::bigint, 'an embedding for a memory of another user is not saved');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000a', jsonb_build_array(
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000202', 'embedding', pg_temp.vector(0.3)),
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000203', 'embedding', null),
    jsonb_build_object('id', '00000000-0000-4000-8000-0000000002ff', 'embedding', pg_temp.vector(0.3)),
    jsonb_build_object('id', '00000000-0000-4000-8000-000000000201', 'embedding', pg_temp.vector(0.3)))),
  3::bigint, 'embeddings are saved, and the pending memories counted');
select results_eq(
  $$ select right(id::text, 3), embedding::text = pg_temp.vector(0.3) from public.user_memory_embeddings
     where embedding is not null and message_id is not null order by id $$,
  $$ values ('201', false), ('202', true) $$, 'an embedding that exists stays unchanged');
select throws_ok(
  $$ select public.save_embeddings('00000000-0000-4000-8000-00000000000a',
       '[{"id": "00000000-0000-4000-8000-000000000204", "embedding": "[1,2]"}]') $$,
  '22000', null, 'a vector of another length is refused');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(public.pending_memories_count(), 3::bigint, 'a user reads the number of pending memories');
select throws_ok(
  $$ select public.pending_memories('00000000-0000-4000-8000-00000000000a', 10) $$, '42501', null, 'a user does not read pending memories');
select throws_ok(
  $$ select public.save_embeddings('00000000-0000-4000-8000-00000000000a', '[]') $$, '42501', null, 'a user saves no embeddings');
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(public.pending_memories_count(), 0::bigint, 'only pending memories of the caller are counted');
set local role service_role;
select throws_ok('select public.pending_memories_count()', '42501', null, 'the service key may not call pending_memories_count');

set local role postgres;
delete from public.chat_sessions;
select set_eq(
  'select content from public.user_memory_embeddings', array['Mine too'], 'the memories of a deleted session are deleted');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.vector;

-- import_messages ------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');

-- A message, with its number and the number of its session as the ends of their ids.
create function pg_temp.said(p_number integer, p_session integer, p_changes jsonb default '{}') returns jsonb
language sql as $$
  select jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000' || p_number, 'session_id', '00000000-0000-4000-8000-0000000001a' || p_session,
    'role', case when p_number % 2 = 1 then 'user' else 'assistant' end, 'content', 'Message ' || p_number,
    'content_tokens', 3, 'created_at', '2024-05-01T10:00:00Z'::timestamptz + p_number * interval '1 second') || p_changes;
$$;
create function pg_temp.import(p_user text, variadic p_messages jsonb[]) returns jsonb language sql as $$
  select public.import_messages(
    ('00000000-0000-4000-8000-00000000000' || p_user)::uuid, 'prime-boss', to_jsonb(p_messages));
$$;
-- Every message with its parent, as the ends of their ids.
create function pg_temp.tree() returns setof text language sql as $$
  select right(session_id::text, 2) || ': ' || coalesce(right(parent_id::text, 3), '-') || ' < ' || right(id::text, 3)
  from public.chat_messages order by session_id, created_at, id;
$$;
grant execute on all functions in schema pg_temp to public;

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok($$ select pg_temp.import('a', pg_temp.said(101, 1)) $$, '42501', null, 'a user may not call import_messages');

set local role service_role;
select is(
  pg_temp.import(
    'a', pg_temp.said(111, 1, '{"name": "first", "title": ""}'), pg_temp.said(121, 2, '{"role": "assistant"}'),
    pg_temp.said(112, 1, '{"title": "Boats"}'), pg_temp.said(113, 1, '{"title": "Another"}'),
    pg_temp.said(122, 2, '{"content": ""}')),
  '{"imported": 5, "known": 0}', 'messages of two sessions are imported');
select results_eq(
  'select pg_temp.tree()', array['a1: - < 111', 'a1: 111 < 112', 'a1: 112 < 113', 'a2: - < 121', 'a2: 121 < 122'],
  'the parent of each message is the one before it in its session');
select results_eq(
  $$ select employee_slug, title, message_count, content_tokens, last_message_at, created_at
     from public.chat_sessions order by id $$,
  $$ values ('prime-boss', 'Boats', 3, 9::bigint, '2024-05-01T10:01:53Z'::timestamptz, '2024-05-01T10:01:51Z'::timestamptz),
            ('prime-boss', null, 2, 6, '2024-05-01T10:02:02Z', '2024-05-01T10:02:01Z') $$,
  'the sessions are created with the first title, their counters and the times of their messages');
select results_eq(
  $$ select role, content, status, metadata, user_id from public.chat_messages
     where session_id::text like '%a1' order by created_at limit 2 $$,
  $$ values ('user', 'Message 111', 'complete', '{"imported": true, "client_message_id": "first"}'::jsonb,
             '00000000-0000-4000-8000-00000000000a'::uuid),
            ('assistant', 'Message 112', 'complete', '{"imported": true}', '00000000-0000-4000-8000-00000000000a') $$,
  'the metadata says that a message was imported, and the id that its client gave it');
select results_eq(
  $$ select right(id::text, 3), content, content_tokens, right(session_id::text, 2), occurred_at, embedding is null
     from public.user_memory_embeddings order by occurred_at limit 1 $$,
  $$ values ('111', 'Message 111', 3, 'a1', '2024-05-01T10:01:51Z'::timestamptz, true) $$,
  'imported messages are pending memories');
select is((select count(*) from public.user_memory_embeddings), 4::bigint, 'messages without text are not remembered');
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 10) #>> '{2,text}',
  E'Message 113\nMessage 111 Message 112', 'pending memories of imports have the messages before them');

-- Repeated and older messages ------------------------------------------------------------------------------------------
select is(
  pg_temp.import(
    'a', pg_temp.said(113, 1, '{"content": "Changed"}'), pg_temp.said(114, 1), pg_temp.said(114, 1), pg_temp.said(111, 2),
    pg_temp.said(123, 2)),
  '{"imported": 2, "known": 3}', 'known messages are counted and skipped, also those of another session and repeated ones');
select results_eq(
  'select pg_temp.tree()',
  array['a1: - < 111', 'a1: 111 < 112', 'a1: 112 < 113', 'a1: 113 < 114', 'a2: - < 121', 'a2: 121 < 122', 'a2: 122 < 123'],
  'new messages follow known messages of their session, or the newest older one');
select is_empty($$ select from public.chat_messages where content = 'Changed' $$, 'a known message stays unchanged');
select is(
  pg_temp.import('a', pg_temp.said(115, 1, '{"created_at": "2024-05-01T10:01:52.5Z"}'), pg_temp.said(101, 1)),
  '{"imported": 2, "known": 0}', 'older messages are imported');
select results_eq(
  $$ select * from pg_temp.tree() tree where tree ~ '< (101|115)' $$, array['a1: 115 < 101', 'a1: 112 < 115'],
  'older messages follow the newest message before them, and their own order');
select results_eq(
  $$ select message_count, last_message_at from public.chat_sessions where id::text like '%a1' $$,
  $$ values (6, '2024-05-01T10:01:54Z'::timestamptz) $$, 'older messages do not change the time of the session');
select is(public.import_messages('00000000-0000-4000-8000-00000000000a', 'prime-boss', '[]'),
  '{"imported": 0, "known": 0}', 'an empty import is accepted');

-- Deleted memories, other users, and erased users ----------------------------------------------------------------------
set local role authenticated;
delete from public.user_memory_embeddings where content = 'Message 112';
set local role service_role;
select is(
  pg_temp.import('a', pg_temp.said(112, 1)), '{"imported": 0, "known": 1}', 'a message whose memory was deleted is known');
select is_empty(
  $$ select from public.user_memory_embeddings where content = 'Message 112' $$, 'a deleted memory is not stored again');
select is(
  pg_temp.import('b', pg_temp.said(131, 3), pg_temp.said(124, 2), pg_temp.said(116, 1), pg_temp.said(117, 1)),
  '{"foreign": ["00000000-0000-4000-8000-0000000001a1", "00000000-0000-4000-8000-0000000001a2"]}',
  'sessions of another user are reported');
select is_empty(
  $$ select id from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000b'
     union all select id from public.chat_messages where content in ('Message 131', 'Message 124', 'Message 116') $$,
  'nothing of a call with foreign sessions is imported');
select is(
  pg_temp.import('b', pg_temp.said(111, 3), pg_temp.said(132, 3)), '{"imported": 1, "known": 1}',
  'a message id of another user is known and not imported');
select results_eq(
  $$ select user_id, parent_id from public.chat_messages where id::text ~ '(111|132)$' order by id $$,
  $$ values ('00000000-0000-4000-8000-00000000000a'::uuid, null::uuid), ('00000000-0000-4000-8000-00000000000b', null) $$,
  'a message of another user is no parent');
select throws_ok(
  $$ select pg_temp.import('b', pg_temp.said(133, 3, '{"role": "odd"}'), pg_temp.said(134, 3)) $$, '23514', null,
  'a malformed message is refused');
select is_empty($$ select from public.chat_messages where content ~ '13[34]' $$, 'nothing of a call with a malformed message is imported');
select is(pg_temp.import('c', pg_temp.said(141, 4)), '{"gone": true}', 'a user without an account imports nothing');
select isnt(public.erase_user('00000000-0000-4000-8000-00000000000a'), null, 'a user is erased');
select is(pg_temp.import('a', pg_temp.said(112, 1)), '{"gone": true}', 'an erased user imports nothing');
select is_empty(
  $$ select from public.user_memory_embeddings where user_id = '00000000-0000-4000-8000-00000000000a' $$, 'no memory of an erased user is left');

-- Many messages --------------------------------------------------------------------------------------------------------
select is(
  public.import_messages('00000000-0000-4000-8000-00000000000b', 'doc-clerk', (
    select jsonb_agg(jsonb_build_object(
      'id', gen_random_uuid(), 'session_id', '00000000-0000-4000-8000-0000000001b' || n % 10, 'role', 'user',
      'content', 'Message ' || n, 'content_tokens', 2,
      'created_at', '2024-05-01T10:00:00Z'::timestamptz + n * interval '1 ms') order by n)
    from generate_series(1, 1000) n)),
  '{"imported": 1000, "known": 0}', 'a thousand messages are imported');
select results_eq(
  $$ select count(*), count(*) filter (where m.parent_id is null), bool_and(m.created_at - p.created_at = interval '10 ms')
     from public.chat_messages m left join public.chat_messages p on p.id = m.parent_id where m.session_id::text ~ '1b.$' $$,
  $$ values (1000::bigint, 10::bigint, true) $$, 'each follows the one before it in its session');

select * from finish();
rollback;
