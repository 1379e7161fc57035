-- Who may see what. Users read their own rows and may delete what is theirs to delete; only functions write.
--
-- A hosted project grants ALL on every new public table, and EXECUTE on every new function, to anon, authenticated and
-- service_role. So everything is revoked by name first, and what is meant to be possible is granted after it.

revoke all on table
  public.employee_profiles, public.chat_sessions, public.chat_messages, public.chat_session_summaries,
  public.chat_message_feedback, public.chat_tool_runs, public.user_memory_facts, public.chat_documents,
  public.user_memory_embeddings, public.chat_pii_vault, public.chat_usage_log, public.chat_model_prices
from public, anon, authenticated, service_role;

grant usage on schema public to anon, authenticated, service_role;
revoke all on schema private from public, anon, authenticated, service_role;
grant usage on schema private to authenticated, service_role;

-- Prompts, models and budgets are no business of a browser: three columns, and the active employees only.
grant select (slug, title, description) on public.employee_profiles to anon, authenticated;
grant select on
  public.chat_sessions, public.chat_messages, public.chat_session_summaries, public.chat_message_feedback,
  public.chat_tool_runs, public.user_memory_facts, public.chat_documents, public.user_memory_embeddings,
  public.chat_pii_vault, public.chat_usage_log
to authenticated;
-- What a user may throw away. Usage and tool runs are a record; the vault goes with the user alone.
grant delete on
  public.chat_sessions, public.chat_message_feedback, public.user_memory_facts, public.chat_documents,
  public.user_memory_embeddings
to authenticated;
-- The service key reads, for operators; it writes through functions alone.
grant select on
  public.employee_profiles, public.chat_sessions, public.chat_messages, public.chat_session_summaries,
  public.chat_message_feedback, public.chat_tool_runs, public.user_memory_facts, public.chat_documents,
  public.user_memory_embeddings, public.chat_pii_vault, public.chat_usage_log, public.chat_model_prices
to service_role;

-- Policies: auth.uid() in a sub-select is evaluated once a query instead of once a row. chat_model_prices has none:
-- functions read it.

drop policy if exists "Everyone sees active employees" on public.employee_profiles;
create policy "Everyone sees active employees" on public.employee_profiles
  for select to anon, authenticated using (is_active);

do $$
declare
  v_table text;
  v_own constant text := 'for %s to authenticated using (user_id = (select auth.uid()))';
begin
  foreach v_table in array array[
    'chat_sessions', 'chat_messages', 'chat_session_summaries', 'chat_message_feedback', 'chat_tool_runs',
    'user_memory_facts', 'chat_documents', 'user_memory_embeddings', 'chat_pii_vault', 'chat_usage_log'
  ] loop
    execute format('drop policy if exists "Users read their own" on public.%I', v_table);
    execute format('create policy "Users read their own" on public.%I ' || format(v_own, 'select'), v_table);
  end loop;
  foreach v_table in array array[
    'chat_sessions', 'chat_message_feedback', 'user_memory_facts', 'chat_documents', 'user_memory_embeddings'
  ] loop
    execute format('drop policy if exists "Users delete their own" on public.%I', v_table);
    execute format('create policy "Users delete their own" on public.%I ' || format(v_own, 'delete'), v_table);
  end loop;
end $$;

-- Auth helpers ---------------------------------------------------------------------------------------------------------

-- Who runs the deployment: a connection that is no browser's, or a user whose app_metadata says so. Users can write
-- their user_metadata themselves; app_metadata only the service key can.
create or replace function private.is_admin() returns boolean
language sql stable security invoker set search_path = '' as $$
  select current_user not in ('anon', 'authenticated')
    or coalesce((select auth.jwt()) #>> '{app_metadata,role}' = 'admin', false);
$$;

-- With the owner's rights, because row-level security hides what it tells.
create or replace function private.is_foreign_session(p_session uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.chat_sessions where id = p_session and user_id is distinct from (select auth.uid())
  );
$$;

revoke execute on function private.is_admin(), private.is_foreign_session(uuid)
from public, anon, authenticated, service_role;
grant execute on function private.is_admin() to authenticated, service_role;
grant execute on function private.is_foreign_session(uuid) to authenticated;

-- For operators: every public table, whether row-level security is on, and how many policies it has -----------------

create or replace view public.v_rls_status with (security_invoker = true) as
select
  c.relname::text as table_name,
  c.relrowsecurity as rls_enabled,
  (select count(*)::integer from pg_catalog.pg_policy p where p.polrelid = c.oid) as policy_count
from pg_catalog.pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
order by c.relname;

revoke all on table public.v_rls_status from public, anon, authenticated, service_role;
grant select on public.v_rls_status to service_role;
