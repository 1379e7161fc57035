-- Memory: memories and match_memories read memories of the caller; import_messages and the embedding queue store them.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- memories -------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'c@example.com');

-- A vector that points along one axis: near only to itself.
create function pg_temp.axis(p_axis integer) returns extensions.halfvec language sql immutable as $$
  select array_agg((axis = p_axis)::integer::real order by axis)::extensions.halfvec from generate_series(1, 1536) axis;
$$;
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
insert into public.chat_sessions (id, user_id, employee_slug) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
select
  ('00000000-0000-4000-8000-00000000020' || n)::uuid, '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-00000000000a', role, content, 4, '2026-11-02T10:00:00.000001Z'::timestamptz + n * interval '1 second'
from (values (1, 'user', 'Any plans?'), (2, 'assistant', 'Lisbon maybe'), (3, 'assistant', ' ')) as message (n, role, content);
select set_eq(
  $$ select unnest(private.remember('00000000-0000-4000-8000-00000000000a', array_agg(id))) from public.chat_messages $$,
  array['00000000-0000-4000-8000-000000000201', '00000000-0000-4000-8000-000000000202']::uuid[],
  'remember returns the new memories, and stores no message without text');
select is(
  private.remember('00000000-0000-4000-8000-00000000000a', array_agg(id)), '{}', 'remember returns no memory that exists')
from public.chat_messages;

create function pg_temp.contents(p_memories jsonb) returns jsonb language sql as $$
  select jsonb_path_query_array(p_memories, '$[*].content');
$$;
-- The page after a memory.
create function pg_temp.after(p_memory jsonb, p_limit integer) returns jsonb language sql as $$
  select public.memories(p_limit, (p_memory ->> 'occurred_at')::timestamptz, (p_memory ->> 'id')::uuid);
$$;
grant execute on all functions in schema pg_temp to public;

set local role anon;
select throws_ok('select public.memories(10)', '42501', null, 'anon reads no memories');
select throws_ok('select public.match_memories(pg_temp.axis(1))', '42501', null, 'anon matches no memories');
set local role service_role;
select throws_ok('select public.memories(10)', '42501', null, 'the service key reads no memories, because it is not a user');
select throws_ok('select public.match_memories(pg_temp.axis(1))', '42501', null, 'the service key matches no memories');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(
  pg_temp.contents(public.memories(10)),
  '["Lisbon maybe", "Any plans?", "The office cat is called Miso", "Invoices are due in thirty days", "The lease ends in March"]',
  'memories of the caller are returned, the newest first');
select is(
  public.memories(1) -> 0,
  '{"id": "00000000-0000-4000-8000-000000000202", "message_id": "00000000-0000-4000-8000-000000000202",
    "session_id": "00000000-0000-4000-8000-0000000000a1", "document_id": null, "document": null, "media_type": null,
    "role": "assistant", "content": "Lisbon maybe", "content_tokens": 4, "occurred_at": "2026-11-02T10:00:02.000001+00:00",
    "embedding": null}', 'a memory of a message has its role, and no embedding while it is pending');
select is(
  (public.memories(3) -> 2) - 'embedding',
  '{"id": "00000000-0000-4000-8000-0000000000e3", "message_id": null, "session_id": null,
    "document_id": "00000000-0000-4000-8000-0000000000d3", "document": "3.txt", "media_type": "text/plain", "role": null,
    "content": "The office cat is called Miso", "content_tokens": 3, "occurred_at": "2026-11-01T00:00:00+00:00"}',
  'a memory of a document has its name and type');
select is(
  -- 1536 and 0, then 1.0 at the third place of 1536.
  decode(public.memories(3) -> 2 ->> 'embedding', 'base64'),
  decode('06000000' || repeat('0000', 2) || '3c00' || repeat('0000', 1533), 'hex'), 'an embedding is the binary form in base64');
select ok(public.memories(3) -> 2 ->> 'embedding' !~ '\s', 'the base64 has no line breaks');

-- Pages ----------------------------------------------------------------------------------------------------------------
select is(
  pg_temp.contents(pg_temp.after(public.memories(3) -> 2, 10)), '["Invoices are due in thirty days", "The lease ends in March"]',
  'the next page begins after the last memory, also among memories of the same time');
select is(
  pg_temp.contents(pg_temp.after(public.memories(1) -> 0, 1)), '["Any plans?"]', 'a position has the precision of a microsecond');
