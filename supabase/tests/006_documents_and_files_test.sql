-- Documents: stored with their chunks, ready when all of them have embeddings. Files: rows of objects in the bucket.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- Storing documents ----------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');

-- A document with p_chunks chunks. Its id ends in its number, and so do the ids of its chunks.
create function pg_temp.document(p_number integer, p_chunks integer, p_changes jsonb default '{}') returns jsonb
language sql as $$
  select jsonb_build_object(
    'id', '00000000-0000-4000-8000-0000000000d' || p_number, 'name', p_number || ' of [EMAIL_1].md', 'media_type', 'text/markdown',
    'size_bytes', 12, 'received_at', now(), 'max_documents', 3,
    'chunks', (select jsonb_agg(jsonb_build_object(
      'id', '00000000-0000-4000-8000-000000000' || p_number || '0' || n, 'content', 'Llamas ' || n, 'content_tokens', 3) order by n)
      from generate_series(1, p_chunks) n)) || p_changes;
$$;
create function pg_temp.save(p_user text, p_document jsonb) returns jsonb language sql as $$
  select public.save_document(('00000000-0000-4000-8000-00000000000' || p_user)::uuid, p_document);
$$;
-- Vectors for some chunks of a document.
create function pg_temp.embed(p_document integer, variadic p_chunks integer[]) returns bigint language sql as $$
  select public.save_embeddings('00000000-0000-4000-8000-00000000000a', jsonb_agg(jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000' || p_document || '0' || n,
    'embedding', array_fill(0.1::real, array[1536])::extensions.halfvec(1536)::text)))
  from unnest(p_chunks) n;
$$;
create function pg_temp.progress() returns setof text language sql as $$
  select concat_ws(' ', d ->> 'name', d ->> 'status', d ->> 'embedded', 'of', d ->> 'chunks') from public.list_documents() d;
$$;
create function pg_temp.become(p_role text, p_user text default null) returns void language plpgsql as $$
begin
  execute format('set local role %I', p_role);
  perform set_config('request.jwt.claims', jsonb_build_object(
    'role', p_role, 'sub', '00000000-0000-4000-8000-00000000000' || p_user)::text, true);
end $$;
grant execute on all functions in schema pg_temp to public;

select pg_temp.become('authenticated', 'a');
select throws_ok($$ select pg_temp.save('a', pg_temp.document(1, 1)) $$, '42501', null, 'a user may not call save_document');

select pg_temp.become('service_role');
select is(
  pg_temp.save('a', pg_temp.document(1, 3)) #- '{document,created_at}' #- '{document,updated_at}',
  '{"is_new": true, "document": {"id": "00000000-0000-4000-8000-0000000000d1", "name": "1 of [EMAIL_1].md", "chunks": 3,
    "media_type": "text/markdown", "size_bytes": 12, "status": "pending", "error_code": null, "embedded": 0}}',
  'a document is stored, and its row returned');
select results_eq(
  $$ select right(id::text, 3), chunk_index, content, content_tokens, embedding is null,
       occurred_at - first_value(occurred_at) over (order by chunk_index)
     from public.user_memory_embeddings order by occurred_at $$,
  $$ values ('101', 0, 'Llamas 1', 3, true, interval '0'), ('102', 1, 'Llamas 2', 3, true, interval '1 microsecond'),
            ('103', 2, 'Llamas 3', 3, true, interval '2 microseconds') $$,
  'its chunks are pending memories in their order');
select is(
  pg_temp.save('a', pg_temp.document(1, 2, '{"name": "other.md"}')) ->> 'is_new', 'false', 'the same document is not stored again');
select is((select count(*) from public.user_memory_embeddings), 3::bigint, 'the chunks of the same document are not stored again');
select throws_ok(
  $$ select pg_temp.save('b', pg_temp.document(1, 1)) $$, '42501', null, 'a document of another user is refused');
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 1),
  '[{"id": "00000000-0000-4000-8000-000000000101", "text": "Llamas 1"}]', 'chunks are embedded alone and in order');
select pg_temp.embed(1, 1, 2);

select pg_temp.become('authenticated', 'a');
select results_eq('select pg_temp.progress()', array['1 of [EMAIL_1].md processing 2 of 3'], 'a document in progress has the number of embedded chunks');
select pg_temp.become('service_role');
select is(pg_temp.embed(1, 3), 0::bigint, 'the last embedding is saved');
select pg_temp.become('authenticated', 'a');
select results_eq('select pg_temp.progress()', array['1 of [EMAIL_1].md ready 3 of 3'], 'a document with all embeddings is ready');
select is(
  (public.memories(10) -> 0) - array['content_tokens', 'occurred_at', 'embedding'],
  '{"id": "00000000-0000-4000-8000-000000000103", "document": "1 of [EMAIL_1].md", "media_type": "text/markdown",
    "document_id": "00000000-0000-4000-8000-0000000000d1", "message_id": null, "session_id": null, "role": null,
    "content": "Llamas 3"}', 'the memory of a chunk names its document');
select is(
  jsonb_path_query_array(public.memories(10), '$[*].content'), '["Llamas 3", "Llamas 2", "Llamas 1"]',
  'the last chunk is the newest memory');

