-- Saving turns. The functions run with the rights of their owner, only the service key calls them, and they check the owner
-- of the session again.

-- Parts of a turn ------------------------------------------------------------------------------------------------------

create or replace function private.is_gone(p_user uuid, p_at timestamptz) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform private.share_user(p_user);
  -- Volatile, and a statement of its own: it sees what an erasure committed while this transaction waited for it. Callers read
  -- rows in later statements only, for the same reason.
  return not exists (select from auth.users where id = p_user)
    or exists (
      select from private.erased_users
      where user_id = p_user and (erased_at >= p_at or finished_at is null));
end $$;
comment on function private.is_gone(uuid, timestamptz) is
'True if nothing of the user from that time may be stored: the account does not exist, an erasure is not finished, or the user was
erased at or after that time. No erasure begins before the end of the transaction. Internal: called by the writing functions
before anything else.';

create or replace function private.require_owner(p_session uuid, p_owner uuid, p_user uuid) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  if p_owner is distinct from p_user then
    raise exception 'Session % belongs to another user: send its owner''s user_id.', p_session
      using errcode = 'insufficient_privilege';
  end if;
end $$;
comment on function private.require_owner(uuid, uuid, uuid) is
'Raises 42501 (insufficient_privilege) unless the owner p_owner of the session is p_user. Internal: called by the writing
functions.';

create or replace function private.add_messages(p_session uuid, p_user uuid, p_messages jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_turn public.chat_messages[];
begin
  select array_agg(m) into v_turn
  from jsonb_populate_recordset(null::public.chat_messages, p_messages) m;

  -- A parent that is not in the session becomes null: the user may have deleted the conversation meanwhile, and an answered
  -- turn must be saved nevertheless. Turns of a session arrive in order, so an existing parent is already stored.
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
end $$;
comment on function private.add_messages(uuid, uuid, jsonb) is
'Inserts the messages of a turn: [{id, parent_id, role, content, content_tokens, tool_calls, tool_call_id, status,
metadata, created_at}]. Triggers update the counters of the session. Internal: called by commit_turn.';

create or replace function private.continue_answer(p_session uuid, p_user uuid, p_messages jsonb, p_remember boolean)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_added_tokens bigint;
begin
  with answer as (
    select m.* from jsonb_populate_recordset(null::public.chat_messages, p_messages) m
  ), before as (
    select b.id, b.content_tokens from public.chat_messages b join answer on answer.id = b.id
    where b.session_id = p_session and b.user_id = p_user and b.role = 'assistant'
  ), updated as (
    update public.chat_messages b
    set content = answer.content, content_tokens = answer.content_tokens, tool_calls = answer.tool_calls,
        status = answer.status, metadata = coalesce(answer.metadata, '{}')
    from answer, before
    where b.id = answer.id and before.id = b.id
    returning b.content_tokens - before.content_tokens as added
  )
  select coalesce(sum(added), 0) into v_added_tokens from updated;
  update public.chat_sessions set content_tokens = content_tokens + v_added_tokens where id = p_session;
  delete from public.user_memory_embeddings
  where user_id = p_user and message_id in (select (m ->> 'id')::uuid from jsonb_array_elements(p_messages) m);
  perform private.embed_followers_again(p_user, array(select (m ->> 'id')::uuid from jsonb_array_elements(p_messages) m));
  if p_remember then
    perform private.remember(p_user, array(select (m ->> 'id')::uuid from jsonb_array_elements(p_messages) m));
  end if;
end $$;
comment on function private.continue_answer(uuid, uuid, jsonb, boolean) is
'Replaces the content of an assistant message that waited for an approval, in the session and in memory. p_messages is as
in add_messages. Internal: called by commit_turn.';

create or replace function private.add_tool_runs(p_session uuid, p_user uuid, p_turn uuid, p_runs jsonb) returns void
language sql security invoker set search_path = '' as $$
  insert into public.chat_tool_runs (
    id, user_id, session_id, turn_id, tool, arguments, status, approved_by, error_code, latency_ms, created_at)
  select
    r.id, p_user, p_session, p_turn, r.tool, coalesce(r.arguments, '{}'), r.status, r.approved_by, r.error_code,
    r.latency_ms, coalesce(r.created_at, now())
  from jsonb_populate_recordset(null::public.chat_tool_runs, p_runs) r
  on conflict (id) do update
  set status = excluded.status, approved_by = excluded.approved_by, error_code = excluded.error_code,
      latency_ms = excluded.latency_ms
  where chat_tool_runs.status = 'pending' and chat_tool_runs.user_id = p_user;
