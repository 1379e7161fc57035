-- The vault, the rights of users over their data, retention and monitoring.

-- Vault ----------------------------------------------------------------------------------------------------------------

create or replace function public.load_vault() returns jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
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
comment on function public.load_vault() is
'Returns the encrypted vault of the caller, for an object that has none: {key: {key_id, founded_at, master_version,
wrapped} | null, entries: [{token, entity, fingerprint, ciphertext, key_version}], spent: {employee slug: {tokens, usd}}}.
spent is the usage since midnight UTC. Bytes are hex. Callers: authenticated.';
grant execute on function public.load_vault() to authenticated;

create or replace function private.all_unmask_policies() returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_object_agg(slug, unmask_policy), '{}') from public.employee_profiles;
$$;
comment on function private.all_unmask_policies() is
'Returns the unmask_policy of each employee: {slug: policy}. Security definer, because the column is not readable for
users; the policy itself is visible to each user who talks to the employee. Caller: unmask_policies, as authenticated.';
grant execute on function private.all_unmask_policies() to authenticated;

create or replace function public.unmask_policies() returns jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select private.all_unmask_policies();
$$;
comment on function public.unmask_policies() is
'Returns the unmask_policy of each employee: {slug: policy}. Callers: authenticated.';
grant execute on function public.unmask_policies() to authenticated;

create or replace function private.add_vault(p_user uuid, p_entries jsonb) returns void
language sql security invoker set search_path = '' as $$
  insert into public.chat_pii_vault (user_id, token, entity, fingerprint, ciphertext, key_version)
  select p_user, v.token, v.entity, v.fingerprint, v.ciphertext, v.key_version
  from jsonb_populate_recordset(null::public.chat_pii_vault, p_entries) v
  on conflict do nothing;
$$;
comment on function private.add_vault(uuid, jsonb) is
'Inserts entries of a vault: [{token, entity, fingerprint, ciphertext, key_version}], bytes as hex. Entries that exist stay
unchanged. Internal: called by commit_vault.';

create or replace function public.commit_vault(p_user uuid, p_vault jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_key constant public.chat_pii_keys :=
    jsonb_populate_record(null::public.chat_pii_keys, nullif(p_vault -> 'key', 'null'));
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
comment on function public.commit_vault(uuid, jsonb) is
'Saves the key and entries of a vault: {key: {key_id, founded_at, master_version, wrapped}, entries}, entries as in
add_vault. A key with the same key_id and another wrapping replaces the old wrapping. Returns {committed: true}, also if
nothing is new; {committed: false, gone: true} without a key, for a key from before an erasure, and for another key than
the one saved. Callers: service_role.';
grant execute on function public.commit_vault(uuid, jsonb) to service_role;

-- Usage and limits -----------------------------------------------------------------------------------------------------

create or replace function private.usage_since(p_user uuid, p_since timestamptz, p_except uuid[]) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'since', p_since, 'requests', coalesce(sum(requests), 0), 'total_tokens', coalesce(sum(total_tokens), 0),
    'cost_usd', coalesce(sum(cost_usd), 0), 'by', coalesce(jsonb_agg(to_jsonb(used) order by employee, purpose), '[]'))
  from (
    select
      employee_slug as employee, purpose, count(*) as requests, sum(prompt_tokens) as prompt_tokens,
      sum(cached_tokens) as cached_tokens, sum(completion_tokens) as completion_tokens,
      sum(total_tokens) as total_tokens, sum(cost_usd) as cost_usd
    from public.chat_usage_log where user_id = p_user and created_at >= p_since and turn_id <> all (p_except)
    group by employee_slug, purpose
  ) used;
$$;
comment on function private.usage_since(uuid, timestamptz, uuid[]) is
'Returns the usage of a user since a time, but for the turns and calls p_except: {since, requests, total_tokens, cost_usd, by: [{employee, purpose, requests,
prompt_tokens, cached_tokens, completion_tokens, total_tokens, cost_usd}]}. cost_usd in by is null where no price was known.
Internal: called by user_usage.';

