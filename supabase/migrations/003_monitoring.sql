-- How the desk is doing, for operators and admins. The views run with their owner's rights, because they add up what
-- row-level security keeps apart, and are empty for everybody but an admin: the condition is evaluated once, before any
-- row is read.

-- The targets of the specification, with what the last 30 days were.
create or replace view public.v_targets as
with turns as (
  select * from public.chat_usage_log where created_at > now() - interval '30 days'
), feedback as (
  select rating from public.chat_message_feedback where created_at > now() - interval '30 days'
), measured (metric, comparison, target, current, samples) as (
  select 'latency_p95_ms', '<', 2000::numeric,
    (percentile_cont(0.95) within group (order by latency_ms))::numeric, count(*)
  from turns where success
  union all
  select 'error_rate_percent', '<', 0.1, 100.0 * count(*) filter (where not success) / nullif(count(*), 0), count(*)
  from turns
  union all
  -- Against a prompt with the session's whole history in the place of the part that was sent.
  select 'token_saving_percent', '>=', 30,
    100 * (1 - sum(prompt_tokens) / nullif(sum(prompt_tokens - history_tokens + session_tokens), 0)::numeric), count(*)
  from turns where success and history_tokens is not null and session_tokens is not null
  union all
  select 'cost_per_active_user_usd', '<', 0.50, sum(cost_usd) / nullif(count(distinct user_id), 0),
    count(distinct user_id)
  from turns
  union all
  select 'cost_per_conversation_usd', '<', 0.02, sum(cost_usd) / nullif(count(distinct session_id), 0),
    count(distinct session_id)
  from turns where session_id is not null
  union all
  select 'satisfaction_percent', '>', 80, 100.0 * count(*) filter (where rating > 0) / nullif(count(*), 0), count(*)
  from feedback
  union all
  select 'first_token_p95_ms', null, null, (percentile_cont(0.95) within group (order by ttft_ms))::numeric, count(*)
  from turns where ttft_ms is not null
  union all
  select 'outbox_lag_p95_ms', null, null,
    (percentile_cont(0.95) within group (order by greatest(
      extract(epoch from committed_at - created_at) * 1000, 0)))::numeric, count(*)
  from turns
)
select
  metric, comparison, target, round(current, 4) as current,
  case comparison when '<' then current < target when '>' then current > target when '>=' then current >= target end as met,
  samples
from measured
where (select private.is_admin());
comment on view public.v_targets is 'met is null where there is no target, or nothing to measure yet.';

-- Turns, tokens, money and times by day (UTC).
create or replace view public.v_usage_by_day as
select
  (created_at at time zone 'utc')::date as day,
  count(*) as turns,
  count(distinct user_id) as users,
  count(*) filter (where not success) as errors,
  sum(prompt_tokens) as prompt_tokens,
  sum(cached_tokens) as cached_tokens,
  sum(completion_tokens) as completion_tokens,
  sum(total_tokens) as total_tokens,
  sum(cost_usd) as cost_usd,
  percentile_cont(0.95) within group (order by latency_ms) filter (where success) as latency_p95_ms,
  percentile_cont(0.5) within group (order by ttft_ms) as first_token_p50_ms,
  percentile_cont(0.95) within group (order by ttft_ms) as first_token_p95_ms
from public.chat_usage_log
where (select private.is_admin()) and created_at > now() - interval '90 days'
group by 1
order by 1 desc;

-- What goes wrong, most frequent first.
create or replace view public.v_errors as
select
  error_code, model, count(*) as turns, count(distinct user_id) as users, max(created_at) as last_at
from public.chat_usage_log
where (select private.is_admin()) and not success and created_at > now() - interval '30 days'
group by error_code, model
order by turns desc;

revoke all on table public.v_targets, public.v_usage_by_day, public.v_errors
from public, anon, authenticated, service_role;
grant select on table public.v_targets, public.v_usage_by_day, public.v_errors to authenticated, service_role;
