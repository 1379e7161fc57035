-- What is learned from conversations when they are over: facts of the user, and a summary of each long session. Both are made
-- by a model in the background, from what is stored here; this is their queue, and where they are saved.

-- The model's work in the background costs as well. A turn is one request of a user, the others are not.
alter table public.chat_usage_log add column if not exists purpose text not null default 'turn'
  check (purpose in ('turn', 'facts', 'summary'));

-- {id, purpose, session_id, employee_slug, model, prompt_tokens, ...}; whether it was not there before.
create or replace function private.add_usage(p_user uuid, p_usage jsonb) returns boolean
language plpgsql security invoker set search_path = '' as $$
declare
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_usage);
begin
  insert into public.chat_usage_log (
    turn_id, purpose, user_id, session_id, employee_slug, model, prompt_tokens, cached_tokens, completion_tokens,
    total_tokens, cost_usd, latency_ms, success, error_code, usage_source, created_at)
  values (
    (p_usage ->> 'id')::uuid, v_usage.purpose, p_user, (select id from public.chat_sessions where id = v_usage.session_id and user_id = p_user),
    v_usage.employee_slug, v_usage.model, v_usage.prompt_tokens, v_usage.cached_tokens, v_usage.completion_tokens,
    v_usage.total_tokens, v_usage.cost_usd, v_usage.latency_ms, v_usage.success, v_usage.error_code,
    v_usage.usage_source, v_usage.created_at)
  on conflict (turn_id) do nothing;
  return found;
end $$;

-- What a user may spend: of their own, and with an employee.
create or replace function private.budgets(p_user uuid, p_employee text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'user', coalesce((
      select jsonb_build_object('daily_tokens', daily_tokens, 'daily_usd', daily_usd)
      from public.chat_user_limits where user_id = p_user), '{}'),
    'employee', coalesce((
      select jsonb_build_object('daily_tokens', daily_tokens, 'daily_usd', daily_usd)
      from public.employee_profiles where slug = p_employee), '{}'));
$$;

-- Facts ------------------------------------------------------------------------------------------------------------------

-- What a user said that was not looked at yet, oldest first, with what is known of them: null when there is nothing.
create or replace function public.unread_messages(p_user uuid, p_model text, p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_messages jsonb;
  v_employee text;
begin
  select
    jsonb_agg(jsonb_build_object('id', u.message_id, 'text', left(u.content, 4000), 'said_at', u.occurred_at)
      order by u.occurred_at, u.id),
    (array_agg(s.employee_slug order by u.occurred_at desc, u.id desc))[1]
  into v_messages, v_employee
  from (
    select id, message_id, session_id, content, occurred_at from public.user_memory_embeddings
    where user_id = p_user and not is_read
    order by occurred_at, id limit least(greatest(p_limit, 1), 50)
  ) u
  join public.chat_sessions s on s.id = u.session_id;
  if v_messages is null then
    return null;
  end if;
  return jsonb_build_object(
    'messages', v_messages, 'employee', v_employee, 'budgets', private.budgets(p_user, v_employee),
    'price', private.current_price(p_model),
    'facts', (
      select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'category', f.category, 'key', f.key, 'fact', f.fact)), '[]')
      from (
        select id, category, key, fact from public.user_memory_facts
        where user_id = p_user and valid_to is null and (expires_at is null or expires_at > now())
        order by valid_from desc, id limit 100
      ) f));
end $$;

-- Forgets facts of a user, for good: with what they superseded, with the memories of the messages that they come from, and
-- with the summaries of those messages' sessions, which are made anew without them.
create or replace function private.forget_facts(p_user uuid, p_facts uuid[]) returns bigint
language plpgsql security invoker set search_path = '' as $$
declare
  v_messages uuid[];
  v_count bigint;
begin
  with forgotten as (
    delete from public.user_memory_facts f
    using public.user_memory_facts named
    where named.id = any (p_facts) and named.user_id = p_user
      and f.user_id = p_user and f.category = named.category and f.key = named.key
    returning f.source_message_id
  )
  select count(*), array_agg(source_message_id) into v_count, v_messages from forgotten;
  perform private.forget_messages(p_user, v_messages);
  return v_count;
end $$;

-- Nothing that is made of these messages of a user is left: the messages themselves stay in their conversations.
create or replace function private.forget_messages(p_user uuid, p_messages uuid[]) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  delete from public.user_memory_embeddings where message_id = any (p_messages) and user_id = p_user;
  delete from public.chat_session_summaries where user_id = p_user and session_id in (
    select session_id from public.chat_messages where id = any (p_messages) and user_id = p_user);
