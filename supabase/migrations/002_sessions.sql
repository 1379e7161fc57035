-- Sessions: reading, changing and deleting them. The reading functions run as the calling user: row-level security selects the rows.
-- The others run with the rights of their owner, only the service key calls them, and they check the owner again.

-- Loading a session ----------------------------------------------------------------------------------------------------

create or replace function public.load_session(p_session uuid, p_limit integer, p_leaf uuid default null) returns jsonb
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
declare
  v_messages jsonb;
  v_leaf uuid;
begin
  if private.is_foreign_session(p_session) then
    return jsonb_build_object('foreign', true, 'messages', jsonb_build_array(), 'summary', null);
  end if;

  -- The id of the message itself wins over a client's own id. No message has the nil UUID.
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
    select
      id, parent_id, role, content, content_tokens, tool_calls, metadata ->> 'client_message_id' as name, 1 as depth
    from public.chat_messages where id = v_leaf and session_id = p_session
    union all
    select
      m.id, m.parent_id, m.role, m.content, m.content_tokens, m.tool_calls, m.metadata ->> 'client_message_id',
      path.depth + 1
    from path join public.chat_messages m on m.id = path.parent_id
    where path.depth < least(p_limit, 1000) and m.session_id = p_session
  )
  select coalesce(jsonb_agg(to_jsonb(path) - 'depth' order by depth desc), '[]') into v_messages from path;

  return jsonb_build_object(
    'foreign', false, 'messages', v_messages,
    'summary', (
      select jsonb_build_object('text', summary, 'covers', covers_message_id, 'since', created_at)
      from public.chat_session_summaries where session_id = p_session));
end $$;
comment on function public.load_session(uuid, integer, uuid) is
'Returns the part of a session that a turn needs: {foreign, messages, summary: {text, covers, since} | null}.

messages is the path to p_leaf, oldest first: [{id, parent_id, role, content, content_tokens, tool_calls, name}],
of which the newest p_limit (at most 1000) are returned; name is the id that the client gave the message. p_leaf is the id
of a message, or a client''s own UUID for it. Null means the newest message; a message that is not in the session, and the
nil UUID, give an empty path.

summary is the one of the session: covers is the last message that it stands for, since the time of its first version.
foreign is true if the session belongs to another user; all else is empty then. Callers: authenticated.';
grant execute on function public.load_session(uuid, integer, uuid) to authenticated;

-- Loading the employee, its prices and the limits of the user ----------------------------------------------------------

create or replace function private.active_employee(p_slug text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'slug', slug, 'version', version, 'title', title, 'system_prompt', system_prompt, 'model', model, 'fallback_models', fallback_models,
    'temperature', temperature, 'max_output_tokens', max_output_tokens, 'reasoning_effort', reasoning_effort,
    'verbosity', verbosity, 'token_budget', token_budget, 'top_k', top_k,
    'tools', tools, 'mcp_servers', mcp_servers, 'unmask_policy', unmask_policy, 'unmasked_kinds', unmasked_kinds,
    'messages_per_minute', messages_per_minute, 'daily_tokens', daily_tokens, 'daily_usd', daily_usd,
    'colleagues', case when 'hand_over' = any (tools) then (
      select coalesce(jsonb_agg(jsonb_build_object(
        'slug', c.slug, 'title', c.title, 'description', c.description) order by c.slug), '[]')
      from public.employee_profiles c where c.is_active and c.slug <> p_slug) else '[]' end)
  from public.employee_profiles where slug = p_slug and is_active;
$$;
comment on function private.active_employee(text) is
'Returns the active employee with that slug, or null: {slug, version, title, system_prompt, model, fallback_models, temperature,
max_output_tokens, reasoning_effort, verbosity, token_budget, top_k, tools, mcp_servers, unmask_policy, unmasked_kinds,
messages_per_minute, daily_tokens, daily_usd, colleagues: [{slug, title, description}]}. colleagues is empty unless the
employee has the tool hand_over. Internal: called by load_terms.';

