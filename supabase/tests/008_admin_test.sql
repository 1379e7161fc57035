-- Administration: employees with their versions, and the audit log.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'admin@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
create function pg_temp.change(p_version integer, p_changes jsonb, p_slug text default 'tax-clerk') returns jsonb language sql as $$
  select public.update_employee('00000000-0000-4000-8000-00000000000a', p_slug, p_version, p_changes);
$$;
create function pg_temp.numbers(p_before integer default null, p_limit integer default 9) returns jsonb language sql as $$
  select jsonb_path_query_array(public.employee_versions('tax-clerk', p_before, p_limit), '$[*].version');
$$;
grant execute on all functions in schema pg_temp to public;

-- Employees ------------------------------------------------------------------------------------------------------------
select is_empty(
  $$ select slug from public.employee_profiles e
     where not exists (select from private.employee_versions v where v.employee_slug = e.slug and v.version = e.version) $$,
  'each seed has its first version');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a", "app_metadata": {"role": "admin"}}';
select throws_ok($$ select public.all_employees() $$, '42501', null, 'even an admin reads profiles through the Worker alone');
set local role service_role;
select is(
  public.create_employee('00000000-0000-4000-8000-00000000000a', '{"slug": "tax-clerk", "title": "Tax", "system_prompt": "One."}')
    - '{created_at,updated_at}'::text[],
  '{"slug": "tax-clerk", "title": "Tax", "description": "", "system_prompt": "One.", "model": null, "fallback_models": [],
    "temperature": null, "max_output_tokens": null, "reasoning_effort": null, "verbosity": null, "token_budget": null,
    "top_k": null, "tools": [], "mcp_servers": [], "unmask_policy": {}, "unmasked_kinds": [], "messages_per_minute": null,
    "daily_tokens": null, "daily_usd": null, "learns": true, "reads_pictures": false, "is_active": true, "version": 1}',
  'an employee is created with the defaults of the columns');
select is(
  public.create_employee('00000000-0000-4000-8000-00000000000a', '{"slug": "tax-clerk", "title": "X", "system_prompt": "X"}'),
  '{"refused": "employee_exists"}', 'a slug is given once');
select is(
  pg_temp.change(1, '{"system_prompt": "Two.", "tools": ["ocr"], "version": 9, "slug": "other"}') - '{created_at,updated_at}'::text[]
    @> '{"slug": "tax-clerk", "system_prompt": "Two.", "title": "Tax", "version": 2, "reads_pictures": true}',
  true, 'a change is a new version, which no caller chooses');
select is(pg_temp.change(1, '{"title": "Late"}'), '{"refused": "edit_conflict"}', 'a change of an older version is refused');
select is(pg_temp.change(null, '{"title": "Any"}') ->> 'version', '3', 'a change need not name a version');
select is(pg_temp.change(3, '{"title": "Any"}') ->> 'version', '3', 'what changes nothing is no version');
select is(pg_temp.change(3, '{"is_active": false}') -> 'version', '3', 'an employee is deactivated without a new version');
select is(pg_temp.change(null, '{"title": "X"}', 'nobody'), '{"refused": "unknown_employee"}', 'an unknown employee is told');
select throws_ok($$ select pg_temp.change(3, '{"top_k": 0}') $$, '23514', null, 'the rules of the columns hold');
select is(
  public.roll_back_employee('00000000-0000-4000-8000-00000000000a', 'tax-clerk', 1)
    @> '{"system_prompt": "One.", "title": "Tax", "tools": [], "is_active": false, "version": 4}',
  true, 'a profile is rolled back as a new version, and stays inactive');
select is(
  public.roll_back_employee('00000000-0000-4000-8000-00000000000a', 'tax-clerk', 9),
  '{"refused": "version_not_found"}', 'an unknown version is told');
select is(
  public.roll_back_employee('00000000-0000-4000-8000-00000000000a', 'nobody', 1),
  '{"refused": "unknown_employee"}', 'nobody is not rolled back');
select is(
  public.all_employees() @? '$[*] ? (@.slug == "tax-clerk" && @.is_active == false && @.version == 4)', true,
  'inactive employees are listed');

reset role;
update public.employee_profiles set system_prompt = 'By hand.' where slug = 'tax-clerk';
set local role service_role;
select is(pg_temp.numbers(), '[5, 4, 3, 2, 1]', 'versions are listed newest first');
select is(pg_temp.numbers(4, 2), '[3, 2]', 'versions are listed in pages');
select is(
  public.employee_versions('tax-clerk', null, 1) #> '{0,profile}' @> '{"system_prompt": "By hand.", "title": "Tax"}', true,
  'a change by SQL is a version');
