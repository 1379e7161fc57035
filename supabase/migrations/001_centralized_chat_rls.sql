-- Who may see what. Users read their own rows and may delete their own sessions; only commit_turn writes.
--
-- A hosted project grants ALL on every new public table, and EXECUTE on every new function, to anon, authenticated and
-- service_role. So everything is revoked by name first, and what is meant to be possible is granted after it.

revoke all on table
  public.employee_profiles, public.chat_sessions, public.chat_messages, public.chat_usage_log, public.chat_model_prices
from public, anon, authenticated, service_role;

grant usage on schema public to anon, authenticated, service_role;
revoke all on schema private from public, anon, authenticated, service_role;
grant usage on schema private to authenticated;

-- Prompts, models and budgets are no business of a browser: three columns, and the active employees only.
grant select (slug, title, description) on public.employee_profiles to anon, authenticated;
grant select on public.chat_sessions, public.chat_messages, public.chat_usage_log to authenticated;
grant delete on public.chat_sessions to authenticated;
grant select on
  public.employee_profiles, public.chat_sessions, public.chat_messages, public.chat_usage_log, public.chat_model_prices
to service_role;

-- Policies: auth.uid() in a sub-select is evaluated once a query instead of once a row ------------------------------

drop policy if exists "Everyone sees active employees" on public.employee_profiles;
create policy "Everyone sees active employees" on public.employee_profiles
  for select to anon, authenticated using (is_active);

drop policy if exists "Users read their own sessions" on public.chat_sessions;
create policy "Users read their own sessions" on public.chat_sessions
  for select to authenticated using (user_id = (select auth.uid()));

drop policy if exists "Users delete their own sessions" on public.chat_sessions;
create policy "Users delete their own sessions" on public.chat_sessions
  for delete to authenticated using (user_id = (select auth.uid()));

drop policy if exists "Users read their own messages" on public.chat_messages;
create policy "Users read their own messages" on public.chat_messages
  for select to authenticated using (user_id = (select auth.uid()));

drop policy if exists "Users read their own usage" on public.chat_usage_log;
create policy "Users read their own usage" on public.chat_usage_log
  for select to authenticated using (user_id = (select auth.uid()));

-- Helpers with the owner's rights, for the few facts that row-level security or column grants hide --------------------

create or replace function private.is_foreign_session(p_session uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.chat_sessions where id = p_session and user_id is distinct from (select auth.uid())
  );
$$;

