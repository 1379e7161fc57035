-- Administration. The functions run with the rights of their owner, and only the service key calls them: the Worker has checked that
-- the caller is an admin. A function that changes something writes it into the audit log in the same transaction. What it refuses, it
-- returns as {refused: code}. None returns text of users.

-- Audit log ------------------------------------------------------------------------------------------------------------

create or replace function private.note_change(p_admin uuid, p_action text, p_target text, p_was jsonb, p_became jsonb)
returns void
language sql security invoker set search_path = '' as $$
  insert into private.admin_changes (admin_id, action, target, was, became)
  select
    p_admin, p_action, p_target, coalesce(jsonb_object_agg(key, p_was -> key) filter (where p_was ? key), '{}'),
    coalesce(jsonb_object_agg(key, p_became -> key) filter (where p_became ? key), '{}')
  from jsonb_object_keys(p_was || p_became) key
  where (p_was -> key) is distinct from (p_became -> key) and key not in ('created_at', 'updated_at');
$$;
comment on function private.note_change(uuid, text, text, jsonb, jsonb) is
'Writes a row of the audit log: of p_was and p_became, the fields that differ. Internal: called by the functions that change
something.';

create or replace function private.email_of(p_user uuid) returns text
language sql stable security invoker set search_path = '' as $$
  select email from auth.users where id = p_user;
$$;
comment on function private.email_of(uuid) is
'Returns the address of an account, or null. Internal: called by the functions that name admins and users.';

-- Employees ------------------------------------------------------------------------------------------------------------

create or replace function public.all_employees() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(to_jsonb(e) order by slug), '[]') from public.employee_profiles e;
$$;
comment on function public.all_employees() is
'Returns all employees with all columns, inactive ones among them, by slug. Callers: service_role.';
grant execute on function public.all_employees() to service_role;

create or replace function private.write_employee(p_admin uuid, p_action text, p_employee public.employee_profiles)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  v_columns text[];
  v_was jsonb;
  v_became public.employee_profiles;
begin
  perform pg_catalog.set_config('frontdesk.admin', p_admin::text, true);
  select to_jsonb(e) into v_was from public.employee_profiles e where slug = p_employee.slug;
  select array_agg(quote_ident(attname) order by attnum) into v_columns from pg_catalog.pg_attribute
  where attrelid = 'public.employee_profiles'::regclass and attnum > 0 and not attisdropped and attgenerated = ''
    and attname not in ('version', 'created_at', 'updated_at');
  execute format(
    'insert into public.employee_profiles as known (%1$s) select %1$s from (select ($1).*) given
     on conflict (slug) do update set (%1$s) = row(excluded.%2$s) returning known.*',
    array_to_string(v_columns, ', '), array_to_string(v_columns, ', excluded.'))
  into v_became using p_employee;
  if v_was is null or v_was - 'updated_at' <> to_jsonb(v_became) - 'updated_at' then
    perform private.note_change(p_admin, p_action, p_employee.slug, coalesce(v_was, '{}'), to_jsonb(v_became));
  end if;
  return to_jsonb(v_became);
end $$;
comment on function private.write_employee(uuid, text, public.employee_profiles) is
'Inserts or replaces an employee for an admin, and notes it in the audit log if something differs. Returns the employee with all
columns. Internal: called by create_employee, update_employee and roll_back_employee, which lock the table.';

create or replace function public.create_employee(p_admin uuid, p_employee jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_defaults constant jsonb := '{"description": "", "fallback_models": [], "tools": [], "mcp_servers": [], "unmask_policy": {},
    "unmasked_kinds": [], "learns": true, "is_active": true}';
begin
  lock table public.employee_profiles in share row exclusive mode;
  if exists (select from public.employee_profiles where slug = p_employee ->> 'slug') then
    return jsonb_build_object('refused', 'employee_exists');
  end if;
  return private.write_employee(
    p_admin, 'employee_created', jsonb_populate_record(null::public.employee_profiles, v_defaults || p_employee));