create or replace function public.user_usage(
  p_user uuid, p_today timestamptz, p_month timestamptz, p_except uuid[] default '{}'
) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select jsonb_build_object(
    'today', private.usage_since(p_user, p_today, p_except), 'month', private.usage_since(p_user, p_month, p_except),
    'limits', coalesce(private.limits(p_user), '{}'),
    'employees', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'employee', slug, 'messages_per_minute', messages_per_minute, 'daily_tokens', daily_tokens, 'daily_usd', daily_usd)
        order by slug), '[]')
      from public.employee_profiles
      where is_active and coalesce(messages_per_minute, daily_tokens, daily_usd) is not null));
$$;
comment on function public.user_usage(uuid, timestamptz, timestamptz, uuid[]) is
'Returns the usage of a user as in usage_since, today and this month, without the turns and calls p_except, which the object
adds because they may be on their way, and the limits that apply: {today, month, limits:
as in private.limits | {}, employees: [{employee, messages_per_minute, daily_tokens, daily_usd}]}, of active employees with a limit.
Security definer, because clients cannot read budgets: the object returns what is left of them. Callers: service_role.';
grant execute on function public.user_usage(uuid, timestamptz, timestamptz, uuid[]) to service_role;

-- Export and erasure ---------------------------------------------------------------------------------------------------

create or replace function public.export_user(
  p_kind text, p_after_at timestamptz default null, p_after_id text default null, p_limit integer default 200
) returns jsonb
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
declare
  v_table text;
  v_time text;
  v_id text;
  v_page jsonb;
begin
  select tab, at, id into v_table, v_time, v_id
  from (values
    ('session', 'chat_sessions', 'created_at', 'id'), ('message', 'chat_messages', 'created_at', 'id'),
    ('summary', 'chat_session_summaries', 'created_at', 'session_id'),
    ('feedback', 'chat_message_feedback', 'created_at', 'message_id'), ('tool_run', 'chat_tool_runs', 'created_at', 'id'),
    ('fact', 'user_memory_facts', 'created_at', 'id'), ('document', 'chat_documents', 'created_at', 'id'),
    ('file', 'chat_files', 'created_at', 'id'), ('memory', 'user_memory_embeddings', 'occurred_at', 'id'),
    ('usage', 'chat_usage_log', 'created_at', 'turn_id'), ('value', 'chat_pii_vault', 'created_at', 'token')
  ) kinds (kind, tab, at, id) where kind = p_kind;
  if not found then
    raise exception 'p_kind % is not known: it is session, message, summary, feedback, tool_run, fact, document, file, memory, usage or value.',
      p_kind using errcode = 'invalid_parameter_value';
  end if;
  -- The rows of the page are chosen first: making JSON of all would cost more than to sort them.
  execute format($page$
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(
        jsonb_build_object('kind', $1) || case $1 when 'value' then jsonb_build_object('value', page.id) else '{}' end
        || (to_jsonb(page.t) - '{user_id,embedding,is_read,ciphertext,fingerprint,key_version,token}'::text[])
        order by page.at, page.id), '[]'),
      'after', case count(*) when $4 then jsonb_build_object('at', max(page.at), 'id', (array_agg(page.id order by page.at desc, page.id desc))[1]) end)
    from (
      select t, t.%1$I as at, t.%2$I::text as id from public.%3$I t
      where t.user_id = (select auth.uid())
        and (t.%1$I, t.%2$I::text) > (coalesce($2, '-infinity'), coalesce($3, ''))
      order by at, id limit $4
    ) page $page$, v_time, v_id, v_table)
  into v_page using p_kind, p_after_at, p_after_id, least(greatest(p_limit, 1), 1000);
  return v_page;
end $$;
comment on function public.export_user(text, timestamptz, text, integer) is
'Returns a page of the rows of the caller of one kind, oldest first: {rows: [{kind, ...columns}], after: {at, id} | null}. kind is
session, message, summary, feedback, tool_run, fact, document, file, memory, usage or value. after is the position of the last row,
for p_after_at and p_after_id of the next page; null after a page with fewer than p_limit (and 1000) rows.

Of the vault, value is a placeholder, in whose place the Worker puts the value. Key material and embeddings are left out: the
latter can be computed again. Errors: 22023 for an unknown kind. Callers: authenticated.';
grant execute on function public.export_user(text, timestamptz, text, integer) to authenticated;

