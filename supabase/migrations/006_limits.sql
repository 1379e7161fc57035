-- Limits: how fast a user may send, and what they may spend in a day (UTC). What is null bounds nothing.

alter table public.employee_profiles
  add column if not exists messages_per_minute integer check (messages_per_minute > 0),
  add column if not exists daily_tokens bigint check (daily_tokens > 0),
  add column if not exists daily_usd numeric(12, 6) check (daily_usd > 0);
comment on column public.employee_profiles.messages_per_minute is 'In one session with this employee.';
comment on column public.employee_profiles.daily_tokens is 'Of one user with this employee.';
comment on column public.employee_profiles.daily_usd is 'Of one user with this employee.';

-- Operators write it; a user without a row is bounded by the employees alone.
create table if not exists public.chat_user_limits (
  user_id             uuid primary key references auth.users (id) on delete cascade,
  messages_per_minute integer check (messages_per_minute > 0),
  daily_tokens        bigint check (daily_tokens > 0),
  daily_usd           numeric(12, 6) check (daily_usd > 0),
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);
alter table public.chat_user_limits enable row level security;
comment on table public.chat_user_limits is 'Of one user in all of their sessions together.';

revoke all on table public.chat_user_limits from public, anon, authenticated, service_role;
grant select on public.chat_user_limits to authenticated, service_role;
drop policy if exists "Users read their own" on public.chat_user_limits;
create policy "Users read their own" on public.chat_user_limits
  for select to authenticated using (user_id = (select auth.uid()));
create or replace trigger chat_user_limits_updated_at before update on public.chat_user_limits
  for each row execute function private.set_updated_at();

-- As before, with the employee's limits.
create or replace function private.active_employee(p_slug text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object(
    'slug', slug, 'title', title, 'system_prompt', system_prompt, 'model', model, 'fallback_models', fallback_models,
    'temperature', temperature, 'max_output_tokens', max_output_tokens, 'token_budget', token_budget, 'top_k', top_k,
    'tools', tools, 'unmask_policy', unmask_policy, 'messages_per_minute', messages_per_minute,
    'daily_tokens', daily_tokens, 'daily_usd', daily_usd)
  from public.employee_profiles where slug = p_slug and is_active;
$$;

-- As before, with the user's own limits.
create or replace function public.load_session(
  p_session uuid, p_employee text, p_default_employee text, p_default_model text, p_limit integer
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_session jsonb;
  v_employee jsonb;
  v_messages jsonb;
  v_summary jsonb;
  v_limits jsonb;
begin
  select jsonb_build_object('id', id, 'employee_slug', employee_slug, 'title', title) into v_session
  from public.chat_sessions where id = p_session;

  if v_session is null and private.is_foreign_session(p_session) then
    return jsonb_build_object(
      'foreign', true, 'session', null, 'employee', null, 'price', null, 'summary', null, 'limits', null,
      'messages', jsonb_build_array());
  end if;

  v_employee := private.active_employee(coalesce(p_employee, v_session ->> 'employee_slug', p_default_employee));

  select coalesce(jsonb_agg(to_jsonb(newest) - 'created_at' order by newest.created_at, newest.id), '[]')
  into v_messages
  from (
    select id, role, content, content_tokens, status, created_at
    from public.chat_messages where session_id = p_session
    order by created_at desc, id desc limit least(p_limit, 1000)
  ) newest;

  select jsonb_build_object('summary', summary, 'tokens', tokens, 'covers_message_id', covers_message_id) into v_summary
  from public.chat_session_summaries where session_id = p_session;

  select jsonb_build_object(
    'messages_per_minute', messages_per_minute, 'daily_tokens', daily_tokens, 'daily_usd', daily_usd) into v_limits
  from public.chat_user_limits where user_id = (select auth.uid());

  return jsonb_build_object(
    'foreign', false, 'session', v_session, 'employee', v_employee, 'summary', v_summary, 'limits', v_limits,
    'price', private.current_price(coalesce(v_employee ->> 'model', p_default_model)), 'messages', v_messages);
end $$;

-- As before, with what the caller spent since midnight UTC, for a User object that has no books: {employee: {tokens, usd}}.
create or replace function public.load_vault() returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'key', (
      select to_jsonb(k) - 'user_id' - 'updated_at' from public.chat_pii_keys k where k.user_id = (select auth.uid())),
    'entries', coalesce((
      select jsonb_agg(to_jsonb(v) - 'user_id' - 'created_at')
      from public.chat_pii_vault v where v.user_id = (select auth.uid())), '[]'),
    'spent', coalesce((
      select jsonb_object_agg(employee_slug, spent)
      from (
        select employee_slug, jsonb_build_object('tokens', sum(total_tokens), 'usd', sum(cost_usd)) as spent
        from public.chat_usage_log
        where user_id = (select auth.uid()) and created_at >= date_trunc('day', now() at time zone 'utc') at time zone 'utc'
        group by employee_slug
      ) by_employee), '{}'));
$$;