end $$;
comment on function public.create_employee(uuid, jsonb) is
'Creates an employee for an admin: {slug, title, system_prompt} and, optional, the other columns. Returns it with all columns, or
{refused: employee_exists}. Errors: 23514 and other constraint violations. Callers: service_role.';
grant execute on function public.create_employee(uuid, jsonb) to service_role;

create or replace function public.update_employee(p_admin uuid, p_slug text, p_version integer, p_changes jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_employee public.employee_profiles;
begin
  lock table public.employee_profiles in share row exclusive mode;
  select * into v_employee from public.employee_profiles where slug = p_slug;
  if not found then
    return jsonb_build_object('refused', 'unknown_employee');
  end if;
  if p_version <> v_employee.version then
    return jsonb_build_object('refused', 'edit_conflict');
  end if;
  return private.write_employee(p_admin, 'employee_updated', jsonb_populate_record(v_employee, p_changes - 'slug'));
end $$;
comment on function public.update_employee(uuid, text, integer, jsonb) is
'Changes columns of an employee for an admin. p_version is the version that the admin saw, or null. Returns the employee with all
columns, {refused: unknown_employee}, or {refused: edit_conflict} if there is a later version. Errors: 23514 and other constraint
violations. Callers: service_role.';
grant execute on function public.update_employee(uuid, text, integer, jsonb) to service_role;

create or replace function public.employee_versions(p_slug text, p_before integer, p_limit integer) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select case when exists (select from public.employee_profiles where slug = p_slug) then (
    select coalesce(jsonb_agg(jsonb_build_object(
        'version', version, 'author_id', author_id, 'author_email', private.email_of(author_id), 'created_at', created_at,
        'profile', profile) order by version desc), '[]')
    from (
      select * from private.employee_versions
      where employee_slug = p_slug and version < coalesce(p_before, 2147483647)
      order by version desc limit p_limit
    ) page)
  else jsonb_build_object('refused', 'unknown_employee') end;
$$;
comment on function public.employee_versions(text, integer, integer) is
'Returns the newest versions of an employee before p_before, newest first: [{version, author_id, author_email, created_at,
profile}]; or {refused: unknown_employee}. Callers: service_role.';
grant execute on function public.employee_versions(text, integer, integer) to service_role;

create or replace function public.roll_back_employee(p_admin uuid, p_slug text, p_version integer) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_employee public.employee_profiles;
  v_profile jsonb;
begin
  lock table public.employee_profiles in share row exclusive mode;
  select * into v_employee from public.employee_profiles where slug = p_slug;
  if not found then
    return jsonb_build_object('refused', 'unknown_employee');
  end if;
  select profile into v_profile from private.employee_versions where employee_slug = p_slug and version = p_version;
  if not found then
    return jsonb_build_object('refused', 'version_not_found');
  end if;
  return private.write_employee(p_admin, 'employee_rolled_back', jsonb_populate_record(v_employee, v_profile));
end $$;
comment on function public.roll_back_employee(uuid, text, integer) is
'Makes a new version of an employee that is like an earlier one. Returns the employee with all columns, {refused: unknown_employee}
or {refused: version_not_found}. Callers: service_role.';
grant execute on function public.roll_back_employee(uuid, text, integer) to service_role;

-- Overview -------------------------------------------------------------------------------------------------------------