create or replace function public.erase_user(
  p_user uuid, p_requested_at timestamptz default now(), p_limit integer default null
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_known private.erased_users;
  v_left bigint := p_limit;
  v_table text;
  v_count bigint;
  v_counts jsonb;
begin
  perform private.lock_user(p_user);
  -- A second call of the same request would delete what the user wrote after the first.
  insert into private.erased_users as known (user_id, requested_at, erased_at, counts)
  values (p_user, p_requested_at, clock_timestamp(), '{}')
  on conflict (user_id) do update
  set requested_at = excluded.requested_at, erased_at = excluded.erased_at, finished_at = null, counts = '{}'
  where known.requested_at < excluded.requested_at;
  update private.erased_users
  set limits = coalesce(private.own_limits(p_user), limits) where user_id = p_user and finished_at is null;
  select * into v_known from private.erased_users where user_id = p_user;
  if v_known.finished_at is not null then
    return v_known.counts;
  end if;
  v_counts := v_known.counts;
  -- The key first: nothing that is left can be opened without it. Then rows before those that they refer to, so that no cascade
  -- deletes more than p_limit.
  foreach v_table in array array[
    'public.chat_pii_keys', 'public.chat_pii_vault', 'public.user_memory_embeddings', 'public.user_memory_facts',
    'public.chat_documents', 'public.chat_files', 'public.chat_tool_runs', 'public.chat_message_feedback',
    'public.chat_usage_log', 'public.chat_parked_turns', 'public.chat_stalled_work', 'public.chat_session_summaries',
    'public.chat_messages',
    'public.chat_sessions', 'public.chat_user_limits', 'private.deleted_sessions', 'private.active_users'
  ] loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where user_id = $1 limit $2))', v_table)
    using p_user, v_left;
    get diagnostics v_count = row_count;
    v_table := split_part(v_table, '.', 2);
    v_counts := v_counts || jsonb_build_object(v_table, v_count + coalesce((v_counts ->> v_table)::bigint, 0));
    v_left := v_left - v_count;
    exit when v_left <= 0;
  end loop;
  update private.erased_users
  set counts = v_counts, finished_at = case when v_left <= 0 then null else clock_timestamp() end where user_id = p_user;
  return v_counts || case when v_left <= 0 then '{"unfinished": true}' else '{}' end::jsonb;
end $$;
comment on function public.erase_user(uuid, timestamptz, integer) is
'Deletes the rows of a user and records the erasure, so that later writes of what began before it are refused. Returns
{table: number of deleted rows}. With p_limit, one call deletes about so many rows, and the result has unfinished: true while
there may be more: call it again with the same p_requested_at. Until it is finished, everything that would be written of the user is
refused. A request that was carried out already, or one from before it, deletes nothing and returns the counts of the last
erasure. The account itself is deleted with Supabase Auth. Callers: service_role.';
grant execute on function public.erase_user(uuid, timestamptz, integer) to service_role;

