-- Documents for retrieval, and files in the bucket.

-- Documents ------------------------------------------------------------------------------------------------------------

create or replace function private.document_row(p_document uuid) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'id', d.id, 'name', d.name, 'media_type', d.media_type, 'size_bytes', d.size_bytes, 'status', d.status,
    'error_code', d.error_code, 'chunks', d.chunks,
    'embedded', d.chunks - case d.status when 'ready' then 0 else (
      select count(*) from public.user_memory_embeddings m where m.document_id = d.id and m.embedding is null) end,
    'created_at', d.created_at, 'updated_at', d.updated_at)
  from public.chat_documents d where d.id = p_document;
$$;
comment on function private.document_row(uuid) is
'Returns a document as its user sees it, or null: {id, name, media_type, size_bytes, status, error_code, chunks, embedded,
created_at, updated_at}. embedded is the number of chunks that are not pending; for a document that is ready they are not
counted. Callers: list_documents as authenticated, save_document as its owner.';
grant execute on function private.document_row(uuid) to authenticated;

create or replace function public.save_document(p_user uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_id constant uuid := (p_document ->> 'id')::uuid;
  v_now constant timestamptz := clock_timestamp();
  v_owner uuid;
  v_is_new boolean := false;
begin
  if private.is_gone(p_user, (p_document ->> 'received_at')::timestamptz) then
    return jsonb_build_object('gone', true, 'is_new', false);
  end if;
  -- One call per user at a time: otherwise concurrent uploads could exceed max_documents.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('chat_documents ' || p_user, 0));
  select user_id into v_owner from public.chat_documents where id = v_id;
  if v_owner is null then
    if (select count(*) from public.chat_documents where user_id = p_user) >= (p_document ->> 'max_documents')::integer then
      return jsonb_build_object('is_new', false);
    end if;
    insert into public.chat_documents (id, user_id, name, media_type, size_bytes, status, chunks, created_at, updated_at)
    values (
      v_id, p_user, p_document ->> 'name', p_document ->> 'media_type', (p_document ->> 'size_bytes')::bigint, 'pending',
      jsonb_array_length(p_document -> 'chunks'), v_now, v_now);
    -- One microsecond apart: memories are ordered by time.
    insert into public.user_memory_embeddings (
      id, user_id, source, document_id, chunk_index, content, content_tokens, occurred_at)
    select
      c.id, p_user, 'document', v_id, c.place - 1, c.content, c.content_tokens,
      v_now + (c.place - 1) * interval '1 microsecond'
    from rows from (jsonb_to_recordset(p_document -> 'chunks') as (id uuid, content text, content_tokens integer))
      with ordinality as c(id, content, content_tokens, place);
    v_is_new := true;
  elsif v_owner <> p_user then
    raise exception 'Document % belongs to another user: send its owner''s user_id.', v_id
      using errcode = 'insufficient_privilege';
  end if;
  return jsonb_build_object('document', private.document_row(v_id), 'is_new', v_is_new);
end $$;
comment on function public.save_document(uuid, jsonb) is
'Saves a document with its chunks as pending memories, or nothing: {id, name, media_type, size_bytes, received_at,
max_documents, chunks: [{id, content, content_tokens}]}.

Returns {document, is_new}, the document as in document_row; one that exists is not changed. No document if the user has
max_documents already; {gone: true, is_new: false} if the user does not exist or was erased after received_at. Errors:
42501 if the document belongs to another user. Callers: service_role.';
grant execute on function public.save_document(uuid, jsonb) to service_role;

create or replace function public.list_documents(p_document uuid default null) returns setof jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select private.document_row(d.id)
  from public.chat_documents d
  where d.user_id = (select auth.uid()) and (p_document is null or d.id = p_document)
  order by d.created_at desc, d.id limit 1000;
$$;
comment on function public.list_documents(uuid) is
'Returns the documents of the caller, newest first (at most 1000), or the one with that id, as in document_row. Callers:
authenticated.';
grant execute on function public.list_documents(uuid) to authenticated;

create or replace function public.delete_document(p_user uuid, p_document uuid) returns boolean
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
begin
  if private.is_gone(p_user, now()) then
    return false;
  end if;
  delete from public.chat_documents where id = p_document and user_id = p_user;
  return found;
end $$;
comment on function public.delete_document(uuid, uuid) is
'Deletes a document of a user with its chunks and embeddings. Returns false if there is none. The object of the user deletes its file
and its passages in the index. Callers: service_role.';
grant execute on function public.delete_document(uuid, uuid) to service_role;

-- Files ----------------------------------------------------------------------------------------------------------------

create or replace function public.save_file(p_user uuid, p_file jsonb, p_max_files integer) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_expired jsonb;
begin
  if private.is_gone(p_user, (p_file ->> 'received_at')::timestamptz) then
    return jsonb_build_object('saved', false, 'gone', true);
  end if;
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('chat_files ' || p_user, 0));
  with expired as (
    delete from public.chat_files where user_id = p_user and expires_at < now() returning id
  ) select coalesce(jsonb_agg(id), '[]') into v_expired from expired;
  if (select count(*) from public.chat_files where user_id = p_user and purpose = p_file ->> 'purpose') >= p_max_files then
    return jsonb_build_object('saved', false, 'expired', v_expired);
  end if;
  insert into public.chat_files (id, user_id, purpose, name, media_type, size_bytes, expires_at)
  values (
    (p_file ->> 'id')::uuid, p_user, p_file ->> 'purpose', p_file ->> 'name', p_file ->> 'media_type',
    (p_file ->> 'size_bytes')::bigint, (p_file ->> 'expires_at')::timestamptz)
  on conflict (id) do nothing;
  return jsonb_build_object('saved', true, 'expired', v_expired);
end $$;
comment on function public.save_file(uuid, jsonb, integer) is
'Saves the row of an uploaded file: {id, purpose, name, media_type, size_bytes, received_at, expires_at}. Deletes the rows
of expired files first. Returns {saved, expired: [ids that the bucket may delete]}: saved is false if the user has
p_max_files files of that purpose, and {saved: false, gone: true} if the user does not exist or was erased after
received_at. Callers: service_role.';
grant execute on function public.save_file(uuid, jsonb, integer) to service_role;

create or replace function public.delete_files(p_user uuid, p_files uuid[]) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_deleted jsonb;
begin
  if private.is_gone(p_user, now()) then
    return '[]';
  end if;
  with deleted as (delete from public.chat_files where user_id = p_user and id = any (p_files) returning id)
  select coalesce(jsonb_agg(id), '[]') into v_deleted from deleted;
  return v_deleted;
end $$;
comment on function public.delete_files(uuid, uuid[]) is
  'Deletes the rows of files of a user. Returns the ids of those that existed. Callers: service_role.';
grant execute on function public.delete_files(uuid, uuid[]) to service_role;