create or replace function private.figures(
  p_since timestamptz, p_until timestamptz, p_step text default 'hour', p_employee text default null, p_model text default null
) returns table (at timestamptz, employee text, version integer, model text, purpose text, kind text, figures jsonb)
language sql stable security invoker set search_path = '' as $$
with chosen as (
  select date_trunc(p_step, u.hour, 'UTC') as at, u.employee_slug as employee, u.employee_version as version, u.*
  from private.hourly_usage u
  where u.hour >= p_since and u.hour < p_until
    and (p_employee is null or u.employee_slug = p_employee) and (p_model is null or u.model = p_model)
), added as (
  -- Connections and hours first, so that little is left to group in six ways.
  select
    u.at, u.employee, u.version, u.model, u.purpose,
    sum(requests) as requests, sum(requests) filter (where error_code <> '') as errors,
    sum(requests) filter (where u.purpose = 'turn') as turns,
    sum(requests) filter (where u.purpose = 'turn' and error_code <> '') as failed_turns,
    sum(prompt_tokens) as prompt_tokens, sum(cached_tokens) as cached_tokens, sum(completion_tokens) as completion_tokens,
    sum(total_tokens) as total_tokens, sum(cost_usd) as cost_usd, sum(unpriced) as unpriced,
    sum(conversations) as conversations, sum(latency_ms) filter (where u.purpose = 'turn') as turn_ms,
    sum(compared_tokens) as compared_tokens, sum(whole_tokens) as whole_tokens
  from chosen u group by u.at, u.employee, u.version, u.model, u.purpose
), counted as (
  select u.at, u.employee, u.version, u.model, u.purpose, c.metric, c.n, sum(c.requests) as requests
  from chosen u, lateral (
    select 'latency_p95_ms' as metric, n, requests from unnest(u.latency_counts) with ordinality as counted (requests, n)
    where requests > 0
    union all
    select 'first_token_p95_ms', n, requests from unnest(u.first_token_counts) with ordinality as counted (requests, n)
    where requests > 0
    union all
    select 'outbox_lag_p95_ms', n, requests from unnest(u.delay_counts) with ordinality as counted (requests, n)
    where requests > 0
  ) c
  where u.purpose = 'turn'
  group by u.at, u.employee, u.version, u.model, u.purpose, c.metric, c.n
), sums as (
  select
    u.at, u.employee, u.version, u.model, u.purpose, grouping(u.at, u.employee, u.version, u.model, u.purpose) as grouped,
    coalesce(sum(requests), 0) as requests, coalesce(sum(errors), 0) as errors, coalesce(sum(turns), 0) as turns,
    coalesce(sum(failed_turns), 0) as failed_turns, coalesce(sum(prompt_tokens), 0) as prompt_tokens,
    coalesce(sum(cached_tokens), 0) as cached_tokens, coalesce(sum(completion_tokens), 0) as completion_tokens,
    coalesce(sum(total_tokens), 0) as total_tokens, coalesce(sum(cost_usd), 0) as cost_usd,
    coalesce(sum(unpriced), 0) as unpriced, coalesce(sum(conversations), 0) as conversations,
    coalesce(sum(turn_ms), 0) as turn_ms, sum(compared_tokens) as compared_tokens, sum(whole_tokens) as whole_tokens
  from added u
  group by grouping sets ((), (u.at), (u.employee), (u.employee, u.version), (u.model), (u.purpose))
), counts as (
  select
    u.at, u.employee, u.version, u.model, u.purpose, grouping(u.at, u.employee, u.version, u.model, u.purpose) as grouped,
    u.metric, u.n, sum(u.requests) as requests
  from counted u
  group by u.metric, u.n, grouping sets ((), (u.at), (u.employee), (u.employee, u.version), (u.model), (u.purpose))
), ranked as (
  select
    jsonb_build_array(grouped, at, employee, version, model, purpose) as key, metric, n, requests,
    sum(requests) over (of_group order by n) as upto, 0.95 * sum(requests) over of_group as wanted
  from counts window of_group as (partition by grouped, at, employee, version, model, purpose, metric)
), percentiles as (
  -- Between the two bounds of the count that has the wanted request, as if its requests were spread evenly.
  select key, jsonb_object_agg(metric, round((
      2000 * power(2, (n - 45) / 4.0) * (1 + (power(2, 0.25) - 1) * (wanted - upto + requests) / requests))::numeric)) as values
  from ranked where upto >= wanted and upto - requests < wanted
  group by key
)
select
  s.at, s.employee, s.version, s.model, s.purpose,
  case s.grouped when 31 then 'all' when 15 then 'time' when 23 then 'employee' when 19 then 'version'
    when 29 then 'model' when 30 then 'purpose' end,
  jsonb_build_object(
    'requests', s.requests, 'errors', s.errors, 'turns', s.turns, 'failed_turns', s.failed_turns,
    'error_rate_percent', round(100 * s.failed_turns / nullif(s.turns, 0), 4),
    'prompt_tokens', s.prompt_tokens, 'cached_tokens', s.cached_tokens, 'completion_tokens', s.completion_tokens,
    'total_tokens', s.total_tokens, 'cost_usd', s.cost_usd, 'unpriced', s.unpriced, 'conversations', s.conversations,
    'token_saving_percent', round(100 * (1 - s.compared_tokens / nullif(s.whole_tokens, 0)), 4),
    'concurrency', round(s.turn_ms / 1000 / extract(epoch from
      case when s.at is null then least(p_until, now()) - p_since else ('1 ' || p_step)::interval end)::numeric, 4),
    'latency_p95_ms', p.values -> 'latency_p95_ms', 'first_token_p95_ms', p.values -> 'first_token_p95_ms',
    'outbox_lag_p95_ms', p.values -> 'outbox_lag_p95_ms')