select is(pg_temp.after(public.memories(5) -> 4, 10), '[]', 'after the last memory there is none');
select is(jsonb_array_length(public.memories(0)), 0, 'a limit of zero gives none');
select is(jsonb_array_length(public.memories(-1)), 0, 'a limit below zero gives none');
reset role;
insert into public.chat_documents (id, user_id, name, media_type, size_bytes)
values ('00000000-0000-4000-8000-0000000000dc', '00000000-0000-4000-8000-00000000000c', 'c.txt', 'text/plain', 5);
insert into public.user_memory_embeddings (id, user_id, source, document_id, chunk_index, content, content_tokens, occurred_at)
select gen_random_uuid(), '00000000-0000-4000-8000-00000000000c', 'document', '00000000-0000-4000-8000-0000000000dc', n,
  'Passage ' || n, 2, '2026-11-01'
from generate_series(1, 1001) n;
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000c"}';
select is(jsonb_array_length(public.memories(5000)), 1000, 'a page has at most 1000 memories');
select is(jsonb_array_length(pg_temp.after(public.memories(1000) -> 999, 1000)), 1, 'the rest is in the next page');

-- match_memories -------------------------------------------------------------------------------------------------------
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select results_eq(
  $$ select right(id::text, 2), content, occurred_at, distance from public.match_memories(pg_temp.axis(2), 1) $$,
  $$ values ('e2', 'Invoices are due in thirty days', '2026-11-01'::timestamptz, 0::double precision) $$,
  'the nearest memory is first, with its distance');
select results_eq(
  $$ select right(id::text, 2), round(distance::numeric, 2)
     from public.match_memories((pg_temp.axis(1) operator(extensions.+) pg_temp.axis(1) operator(extensions.+) pg_temp.axis(3))) $$,
  $$ values ('e1', 0.11), ('e3', 0.55), ('e2', 1.00) $$,
  'memories are ordered by cosine distance; pending ones and those of other users are left out');
select is((select count(*) from public.match_memories(pg_temp.axis(4))), 3::bigint, 'the nearest vector of another user is not returned');
select is_empty('select public.match_memories(null)', 'no vector matches nothing');
select is_empty('select public.match_memories(pg_temp.axis(1), 0)', 'a limit of zero matches nothing');
select throws_ok($$ select public.match_memories('[1,2]') $$, '22000', null, 'a vector of another length is refused');

set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(pg_temp.contents(public.memories(10)), '["The lease of another user"]', 'another user reads only their own memories');
select is(
  pg_temp.contents(public.memories(10, '2026-11-02T10:00:02.000001Z', '00000000-0000-4000-8000-000000000202')),
  '["The lease of another user"]', 'the position of another user''s memory gives none of theirs');
set local request.jwt.claims = '{"role": "authenticated"}';
select is(public.memories(10), '[]', 'a token without a user reads no memories');
select is_empty('select public.match_memories(pg_temp.axis(1))', 'a token without a user matches no memories');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.axis, pg_temp.remember, pg_temp.contents, pg_temp.after;

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
-- The result of an import, with the ends of the ids that it added, in their order.
create function pg_temp.counts(p_result jsonb) returns jsonb language sql as $$
  select p_result || jsonb_build_object('added', coalesce((
    select jsonb_agg(right(id, 3)::integer order by id) from jsonb_array_elements_text(p_result -> 'added') id), '[]'));
$$;
-- Every message with its parent, as the ends of their ids.
create function pg_temp.tree() returns setof text language sql as $$
  select right(session_id::text, 2) || ': ' || coalesce(right(parent_id::text, 3), '-') || ' < ' || right(id::text, 3)
  from public.chat_messages order by session_id, created_at, id;
$$;
-- Fields of a message that names its parent.
create function pg_temp.follows(p_number integer) returns jsonb language sql as $$
  select jsonb_build_object('parent_id', pg_temp.said(p_number, 1) ->> 'id');
$$;
grant execute on all functions in schema pg_temp to public;

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok($$ select pg_temp.import('a', pg_temp.said(101, 1)) $$, '42501', null, 'a user may not call import_messages');

set local role service_role;
select is(
  pg_temp.counts(pg_temp.import(
    'a', pg_temp.said(111, 1, '{"name": "first", "title": ""}'), pg_temp.said(121, 2, '{"role": "assistant"}'),
    pg_temp.said(112, 1, '{"title": "Boats"}'), pg_temp.said(113, 1, '{"title": "Another"}'),
    pg_temp.said(122, 2, '{"content": ""}'))),
  '{"imported": 5, "known": 0, "added": [111, 112, 113, 121]}',
  'messages of two sessions are imported; those with text are added to memory');
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
  pg_temp.counts(pg_temp.import(
    'a', pg_temp.said(113, 1, '{"content": "Changed"}'), pg_temp.said(114, 1), pg_temp.said(114, 1), pg_temp.said(111, 2),
    pg_temp.said(123, 2))),
  '{"imported": 2, "known": 3, "added": [114, 123]}', 'known messages are counted and skipped, also those of another session and repeated ones');