reset role;
select pg_temp.become('service_role');
select is(pg_temp.save('a', pg_temp.document(8, 1)) ->> 'is_new', 'true', 'a second document is stored');
reset role;
alter table public.chat_documents disable trigger user;
update public.chat_documents set updated_at = now() - interval '8 days';
alter table public.chat_documents enable trigger user;
select pg_temp.become('service_role');
select is(public.purge_expired() ->> 'unfinished_documents', '0', 'a document with chunks is not purged as unfinished');
select is(
  public.delete_document('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000d8'), true, 'it is deleted for its user');

-- max_documents --------------------------------------------------------------------------------------------------------
select pg_temp.become('service_role');
select is(pg_temp.save('a', pg_temp.document(n, 1)) ->> 'is_new', 'true', 'document ' || n || ' is stored') from generate_series(2, 3) n;
select is(pg_temp.save('a', pg_temp.document(4, 1)), '{"is_new": false}', 'a document beyond max_documents is not stored');
select is(pg_temp.save('a', pg_temp.document(3, 1)) #>> '{document,name}', '3 of [EMAIL_1].md', 'a document that exists is returned beyond max_documents');
select is(
  public.save_document('00000000-0000-4000-8000-00000000000c', pg_temp.document(5, 1)),
  '{"gone": true, "is_new": false}', 'a document without an account is not stored');
select is(pg_temp.save('b', pg_temp.document(6, 1)) ->> 'is_new', 'true', 'documents are counted per user');

-- Listing and deleting -------------------------------------------------------------------------------------------------
select pg_temp.become('authenticated', 'b');
select results_eq('select pg_temp.progress()', array['6 of [EMAIL_1].md pending 0 of 1'], 'a user lists their own documents');
select is_empty(
  $$ select public.list_documents('00000000-0000-4000-8000-0000000000d1') $$, 'a document of another user is not listed by its id');
select throws_ok(
  $$ select public.delete_document('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000d6') $$, '42501', null,
  'a user deletes a document through the API alone');
select pg_temp.become('service_role');
select is(
  public.delete_document('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000d1'), false,
  'a document of another user is not deleted');
select pg_temp.become('authenticated', 'a');
select is((select count(*) from public.list_documents()), 3::bigint, 'the documents of the other user are unchanged');
select pg_temp.become('service_role');
select is(
  public.delete_document('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000d1'), true, 'a document is deleted');
select is(
  public.delete_document('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000d1'), false,
  'a deleted document cannot be deleted again');
select pg_temp.become('authenticated', 'a');
select is_empty(
  $$ select from public.user_memory_embeddings where document_id = '00000000-0000-4000-8000-0000000000d1' $$,
  'the chunks of a deleted document are deleted');
select is_empty(
  $$ select from jsonb_array_elements(public.memories(10)) m where m ->> 'document_id' = '00000000-0000-4000-8000-0000000000d1' $$,
  'the chunks of a deleted document are no memories');
select pg_temp.become('anon');
select throws_ok('select public.list_documents()', '42501', null, 'anon lists no documents');

-- An erased user -------------------------------------------------------------------------------------------------------
select pg_temp.become('service_role');
select is(
  (public.erase_user('00000000-0000-4000-8000-00000000000a') ->> 'chat_documents')::integer, 2, 'the documents of an erased user are deleted');
select is(
  pg_temp.save('a', pg_temp.document(7, 1, jsonb_build_object('received_at', now() - interval '1 minute'))) ->> 'gone', 'true',
  'a document received before the erasure is not stored');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.document, pg_temp.save, pg_temp.embed, pg_temp.progress, pg_temp.become;

-- Files ----------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
set local role service_role;
select is(
  public.save_file('00000000-0000-4000-8000-00000000000b', '{"id": "00000000-0000-4000-8000-000000000600", "purpose": "scan",
    "name": "b.png", "media_type": "image/png", "size_bytes": 5, "received_at": "2026-11-01T10:00:00Z",
    "expires_at": "2999-01-01T00:00:00Z"}', 1), '{"saved": true, "expired": []}', 'a picture is saved');
select is(
  public.save_file('00000000-0000-4000-8000-00000000000b', '{"id": "00000000-0000-4000-8000-000000000601", "purpose": "scan",
    "name": "b.png", "media_type": "image/png", "size_bytes": 5, "received_at": "2026-11-01T10:00:00Z"}', 1),
  '{"saved": false, "expired": []}', 'a picture beyond p_max_files is not saved');
select is(
  public.delete_files('00000000-0000-4000-8000-00000000000a', array['00000000-0000-4000-8000-000000000600']::uuid[]), '[]',
  'files of another user are not deleted');
select is(
  public.delete_files('00000000-0000-4000-8000-00000000000b', array['00000000-0000-4000-8000-000000000600']::uuid[]),
  '["00000000-0000-4000-8000-000000000600"]', 'a user deletes their own files');
select is(
  public.save_file('00000000-0000-4000-8000-00000000000c', '{"id": "00000000-0000-4000-8000-000000000602", "purpose": "scan",
    "name": "c.png", "media_type": "image/png", "size_bytes": 5, "received_at": "2026-11-01T10:00:00Z"}', 1),
  '{"saved": false, "gone": true}', 'a file without an account is not saved');
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok(
  $$ select public.save_file('00000000-0000-4000-8000-00000000000a', '{}', 1) $$, '42501', null, 'a user may not call save_file');

select * from finish();
rollback;