from sums s
left join percentiles p on p.key = jsonb_build_array(s.grouped, s.at, s.employee, s.version, s.model, s.purpose);
$$;
comment on function private.figures(timestamptz, timestamptz, text, text, text) is
'Returns figures of hourly_usage from p_since to before p_until, of one employee and one model or of all: one row for all of it
(kind all), and rows by time (p_step is hour or day), employee, version, model and purpose. concurrency is the number of turns that ran
at once on average. Times are off by a fifth at most, and right about 2000 ms. Internal: called by admin_overview and admin_health.';

create or replace function private.ratings(p_since timestamptz, p_until timestamptz, p_employee text)
returns table (employee text, version integer, kind text, up bigint, down bigint)
language sql stable security invoker set search_path = '' as $$
  select
    employee_slug, employee_version,
    case grouping(employee_slug, employee_version) when 3 then 'all' when 1 then 'employee' else 'version' end,
    count(*) filter (where rating > 0), count(*) filter (where rating < 0)
  from public.chat_message_feedback
  where created_at >= p_since and created_at < p_until and (p_employee is null or employee_slug = p_employee)
  group by grouping sets ((), (employee_slug), (employee_slug, employee_version));
$$;
comment on function private.ratings(timestamptz, timestamptz, text) is
'Counts ratings of answers: all, by employee, and by version of its profile. Internal: called by admin_overview.';

create or replace function public.admin_overview(p_hours integer, p_employee text default null, p_model text default null)
returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_until constant timestamptz := date_trunc('hour', now(), 'UTC') + interval '1 hour';
  v_since constant timestamptz := v_until - p_hours * interval '1 hour';
  v_step constant text := case when p_hours > 168 then 'day' else 'hour' end;
  v_users bigint;
  v_all jsonb;
  v_overview jsonb;