create or replace function private.current_price(p_model text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object('input', input_usd, 'cached_input', cached_input_usd, 'output', output_usd)
  from public.chat_model_prices where model = p_model and valid_from <= now()
  order by valid_from desc limit 1;
$$;
comment on function private.current_price(text) is
'Returns the price of a model that is valid now, or null: {input, cached_input, output} in USD per million tokens.
Internal: called by load_terms and the functions of 005.';

create or replace function private.own_limits(p_user uuid) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(
    (select jsonb_build_object(
        'messages_per_minute', messages_per_minute, 'daily_tokens', daily_tokens, 'daily_usd', daily_usd)
      from public.chat_user_limits where user_id = p_user),
    (select limits from private.erased_users where user_id = p_user));
$$;
comment on function private.own_limits(uuid) is
'Returns the limits of a user alone, or null: {messages_per_minute, daily_tokens, daily_usd}. Those of an erased user hold until
an operator writes new ones. Internal: called by limits and erase_user.';

create or replace function private.limits(p_user uuid) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
      'plan', coalesce(u.raw_app_meta_data ->> 'plan', case when u.is_anonymous then 'anonymous' end),
      'messages_per_minute', null, 'daily_tokens', null, 'daily_usd', null)
    || coalesce(private.own_limits(p_user), '{}')
  from auth.users u where u.id = p_user;
$$;
comment on function private.limits(uuid) is
'Returns what decides the limits of a user, or null without such a user: {plan, messages_per_minute, daily_tokens, daily_usd}.
plan is app_metadata.plan, else "anonymous" for an anonymous user, else null; the deployment sets its limits. The others are
of the user alone, null where the plan decides. Internal: called by load_terms, budgets and user_usage.';

create or replace function public.load_terms(
  p_user uuid, p_session uuid, p_employee text, p_default_employee text, p_default_model text, p_embedding_model text
) returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_employee constant jsonb := private.active_employee(coalesce(
    p_employee, (select employee_slug from public.chat_sessions where id = p_session and user_id = p_user),
    p_default_employee));
begin
  return jsonb_build_object(
    'employee', v_employee,
    'price', private.current_price(coalesce(v_employee ->> 'model', p_default_model)),
    'prices', (
      select coalesce(jsonb_object_agg(model, private.current_price(model)) filter (
        where private.current_price(model) is not null), '{}')
      from jsonb_array_elements_text(coalesce(v_employee -> 'fallback_models', '[]')) model),
    'embedding_price', private.current_price(p_embedding_model),
    'limits', private.limits(p_user));
end $$;
comment on function public.load_terms(uuid, uuid, text, text, text, text) is
'Returns the terms on which a user is answered: {employee | null, price | null, prices: {fallback model: price},
embedding_price | null, limits as in private.limits}.

employee is p_employee, else the one of the session if it is of the user, else p_default_employee; null if it is not active.
price is that of its model, else of p_default_model. Users may not read any of it. Callers: service_role.';
grant execute on function public.load_terms(uuid, uuid, text, text, text, text) to service_role;

-- Lists ----------------------------------------------------------------------------------------------------------------

create or replace function private.session_row(p_session public.chat_sessions) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'id', p_session.id, 'title', p_session.title, 'employee_slug', p_session.employee_slug,
    'archived', p_session.is_archived, 'pinned', p_session.is_pinned, 'message_count', p_session.message_count,
    'last_message_at', p_session.last_message_at, 'created_at', p_session.created_at);
$$;
comment on function private.session_row(public.chat_sessions) is
'Returns a session as its user sees it: {id, title, employee_slug, archived, pinned, message_count, last_message_at,
created_at}. Callers: list_sessions as authenticated, update_session as its owner.';
grant execute on function private.session_row(public.chat_sessions) to authenticated;

create or replace function private.has_words(p_text text, p_words jsonb) returns boolean
language sql immutable security invoker set search_path = '' as $$
  select not exists (
    select from jsonb_array_elements(p_words) forms
    where not exists (
      select from jsonb_array_elements_text(forms) form where position(lower(form) in lower(coalesce(p_text, ''))) > 0));
