-- The vault's keys, and what the Worker reads and writes of the vault.

create table if not exists public.chat_pii_keys (
  user_id        uuid primary key references auth.users (id) on delete cascade,
  key_id         uuid not null,
  founded_at     timestamptz not null,
  master_version integer not null check (master_version > 0),
  wrapped        bytea not null check (length(wrapped) between 48 and 128),
  updated_at     timestamptz not null default now()
);
alter table public.chat_pii_keys enable row level security;
comment on table public.chat_pii_keys is
  'A user''s key, wrapped by the deployment''s PII_MASTER_KEY: without either, nothing of the user''s vault can be read.';

revoke all on table public.chat_pii_keys from public, anon, authenticated, service_role;
grant select on public.chat_pii_keys to authenticated, service_role;
drop policy if exists "Users read their own" on public.chat_pii_keys;
create policy "Users read their own" on public.chat_pii_keys
  for select to authenticated using (user_id = (select auth.uid()));

create or replace trigger chat_pii_keys_updated_at before update on public.chat_pii_keys
  for each row execute function private.set_updated_at();

-- Reading ----------------------------------------------------------------------------------------------------------------

-- The caller's sealed vault, for a User object that has none: {key, entries}; key is null for who has no vault.
create or replace function public.load_vault() returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'key', (
      select to_jsonb(k) - 'user_id' - 'updated_at' from public.chat_pii_keys k where k.user_id = (select auth.uid())),
    'entries', coalesce((
      select jsonb_agg(to_jsonb(v) - 'user_id' - 'created_at')
      from public.chat_pii_vault v where v.user_id = (select auth.uid())), '[]'));
$$;

-- How much of hidden values each employee lets a user see, by slug. With the owner's rights: the column is no user's to
-- read, and what it says of an employee is seen by anyone who talks to them.
create or replace function public.unmask_policies() returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_object_agg(slug, unmask_policy), '{}') from public.employee_profiles;
$$;

-- The ids of all of the caller's sessions, whatever the API's limit of rows.
create or replace function public.session_ids() returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(id), '[]') from public.chat_sessions where user_id = (select auth.uid());
$$;

-- Writing ----------------------------------------------------------------------------------------------------------------

-- {key, entries} of a user. Sent again it changes nothing; a key that a new master key wraps replaces itself. A key from
-- before an erasure, and entries sealed with another key than the user's, are let go: gone = true.
create or replace function public.commit_vault(p_user uuid, p_vault jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_key constant public.chat_pii_keys := jsonb_populate_record(null::public.chat_pii_keys, nullif(p_vault -> 'key', 'null'));
begin
  if v_key.key_id is null or private.is_gone(p_user, v_key.founded_at) then
    return jsonb_build_object('committed', false, 'gone', true);
  end if;
  insert into public.chat_pii_keys (user_id, key_id, founded_at, master_version, wrapped)
  values (p_user, v_key.key_id, v_key.founded_at, v_key.master_version, v_key.wrapped)
  on conflict (user_id) do update
  set master_version = excluded.master_version, wrapped = excluded.wrapped
  where chat_pii_keys.key_id = excluded.key_id and chat_pii_keys.wrapped <> excluded.wrapped;
  if not exists (select from public.chat_pii_keys where user_id = p_user and key_id = v_key.key_id) then
    return jsonb_build_object('committed', false, 'gone', true);
  end if;
  perform private.add_vault(p_user, p_vault -> 'entries');
  return jsonb_build_object('committed', true);
end $$;

-- As before, without the vault, which has its own way now.
create or replace function private.add_memory(p_session uuid, p_user uuid, p_memory jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  if p_memory ? 'summary' then perform private.add_summary(p_session, p_user, p_memory -> 'summary'); end if;
  if p_memory ? 'facts' then perform private.add_facts(p_user, p_memory -> 'facts'); end if;
  if p_memory ? 'embeddings' then perform private.add_embeddings(p_user, p_memory -> 'embeddings'); end if;
end $$;

-- As before, with the key: it goes first, so that nothing of the vault can be read from that moment on.
create or replace function public.erase_user(p_user uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_table text;
  v_count bigint;
  v_counts jsonb := '{}';
begin
  insert into private.erased_users (user_id, erased_at) values (p_user, now())
  on conflict (user_id) do update set erased_at = excluded.erased_at;
  -- Messages and summaries go with their sessions.
  foreach v_table in array array[
    'chat_pii_keys', 'chat_pii_vault', 'user_memory_embeddings', 'user_memory_facts', 'chat_documents', 'chat_tool_runs',
    'chat_message_feedback', 'chat_usage_log', 'chat_messages', 'chat_sessions'
  ] loop
    execute format('delete from public.%I where user_id = $1', v_table) using p_user;
    get diagnostics v_count = row_count;
    v_counts := v_counts || jsonb_build_object(v_table, v_count);
  end loop;
  return v_counts;
end $$;

revoke execute on function
  public.load_vault(), public.unmask_policies(), public.session_ids(), public.commit_vault(uuid, jsonb)
from public, anon, authenticated, service_role;
grant execute on function public.load_vault(), public.unmask_policies(), public.session_ids() to authenticated;
grant execute on function public.commit_vault(uuid, jsonb) to service_role;