begin
  if p_employee is null and p_model is null then
    select count(*) into v_users from private.active_users where last_active_at >= v_since;
  end if;
  with f as materialized (
    select * from private.figures(v_since, v_until, v_step, p_employee, p_model)
  ), r as materialized (
    select * from private.ratings(v_since, v_until, p_employee)
  )
  select
    (select figures from f where kind = 'all')
      || (select jsonb_build_object('up', up, 'down', down) from r where kind = 'all'),
    jsonb_build_object(
      'by_time', (select coalesce(jsonb_agg(jsonb_build_object('at', f.at) || f.figures order by f.at), '[]')
        from f where kind = 'time'),
      'by_employee', (select coalesce(jsonb_agg(
          jsonb_build_object('employee', employee, 'up', coalesce(r.up, 0), 'down', coalesce(r.down, 0)) || coalesce(f.figures, '{}')
          order by employee), '[]')
        from (select * from f where kind = 'employee') f left join (select * from r where kind = 'employee') r using (employee)),
      'by_version', (select coalesce(jsonb_agg(
          jsonb_build_object('employee', employee, 'version', version, 'up', coalesce(r.up, 0), 'down', coalesce(r.down, 0))
            || f.figures order by employee, version desc), '[]')
        from (select * from f where kind = 'version') f left join (select * from r where kind = 'version') r using (employee, version)),
      'by_model', (select coalesce(jsonb_agg(jsonb_build_object('model', f.model) || f.figures order by f.model), '[]')
        from f where kind = 'model'),
      'by_purpose', (select coalesce(jsonb_agg(jsonb_build_object('purpose', f.purpose) || f.figures order by f.purpose), '[]')
        from f where kind = 'purpose'))
  into v_all, v_overview;
  return jsonb_build_object('since', v_since, 'hours', p_hours, 'step', v_step, 'users', v_users, 'total', v_all,
      'before', (
        select figures || jsonb_build_object('up', r.up, 'down', r.down)
        from private.figures(v_since - p_hours * interval '1 hour', v_since, v_step, p_employee, p_model) f,
          private.ratings(v_since - p_hours * interval '1 hour', v_since, p_employee) r
        where f.kind = 'all' and r.kind = 'all'))
    || v_overview
    || jsonb_build_object('errors', (
        select coalesce(jsonb_agg(to_jsonb(e)), '[]') from (
          select error_code as code, model, purpose, sum(requests) as requests, max(hour) as last_hour
          from private.hourly_usage
          where hour >= v_since and error_code <> '' and (p_employee is null or employee_slug = p_employee)
            and (p_model is null or model = p_model)
          group by error_code, model, purpose order by sum(requests) desc, error_code, model limit 50) e),
      'targets', (
        select jsonb_agg(jsonb_build_object(
          'metric', t.metric, 'comparison', t.comparison, 'target', t.target, 'current', round(m.current, 4),
          'met', private.is_met(t.comparison, m.current, t.target)) order by n)
        from private.target_values() with ordinality as t (metric, comparison, target, n)
        left join lateral (select case t.metric
          when 'cost_per_active_user_usd' then (v_all ->> 'cost_usd')::numeric / nullif(v_users, 0)
          when 'cost_per_conversation_usd' then (v_all ->> 'cost_usd')::numeric / nullif((v_all ->> 'conversations')::bigint, 0)
          when 'satisfaction_percent' then
            100.0 * (v_all ->> 'up')::bigint / nullif((v_all ->> 'up')::bigint + (v_all ->> 'down')::bigint, 0)
          else (v_all ->> t.metric)::numeric end as current) m on true));
end $$;
comment on function public.admin_overview(integer, text, text) is
'Returns the figures of the last p_hours hours, this one among them, of one employee and one model or of all: {since, hours, step: hour | day, users |
null, total, before (total of the hours before), by_time, by_employee, by_version, by_model, by_purpose, errors: [{code, model, purpose,
requests, last_hour}], targets: [{metric, comparison, target, current, met}]}. Figures are as in private.figures, with the ratings up and
down in total, before, by_employee and by_version. Reads hourly sums alone. Callers: service_role.';
grant execute on function public.admin_overview(integer, text, text) to service_role;

-- Health ---------------------------------------------------------------------------------------------------------------

create or replace function public.admin_health() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select jsonb_build_object(
    'parked_turns', (
      select jsonb_build_object('count', count(*), 'oldest_at', min(parked_at)) from public.chat_parked_turns)
      || jsonb_build_object('rows', (
        select coalesce(jsonb_agg(to_jsonb(p) order by parked_at), '[]')
        from (select * from public.chat_parked_turns order by parked_at limit 50) p)),
    'stalled_work', (
      select coalesce(jsonb_agg(to_jsonb(s) order by work), '[]')
      from (
        select work, count(*) as users, min(stalled_at) as oldest_at, (array_agg(distinct reason))[1:5] as reasons
        from public.chat_stalled_work group by work) s),
    'erasures', (
      select jsonb_build_object('unfinished', count(*), 'oldest_at', min(requested_at))
      from private.erased_users where finished_at is null),
    'outbox_lag_p95_ms', (
      select figures -> 'outbox_lag_p95_ms'
      from private.figures(date_trunc('hour', now(), 'UTC') - interval '1 hour', now()) where kind = 'all'),
    'models', (
      select coalesce(jsonb_agg(to_jsonb(m) order by model), '[]')
      from (
        select model, sum(requests) as requests, coalesce(sum(requests) filter (where error_code <> ''), 0) as errors,
          sum(unpriced) as unpriced
        from private.hourly_usage where hour >= date_trunc('hour', now(), 'UTC') - interval '1 hour' group by model) m),
    'spent_today', public.deployment_spending());