create or replace function private.active_employee(p_slug text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object(
    'slug', slug, 'title', title, 'system_prompt', system_prompt, 'model', model, 'fallback_models', fallback_models,
    'temperature', temperature, 'max_output_tokens', max_output_tokens, 'token_budget', token_budget, 'top_k', top_k,
    'tools', tools)
  from public.employee_profiles where slug = p_slug and is_active;
$$;

create or replace function private.current_price(p_model text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object('input', input_usd, 'cached_input', cached_input_usd, 'output', output_usd)
  from public.chat_model_prices where model = p_model and valid_from <= now()
  order by valid_from desc limit 1;
$$;

revoke execute on function
  private.is_foreign_session(uuid), private.active_employee(text), private.current_price(text)
from public, anon, authenticated, service_role;
grant execute on function
  private.is_foreign_session(uuid), private.active_employee(text), private.current_price(text)
to authenticated;

-- The two calls a chat turn makes: load_session before the model, commit_turn after it -----------------------------

-- Runs with the user's own rights: row-level security decides which session and messages it sees.
create or replace function public.load_session(
  p_session uuid, p_employee text, p_default_employee text, p_default_model text, p_limit integer
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_session jsonb;
  v_employee jsonb;
  v_messages jsonb;
begin
  select jsonb_build_object('id', id, 'employee_slug', employee_slug, 'title', title) into v_session
  from public.chat_sessions where id = p_session;

  if v_session is null and private.is_foreign_session(p_session) then
    return jsonb_build_object(
      'foreign', true, 'session', null, 'employee', null, 'price', null, 'messages', jsonb_build_array());
  end if;

  v_employee := private.active_employee(coalesce(p_employee, v_session ->> 'employee_slug', p_default_employee));

  select coalesce(jsonb_agg(to_jsonb(newest) - 'created_at' order by newest.created_at, newest.id), '[]')
  into v_messages
  from (
    select id, role, content, content_tokens, status, created_at
    from public.chat_messages where session_id = p_session
    order by created_at desc, id desc limit p_limit
  ) newest;

  return jsonb_build_object(
    'foreign', false, 'session', v_session, 'employee', v_employee,
    'price', private.current_price(coalesce(v_employee ->> 'model', p_default_model)), 'messages', v_messages);
end $$;

revoke execute on function public.load_session(uuid, text, text, text, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.load_session(uuid, text, text, text, integer) to authenticated;

-- Saves a whole turn or nothing. Sent again with the same turn_id it changes nothing and answers committed = false.
create or replace function public.commit_turn(p_turn jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_turn uuid := (p_turn ->> 'turn_id')::uuid;
  v_user uuid := (p_turn ->> 'user_id')::uuid;
  v_session uuid := (p_turn ->> 'session_id')::uuid;
  v_usage public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_turn -> 'usage');
  v_started timestamptz := p_turn #>> '{messages,0,created_at}';
  v_owner uuid;
begin
  if exists (select from public.chat_usage_log where turn_id = v_turn) then
    return jsonb_build_object('committed', false);
  end if;

  insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
  values (
    v_session, v_user, p_turn ->> 'employee_slug', left(nullif(p_turn ->> 'title', ''), 200), v_started, v_started)
  on conflict (id) do nothing;

  -- The lock makes turns of one session take their turn, so a copy of this one cannot slip in between the statements.
  select user_id into v_owner from public.chat_sessions where id = v_session for update;
  if v_owner is distinct from v_user then
    raise exception 'Session % belongs to another user: send the turn with its owner''s user_id.', v_session
      using errcode = 'insufficient_privilege';
  end if;

  insert into public.chat_usage_log (
    turn_id, user_id, session_id, employee_slug, model, prompt_tokens, cached_tokens, completion_tokens, total_tokens,
    cost_usd, latency_ms, ttft_ms, success, error_code, usage_source, created_at)
  values (
    v_turn, v_user, v_session, p_turn ->> 'employee_slug', v_usage.model, v_usage.prompt_tokens,
    coalesce(v_usage.cached_tokens, 0), v_usage.completion_tokens, v_usage.total_tokens, v_usage.cost_usd,
    v_usage.latency_ms, v_usage.ttft_ms, v_usage.success, v_usage.error_code, v_usage.usage_source, v_usage.created_at)
  on conflict (turn_id) do nothing;
  if not found then
    return jsonb_build_object('committed', false);
  end if;

  perform private.add_messages(v_session, v_user, p_turn ->> 'employee_slug', p_turn -> 'messages');
  return jsonb_build_object('committed', true);
end $$;

-- Inserts a turn's messages and moves the session's counters with them.
create or replace function private.add_messages(p_session uuid, p_user uuid, p_employee text, p_messages jsonb)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_turn public.chat_messages[];
begin
  select array_agg(m) into v_turn
  from jsonb_populate_recordset(null::public.chat_messages, p_messages) m;

  -- A parent that is not in this session is dropped: the user has deleted the conversation since, and a turn that was
  -- answered must be saved all the same. Turns of a session arrive in order, so a parent that exists is there by now.
  insert into public.chat_messages (
    id, session_id, user_id, parent_id, role, content, content_tokens, tool_calls, tool_call_id, status, metadata,
    created_at)
  select
    m.id, p_session, p_user, parent.id, m.role, m.content, m.content_tokens, m.tool_calls, m.tool_call_id, m.status,
    coalesce(m.metadata, '{}'), m.created_at
  from unnest(v_turn) m
  left join lateral (
    select id from public.chat_messages where id = m.parent_id and session_id = p_session
    union
    select id from unnest(v_turn) sibling where sibling.id = m.parent_id
  ) parent on true;

  update public.chat_sessions
  set message_count = message_count + coalesce(cardinality(v_turn), 0),
      last_message_at = greatest(last_message_at, (select max(created_at) from unnest(v_turn))),
      employee_slug = p_employee
  where id = p_session;
end $$;

revoke execute on function public.commit_turn(jsonb), private.add_messages(uuid, uuid, text, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function public.commit_turn(jsonb) to service_role;

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