select is(public.employee_versions('tax-clerk', 5, 1) #>> '{0,author_email}', 'admin@example.com', 'a version has its author');
select is(public.employee_versions('nobody', null, 1), '{"refused": "unknown_employee"}', 'versions of nobody are told');
select is(
  public.load_terms('00000000-0000-4000-8000-00000000000b', gen_random_uuid(), 'prime-boss', 'prime-boss', 'm', 'e') #>> '{employee,version}',
  '1', 'a turn is told the version');

reset role;
select results_eq(
  $$ select action, was, became from private.admin_changes where action <> 'employee_created' order by id $$,
  $$ values
    ('employee_updated', '{"tools": [], "version": 1, "system_prompt": "One.", "reads_pictures": false}'::jsonb,
     '{"tools": ["ocr"], "version": 2, "system_prompt": "Two.", "reads_pictures": true}'::jsonb),
    ('employee_updated', '{"title": "Tax", "version": 2}', '{"title": "Any", "version": 3}'),
    ('employee_updated', '{"is_active": true}', '{"is_active": false}'),
    ('employee_rolled_back', '{"tools": ["ocr"], "title": "Any", "version": 3, "system_prompt": "Two.", "reads_pictures": true}',
     '{"tools": [], "title": "Tax", "version": 4, "system_prompt": "One.", "reads_pictures": false}') $$,
  'each change is in the audit log, with the fields that it changed');

-- The version in usage and feedback ------------------------------------------------------------------------------------
set local role service_role;
select lives_ok($$ select public.commit_turn('{"turn_id": "00000000-0000-4000-8000-0000000000f1",
  "user_id": "00000000-0000-4000-8000-00000000000b", "session_id": "00000000-0000-4000-8000-0000000000b1",
  "employee_slug": "prime-boss", "title": "Hi", "messages": [{"id": "00000000-0000-4000-8000-0000000000b2", "role": "assistant",
    "content": "Hi", "content_tokens": 1, "status": "complete", "metadata": {"employee": "prime-boss", "employee_version": 7},
    "created_at": "2026-11-29T10:00:00Z"}],
  "usage": {"employee_version": 7, "model": "m", "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "latency_ms": 5,
    "success": true, "usage_source": "provider", "created_at": "2026-11-29T10:00:00Z"}}') $$, 'a turn says which version answered');
select is(
  public.save_feedback('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000b2', 1), '{"saved": true}',
  'the answer is rated');
reset role;
select results_eq(
  $$ select u.employee_version, f.employee_slug, f.employee_version
     from public.chat_usage_log u, public.chat_message_feedback f where u.turn_id = '00000000-0000-4000-8000-0000000000f1' $$,
  $$ values (7, 'prime-boss', 7) $$, 'usage and rating have the version that answered');

-- Overview -------------------------------------------------------------------------------------------------------------
delete from public.chat_usage_log;
delete from private.hourly_usage;
delete from private.active_users;
delete from public.chat_message_feedback;
-- A hundred turns of a tenth of a second to ten seconds in this hour, a failure, a call beside the turns, and one from before.
create function pg_temp.use(p_purpose text, p_ms integer, p_changes jsonb default '{}') returns void language sql as $$
  insert into public.chat_usage_log
  select (jsonb_populate_record(null::public.chat_usage_log, jsonb_build_object(
    'turn_id', gen_random_uuid(), 'purpose', p_purpose, 'user_id', '00000000-0000-4000-8000-00000000000b', 'employee_slug', 'prime-boss',
    'employee_version', 7, 'model', 'm', 'prompt_tokens', 100, 'cached_tokens', 40, 'completion_tokens', 20, 'total_tokens', 120,
    'history_tokens', 50, 'session_tokens', 150, 'cost_usd', 0.01, 'latency_ms', p_ms, 'ttft_ms', p_ms / 10, 'success', true,
    'usage_source', 'provider', 'created_at', now() - interval '1 second', 'committed_at', now()) || p_changes)).*;
$$;
select pg_temp.use('turn', n * 100) from generate_series(1, 100) n;
select pg_temp.use('turn', 5, '{"success": false, "error_code": "model_timeout", "cost_usd": null, "session_tokens": 0, "ttft_ms": null,
  "employee_version": null}');
select pg_temp.use('facts', 5, '{"employee_slug": "doc-clerk", "model": "cheap"}');
select pg_temp.use('turn', 5, jsonb_build_object('created_at', now() - interval '25 hours', 'employee_slug', 'gone'));
insert into public.chat_message_feedback (message_id, user_id, rating, employee_slug, employee_version)
values ('00000000-0000-4000-8000-0000000000b2', '00000000-0000-4000-8000-00000000000b', 1, 'prime-boss', 7);

set local role service_role;
create temporary table overview as select public.admin_overview(24) as o;
select is(
  (o -> 'total') - '{concurrency,latency_p95_ms,first_token_p95_ms,outbox_lag_p95_ms}'::text[],
  '{"requests": 102, "errors": 1, "turns": 101, "failed_turns": 1, "error_rate_percent": 0.9901, "prompt_tokens": 10200,
    "cached_tokens": 4080, "completion_tokens": 2040, "total_tokens": 12240, "cost_usd": 1.0100000000, "unpriced": 1,
    "conversations": 1, "token_saving_percent": 50.0, "up": 1, "down": 0}', 'all of a day is added up') from overview;
select ok(
  (o #>> '{total,latency_p95_ms}')::numeric between 9000 and 10000 and (o #>> '{total,first_token_p95_ms}')::numeric between 900 and 1000
    and (o #>> '{total,outbox_lag_p95_ms}')::numeric between 1000 and 1190,
  'the 95th percentiles are right to a fifth') from overview;
select is(o -> 'users', '1', 'active users are counted') from overview;
select is(o #> '{before,turns}', '1', 'the hours before are beside it') from overview;
select is(
  (select jsonb_agg(jsonb_build_array(b -> 'employee', b -> 'version', b -> 'turns', b -> 'up')) from jsonb_array_elements(o -> 'by_version') b),
  '[["doc-clerk", 7, 0, 0], ["prime-boss", 7, 100, 1], ["prime-boss", 0, 1, 0]]', 'versions are told apart, with their ratings')
from overview;
select is(
  (select jsonb_agg(b -> 'employee') from jsonb_array_elements(o -> 'by_employee') b), '["doc-clerk", "prime-boss"]', 'employees')
from overview;
select is(
  jsonb_path_query_array(o, '$.by_model[*].model') || jsonb_path_query_array(o, '$.by_purpose[*].purpose'), '["cheap", "m", "facts", "turn"]',
  'models and purposes') from overview;
select is(
  (o #> '{errors,0}') - 'last_hour', '{"code": "model_timeout", "model": "m", "purpose": "turn", "requests": 1}', 'errors by code')
from overview;
select results_eq(
  $$ select t ->> 'metric', (t ->> 'current')::numeric, (t ->> 'met')::boolean from overview, jsonb_array_elements(o -> 'targets') t
     where t ->> 'metric' ~ 'cost|error|satis|saving' order by 1 $$,
  $$ values ('cost_per_active_user_usd', 1.01, false), ('cost_per_conversation_usd', 1.01, false), ('error_rate_percent', 0.9901, false),
            ('satisfaction_percent', 100, true), ('token_saving_percent', 50, true) $$, 'values stand beside their targets');
select is(public.admin_overview(24, 'doc-clerk') #> '{total,requests}', '1', 'one employee alone');
select is(public.admin_overview(24, null, 'm') #> '{total,requests}', '101', 'one model alone');
select is(public.admin_overview(1, 'nobody') #> '{total,requests}', '0', 'an employee without usage has nothing');
reset role;
select public.purge_expired();
select results_eq(
  $$ select shard, requests, latency_counts is null from private.hourly_usage where employee_slug = 'gone' $$,
  $$ values (-1::smallint, 1::bigint, false) $$, 'hours of a day ago are put together');
select pg_temp.use('turn', 5, jsonb_build_object('created_at', now() - interval '25 hours', 'employee_slug', 'gone'));
select public.purge_expired();
select is((select sum(n) from private.hourly_usage, unnest(latency_counts) n where employee_slug = 'gone'), 2::numeric, 'with what came late');

-- Health ---------------------------------------------------------------------------------------------------------------
insert into public.chat_parked_turns (turn_id, user_id, session_id, reason)
values (gen_random_uuid(), '00000000-0000-4000-8000-00000000000b', gen_random_uuid(), 'commit_turn: status 400, 23514');
insert into public.chat_stalled_work (user_id, work, reason) values ('00000000-0000-4000-8000-00000000000b', 'facts', 'model_rejected');
set local role service_role;
create temporary table health as select public.admin_health() as h;
select is(h #> '{parked_turns,count}', '1', 'parked turns are counted') from health;
select is(h #>> '{parked_turns,rows,0,reason}', 'commit_turn: status 400, 23514', 'and told') from health;
select is(
  (h #> '{stalled_work,0}') - 'oldest_at', '{"work": "facts", "users": 1, "reasons": ["model_rejected"]}', 'stalled work is told') from health;
select is(h -> 'erasures', '{"unfinished": 0, "oldest_at": null}', 'no erasure waits') from health;
select ok(h @? '$.models[*] ? (@.model == "m" && @.errors == 1 && @.unpriced == 1)', 'models with errors and without a price are told') from health;
reset role;

-- Users ----------------------------------------------------------------------------------------------------------------
delete from private.active_users;
insert into private.active_users values
  ('00000000-0000-4000-8000-00000000000a', '2026-11-29T10:00:00Z'), ('00000000-0000-4000-8000-00000000000b', '2026-11-29T11:00:00Z');
create function pg_temp.ids(p_query text, p_limit integer default 9, p_before timestamptz default null) returns jsonb language sql as $$
  select jsonb_path_query_array(public.list_users(p_query, p_before, null, p_limit), '$.data[*].email');
$$;
create function pg_temp.limit_user(p_changes jsonb, p_user text default 'b') returns jsonb language sql as $$
  select public.update_user_limits(
    '00000000-0000-4000-8000-00000000000a', ('00000000-0000-4000-8000-00000000000' || p_user)::uuid, p_changes);
$$;
grant execute on all functions in schema pg_temp to public;
set local role service_role;
select is(pg_temp.ids(null), '["b@example.com", "admin@example.com"]', 'the last active user comes first');
select is(
  public.list_users(null, null, null, 1) -> 'next', '"2026-11-29T11:00:00+00:00,00000000-0000-4000-8000-00000000000b"',
  'a full page says where the next one begins');
select is(pg_temp.ids(null, 9, '2026-11-29T11:00:00Z'), '["b@example.com", "admin@example.com"]', 'a time alone includes its moment');
select is(pg_temp.ids('B@Ex'), '["b@example.com"]', 'users are found by the beginning of their address');
select is(pg_temp.ids('00000000-0000-4000-8000-00000000000A'), '["admin@example.com"]', 'and by their id');
select is(
  (public.list_users('b@', null, null, 1) #>> '{data,0,month,requests}')::bigint,
  (select count(*) from public.chat_usage_log where created_at >= date_trunc('month', now(), 'UTC')), 'with what they used');
select is(
  pg_temp.limit_user('{"daily_usd": 2.5, "daily_tokens": 10}'),
  '{"plan": null, "messages_per_minute": null, "daily_tokens": 10, "daily_usd": 2.500000}', 'limits are set');
select is(pg_temp.limit_user('{"daily_tokens": null}') -> 'daily_tokens', 'null', 'a limit is left to the plan again');
select is(public.user_limits('00000000-0000-4000-8000-00000000000b') -> 'daily_usd', '2.500000', 'limits are read');
select is(pg_temp.limit_user('{}', 'c'), '{"refused": "user_not_found"}', 'without an account there are no limits');
select is(public.user_limits('00000000-0000-4000-8000-00000000000c'), '{"refused": "user_not_found"}', 'to read either');
select is(
  public.note_erasure('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'), '{"committed": true}',
  'an erasure is noted');

-- Prices ---------------------------------------------------------------------------------------------------------------
select is(
  public.save_price('00000000-0000-4000-8000-00000000000a', '{"model": "m", "input_usd": 1, "cached_input_usd": 0.5, "output_usd": 2}')
    - 'valid_from', '{"model": "m", "input_usd": 1.000000, "cached_input_usd": 0.500000, "output_usd": 2.000000}', 'a price is saved from now on');
select is(
  public.save_price('00000000-0000-4000-8000-00000000000a',
    '{"model": "m", "input_usd": 3, "cached_input_usd": 3, "output_usd": 3, "valid_from": "2999-01-01T00:00:00Z"}') ->> 'valid_from',
  '2999-01-01T00:00:00+00:00', 'or from later on');
select is(
  jsonb_path_query_array(public.all_prices(), '$[*] ? (@.model == "m").is_current'), '[false, true]', 'the price that holds now is told');

-- Reading the audit log ------------------------------------------------------------------------------------------------
select is(
  jsonb_path_query_array(public.admin_changes(null, null, 5), '$[*].action'),
  '["price_saved", "price_saved", "user_erased", "limits_updated", "limits_updated"]', 'changes are read newest first');
select is(
  (public.admin_changes('m', null, 1) #> '{0}') - '{id,at,was,became}'::text[],
  '{"admin_id": "00000000-0000-4000-8000-00000000000a", "admin_email": "admin@example.com", "action": "price_saved", "target": "m"}',
  'of one target');
select is(
  public.admin_changes('00000000-0000-4000-8000-00000000000b', null, 9) #> '{1,was}', '{"daily_tokens": 10}', 'with the fields as they were');
select is(
  jsonb_array_length(public.admin_changes('m', (public.admin_changes('m', null, 1) #>> '{0,id}')::bigint, 9)), 1, 'in pages');
reset role;

select * from finish();
rollback;