end $$;

-- What was learned: {read: [message ids], facts, ended: [fact ids], forgotten: [fact ids], commands: [message ids], usage}.
-- Commands are messages that ask to forget: they are not remembered themselves, nor are the answers to them. Saved again it
-- changes nothing; of a user who was erased nothing is saved.
create or replace function public.save_facts(p_user uuid, p_extraction jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_commands constant uuid[] := array(select jsonb_array_elements_text(p_extraction -> 'commands')::uuid);
begin
  if private.is_gone(p_user, (p_extraction #>> '{usage,created_at}')::timestamptz)
    or not private.add_usage(p_user, p_extraction -> 'usage') then
    return jsonb_build_object('committed', false);
  end if;
  update public.user_memory_embeddings m set is_read = true
  from jsonb_array_elements_text(p_extraction -> 'read') read
  where m.message_id = read::uuid and m.user_id = p_user;
  perform private.add_facts(p_user, p_extraction -> 'facts');
  update public.user_memory_facts f set valid_to = greatest(now(), f.valid_from)
  from jsonb_array_elements_text(p_extraction -> 'ended') ended
  where f.id = ended::uuid and f.user_id = p_user and f.valid_to is null;
  perform private.forget_facts(p_user, array(select jsonb_array_elements_text(p_extraction -> 'forgotten')::uuid));
  perform private.forget_messages(p_user, v_commands || array(
    select id from public.chat_messages where parent_id = any (v_commands) and user_id = p_user));
  return jsonb_build_object('committed', true);
end $$;

-- A user forgets facts of theirs: how many rows that were.
create or replace function public.forget_facts(p_user uuid, p_facts uuid[]) returns jsonb
language sql security definer set search_path = '' as $$
  select jsonb_build_object('forgotten', private.forget_facts(p_user, p_facts));
$$;

-- A user says how it is: the fact takes the place of another one, which was never so. Null when there is no such fact.
create or replace function public.correct_fact(p_user uuid, p_fact uuid, p_text text) returns jsonb
language sql security definer set search_path = '' as $$
  update public.user_memory_facts f set fact = p_text, confidence = 1
  where f.id = p_fact and f.user_id = p_user and f.valid_to is null
  returning jsonb_build_object('id', id, 'category', category, 'key', key, 'fact', fact, 'valid_from', valid_from);
$$;

-- Summaries --------------------------------------------------------------------------------------------------------------

-- What of a session is to be added to its summary, when more of the path to its newest message is in none than p_start_percent percent of
-- its prompts' budget (p_budget where the employee has none): all of it but the newest p_keep_percent percent, oldest first, in parts of
-- p_part_tokens tokens. Null when there is nothing to do. What must not be remembered is left out. A summary of another branch is not
-- gone on with.
create or replace function public.unsummarised_messages(
  p_user uuid, p_session uuid, p_model text, p_budget integer, p_start_percent integer, p_keep_percent integer, p_part_tokens integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_employee text;
  v_budget bigint;
  v_summary public.chat_session_summaries;
  v_newest uuid;
  v_total bigint;
  v_covers uuid;
  v_messages jsonb;
  v_is_continued boolean;
begin
  select s.employee_slug, coalesce(e.token_budget, p_budget) into v_employee, v_budget
  from public.chat_sessions s join public.employee_profiles e on e.slug = s.employee_slug
  where s.id = p_session and s.user_id = p_user and e.learns;
  if v_employee is null then
    return null;
  end if;
  select * into v_summary from public.chat_session_summaries where session_id = p_session;
  select id into v_newest from public.chat_messages
  where session_id = p_session order by created_at desc, id desc limit 1;

  with recursive path as (
    select id, parent_id, role, content, content_tokens, 1 as depth, content_tokens::bigint as from_newest
    from public.chat_messages where id = v_newest
    union all
    select m.id, m.parent_id, m.role, m.content, m.content_tokens, path.depth + 1, path.from_newest + m.content_tokens
    from path join public.chat_messages m on m.id = path.parent_id
    where path.depth < 400 and m.session_id = p_session and m.id is distinct from v_summary.covers_message_id
  ), older as (
    select *, sum(content_tokens) over (order by depth desc) as from_oldest from path where from_newest > v_budget * p_keep_percent / 100 and depth > 2
  ), part as (
    select * from older where from_oldest <= p_part_tokens or from_oldest = content_tokens
  )
  select
    (select max(from_newest) from path),
    (select coalesce(bool_or(parent_id = v_summary.covers_message_id), false) from path),
    (select id from part order by depth limit 1),
    (select jsonb_agg(jsonb_build_object('id', part.id, 'role', part.role, 'text', left(part.content, 8000)) order by part.depth desc)
     from part
     where part.role in ('user', 'assistant') and exists (
       select from public.user_memory_embeddings where message_id = part.id))
  into v_total, v_is_continued, v_covers, v_messages;
  if v_total <= v_budget * p_start_percent / 100 or v_messages is null then
    return null;
  end if;
  return jsonb_build_object(
    'messages', v_messages, 'covers', v_covers, 'summary', case when v_is_continued then v_summary.summary end,
    'replaces', v_summary.covers_message_id, 'employee', v_employee, 'budgets', private.budgets(p_user, v_employee),
    'price', private.current_price(p_model));
end $$;

-- {session_id, covers, replaces, continues, message_ids, usage} and, unless it came to nothing, {summary, tokens}. Saved
-- again it changes nothing; nor does it replace another summary than the one it takes the place of, or stand for a message that
-- was forgotten meanwhile. A summary that does not go on from another one is a new row: what that one said is not in it.
create or replace function public.save_summary(p_user uuid, p_summary jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_session constant uuid := (p_summary ->> 'session_id')::uuid;
  v_replaces constant uuid := (p_summary ->> 'replaces')::uuid;
begin
  if private.is_gone(p_user, (p_summary #>> '{usage,created_at}')::timestamptz)
    or not private.add_usage(p_user, p_summary -> 'usage') then
    return jsonb_build_object('committed', false);
  end if;
  if not p_summary ? 'summary' or exists (
    select from jsonb_array_elements_text(p_summary -> 'message_ids') added
    where not exists (select from public.user_memory_embeddings where message_id = added::uuid and user_id = p_user)
  ) then
    return jsonb_build_object('committed', true);
  end if;
  if p_summary -> 'continues' = 'true' then
    update public.chat_session_summaries
    set covers_message_id = (p_summary ->> 'covers')::uuid, summary = p_summary ->> 'summary',
        tokens = (p_summary ->> 'tokens')::integer
    where session_id = v_session and user_id = p_user and covers_message_id = v_replaces;
  else
    delete from public.chat_session_summaries
    where session_id = v_session and user_id = p_user and covers_message_id = v_replaces;
    insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens)
    select v_session, p_user, m.id, p_summary ->> 'summary', (p_summary ->> 'tokens')::integer
    from public.chat_messages m
    where m.id = (p_summary ->> 'covers')::uuid and m.session_id = v_session and m.user_id = p_user
    on conflict (session_id) do nothing;
  end if;
  return jsonb_build_object('committed', true);
end $$;

-- Monitoring: turns are counted as turns, and all that is spent is money -----------------------------------------------------

create or replace view public.v_targets as
with calls as (
  select * from public.chat_usage_log where created_at > now() - interval '30 days'
), turns as (
  select * from calls where purpose = 'turn'
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
  from calls
  union all
  select 'cost_per_conversation_usd', '<', 0.02, sum(cost_usd) / nullif(count(distinct session_id), 0),
    count(distinct session_id)
  from calls where session_id is not null
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

-- Who may call what ------------------------------------------------------------------------------------------------------

revoke execute on function
  private.add_usage(uuid, jsonb),
  private.budgets(uuid, text),
  private.forget_facts(uuid, uuid[]),
  private.forget_messages(uuid, uuid[]),
  public.unread_messages(uuid, text, integer),
  public.save_facts(uuid, jsonb),
  public.forget_facts(uuid, uuid[]),
  public.correct_fact(uuid, uuid, text),
  public.unsummarised_messages(uuid, uuid, text, integer, integer, integer, integer),
  public.save_summary(uuid, jsonb)
from public, anon, authenticated, service_role;

grant execute on function
  public.unread_messages(uuid, text, integer),
  public.save_facts(uuid, jsonb),
  public.forget_facts(uuid, uuid[]),
  public.correct_fact(uuid, uuid, text),
  public.unsummarised_messages(uuid, uuid, text, integer, integer, integer, integer),
  public.save_summary(uuid, jsonb)
to service_role;