$$;
comment on function private.add_tool_runs(uuid, uuid, uuid, jsonb) is
'Inserts tool runs: [{id, tool, arguments, status, approved_by, error_code, latency_ms, created_at}]. A run that exists as
pending gets its outcome; another one stays unchanged. Internal: called by commit_turn.';

create or replace function private.withdraw_calls(p_session uuid, p_user uuid, p_runs jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  -- {id: status}
  v_withdrawn constant jsonb := (
    select jsonb_object_agg(r ->> 'id', r ->> 'status') from jsonb_array_elements(p_runs) r
    where r ->> 'status' in ('expired', 'denied'));
begin
  if v_withdrawn is null then
    return;
  end if;
  update public.chat_messages m
  set tool_calls = (
    select jsonb_agg(
      case when c ->> 'state' = 'waiting' and v_withdrawn ? (c ->> 'id')
        then c - 'approval_id' - 'expires_at' || jsonb_build_object('state', v_withdrawn -> (c ->> 'id')) else c end
      order by n)
    from jsonb_array_elements(m.tool_calls) with ordinality as calls (c, n))
  where m.session_id = p_session and m.user_id = p_user and m.tool_calls is not null
    and exists (
      select from jsonb_array_elements(m.tool_calls) c where c ->> 'state' = 'waiting' and v_withdrawn ? (c ->> 'id'));
end $$;
comment on function private.withdraw_calls(uuid, uuid, jsonb) is
'Ends waiting tool calls in the messages that made them, for the runs in p_runs (as in add_tool_runs) that are expired or
denied: the user continued before the answer was resumed. Internal: called by commit_turn.';

-- A whole turn ---------------------------------------------------------------------------------------------------------

create or replace function public.commit_turn(p_turn jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_turn constant uuid := (p_turn ->> 'turn_id')::uuid;
  v_user constant uuid := (p_turn ->> 'user_id')::uuid;
  v_session constant uuid := (p_turn ->> 'session_id')::uuid;
  v_employee constant text := coalesce(p_turn ->> 'handed_to', p_turn ->> 'employee_slug');
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_turn -> 'usage');
  v_started constant timestamptz := coalesce(p_turn ->> 'started_at', p_turn #>> '{messages,0,created_at}');
  v_remember constant boolean := p_turn -> 'remember' is distinct from 'false';
  v_forgets constant boolean := exists (
    select from jsonb_array_elements(p_turn -> 'tool_runs') r where r ->> 'tool' = 'forget' and r ->> 'status' = 'succeeded');
  v_learns constant boolean := v_forgets or jsonb_array_length(coalesce(p_turn -> 'facts', '[]')) > 0;
  v_is_usage_only boolean;
  v_owner uuid;
  v_session_tokens bigint;
begin
  if private.is_gone(v_user, v_started) then
    return jsonb_build_object('committed', false, 'gone', true);
  end if;
  perform private.lock_session(v_session);
  if v_learns then
    perform private.lock_memory(v_user);
  end if;
  delete from public.chat_parked_turns where turn_id = v_turn;
  if exists (select from public.chat_usage_log where turn_id = v_turn) then
    return jsonb_build_object('committed', false);
  end if;

  v_is_usage_only := p_turn -> 'usage_only' is not distinct from 'true'
    or private.is_deleted_session(v_user, v_session, v_started);
  if not v_is_usage_only then
    insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
    values (v_session, v_user, v_employee, left(nullif(p_turn ->> 'title', ''), 2000), v_started, v_started)
    on conflict (id) do nothing;

    -- Imports of the session wait for the row.
    select user_id, content_tokens into v_owner, v_session_tokens
    from public.chat_sessions where id = v_session for update;
    perform private.require_owner(v_session, v_owner, v_user);
  end if;

  insert into public.chat_usage_log (
    turn_id, user_id, session_id, employee_slug, employee_version, model, prompt_tokens, cached_tokens, completion_tokens,
    total_tokens, history_tokens, session_tokens, cost_usd, latency_ms, ttft_ms, success, error_code, usage_source, created_at)
  values (
    v_turn, v_user, case when not v_is_usage_only then v_session end, p_turn ->> 'employee_slug',
    v_usage.employee_version, v_usage.model, v_usage.prompt_tokens,
    coalesce(v_usage.cached_tokens, 0), v_usage.completion_tokens, v_usage.total_tokens, v_usage.history_tokens,
    v_session_tokens, v_usage.cost_usd, v_usage.latency_ms, v_usage.ttft_ms, v_usage.success, v_usage.error_code,
    v_usage.usage_source, v_usage.created_at)
  on conflict (turn_id) do nothing;
  if not found then
    return jsonb_build_object('committed', false);
  end if;
  if v_is_usage_only then
    perform private.add_facts(v_user, p_turn -> 'facts');
    return jsonb_build_object('committed', true, 'deleted', true);
  end if;

  update public.chat_sessions set employee_slug = v_employee where id = v_session and employee_slug <> v_employee;
  if p_turn -> 'continues' = 'true' then
    perform private.continue_answer(v_session, v_user, p_turn -> 'messages', v_remember);
  else
    perform private.add_messages(v_session, v_user, p_turn -> 'messages');
  end if;
  if p_turn ? 'tool_runs' then
    perform private.add_tool_runs(v_session, v_user, v_turn, p_turn -> 'tool_runs');
    perform private.withdraw_calls(v_session, v_user, p_turn -> 'tool_runs');
  end if;
  insert into public.chat_files (id, user_id, session_id, purpose, name, media_type, table_rows, created_at)
  select f.id, v_user, v_session, 'export', f.name, f.media_type, f.table_rows, f.created_at
  from jsonb_populate_recordset(null::public.chat_files, p_turn -> 'files') f
  on conflict (id) do nothing;
  if p_turn ? 'facts' then
    perform private.add_facts(v_user, p_turn -> 'facts');
  end if;
  if v_remember and p_turn -> 'continues' is distinct from 'true' then
    perform private.remember(v_user, array(
      select (m ->> 'id')::uuid from jsonb_array_elements(p_turn -> 'messages') m));
  end if;
  -- The request to forget names what it forgets.
  if v_forgets then
    perform private.forget_messages(v_user, array(
      select (m ->> 'parent_id')::uuid from jsonb_array_elements(p_turn -> 'messages') m where m ->> 'role' = 'assistant'));
  end if;
  return jsonb_build_object('committed', true);
end $$;
comment on function public.commit_turn(jsonb) is
'Saves a turn completely or not at all.

p_turn: {turn_id, user_id, session_id, employee_slug, title, messages, usage} and, optional, started_at, remember (default
true), usage_only (there is no session: of the turn, its usage alone is saved), continues (the answer replaces one that
exists), handed_to (the slug of the employee that takes over the session), tool_runs, facts, files: [{id, name, media_type, table_rows, created_at}]. messages is as in add_messages, tool_runs as in
add_tool_runs, facts as in add_facts; usage has the columns of chat_usage_log. Where the tool forget ran, the question and the
answer are not remembered.

Returns {committed: true}. A turn_id that is saved already changes nothing: {committed: false}. A turn that began before
its user was erased, or without an account, is dropped: {committed: false, gone: true}. Of a turn with
usage_only, and of one that began before its session was deleted, usage and facts are saved alone: {committed: true,
deleted: true}. Errors: 42501 if the session
belongs to another user, 23514 and other constraint violations for malformed rows. Callers: service_role.';
grant execute on function public.commit_turn(jsonb) to service_role;

-- Parked turns ----------------------------------------------------------------------------------------------

create or replace function public.park_turn(
  p_turn uuid, p_user uuid, p_session uuid, p_started_at timestamptz, p_reason text
) returns void
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
begin
  -- A late call must not park a turn that was saved or erased meanwhile.
  if private.is_gone(p_user, p_started_at) then
    return;
  end if;
  if exists (select from public.chat_usage_log where turn_id = p_turn) then
    return;
  end if;
  insert into public.chat_parked_turns (turn_id, user_id, session_id, reason)
  values (p_turn, p_user, p_session, left(p_reason, 200))
  on conflict (turn_id) do update set reason = excluded.reason;
end $$;
comment on function public.park_turn(uuid, uuid, uuid, timestamptz, text) is
'Records that commit_turn refuses a turn, which began at p_started_at. Changes only the reason of a turn that is recorded
already; does nothing for a turn that is saved, that began before its user was erased, or whose user has no account.
Callers: service_role.';
grant execute on function public.park_turn(uuid, uuid, uuid, timestamptz, text) to service_role;

create or replace function public.parked_turns() returns bigint
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select count(*) from public.chat_parked_turns;
$$;
comment on function public.parked_turns() is 'Returns the number of parked turns, for /readyz. Callers: service_role.';
grant execute on function public.parked_turns() to service_role;

create or replace function private.all_parked_turns() returns setof public.chat_parked_turns
language sql stable security definer set search_path = '' as $$
  select * from public.chat_parked_turns order by parked_at;
$$;
comment on function private.all_parked_turns() is
'Returns the parked turns of all users, oldest first. Security definer, because row-level security hides them. Caller: v_parked_turns,
for admins.';
grant execute on function private.all_parked_turns() to authenticated, service_role;

create or replace view public.v_parked_turns with (security_invoker = true) as
select * from private.all_parked_turns() where (select private.is_admin());
comment on view public.v_parked_turns is 'Parked turns, oldest first. Empty for callers that are not admins.';
grant select on public.v_parked_turns to authenticated, service_role;

-- Stalled work --------------------------------------------------------------------------------------------------------

create or replace function public.note_stalled_work(p_user uuid, p_began timestamptz, p_work text, p_reason text)
returns void
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
begin
  if private.is_gone(p_user, p_began) then
    return;
  end if;
  if p_reason is null then
    delete from public.chat_stalled_work where user_id = p_user and work = p_work;
    return;
  end if;
  insert into public.chat_stalled_work (user_id, work, reason)
  values (p_user, p_work, left(p_reason, 200))
  on conflict (user_id, work) do update set reason = excluded.reason;
end $$;
comment on function public.note_stalled_work(uuid, timestamptz, text, text) is
'Records that background work of a user, which began at p_began, is refused by its model; without a reason, that it goes on.
p_work is vectors, facts or summaries. Does nothing for a user without an account, or who was erased since. Callers:
service_role.';
grant execute on function public.note_stalled_work(uuid, timestamptz, text, text) to service_role;

create or replace function public.stalled_work() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_object_agg(work, users), '{}')
  from (select work, count(*) as users from public.chat_stalled_work group by work) as stalled;
$$;
comment on function public.stalled_work() is
'Returns the number of users whose background work is stalled, by work: {vectors, facts, summaries}; work that stalls for no user is
absent. For /readyz. Callers: service_role.';
grant execute on function public.stalled_work() to service_role;

-- Feedback -------------------------------------------------------------------------------------------------------------

create or replace function public.save_feedback(p_user uuid, p_message uuid, p_rating integer, p_comment text default null)
returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_metadata jsonb;
begin
  if private.is_gone(p_user, now()) then
    return jsonb_build_object('saved', false);
  end if;
  select metadata into v_metadata from public.chat_messages
  where id = p_message and user_id = p_user and role = 'assistant';
  if not found then
    return jsonb_build_object('saved', false);
  end if;
  if p_rating is null then
    delete from public.chat_message_feedback where message_id = p_message and user_id = p_user;
  else
    insert into public.chat_message_feedback (message_id, user_id, rating, comment, employee_slug, employee_version)
    values (
      p_message, p_user, p_rating, nullif(p_comment, ''), v_metadata ->> 'employee',
      (v_metadata ->> 'employee_version')::integer)
    on conflict (message_id, user_id) do update set rating = excluded.rating, comment = excluded.comment;
  end if;
  return jsonb_build_object('saved', true);
end $$;
comment on function public.save_feedback(uuid, uuid, integer, text) is
'Saves the rating (1 or -1) and the comment of a user for an assistant message in a session of that user. A later rating
replaces an earlier one; a null rating deletes it. Returns {saved}: false if there is no such message. Errors: 23514 for
another rating. Callers: service_role.';
grant execute on function public.save_feedback(uuid, uuid, integer, text) to service_role;

create or replace function public.feedback(p_message public.chat_messages) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object('rating', case when rating > 0 then 'up' else 'down' end, 'comment', comment)
  from public.chat_message_feedback where message_id = p_message.id and user_id = p_message.user_id;
$$;
comment on function public.feedback(public.chat_messages) is
'Returns the feedback of a user on one of their messages, or null: {rating: up | down, comment}. PostgREST offers it as a column
of chat_messages. Callers: authenticated.';
grant execute on function public.feedback(public.chat_messages) to authenticated;
