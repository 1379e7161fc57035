-- Answers that act: what an employee may call, calls that wait for their user, and the files that tools make.

-- What an employee may call ----------------------------------------------------------------------------------------------------

alter table public.employee_profiles add column if not exists mcp_servers jsonb not null default '[]'
  check (jsonb_typeof(mcp_servers) = 'array');
comment on column public.employee_profiles.tools is 'Names of the tools that its model may call: docs/tools.md has them all.';
comment on column public.employee_profiles.mcp_servers is
  'Remote MCP servers: [{name, url, tools: [names] or ["*"], approval: always|writes|never, unmask, token}]; token is a name in MCP_TOKENS.';

-- An operator's own choice stays. Not "ocr": pictures cannot be masked before the model sees them.
update public.employee_profiles set tools = seed.tools
from (values
  ('prime-boss', array['hand_over', 'calculator', 'recall', 'remember', 'forget']),
  ('doc-clerk', array['recall', 'hand_over', 'calculator', 'remember', 'forget']),
  ('sheet-analyst', array['sheet_export', 'calculator', 'hand_over', 'recall', 'remember', 'forget'])
) as seed (slug, tools)
where employee_profiles.slug = seed.slug and employee_profiles.tools = '{}'
  and employee_profiles.updated_at = employee_profiles.created_at;

-- Who reads pictures is for everybody to see, for they cannot be masked.
alter table public.employee_profiles add column if not exists reads_pictures boolean not null
  generated always as ('ocr' = any (tools)) stored;
grant select (reads_pictures) on public.employee_profiles to anon, authenticated;

