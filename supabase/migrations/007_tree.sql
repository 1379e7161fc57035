-- Turns in a tree, turns that other models answered, and turns that Postgres refused.

-- The way to a message -------------------------------------------------------------------------------------------------------

-- As before, with the path that leads to a message in the place of the newest messages, and with the fallback models' prices.
drop function if exists public.load_session(uuid, text, text, text, integer);
-- Without p_leaf the path leads to the newest message. One that is not in the session leads nowhere: so does the nil UUID,
-- which stands for the beginning.
create or replace function public.load_session(
  p_session uuid, p_employee text, p_default_employee text, p_default_model text, p_limit integer,
  p_leaf uuid default null
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_session jsonb;
  v_employee jsonb;
  v_messages jsonb;
  v_summary jsonb;
  v_limits jsonb;
  v_leaf uuid;
begin
  select jsonb_build_object('id', id, 'employee_slug', employee_slug, 'title', title) into v_session
  from public.chat_sessions where id = p_session;

  if v_session is null and private.is_foreign_session(p_session) then
    return jsonb_build_object(
      'foreign', true, 'session', null, 'employee', null, 'price', null, 'prices', jsonb_build_object(), 'summary', null, 'limits', null,
      'messages', jsonb_build_array());
  end if;

  v_employee := private.active_employee(coalesce(p_employee, v_session ->> 'employee_slug', p_default_employee));

  -- A client may call a message of its own by another UUID; no message is called by the nil one.
  v_leaf := case
    when p_leaf is null
      then (select id from public.chat_messages where session_id = p_session order by created_at desc, id desc limit 1)
    when p_leaf = '00000000-0000-0000-0000-000000000000'
      or exists (select from public.chat_messages where id = p_leaf and session_id = p_session) then p_leaf
    else (
      select id from public.chat_messages
      where session_id = p_session and metadata ->> 'client_message_id' = p_leaf::text
      order by created_at desc, id desc limit 1)
  end;
  with recursive path as (
    select id, parent_id, role, content, content_tokens, status, metadata ->> 'client_message_id' as name, 1 as depth
    from public.chat_messages where id = v_leaf and session_id = p_session
    union all
    select m.id, m.parent_id, m.role, m.content, m.content_tokens, m.status, m.metadata ->> 'client_message_id',
      path.depth + 1
    from path join public.chat_messages m on m.id = path.parent_id
    where path.depth < least(p_limit, 1000) and m.session_id = p_session
  )
  select coalesce(jsonb_agg(to_jsonb(path) - 'depth' order by depth desc), '[]') into v_messages from path;

  select jsonb_build_object('summary', summary, 'tokens', tokens, 'covers_message_id', covers_message_id) into v_summary
  from public.chat_session_summaries where session_id = p_session;

  select jsonb_build_object(
    'messages_per_minute', messages_per_minute, 'daily_tokens', daily_tokens, 'daily_usd', daily_usd) into v_limits
  from public.chat_user_limits where user_id = (select auth.uid());

  return jsonb_build_object(
    'foreign', false, 'session', v_session, 'employee', v_employee, 'summary', v_summary, 'limits', v_limits,
    'price', private.current_price(coalesce(v_employee ->> 'model', p_default_model)),
    'prices', (
      select coalesce(jsonb_object_agg(model, private.current_price(model)) filter (
        where private.current_price(model) is not null), '{}')
      from jsonb_array_elements_text(coalesce(v_employee -> 'fallback_models', '[]')) model),
    'messages', v_messages);
end $$;

revoke execute on function public.load_session(uuid, text, text, text, integer, uuid)
from public, anon, authenticated, service_role;
grant execute on function public.load_session(uuid, text, text, text, integer, uuid) to authenticated;

-- Turns that were refused --------------------------------------------------------------------------------------------------

-- A Session object whose turn is refused again and again, not for want of a connection, leaves it where it is, goes on with the
-- next one, and says so here. It tries it again every hour; when it is taken, or its user is erased, its row goes.
create table if not exists public.chat_parked_turns (
  turn_id    uuid primary key,
  user_id    uuid not null references auth.users (id) on delete cascade,
  session_id uuid not null,
  reason     text not null check (length(reason) <= 200),
  parked_at  timestamptz not null default now()
);
create index if not exists chat_parked_turns_user on public.chat_parked_turns (user_id);
alter table public.chat_parked_turns enable row level security;
revoke all on table public.chat_parked_turns from public, anon, authenticated, service_role;
comment on table public.chat_parked_turns is 'Written by park_turn alone. The turns themselves are in their Session objects.';

create or replace view public.v_parked_turns as
select * from public.chat_parked_turns where (select private.is_admin()) order by parked_at;
revoke all on table public.v_parked_turns from public, anon, authenticated, service_role;
grant select on public.v_parked_turns to authenticated, service_role;

create or replace function public.park_turn(p_turn uuid, p_user uuid, p_session uuid, p_reason text) returns void
language sql security definer set search_path = '' as $$
  insert into public.chat_parked_turns (turn_id, user_id, session_id, reason)
  -- A call that comes late does not park what was taken since.
  select p_turn, id, p_session, left(p_reason, 200) from auth.users
  where id = p_user and not exists (select from public.chat_usage_log where turn_id = p_turn)
  on conflict (turn_id) do update set reason = excluded.reason;
$$;

-- How many there are, for /readyz.
create or replace function public.parked_turns() returns bigint
language sql stable security definer set search_path = '' as $$
  select count(*) from public.chat_parked_turns;
$$;

-- As before; a turn says when it began, for one that only answers again has no message of that time, and is parked no more.
create or replace function public.commit_turn(p_turn jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_turn constant uuid := (p_turn ->> 'turn_id')::uuid;
  v_user constant uuid := (p_turn ->> 'user_id')::uuid;
  v_session constant uuid := (p_turn ->> 'session_id')::uuid;
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_turn -> 'usage');
  v_started constant timestamptz := coalesce(p_turn ->> 'started_at', p_turn #>> '{messages,0,created_at}');
  v_owner uuid;
  v_session_tokens bigint;
begin
  delete from public.chat_parked_turns where turn_id = v_turn;
  if exists (select from public.chat_usage_log where turn_id = v_turn) then
    return jsonb_build_object('committed', false);
  end if;
  if private.is_gone(v_user, v_started) then
    return jsonb_build_object('committed', false, 'gone', true);
  end if;

  insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
  values (
    v_session, v_user, p_turn ->> 'employee_slug', left(nullif(p_turn ->> 'title', ''), 200), v_started, v_started)
  on conflict (id) do nothing;

  -- The lock makes turns of one session take their turn, so a copy of this one cannot slip in between the statements.
  select user_id, content_tokens into v_owner, v_session_tokens
  from public.chat_sessions where id = v_session for update;
  perform private.require_owner(v_session, v_owner, v_user);

  insert into public.chat_usage_log (
    turn_id, user_id, session_id, employee_slug, model, prompt_tokens, cached_tokens, completion_tokens, total_tokens,
    history_tokens, session_tokens, cost_usd, latency_ms, ttft_ms, success, error_code, usage_source, created_at)
  values (
    v_turn, v_user, v_session, p_turn ->> 'employee_slug', v_usage.model, v_usage.prompt_tokens,
    coalesce(v_usage.cached_tokens, 0), v_usage.completion_tokens, v_usage.total_tokens, v_usage.history_tokens,
    v_session_tokens, v_usage.cost_usd, v_usage.latency_ms, v_usage.ttft_ms, v_usage.success, v_usage.error_code,
    v_usage.usage_source, v_usage.created_at)
  on conflict (turn_id) do nothing;
  if not found then
    return jsonb_build_object('committed', false);
  end if;

  update public.chat_sessions set employee_slug = p_turn ->> 'employee_slug'
  where id = v_session and employee_slug <> p_turn ->> 'employee_slug';
  perform private.add_messages(v_session, v_user, p_turn -> 'messages');
  if p_turn ? 'tool_runs' then
    perform private.add_tool_runs(v_session, v_user, v_turn, p_turn -> 'tool_runs');
  end if;
  perform private.add_memory(v_session, v_user, p_turn);
  return jsonb_build_object('committed', true);
end $$;

-- As before, with what is parked.
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
    'chat_message_feedback', 'chat_usage_log', 'chat_parked_turns', 'chat_messages', 'chat_sessions'
  ] loop
    execute format('delete from public.%I where user_id = $1', v_table) using p_user;
    get diagnostics v_count = row_count;
    v_counts := v_counts || jsonb_build_object(v_table, v_count);
  end loop;
  return v_counts;
end $$;

revoke execute on function public.park_turn(uuid, uuid, uuid, text), public.parked_turns()
from public, anon, authenticated, service_role;
grant execute on function public.park_turn(uuid, uuid, uuid, text), public.parked_turns() to service_role;