$$;
comment on function private.has_words(text, jsonb) is
'True if a text has each of the words, in one of its forms, in any case: [[form]]. Caller: list_sessions, as authenticated.';
grant execute on function private.has_words(text, jsonb) to authenticated;

create or replace function public.list_sessions(
  p_limit integer default 50, p_before_at timestamptz default null, p_before_id uuid default null,
  p_archived boolean default null, p_pinned boolean default null, p_session uuid default null,
  p_words jsonb default null, p_found uuid[] default null
) returns setof jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select private.session_row(s)
  from public.chat_sessions s
  -- In sub-selects, because "coalesce" counts as leaky: under row-level security the planner would compare row by row, from the
  -- newest session on, instead of starting the index at the position.
  where (s.last_message_at, s.id) < (
      (select coalesce(p_before_at, 'infinity')), (select coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')))
    and (p_archived is null or s.is_archived = p_archived) and (p_pinned is null or s.is_pinned = p_pinned)
    and (p_session is null or s.id = p_session)
    and (p_words is null or s.id = any (p_found) or private.has_words(s.title, p_words))
  order by s.last_message_at desc, s.id desc
  limit least(p_limit, 500);
$$;
comment on function public.list_sessions(integer, timestamptz, uuid, boolean, boolean, uuid, jsonb, uuid[]) is
'Returns a page of the sessions of the caller as in session_row, newest first: at most p_limit (and 500) sessions after the
position (p_before_at, p_before_id), which is last_message_at and id of the last row of the previous page. p_archived and
p_pinned leave out the others, p_session all others; null leaves out none. With p_words, only sessions of p_found and those whose
title has the words, as in has_words. Callers: authenticated.';
grant execute on function public.list_sessions(integer, timestamptz, uuid, boolean, boolean, uuid, jsonb, uuid[]) to authenticated;

-- Locks ----------------------------------------------------------------------------------------------------------------
--
-- Each is held until the end of its transaction. They are taken in this order, and before any row: no two transactions wait for
-- each other.

create or replace function private.share_user(p_user uuid) returns void
language sql security invoker set search_path = '' as $$
  select pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('user ' || p_user, 0));
$$;
comment on function private.share_user(uuid) is
'Waits until no erasure of the user runs, and holds the next one up. Many writers hold this lock at once. Internal: called by
private.is_gone, which every writing function calls first.';

create or replace function private.lock_user(p_user uuid) returns void
language sql security invoker set search_path = '' as $$
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('user ' || p_user, 0));
$$;
comment on function private.lock_user(uuid) is
'Waits until no other transaction writes anything of the user, and holds new ones up. Internal: called by erase_user.';

create or replace function private.lock_session(p_session uuid) returns void
language sql security invoker set search_path = '' as $$
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('chat_sessions ' || p_session, 0));
$$;
comment on function private.lock_session(uuid) is
'Waits until no other transaction saves a turn of the session, changes or deletes it, whether or not its row exists. Internal:
called by commit_turn, update_session and delete_session.';

create or replace function private.lock_memory(p_user uuid) returns void
language sql security invoker set search_path = '' as $$
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('user_memory_facts ' || p_user, 0));
$$;
comment on function private.lock_memory(uuid) is
'Waits until no other transaction saves or forgets facts of the user: two that took the same keys in another order would wait for each
other, or find the same key free. Internal: called by the functions that do.';

-- Changing and deleting sessions ---------------------------------------------------------------------------------------

create or replace function private.is_deleted_session(p_user uuid, p_session uuid, p_at timestamptz) returns boolean
language sql stable security invoker set search_path = '' as $$
  select exists (
    select from private.deleted_sessions where user_id = p_user and session_id = p_session and requested_at >= p_at);