-- As before, with its tools' servers, and whom it may hand over to.
create or replace function private.active_employee(p_slug text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object(
    'slug', slug, 'title', title, 'system_prompt', system_prompt, 'model', model, 'fallback_models', fallback_models,
    'temperature', temperature, 'max_output_tokens', max_output_tokens, 'token_budget', token_budget, 'top_k', top_k,
    'tools', tools, 'mcp_servers', mcp_servers, 'unmask_policy', unmask_policy, 'messages_per_minute', messages_per_minute,
    'daily_tokens', daily_tokens, 'daily_usd', daily_usd,
    'colleagues', case when 'hand_over' = any (tools) then (
      select coalesce(jsonb_agg(jsonb_build_object('slug', c.slug, 'title', c.title, 'description', c.description) order by c.slug), '[]')
      from public.employee_profiles c where c.is_active and c.slug <> p_slug) else '[]' end)
  from public.employee_profiles where slug = p_slug and is_active;
$$;

-- Files ------------------------------------------------------------------------------------------------------------------------

-- What lies in the bucket: tables that were exported, masked as everything is, and pictures that wait to be read, sealed with a
-- key of their user's.
create table if not exists public.chat_files (
  id         uuid primary key,
  user_id    uuid not null references auth.users (id) on delete cascade,
  session_id uuid references public.chat_sessions (id) on delete set null,
  purpose    text not null check (purpose in ('export', 'scan')),
  name       text not null check (length(name) between 1 and 255),
  media_type text not null check (length(media_type) between 1 and 255),
  size_bytes bigint check (size_bytes >= 0),
  table_rows bigint check (table_rows >= 0),
  created_at timestamptz not null default now(),
  expires_at timestamptz
);
alter table public.chat_files enable row level security;
comment on column public.chat_files.expires_at is 'When it is thrown away; one that has none stays as long as its user.';
create index if not exists chat_files_user on public.chat_files (user_id, created_at desc);
create index if not exists chat_files_session on public.chat_files (session_id);

revoke all on table public.chat_files from public, anon, authenticated, service_role;
grant select on public.chat_files to authenticated, service_role;
drop policy if exists "Users read their own" on public.chat_files;
create policy "Users read their own" on public.chat_files
  for select to authenticated using (user_id = (select auth.uid()));

-- {id, purpose, name, media_type, size_bytes, received_at, expires_at}: a file that was uploaded. At most `p_max_files` that are not
-- thrown away yet: {saved: false} then, {gone: true} for a user who is gone; `expired` are those that the bucket may throw away.
create or replace function public.save_file(p_user uuid, p_file jsonb, p_max_files integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
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

-- A user throws files of theirs away: the ids of those that there were.
create or replace function public.delete_files(p_user uuid, p_files uuid[]) returns jsonb
language sql security definer set search_path = '' as $$
  with deleted as (delete from public.chat_files where user_id = p_user and id = any (p_files) returning id)
  select coalesce(jsonb_agg(id), '[]') from deleted;
$$;

-- Saving -----------------------------------------------------------------------------------------------------------------------

-- As before; a run that waited for its user gets what became of it.
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

-- Calls that their user went on without allowing are over, in their answers too.
create or replace function private.expire_calls(p_session uuid, p_user uuid, p_runs jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_expired constant text[] := array(
    select r ->> 'id' from jsonb_array_elements(p_runs) r where r ->> 'status' = 'expired');
begin
  if v_expired = '{}' then
    return;
  end if;
  update public.chat_messages m
  set tool_calls = (
    select jsonb_agg(
      case when c ->> 'id' = any (v_expired) then c - 'approval_id' - 'expires_at' || '{"state": "expired"}' else c end)
    from jsonb_array_elements(m.tool_calls) c)
  where m.session_id = p_session and m.user_id = p_user and m.tool_calls is not null
    and exists (select from jsonb_array_elements(m.tool_calls) c where c ->> 'id' = any (v_expired));
end $$;

-- An answer goes on: what it has come to takes the place of what it was, in the session and in memory.
create or replace function private.go_on(p_session uuid, p_user uuid, p_messages jsonb, p_remember boolean) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_more bigint;
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
    returning b.content_tokens - before.content_tokens as more
  )
  select coalesce(sum(more), 0) into v_more from updated;
  update public.chat_sessions set content_tokens = content_tokens + v_more where id = p_session;
  delete from public.user_memory_embeddings
  where user_id = p_user and message_id in (select (m ->> 'id')::uuid from jsonb_array_elements(p_messages) m);
  if p_remember then
    perform private.remember(p_user, array(select (m ->> 'id')::uuid from jsonb_array_elements(p_messages) m));
  end if;
end $$;

-- As before; an answer may go on, another employee may take over, and tools may have made files.
create or replace function public.commit_turn(p_turn jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_turn constant uuid := (p_turn ->> 'turn_id')::uuid;
  v_user constant uuid := (p_turn ->> 'user_id')::uuid;
  v_session constant uuid := (p_turn ->> 'session_id')::uuid;
  v_employee constant text := coalesce(p_turn ->> 'handed_to', p_turn ->> 'employee_slug');
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_turn -> 'usage');
  v_started constant timestamptz := coalesce(p_turn ->> 'started_at', p_turn #>> '{messages,0,created_at}');
  v_remember constant boolean := p_turn -> 'remember' is distinct from 'false';
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
  values (v_session, v_user, v_employee, left(nullif(p_turn ->> 'title', ''), 200), v_started, v_started)
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

  update public.chat_sessions set employee_slug = v_employee where id = v_session and employee_slug <> v_employee;
  if p_turn -> 'continues' = 'true' then
    perform private.go_on(v_session, v_user, p_turn -> 'messages', v_remember);
  else
    perform private.add_messages(v_session, v_user, p_turn -> 'messages');
  end if;
  if p_turn ? 'tool_runs' then
    perform private.add_tool_runs(v_session, v_user, v_turn, p_turn -> 'tool_runs');
    perform private.expire_calls(v_session, v_user, p_turn -> 'tool_runs');
  end if;
  insert into public.chat_files (id, user_id, session_id, purpose, name, media_type, table_rows, created_at)
  select f.id, v_user, v_session, 'export', f.name, f.media_type, f.table_rows, f.created_at
  from jsonb_populate_recordset(null::public.chat_files, p_turn -> 'files') f
  on conflict (id) do nothing;
  perform private.add_memory(v_session, v_user, p_turn);
  if v_remember and p_turn -> 'continues' is distinct from 'true' then
    perform private.remember(v_user, array(
      select (m ->> 'id')::uuid from jsonb_array_elements(p_turn -> 'messages') m));
  end if;
  return jsonb_build_object('committed', true);
end $$;

-- Reading ----------------------------------------------------------------------------------------------------------------------

-- As before, with what answers called.
create or replace function public.load_session(
  p_session uuid, p_employee text, p_default_employee text, p_default_model text, p_limit integer,
  p_leaf uuid default null
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_session jsonb;
  v_employee jsonb;
  v_messages jsonb;
  v_limits jsonb;
  v_leaf uuid;
begin
  select jsonb_build_object('id', id, 'employee_slug', employee_slug, 'title', title) into v_session
  from public.chat_sessions where id = p_session;

  if v_session is null and private.is_foreign_session(p_session) then
    return jsonb_build_object(
      'foreign', true, 'session', null, 'employee', null, 'price', null, 'prices', jsonb_build_object(), 'limits', null,
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
    select id, parent_id, role, content, content_tokens, tool_calls, status, metadata ->> 'client_message_id' as name, 1 as depth
    from public.chat_messages where id = v_leaf and session_id = p_session
    union all
    select m.id, m.parent_id, m.role, m.content, m.content_tokens, m.tool_calls, m.status, m.metadata ->> 'client_message_id',
      path.depth + 1
    from path join public.chat_messages m on m.id = path.parent_id
    where path.depth < least(p_limit, 1000) and m.session_id = p_session
  )
  select coalesce(jsonb_agg(to_jsonb(path) - 'depth' order by depth desc), '[]') into v_messages from path;

  select jsonb_build_object(
    'messages_per_minute', messages_per_minute, 'daily_tokens', daily_tokens, 'daily_usd', daily_usd) into v_limits
  from public.chat_user_limits where user_id = (select auth.uid());

  return jsonb_build_object(
    'foreign', false, 'session', v_session, 'employee', v_employee, 'limits', v_limits,
    'price', private.current_price(coalesce(v_employee ->> 'model', p_default_model)),
    'prices', (
      select coalesce(jsonb_object_agg(model, private.current_price(model)) filter (
        where private.current_price(model) is not null), '{}')
      from jsonb_array_elements_text(coalesce(v_employee -> 'fallback_models', '[]')) model),
    'messages', v_messages);
end $$;

-- A user's rights ----------------------------------------------------------------------------------------------------------------

-- As before, with files.
create or replace function public.export_user() returns setof jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object('kind', 'session') || to_jsonb(s) - 'user_id' from public.chat_sessions s
  union all
  select jsonb_build_object('kind', 'message') || to_jsonb(m) - 'user_id'
  from (select * from public.chat_messages order by session_id, created_at, id) m
  union all
  select jsonb_build_object('kind', 'summary') || to_jsonb(s) - 'user_id' from public.chat_session_summaries s
  union all
  select jsonb_build_object('kind', 'feedback') || to_jsonb(f) - 'user_id' from public.chat_message_feedback f
  union all
  select jsonb_build_object('kind', 'tool_run') || to_jsonb(r) - 'user_id' from public.chat_tool_runs r
  union all
  select jsonb_build_object('kind', 'fact') || to_jsonb(f) - 'user_id' from public.user_memory_facts f
  union all
  select jsonb_build_object('kind', 'document') || to_jsonb(d) - 'user_id' from public.chat_documents d
  union all
  select jsonb_build_object('kind', 'file') || to_jsonb(f) - 'user_id' from public.chat_files f
  union all
  select jsonb_build_object(
    'kind', 'memory', 'id', e.id, 'source', e.source, 'message_id', e.message_id, 'document_id', e.document_id,
    'chunk_index', e.chunk_index, 'content', e.content, 'occurred_at', e.occurred_at)
  from public.user_memory_embeddings e
  union all
  select jsonb_build_object('kind', 'usage') || to_jsonb(u) - 'user_id' from public.chat_usage_log u
  union all
  select jsonb_build_object('kind', 'vault', 'token', v.token, 'entity', v.entity, 'created_at', v.created_at)
  from public.chat_pii_vault v;
$$;

-- As before, with files.
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
    'chat_pii_keys', 'chat_pii_vault', 'user_memory_embeddings', 'user_memory_facts', 'chat_documents', 'chat_files',
    'chat_tool_runs', 'chat_message_feedback', 'chat_usage_log', 'chat_parked_turns', 'chat_messages', 'chat_sessions'
  ] loop
    execute format('delete from public.%I where user_id = $1', v_table) using p_user;
    get diagnostics v_count = row_count;
    v_counts := v_counts || jsonb_build_object(v_table, v_count);
  end loop;
  return v_counts;
end $$;

-- Who may call what --------------------------------------------------------------------------------------------------------------

revoke execute on function
  public.save_file(uuid, jsonb, integer),
  public.delete_files(uuid, uuid[]),
  private.go_on(uuid, uuid, jsonb, boolean),
  private.expire_calls(uuid, uuid, jsonb)
from public, anon, authenticated, service_role;
grant execute on function public.save_file(uuid, jsonb, integer), public.delete_files(uuid, uuid[]) to service_role;
