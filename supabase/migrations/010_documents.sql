-- Documents for retrieval: stored whole, as pending memories, and ready when every one of them has its vector.

alter table public.chat_documents add column if not exists chunks integer not null default 0 check (chunks >= 0);
comment on column public.chat_documents.chunks is 'Passages that it was cut into.';

-- Storing ----------------------------------------------------------------------------------------------------------------

-- {id, name, media_type, size_bytes, received_at, max_documents, chunks: [{id, content, content_tokens}]}: a document with its chunks, in their order,
-- all of which are pending. One that is there is not written again. {document, is_new}, the document as list_documents has it;
-- no document when the user has max_documents already, and {gone: true} when the user is gone.
create or replace function public.save_document(p_user uuid, p_document jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_id constant uuid := (p_document ->> 'id')::uuid;
  v_now constant timestamptz := clock_timestamp();
  v_owner uuid;
  v_is_new boolean := false;
begin
  if private.is_gone(p_user, (p_document ->> 'received_at')::timestamptz) then
    return jsonb_build_object('gone', true, 'is_new', false);
  end if;
  -- One document of a user at a time: so their number holds, however many are sent at once.
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
    -- A microsecond apart, so that time orders them wherever memories are ordered by it.
    insert into public.user_memory_embeddings (
      id, user_id, source, document_id, chunk_index, content, content_tokens, occurred_at)
    select c.id, p_user, 'document', v_id, c.place - 1, c.content, c.content_tokens, v_now + (c.place - 1) * interval '1 microsecond'
    from rows from (jsonb_to_recordset(p_document -> 'chunks') as (id uuid, content text, content_tokens integer))
      with ordinality as c(id, content, content_tokens, place);
    v_is_new := true;
  elsif v_owner <> p_user then
    raise exception 'Document % belongs to another user: send its owner''s user_id.', v_id
      using errcode = 'insufficient_privilege';
  end if;
  return jsonb_build_object('document', private.document_row(v_id), 'is_new', v_is_new);
end $$;

-- A document as its user sees it. Embedded are those chunks that are not pending: of one that is ready nobody counts them.
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

-- The caller's documents, newest first, or the one with that id.
create or replace function public.list_documents(p_document uuid default null) returns setof jsonb
language sql stable security invoker set search_path = '' as $$
  select private.document_row(d.id)
  from public.chat_documents d
  where d.user_id = (select auth.uid()) and (p_document is null or d.id = p_document)
  order by d.created_at desc, d.id limit 1000;
$$;

-- Deletes a document of the caller's; its chunks and their vectors go with it. Whether there was one.
create or replace function public.delete_document(p_document uuid) returns boolean
language plpgsql security invoker set search_path = '' as $$
begin
  delete from public.chat_documents where id = p_document and user_id = (select auth.uid());
  return found;
end $$;

-- Progress ---------------------------------------------------------------------------------------------------------------

-- A document is ready when all of its chunks have their vectors, whoever brought the last one.
create or replace function private.move_documents_on() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.chat_documents d
  set status = case when exists (
        select from public.user_memory_embeddings m where m.document_id = d.id and m.embedding is null)
      then 'processing' else 'ready' end
  where d.id in (select distinct n.document_id from changed n where n.document_id is not null)
    and d.status in ('pending', 'processing');
  return null;
end $$;
create or replace trigger user_memory_embeddings_move_documents_on
  after update on public.user_memory_embeddings referencing new table as changed
  for each statement execute function private.move_documents_on();

-- As before; but of a document that has its chunks nothing is unfinished: where the model refuses one of them, or nobody embeds,
-- words find it all the same.
create or replace function public.purge_expired(p_keep interval default '90 days') returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_expired_facts bigint;
  v_superseded_facts bigint;
  v_tool_runs bigint;
  v_documents bigint;
begin
  if p_keep is null or p_keep < interval '1 day' then
    raise exception 'p_keep is %: it must be a day at least.', p_keep using errcode = 'invalid_parameter_value';
  end if;
  delete from public.user_memory_facts where expires_at < now();
  get diagnostics v_expired_facts = row_count;
  delete from public.user_memory_facts where valid_to < now() - p_keep;
  get diagnostics v_superseded_facts = row_count;
  delete from public.chat_tool_runs where created_at < now() - p_keep;
  get diagnostics v_tool_runs = row_count;
  delete from public.chat_documents
  where status in ('pending', 'processing', 'failed') and chunks = 0 and updated_at < now() - interval '7 days';
  get diagnostics v_documents = row_count;
  -- A turn that waits longer than this for Postgres is not coming any more.
  delete from private.erased_users where erased_at < now() - greatest(p_keep, interval '90 days');
  return jsonb_build_object(
    'expired_facts', v_expired_facts, 'superseded_facts', v_superseded_facts, 'tool_runs', v_tool_runs,
    'unfinished_documents', v_documents);
end $$;

-- Who may call what ------------------------------------------------------------------------------------------------------

revoke execute on function
  public.save_document(uuid, jsonb),
  private.document_row(uuid),
  public.list_documents(uuid),
  public.delete_document(uuid),
  private.move_documents_on()
from public, anon, authenticated, service_role;

grant execute on function public.save_document(uuid, jsonb) to service_role;
grant execute on function
  private.document_row(uuid),
  public.list_documents(uuid),
  public.delete_document(uuid)
to authenticated;