select results_eq(
  'select pg_temp.tree()',
  array['a1: - < 111', 'a1: 111 < 112', 'a1: 112 < 113', 'a1: 113 < 114', 'a2: - < 121', 'a2: 121 < 122', 'a2: 122 < 123'],
  'new messages follow known messages of their session, or the newest older one');
select is_empty($$ select from public.chat_messages where content = 'Changed' $$, 'a known message stays unchanged');
select is(
  pg_temp.counts(
    pg_temp.import('a', pg_temp.said(115, 1, '{"created_at": "2024-05-01T10:01:52.5Z"}'), pg_temp.said(101, 1))),
  '{"imported": 2, "known": 0, "added": [101, 115]}', 'older messages are imported');
select results_eq(
  $$ select * from pg_temp.tree() tree where tree ~ '< (101|115)' $$, array['a1: 115 < 101', 'a1: 112 < 115'],
  'older messages follow the newest message before them, and their own order');
select results_eq(
  $$ select message_count, last_message_at from public.chat_sessions where id::text like '%a1' $$,
  $$ values (6, '2024-05-01T10:01:54Z'::timestamptz) $$, 'older messages do not change the time of the session');
-- Branches: parents that are named.
select is(
  pg_temp.counts(pg_temp.import(
    'a', pg_temp.said(141, 4, '{"is_first": true}'), pg_temp.said(142, 4), pg_temp.said(143, 4, pg_temp.follows(141)),
    pg_temp.said(144, 4, '{"is_first": true}'), pg_temp.said(145, 4, pg_temp.follows(146)), pg_temp.said(146, 4, pg_temp.follows(145)),
    pg_temp.said(147, 4, pg_temp.follows(147)))) - 'added',
  '{"imported": 7, "known": 0}', 'messages with parents are imported');
select is(
  pg_temp.counts(pg_temp.import('a', pg_temp.said(148, 4, pg_temp.follows(142)), pg_temp.said(149, 4, pg_temp.follows(111)))) - 'added',
  '{"imported": 2, "known": 0}', 'also with parents that are known');
select results_eq(
  $$ select * from pg_temp.tree() tree where tree like 'a4%' $$,
  array['a4: - < 141', 'a4: 141 < 142', 'a4: 141 < 143', 'a4: - < 144', 'a4: 144 < 145', 'a4: 145 < 146', 'a4: 146 < 147', 'a4: 142 < 148',
    'a4: 148 < 149'],
  'a parent is the one that is named, or none; one that comes later or is of another session is no parent');

select is(public.import_messages('00000000-0000-4000-8000-00000000000a', 'prime-boss', '[]'),
  '{"imported": 0, "known": 0, "added": []}', 'an empty import is accepted');

-- Deleted memories, other users, and erased users ----------------------------------------------------------------------
reset role;
delete from public.user_memory_embeddings where content = 'Message 112';
set local role service_role;
select is(
  pg_temp.import('a', pg_temp.said(112, 1)), '{"imported": 0, "known": 1, "added": []}', 'a message whose memory was deleted is known');
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
  pg_temp.counts(pg_temp.import('b', pg_temp.said(111, 3), pg_temp.said(132, 3))),
  '{"imported": 1, "known": 1, "added": [132]}',
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
select is(pg_temp.import('a', pg_temp.said(112, 1)), '{"gone": true}', 'an import that began before an erasure adds nothing');
select is_empty(
  $$ select from public.user_memory_embeddings where user_id = '00000000-0000-4000-8000-00000000000a' $$, 'no memory of an erased user is left');

-- Many messages --------------------------------------------------------------------------------------------------------
select is(
  public.import_messages('00000000-0000-4000-8000-00000000000b', 'doc-clerk', (
    select jsonb_agg(jsonb_build_object(
      'id', gen_random_uuid(), 'session_id', '00000000-0000-4000-8000-0000000001b' || n % 10, 'role', 'user',
      'content', 'Message ' || n, 'content_tokens', 2,
      'created_at', '2024-05-01T10:00:00Z'::timestamptz + n * interval '1 ms') order by n)
    from generate_series(1, 1000) n)) - 'added',
  '{"imported": 1000, "known": 0}', 'a thousand messages are imported');
select results_eq(
  $$ select count(*), count(*) filter (where m.parent_id is null), bool_and(m.created_at - p.created_at = interval '10 ms')
     from public.chat_messages m left join public.chat_messages p on p.id = m.parent_id where m.session_id::text ~ '1b.$' $$,
  $$ values (1000::bigint, 10::bigint, true) $$, 'each follows the one before it in its session');

select * from finish();
rollback;