$$;
comment on function private.is_deleted_session(uuid, uuid, timestamptz) is
'True if no message of the session from that time may be stored: the user deleted it at or after that time. Internal: called by
commit_turn and update_session.';

create or replace function public.update_session(
  p_user uuid, p_session uuid, p_changes jsonb, p_undelivered jsonb default null
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_created constant timestamptz := (p_undelivered ->> 'created_at')::timestamptz;
  v_row public.chat_sessions;
begin
  if private.is_gone(p_user, coalesce(v_created, now())) then
    return null;
  end if;
  perform private.lock_session(p_session);
  if v_created is not null and not private.is_deleted_session(p_user, p_session, v_created) then
    insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
    values (
      p_session, p_user, p_undelivered ->> 'employee_slug', nullif(p_undelivered ->> 'title', ''), v_created, v_created)
    on conflict (id) do nothing;
  end if;
  update public.chat_sessions
  set title = coalesce(p_changes ->> 'title', title),
      title_source = case when p_changes ->> 'title' is null then title_source else 'user' end,
      is_archived = coalesce((p_changes ->> 'archived')::boolean, is_archived),
      is_pinned = coalesce((p_changes ->> 'pinned')::boolean, is_pinned)
  where id = p_session and user_id = p_user
  returning * into v_row;
  return case when found then private.session_row(v_row) end;
end $$;
comment on function public.update_session(uuid, uuid, jsonb, jsonb) is
'Changes a session of a user: {title, archived, pinned}, each optional. Returns it as in session_row, or null if there is no such
session. p_undelivered is {employee_slug, title, created_at} of a session whose first turn is not saved yet: its row is inserted
first. Errors: 23514 for a title of another length. Callers: service_role.';
grant execute on function public.update_session(uuid, uuid, jsonb, jsonb) to service_role;

create or replace function public.delete_session(
  p_user uuid, p_session uuid, p_requested_at timestamptz, p_is_known boolean
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_owner uuid;
  v_files uuid[];
begin
  if private.is_gone(p_user, p_requested_at) then
    return jsonb_build_object('deleted', false, 'files', jsonb_build_array());
  end if;
  perform private.lock_session(p_session);
  -- The cascade reaches memories and facts.
  perform private.lock_memory(p_user);
  select user_id into v_owner from public.chat_sessions where id = p_session;
  if v_owner <> p_user or (v_owner is null and not p_is_known
    and not private.is_deleted_session(p_user, p_session, p_requested_at)) then
    return jsonb_build_object('deleted', false, 'files', jsonb_build_array());
  end if;
  v_files := array(select id from public.chat_files where session_id = p_session and user_id = p_user order by id);
  -- A second call of the same request would delete what the user wrote after the first.
  insert into private.deleted_sessions as known (session_id, user_id, requested_at, files)
  values (p_session, p_user, p_requested_at, v_files)
  on conflict (user_id, session_id) do update set requested_at = excluded.requested_at, files = excluded.files
  where known.requested_at < excluded.requested_at;
  if found then
    delete from public.chat_files where id = any (v_files);
    delete from public.chat_parked_turns where session_id = p_session and user_id = p_user;
    -- Messages, summary, feedback, tool runs and memories are deleted by the cascade.
    delete from public.chat_sessions where id = p_session and user_id = p_user;
  end if;
  return (
    select jsonb_build_object('deleted', true, 'files', files)
    from private.deleted_sessions where user_id = p_user and session_id = p_session);
end $$;
comment on function public.delete_session(uuid, uuid, timestamptz, boolean) is
'Deletes a session of a user with everything that belongs to it, and records the deletion, so that no later write of a turn that
began before it brings the session back. Its cost and the facts from it stay. p_is_known is true if the user''s object has
something of the session that may not be saved yet.

Returns {deleted, files: [ids that the bucket may delete]}: deleted is false if the user has no such session. A request that was
carried out already, or one from before it, deletes nothing and returns the files of the last deletion. Callers: service_role.';
grant execute on function public.delete_session(uuid, uuid, timestamptz, boolean) to service_role;