create or replace function public.replay_erasures(p_erasures jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_erasure record;
  v_users bigint := 0;
begin
  for v_erasure in
    select user_id, max(requested_at) as requested_at
    from jsonb_to_recordset(p_erasures) as e(user_id uuid, requested_at timestamptz)
    group by user_id order by user_id
  loop
    perform public.erase_user(v_erasure.user_id, v_erasure.requested_at);
    v_users := v_users + 1;
  end loop;
  return jsonb_build_object('users', v_users);
end $$;
comment on function public.replay_erasures(jsonb) is
'Erases again the users that a restored backup brought back: [{user_id, requested_at}], as the log of the Worker has them. A user
whose erasure the backup knows stays as they are. Returns {users: number of users}. Callers: service_role.';
grant execute on function public.replay_erasures(jsonb) to service_role;

create or replace function public.is_account(p_user uuid) returns boolean
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select exists (select from auth.users where id = p_user);
$$;
comment on function public.is_account(uuid) is
'True if Supabase Auth has an account with that id. The hook that reports deleted accounts erases no other user. Callers:
service_role.';
grant execute on function public.is_account(uuid) to service_role;

-- Ceiling --------------------------------------------------------------------------------------------------------------

create or replace function public.deployment_spending() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select jsonb_build_object('tokens', coalesce(sum(tokens), 0), 'usd', coalesce(sum(usd), 0))
  from private.daily_spending where day = (now() at time zone 'utc')::date;
$$;
comment on function public.deployment_spending() is
'Returns what all users together spent since midnight UTC, as far as it is in chat_usage_log: {tokens, usd}. usd counts the rows whose
model had a price. Callers: service_role.';
grant execute on function public.deployment_spending() to service_role;

-- Retention ------------------------------------------------------------------------------------------------------------

create or replace function private.merge_hours() returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_row private.hourly_usage;
begin
  for v_row in delete from private.hourly_usage where hour < now() - interval '1 day' and shard >= 0 returning * loop
    v_row.shard := -1;
    perform private.add_hour(v_row);
  end loop;
end $$;
comment on function private.merge_hours() is
'Puts the rows of each hour that is over for a day together: one for all connections. Internal: called by purge_expired.';

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
  -- Older writes do not arrive any more.
  delete from private.erased_users e
  where finished_at < now() - greatest(p_keep, interval '90 days')
    and (limits is null or not exists (select from auth.users where id = e.user_id));
  delete from private.deleted_sessions where requested_at < now() - greatest(p_keep, interval '90 days');
  perform private.merge_hours();
  delete from private.daily_spending where day < (now() at time zone 'utc')::date - 90;
  return jsonb_build_object(
    'expired_facts', v_expired_facts, 'superseded_facts', v_superseded_facts, 'tool_runs', v_tool_runs,
    'unfinished_documents', v_documents);
end $$;
comment on function public.purge_expired(interval) is
'Deletes facts past expires_at, facts superseded and tool runs older than p_keep, documents that never got chunks within 7
days, records of erasures and deleted sessions older than p_keep (at least 90 days), and sums of spending older than 90 days. Usage is
kept, and its hourly sums are put together. Returns {expired_facts,
superseded_facts, tool_runs, unfinished_documents}, the numbers of deleted rows. Errors: 22023 if p_keep is null or less
than a day. Run it every day, for example with pg_cron: select cron.schedule(''frontdesk-retention'', ''17 3 * * *'',
''select public.purge_expired()''). Callers: service_role.';
grant execute on function public.purge_expired(interval) to service_role;

-- Monitoring -----------------------------------------------------------------------------------------------------------

-- Each view runs with the rights of its caller and calls a function that aggregates the rows of all users with those of its owner. For
-- callers that are not admins the views are empty: the condition is evaluated once, before the function is called.

create or replace function private.target_values() returns table (metric text, comparison text, target numeric)
language sql immutable security invoker set search_path = '' as $$
  values
    ('latency_p95_ms', '<', 2000), ('error_rate_percent', '<', 0.1), ('token_saving_percent', '>=', 30),
    ('cost_per_active_user_usd', '<', 0.50), ('cost_per_conversation_usd', '<', 0.02), ('satisfaction_percent', '>', 80),
    ('first_token_p95_ms', null, null), ('outbox_lag_p95_ms', null, null)
$$;
comment on function private.target_values() is
'Returns the targets of the specification; without a target, what is measured all the same. Internal: called by targets and
admin_overview.';

create or replace function private.is_met(p_comparison text, p_current numeric, p_target numeric) returns boolean
language sql immutable security invoker set search_path = '' as $$
  select case p_comparison when '<' then p_current < p_target when '>' then p_current > p_target when '>=' then p_current >= p_target end;
$$;
comment on function private.is_met(text, numeric, numeric) is
'True if a value meets its target; null where one of the two is missing. Internal: called by targets and admin_overview.';

create or replace function private.targets() returns table (
  metric text, comparison text, target numeric, current numeric, met boolean, samples bigint
)
language sql stable security definer set search_path = '' as $$
with calls as (
  select * from public.chat_usage_log where created_at > now() - interval '30 days'
), turns as (
  select * from calls where purpose = 'turn'
), feedback as (
  select rating from public.chat_message_feedback where created_at > now() - interval '30 days'
), measured (metric, current, samples) as (
  select 'latency_p95_ms', (percentile_cont(0.95) within group (order by latency_ms))::numeric, count(*)
  from turns where success
  union all
  select 'error_rate_percent', 100.0 * count(*) filter (where not success) / nullif(count(*), 0), count(*)
  from turns
  union all
  -- Compared with prompts that would have contained the whole history of the session.
  select 'token_saving_percent',
    100 * (1 - sum(prompt_tokens) / nullif(sum(prompt_tokens - history_tokens + session_tokens), 0)::numeric), count(*)
  from turns where success and history_tokens is not null and session_tokens is not null
  union all
  select 'cost_per_active_user_usd', sum(cost_usd) / nullif(count(distinct user_id), 0), count(distinct user_id)
  from calls
  union all
  select 'cost_per_conversation_usd', sum(cost_usd) / nullif(count(distinct session_id), 0), count(distinct session_id)
  from calls where session_id is not null
  union all
  select 'satisfaction_percent', 100.0 * count(*) filter (where rating > 0) / nullif(count(*), 0), count(*)
  from feedback
  union all
  select 'first_token_p95_ms', (percentile_cont(0.95) within group (order by ttft_ms))::numeric, count(*)
  from turns where ttft_ms is not null
  union all
  select 'outbox_lag_p95_ms',
    (percentile_cont(0.95) within group (order by greatest(
      extract(epoch from committed_at - created_at) * 1000, 0)))::numeric, count(*)
  from turns
)
select
  metric, t.comparison, t.target, round(m.current, 4) as current, private.is_met(t.comparison, m.current, t.target), m.samples
from private.target_values() t join measured m using (metric);
$$;
comment on function private.targets() is
'Returns the rows of v_targets. Security definer, because it aggregates rows of all users. Caller: v_targets, for admins.';
grant execute on function private.targets() to authenticated, service_role;

create or replace view public.v_targets with (security_invoker = true) as
select * from private.targets() where (select private.is_admin());
comment on view public.v_targets is
'The targets of the specification with their values over the last 30 days. met is null where there is no target, or no
sample yet. Empty for callers that are not admins.';
grant select on public.v_targets to authenticated, service_role;

create or replace function private.usage_by_day() returns table (
  day date, turns bigint, users bigint, errors bigint, prompt_tokens bigint, cached_tokens bigint, completion_tokens bigint,
  total_tokens bigint, cost_usd numeric, latency_p95_ms double precision, first_token_p50_ms double precision,
  first_token_p95_ms double precision
)
language sql stable security definer set search_path = '' as $$
select
  (created_at at time zone 'utc')::date as day,
  count(*) filter (where purpose = 'turn') as turns,
  count(distinct user_id) as users,
  count(*) filter (where not success) as errors,
  sum(prompt_tokens) as prompt_tokens,
  sum(cached_tokens) as cached_tokens,
  sum(completion_tokens) as completion_tokens,
  sum(total_tokens) as total_tokens,
  sum(cost_usd) as cost_usd,
  percentile_cont(0.95) within group (order by latency_ms) filter (where success and purpose = 'turn') as latency_p95_ms,
  percentile_cont(0.5) within group (order by ttft_ms) as first_token_p50_ms,
  percentile_cont(0.95) within group (order by ttft_ms) as first_token_p95_ms
from public.chat_usage_log
where created_at > now() - interval '90 days'
group by 1
order by 1 desc;
$$;
comment on function private.usage_by_day() is
'Returns the rows of v_usage_by_day. Security definer, because it aggregates rows of all users. Caller: v_usage_by_day, for admins.';
grant execute on function private.usage_by_day() to authenticated, service_role;

create or replace view public.v_usage_by_day with (security_invoker = true) as
select * from private.usage_by_day() where (select private.is_admin());
comment on view public.v_usage_by_day is
  'Turns, tokens, cost and latency per day (UTC) of the last 90 days. Empty for callers that are not admins.';
grant select on public.v_usage_by_day to authenticated, service_role;

create or replace function private.errors() returns table (
  error_code text, model text, turns bigint, users bigint, last_at timestamptz
)
language sql stable security definer set search_path = '' as $$
select
  error_code, model, count(*) as turns, count(distinct user_id) as users, max(created_at) as last_at
from public.chat_usage_log
where not success and created_at > now() - interval '30 days'
group by error_code, model
order by turns desc;
$$;
comment on function private.errors() is
'Returns the rows of v_errors. Security definer, because it aggregates rows of all users. Caller: v_errors, for admins.';
grant execute on function private.errors() to authenticated, service_role;

create or replace view public.v_errors with (security_invoker = true) as
select * from private.errors() where (select private.is_admin());
comment on view public.v_errors is
  'Error codes of the last 30 days by model, the most frequent first. Empty for callers that are not admins.';
grant select on public.v_errors to authenticated, service_role;
