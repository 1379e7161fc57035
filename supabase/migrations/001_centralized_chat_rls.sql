-- Grants and policies of the tables, and the helpers that they use. Users read their own rows; every write goes through a function
-- that only the service key may call. 000 revoked the default privileges, so that a right exists only where it is granted.

grant usage on schema public to anon, authenticated, service_role;
revoke all on schema private from public, anon, authenticated, service_role;
grant usage on schema private to authenticated, service_role;

-- Grants ---------------------------------------------------------------------------------------------------------------

-- Prompts, models, tools and budgets are not readable for clients.
grant select (slug, title, description, reads_pictures) on public.employee_profiles to anon, authenticated;
grant select on
  public.chat_sessions, public.chat_messages, public.chat_session_summaries, public.chat_message_feedback,
  public.chat_tool_runs, public.user_memory_facts, public.chat_documents, public.chat_files,
  public.user_memory_embeddings, public.chat_pii_keys, public.chat_pii_vault, public.chat_usage_log,
  public.chat_user_limits
to authenticated;
-- Users delete nothing here: the API does, which also empties their object and the bucket.
-- For operators. The service key writes through functions only, and reads parked turns through v_parked_turns.
grant select on
  public.employee_profiles, public.chat_sessions, public.chat_messages, public.chat_session_summaries,
  public.chat_message_feedback, public.chat_tool_runs, public.user_memory_facts, public.chat_documents, public.chat_files,
  public.user_memory_embeddings, public.chat_pii_keys, public.chat_pii_vault, public.chat_usage_log,
  public.chat_user_limits, public.chat_model_prices
to service_role;

-- Policies -------------------------------------------------------------------------------------------------------------
--
-- auth.uid() in a sub-select is evaluated once per query instead of once per row. Only functions, which run as their owner, and
-- operators read the tables that are closed to users.

drop policy if exists "Everyone sees active employees" on public.employee_profiles;
create policy "Everyone sees active employees" on public.employee_profiles
  for select to anon, authenticated using (is_active);

do $$
declare
  v_table text;
  v_own constant text := 'for select to authenticated using (user_id = (select auth.uid()))';
begin
  foreach v_table in array array[
    'chat_sessions', 'chat_messages', 'chat_session_summaries', 'chat_message_feedback', 'chat_tool_runs',
    'user_memory_facts', 'chat_documents', 'chat_files', 'user_memory_embeddings', 'chat_pii_keys', 'chat_pii_vault',
    'chat_usage_log', 'chat_user_limits'
  ] loop
    execute format('drop policy if exists "Users read their own" on public.%I', v_table);
    execute format('create policy "Users read their own" on public.%I ' || v_own, v_table);
  end loop;
  foreach v_table in array array[
    'public.chat_model_prices', 'public.chat_parked_turns', 'public.chat_stalled_work',
    'private.active_users', 'private.admin_changes', 'private.daily_spending', 'private.deleted_sessions',
    'private.employee_versions', 'private.erased_users', 'private.hourly_usage'
  ] loop
    execute format('drop policy if exists "Closed to users" on %s', v_table);
    execute format('create policy "Closed to users" on %s for all to public using (false)', v_table);
  end loop;
end $$;

-- Auth helpers ---------------------------------------------------------------------------------------------------------

create or replace function private.is_admin() returns boolean
language sql stable security invoker set search_path = '' as $$
  -- app_metadata is written with the service key only; users write their user_metadata themselves.
  select current_user not in ('anon', 'authenticated')
    or coalesce((select auth.jwt()) #>> '{app_metadata,role}' = 'admin', false);
$$;
comment on function private.is_admin() is
'True for a connection that is not a browser''s, and for a user whose app_metadata.role is "admin". Callers: the monitoring
views, as authenticated or service_role.';
grant execute on function private.is_admin() to authenticated, service_role;

create or replace function private.is_foreign_session(p_session uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.chat_sessions where id = p_session and user_id is distinct from (select auth.uid())
  );
$$;
comment on function private.is_foreign_session(uuid) is
'True if the session exists and has another owner than the caller. Security definer, because row-level security hides such
a row. Caller: load_session, as authenticated.';
grant execute on function private.is_foreign_session(uuid) to authenticated;

-- Status of row-level security -----------------------------------------------------------------------------------------

create or replace view public.v_rls_status with (security_invoker = true) as
select
  c.relname::text as table_name,
  c.relrowsecurity as rls_enabled,
  (select count(*)::integer from pg_catalog.pg_policy p where p.polrelid = c.oid) as policy_count
from pg_catalog.pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
order by c.relname;
comment on view public.v_rls_status is
  'Each table of the schema public, with its row-level security and its number of policies. Readable with the service key.';
grant select on public.v_rls_status to service_role;