$$;
comment on function public.admin_health() is
'Returns what needs an operator: {parked_turns: {count, oldest_at, rows: the oldest 50 of chat_parked_turns}, stalled_work: [{work, users,
oldest_at, reasons}], erasures: {unfinished, oldest_at}, outbox_lag_p95_ms and models: [{model, requests, errors, unpriced}] of this hour
and the one before, spent_today: {tokens, usd}}. Callers: service_role.';
grant execute on function public.admin_health() to service_role;

-- Users ----------------------------------------------------------------------------------------------------------------

create or replace function private.used_since(p_user uuid, p_since timestamptz) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'requests', count(*), 'total_tokens', coalesce(sum(total_tokens), 0), 'cost_usd', coalesce(sum(cost_usd), 0))
  from public.chat_usage_log where user_id = p_user and created_at >= p_since;
$$;
comment on function private.used_since(uuid, timestamptz) is
'Returns the usage of a user since a time: {requests, total_tokens, cost_usd}. Internal: called by list_users.';

create or replace function public.list_users(p_query text, p_before_at timestamptz, p_before_id uuid, p_limit integer) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  with page as materialized (
    (
      select a.user_id as id, a.last_active_at, row_number() over (order by a.last_active_at desc, a.user_id desc) as n
      from private.active_users a
      where p_query is null and (a.last_active_at, a.user_id) < (
        (select coalesce(p_before_at, 'infinity')), (select coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')))
      order by a.last_active_at desc, a.user_id desc limit p_limit
    )
    union all
    (
      select u.id, a.last_active_at, row_number() over (order by u.email, u.id)
      from auth.users u left join private.active_users a on a.user_id = u.id
      where p_query is not null and (u.id::text = lower(p_query) or starts_with(lower(u.email), lower(p_query)))
      order by u.email, u.id limit p_limit
    )
  )
  select jsonb_build_object(
    'data', coalesce(jsonb_agg(jsonb_build_object(
      'id', u.id, 'email', u.email, 'is_anonymous', u.is_anonymous, 'plan', u.raw_app_meta_data ->> 'plan',
      'created_at', u.created_at, 'last_active_at', page.last_active_at,
      'today', private.used_since(u.id, date_trunc('day', now(), 'UTC')),
      'month', private.used_since(u.id, date_trunc('month', now(), 'UTC')),
      'limits', private.own_limits(u.id)) order by page.n), '[]'),
    'next', case when p_query is null and count(*) = p_limit then (
      select (to_json(last_active_at) #>> '{}') || ',' || id from page order by n desc limit 1) end)
  from page join auth.users u on u.id = page.id;
$$;
comment on function public.list_users(text, timestamptz, uuid, integer) is
'Returns users, the last active first, or those whose id is p_query or whose address begins with it: {data: [{id, email, is_anonymous,
plan, created_at, last_active_at, today, month: as in used_since, limits: as in own_limits}], next: position of the next page | null}.
Callers: service_role.';
grant execute on function public.list_users(text, timestamptz, uuid, integer) to service_role;

create or replace function public.user_limits(p_user uuid) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(private.limits(p_user), '{"refused": "user_not_found"}');
$$;
comment on function public.user_limits(uuid) is
'Returns what decides the limits of a user, as in private.limits, or {refused: user_not_found}. Callers: service_role.';
grant execute on function public.user_limits(uuid) to service_role;

create or replace function public.update_user_limits(p_admin uuid, p_user uuid, p_changes jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_was jsonb;
  v_became jsonb;
begin
  perform private.share_user(p_user);
  if not exists (select from auth.users where id = p_user) then
    return jsonb_build_object('refused', 'user_not_found');
  end if;
  -- Two admins at once.
  perform 1 from public.chat_user_limits where user_id = p_user for update;
  v_was := coalesce(private.own_limits(p_user), '{"messages_per_minute": null, "daily_tokens": null, "daily_usd": null}');
  v_became := v_was || p_changes;
  -- A row of nulls stays: without one, the limits from before an erasure would hold again.
  insert into public.chat_user_limits (user_id, messages_per_minute, daily_tokens, daily_usd)
  select p_user, l.messages_per_minute, l.daily_tokens, l.daily_usd
  from jsonb_populate_record(null::public.chat_user_limits, v_became) l
  on conflict (user_id) do update set
    messages_per_minute = excluded.messages_per_minute, daily_tokens = excluded.daily_tokens, daily_usd = excluded.daily_usd;
  if v_was <> v_became then
    perform private.note_change(p_admin, 'limits_updated', p_user::text, v_was, v_became);
  end if;
  return private.limits(p_user);
end $$;
comment on function public.update_user_limits(uuid, uuid, jsonb) is
'Changes limits of a user for an admin: {messages_per_minute, daily_tokens, daily_usd}, each optional; null leaves one to the plan.
Returns them as in private.limits, or {refused: user_not_found}. Errors: 23514 for a limit that is not positive. Callers: service_role.';
grant execute on function public.update_user_limits(uuid, uuid, jsonb) to service_role;

create or replace function public.note_erasure(p_admin uuid, p_user uuid) returns jsonb
language sql security definer set search_path = '' set statement_timeout = '8s' as $$
  insert into private.admin_changes (admin_id, action, target, was, became)
  values (p_admin, 'user_erased', p_user::text, '{}', '{}')
  returning jsonb_build_object('committed', true);
$$;
comment on function public.note_erasure(uuid, uuid) is
'Notes in the audit log that an admin has a user erased, whose object does so afterwards. Returns {committed: true}. Callers:
service_role.';
grant execute on function public.note_erasure(uuid, uuid) to service_role;

-- Prices ---------------------------------------------------------------------------------------------------------------

create or replace function public.all_prices() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object('is_current', p.valid_from = (
      select max(valid_from) from public.chat_model_prices c where c.model = p.model and c.valid_from <= now()))
    order by p.model, p.valid_from desc), '[]')
  from public.chat_model_prices p;
$$;
comment on function public.all_prices() is
'Returns all prices by model, the latest first: [{model, valid_from, input_usd, cached_input_usd, output_usd, is_current}]. Callers:
service_role.';
grant execute on function public.all_prices() to service_role;

create or replace function public.save_price(p_admin uuid, p_price jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_price public.chat_model_prices := jsonb_populate_record(null::public.chat_model_prices, p_price);
  v_was jsonb;
begin
  v_price.valid_from := coalesce(v_price.valid_from, now());
  select to_jsonb(p) into v_was from public.chat_model_prices p
  where model = v_price.model and valid_from <= v_price.valid_from order by valid_from desc limit 1;
  insert into public.chat_model_prices select v_price.*
  on conflict (model, valid_from) do update set
    input_usd = excluded.input_usd, cached_input_usd = excluded.cached_input_usd, output_usd = excluded.output_usd
  returning * into v_price;
  perform private.note_change(p_admin, 'price_saved', v_price.model, coalesce(v_was, '{}'), to_jsonb(v_price));
  return to_jsonb(v_price);
end $$;
comment on function public.save_price(uuid, jsonb) is
'Saves a price for an admin: {model, input_usd, cached_input_usd, output_usd} and, optional, valid_from (default: now). Returns its
row. Costs that are in the usage log stay as they are. Errors: 23514 for a price below zero. Callers: service_role.';
grant execute on function public.save_price(uuid, jsonb) to service_role;

-- Reading the audit log ------------------------------------------------------------------------------------------------

create or replace function public.admin_changes(p_target text, p_before bigint, p_limit integer) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(
    jsonb_build_object('admin_email', private.email_of(c.admin_id)) || to_jsonb(c) order by c.id desc), '[]')
  from (
    select * from private.admin_changes
    where id < coalesce(p_before, 9223372036854775807) and (p_target is null or target = p_target)
    order by id desc limit p_limit
  ) c;
$$;
comment on function public.admin_changes(text, bigint, integer) is
'Returns the newest changes of the audit log before p_before, of one target or of all: [{id, at, admin_id, admin_email, action, target,
was, became}]. Callers: service_role.';
grant execute on function public.admin_changes(text, bigint, integer) to service_role;
