-- Background learning: the queue of messages, facts, summaries, and titles.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- add_facts ------------------------------------------------------------------------------------------------------------
insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'prime-boss');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens) values
  ('00000000-0000-4000-8000-000000000201', '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a',
   'user', 'I live in Bern', 4);
create function pg_temp.add_fact(
  p_id integer, p_fact text, p_from text default '2026-11-01T10:00:00Z', p_user text default 'a', p_confidence real default 0.9
) returns void language sql as $$
  select private.add_facts(('00000000-0000-4000-8000-00000000000' || p_user)::uuid, jsonb_build_array(jsonb_build_object(
    'id', '00000000-0000-4000-8000-0000000000f' || p_id, 'category', 'profile', 'key', 'city', 'fact', p_fact,
    'confidence', p_confidence, 'source_message_id', '00000000-0000-4000-8000-000000000201', 'valid_from', p_from)));
$$;
do $$ begin perform pg_temp.add_fact(1, 'Lives in Bern'); end $$;
do $$ begin perform pg_temp.add_fact(2, 'Lives in Basel', '2026-11-02T10:00:00Z'); end $$;
select results_eq(
  'select fact, valid_to, right(superseded_by::text, 2) from public.user_memory_facts order by valid_from',
  $$ values ('Lives in Bern', '2026-11-02T10:00:00Z'::timestamptz, 'f2'), ('Lives in Basel', null, null) $$,
  'a fact that contradicts the current one closes and supersedes it');
do $$ begin perform pg_temp.add_fact(3, 'Lives in Basel', '2026-11-03T10:00:00Z'); end $$;
select is((select count(*) from public.user_memory_facts), 2::bigint, 'a fact that equals the current one is not added');
do $$ begin perform pg_temp.add_fact(4, 'Lives in Chur', '2026-10-01T10:00:00Z'); end $$;
select results_eq(
  $$ select count(*) from public.user_memory_facts where valid_to is null $$, array[1::bigint],
  'after a late fact there is one current fact');
select is_empty(
  'select from public.user_memory_facts where valid_to < valid_from', 'no fact ends before it begins');
select throws_ok($$ select pg_temp.add_fact(9, 'c', p_confidence => 2) $$, '23514', null, 'a confidence above 1 is refused');
do $$ begin perform pg_temp.add_fact(5, 'Lives in Thun', p_user => 'b'); end $$;
select is_empty(
  $$ select from public.user_memory_facts
     where user_id = '00000000-0000-4000-8000-00000000000b' and source_message_id is not null $$,
  'a message of another user is not stored as a source');
delete from public.chat_sessions;
select isnt_empty('select from public.user_memory_facts', 'facts stay when their session is deleted');
select is_empty(
  'select from public.user_memory_facts where source_message_id is not null', 'facts of a deleted session have no source');

reset role;
delete from auth.users;
delete from private.erased_users;
drop function pg_temp.add_fact;

create function pg_temp.id(p_n integer) returns uuid language sql immutable as $$
  select ('00000000-0000-4000-8000-' || lpad(p_n::text, 12, '0'))::uuid;
$$;
create function pg_temp.a() returns uuid language sql immutable as $$ select pg_temp.id(1) $$;
create function pg_temp.b() returns uuid language sql immutable as $$ select pg_temp.id(2) $$;
insert into auth.users (id, email) values (pg_temp.a(), 'a@example.com'), (pg_temp.b(), 'b@example.com');
update public.employee_profiles set token_budget = null;
insert into public.employee_profiles (slug, title, system_prompt, learns) values ('no-memory', 'No memory', 'x', false);

create function pg_temp.usage(p_id integer, p_purpose text default 'facts') returns jsonb language sql as $$
  select jsonb_build_object(
    'id', pg_temp.id(p_id), 'purpose', p_purpose, 'employee_slug', 'prime-boss', 'model', 'gpt-4o-mini', 'prompt_tokens', 50,
    'cached_tokens', 0, 'completion_tokens', 5, 'total_tokens', 55, 'latency_ms', 10, 'success', true,
    'usage_source', 'provider', 'created_at', now());
$$;
-- Turn n of a user's session has the messages 100n and 100n + 1; each message has 100 tokens.
create function pg_temp.turn(
  p_n integer, p_user uuid default pg_temp.a(), p_session integer default 10, p_employee text default 'prime-boss',
  p_more jsonb default '{}'
) returns jsonb language sql as $$
  select public.commit_turn(jsonb_build_object(
    'turn_id', pg_temp.id(900000 + p_n), 'user_id', p_user, 'session_id', pg_temp.id(p_session), 'employee_slug', p_employee,
    'title', 'x', 'messages', jsonb_build_array(
      jsonb_build_object('id', pg_temp.id(100 * p_n), 'role', 'user', 'content', 'said ' || p_n, 'content_tokens', 100,
        'parent_id', case when p_n % 1000 > 1 then pg_temp.id(100 * p_n - 99) end, 'status', 'complete',
        'created_at', timestamptz '2026-11-01 10:00Z' + p_n * interval '1 minute'),
      jsonb_build_object('id', pg_temp.id(100 * p_n + 1), 'role', 'assistant', 'content', 'answered ' || p_n,
        'content_tokens', 100, 'parent_id', pg_temp.id(100 * p_n), 'status', 'complete',
        'created_at', timestamptz '2026-11-01 10:00:01Z' + p_n * interval '1 minute')),
    'usage', pg_temp.usage(800000 + p_n)) || p_more);
$$;
create function pg_temp.learned(p_id integer, p_more jsonb default '{}') returns jsonb language sql as $$
  select public.save_facts(pg_temp.a(), jsonb_build_object(
    'read', '[]'::jsonb, 'facts', '[]'::jsonb, 'ended', '[]'::jsonb, 'forgotten', '[]'::jsonb, 'commands', '[]'::jsonb,
    'usage', pg_temp.usage(p_id)) || p_more);
$$;
create function pg_temp.fact(p_id integer, p_fact text, p_source integer, p_key text default 'city') returns jsonb
language sql as $$
  select jsonb_build_object(
    'id', pg_temp.id(p_id), 'category', 'place', 'key', p_key, 'fact', p_fact, 'confidence', 0.9,
    'source_message_id', pg_temp.id(p_source), 'valid_from', timestamptz '2026-11-01 10:00Z' + p_id * interval '1 second');
$$;
create function pg_temp.unread() returns jsonb language sql as $$
  select public.unread_messages(pg_temp.a(), 'gpt-4o-mini', 20);
$$;
create function pg_temp.unsummarised(p_part integer default 6000) returns jsonb language sql as $$
  select public.unsummarised_messages(pg_temp.a(), pg_temp.id(10), 'gpt-4o-mini', 1000, 100, 50, p_part);
$$;
create function pg_temp.summary(p_id integer, p_covers integer, p_more jsonb default '{}') returns jsonb language sql as $$
  select public.save_summary(pg_temp.a(), jsonb_build_object(
    'session_id', pg_temp.id(10), 'covers', pg_temp.id(p_covers), 'replaces', null, 'continues', false, 'message_ids', '[]'::jsonb,
    'summary', 'Summary ' || p_id, 'tokens', 3, 'usage', pg_temp.usage(p_id, 'summary')) || p_more);
$$;
grant execute on all functions in schema pg_temp to public;
set local role service_role;

-- The queue ------------------------------------------------------------------------------------------------------------
select is(pg_temp.unread(), null, 'without messages there is nothing to read');
select pg_temp.turn(1);
select pg_temp.turn(2001, pg_temp.b(), 20);
select pg_temp.turn(3001, pg_temp.a(), 30, 'no-memory');
select pg_temp.turn(4001, pg_temp.a(), 40, 'prime-boss', '{"remember": false}');
select is(
  (select jsonb_agg(m ->> 'text') from jsonb_array_elements(pg_temp.unread() -> 'messages') m), '["said 1"]',
  'messages of the user are read: no answers, no other users, no employee that does not learn, no remember = false');
select is(pg_temp.unread() #> '{messages,0,reply_to}', 'null', 'the first message of a session replies to nothing');
select is(pg_temp.unread() #> '{messages,0,offers_forget}', 'false', 'the model of an ordinary message had no tool to forget');
select is(pg_temp.unread() ->> 'employee', 'prime-boss', 'the queue has the employee');
select is(pg_temp.unread() -> 'price' ->> 'input', '0.150000', 'the queue has the price');
select is(pg_temp.unread() -> 'budgets', '{"user": {"plan": null, "daily_usd": null, "daily_tokens": null, "messages_per_minute": null}, "employee": {"daily_usd": null, "daily_tokens": null}}', 'the queue has the budgets');

-- Facts ----------------------------------------------------------------------------------------------------------------
select is(
  pg_temp.learned(5001, jsonb_build_object('read', jsonb_build_array(pg_temp.id(100)), 'facts', jsonb_build_array(pg_temp.fact(51, 'Lives in Basel', 100)))),
  '{"committed": true, "messages": []}', 'facts are saved, and no message is forgotten');
select is(pg_temp.unread(), null, 'their message is read');
select is(
  pg_temp.learned(5001, jsonb_build_object('facts', jsonb_build_array(pg_temp.fact(52, 'Lives in Genf', 100)))),
  '{"committed": false}', 'facts with a known usage id are not saved again');
select pg_temp.turn(2);
select is(pg_temp.unread() #>> '{messages,0,reply_to}', 'answered 1', 'a message comes with the answer that it replies to');
reset role;
update public.chat_messages set metadata = '{"sources": []}' where id = pg_temp.id(101);
select is(pg_temp.unread() #> '{messages,0,reply_to}', 'null', 'an answer after passages of a document is nothing to confirm');
update public.chat_messages set metadata = '{}' where id = pg_temp.id(101);
update public.chat_messages set content = E'Sum up\n\n<attachment name="a.txt">\nx' where id = pg_temp.id(100);
select is(pg_temp.unread() #> '{messages,0,reply_to}', 'null', 'an answer after an attachment is nothing to confirm');
update public.chat_messages set content = 'said 1' where id = pg_temp.id(100);
update public.chat_messages set tool_calls = '[{"name": "recall"}]' where id = pg_temp.id(101);
select is(pg_temp.unread() #> '{messages,0,reply_to}', 'null', 'an answer after the result of a tool is nothing to confirm');
update public.chat_messages set tool_calls = '[{"name": "calculator"}]' where id = pg_temp.id(101);
select is(pg_temp.unread() #>> '{messages,0,reply_to}', 'answered 1', 'a sum is no text of others');
update public.chat_messages set metadata = '{"offers_forget": true}' where id = pg_temp.id(200);
set local role service_role;
select is(pg_temp.unread() #> '{messages,0,offers_forget}', 'true', 'the queue tells where the model had the tool forget');
select is(pg_temp.unread() #>> '{facts,0,fact}', 'Lives in Basel', 'the queue has the current facts');
select pg_temp.learned(5002, jsonb_build_object(
  'read', jsonb_build_array(pg_temp.id(200)),
  'facts', jsonb_build_array(pg_temp.fact(53, 'Lives in Bern', 200), pg_temp.fact(54, 'Likes tea', 200, 'drink'))));
select results_eq(
  'select fact, valid_to is null, superseded_by is not null from public.user_memory_facts order by id',
  $$ values ('Lives in Basel', false, true), ('Lives in Bern', true, false), ('Likes tea', true, false) $$,
  'a changed fact supersedes the old one');
select pg_temp.learned(5003, jsonb_build_object('facts', jsonb_build_array(pg_temp.fact(55, 'Lives in Bern', 200))));
select is((select count(*) from public.user_memory_facts where key = 'city'), 2::bigint, 'a fact that equals the current one is not stored');
select pg_temp.learned(5004, jsonb_build_object('ended', jsonb_build_array(pg_temp.id(54))));
select is((select valid_to is not null from public.user_memory_facts where id = pg_temp.id(54)), true, 'an ended fact is closed');
select results_eq(
  'select purpose, count(*) from public.chat_usage_log where user_id = pg_temp.a() group by purpose order by purpose',
  $$ values ('facts', 4::bigint), ('turn', 4::bigint) $$, 'the usage of the extraction is logged with its purpose');
reset role;
insert into public.user_memory_facts (id, user_id, category, key, fact, confidence, valid_from, expires_at) values
  (pg_temp.id(57), pg_temp.a(), 'plans', 'trip', 'Is in Rome', 0.5, '2026-11-01T10:00:00Z', now() - interval '1 hour'),
  (pg_temp.id(58), pg_temp.a(), 'plans', 'visit', 'Visits Rome', 0.5, '2026-11-02T10:00:00Z', now() + interval '1 hour'),
  (pg_temp.id(59), pg_temp.b(), 'place', 'city', 'Lives in Rome', 0.5, '2026-11-02T10:00:00Z', null);
set local role service_role;
select is(
  jsonb_path_query_array(public.current_facts(pg_temp.a()), '$[*].fact'), '["Visits Rome", "Lives in Bern"]',
  'current facts of the user are returned, the newest first, without closed and expired ones');
select is(
  public.current_facts(pg_temp.a()) -> 1,
  jsonb_build_object(
    'id', pg_temp.id(53), 'category', 'place', 'key', 'city', 'fact', 'Lives in Bern', 'confidence', 0.9,
    'valid_from', timestamptz '2026-11-01 10:00:53Z', 'expires_at', null),
  'a current fact has these fields');
select is(public.current_facts(gen_random_uuid()), '[]', 'a user without facts has none');
set local role authenticated;
select throws_ok('select public.current_facts(pg_temp.a())', '42501', null, 'a user may not call current_facts');
set local role anon;
select throws_ok('select public.current_facts(pg_temp.a())', '42501', null, 'anon may not call current_facts');
reset role;
delete from public.user_memory_facts where id in (pg_temp.id(57), pg_temp.id(58), pg_temp.id(59));
insert into public.user_memory_facts (id, user_id, category, key, fact)
select gen_random_uuid(), pg_temp.b(), 'many', n::text, 'Fact' from generate_series(1, 501) n;
set local role service_role;
select is(jsonb_array_length(public.current_facts(pg_temp.b())), 500, 'at most 500 facts are returned');
reset role;
delete from public.user_memory_facts where user_id = pg_temp.b();
set local role service_role;
select is(public.correct_fact(pg_temp.b(), pg_temp.id(53), 'x'), null, 'a fact of another user cannot be corrected');
select is(public.correct_fact(pg_temp.a(), pg_temp.id(53), 'Lives near Bern') ->> 'fact', 'Lives near Bern', 'a user corrects a fact');

-- Summaries ------------------------------------------------------------------------------------------------------------
select is(pg_temp.unsummarised(), null, 'a short session needs no summary');
select pg_temp.turn(n) from generate_series(3, 8) n;
select is(
  (select jsonb_agg(m ->> 'text') from jsonb_array_elements(pg_temp.unsummarised() -> 'messages') m),
  '["said 1", "answered 1", "said 2", "answered 2", "said 3", "answered 3", "said 4", "answered 4", "said 5", "answered 5", "said 6"]',
  'all messages but the newest 500 tokens are to be summarised');
reset role;
update public.employee_profiles set token_budget = 2000;
set local role service_role;
select is(pg_temp.unsummarised(), null, 'a session within the budget of its employee needs no summary');
reset role;
update public.employee_profiles set token_budget = null;
set local role service_role;
select is(jsonb_array_length(pg_temp.unsummarised(300) -> 'messages'), 3, 'p_part_tokens limits the messages');
select is((pg_temp.unsummarised(300) ->> 'covers')::uuid, pg_temp.id(200), 'the oldest messages are first');
select is(jsonb_array_length(pg_temp.unsummarised(10) -> 'messages'), 1, 'at least one message is returned');
select is(public.unsummarised_messages(pg_temp.b(), pg_temp.id(10), 'm', 1000, 100, 50, 6000), null, 'a session of another user is not returned');
select is(
  pg_temp.summary(6001, 301), jsonb_build_object('committed', true, 'since', now()), 'a summary is saved, and has its time');
reset role;
update public.chat_session_summaries set created_at = '2026-11-01T12:00:00Z';
set local role service_role;
select is(pg_temp.summary(6001, 401), '{"committed": false}', 'a summary with a known usage id is not saved again');
select pg_temp.turn(9);
select is(pg_temp.unsummarised() ->> 'summary', 'Summary 6001', 'the next summary continues the present one');
select is(pg_temp.unsummarised() #>> '{messages,0,text}', 'said 4', 'the next summary begins after the present one');
select is(
  pg_temp.summary(6002, 501, jsonb_build_object('replaces', pg_temp.id(301), 'continues', true)),
  '{"committed": true, "since": "2026-11-01T12:00:00+00:00"}', 'a summary that continues one keeps the time of the first version');
select is(
  pg_temp.summary(6003, 601, jsonb_build_object('replaces', pg_temp.id(301), 'continues', true)),
  '{"committed": true}', 'a late summary has no time');
select results_eq('select summary from public.chat_session_summaries', $$ values ('Summary 6002') $$, 'a late summary is dropped');
select is(pg_temp.summary(6004, 601, '{"summary": null}'::jsonb - 'summary' || jsonb_build_object('session_id', pg_temp.id(10))), '{"committed": true}', 'a failed summary is saved with its usage, and has no time');

-- Forgetting -----------------------------------------------------------------------------------------------------------
reset role;
update public.user_memory_embeddings set embedding = array_fill(0.1::real, array[1536])::extensions.vector::extensions.halfvec;
set local role service_role;
select is(
  public.forget_facts(pg_temp.b(), array[pg_temp.id(53)]), '{"facts": 0, "found": 0, "messages": [], "too_many": false}',
  'a fact of another user is not forgotten');
select is(
  public.forget_facts(pg_temp.a(), array[pg_temp.id(53)]),
  jsonb_build_object(
    'facts', 2, 'found', 0, 'messages', array[pg_temp.id(100), pg_temp.id(101), pg_temp.id(200), pg_temp.id(201)], 'too_many', false),
  'a fact is forgotten with the facts that it superseded, and their source messages are returned with the answers to them');
select is(
  (select count(*) from public.user_memory_embeddings where message_id in (pg_temp.id(100), pg_temp.id(101), pg_temp.id(200), pg_temp.id(201))),
  0::bigint, 'the memories of its source messages and of the answers to them are deleted');
select is(
  public.pending_memories(pg_temp.a(), 10),
  jsonb_build_array(jsonb_build_object('id', pg_temp.id(300), 'text', 'said 3'), jsonb_build_object('id', pg_temp.id(301), 'text', E'answered 3\nsaid 3')),
  'the embeddings of the two messages after them are made again without them');
select is((select count(*) from public.chat_session_summaries), 0::bigint, 'the summary of the session is deleted');
select is((select count(*) from public.chat_messages where id in (pg_temp.id(100), pg_temp.id(200))), 2::bigint, 'the messages stay');
select is(pg_temp.unsummarised() #>> '{messages,0,text}', 'said 3', 'a new summary is made without the forgotten messages');
select is(pg_temp.unsummarised() ->> 'summary', null, 'a new summary continues no other');
select pg_temp.summary(6005, 501, jsonb_build_object('message_ids', jsonb_build_array(pg_temp.id(200), pg_temp.id(201))));
select is((select count(*) from public.chat_session_summaries), 0::bigint, 'a late summary of a forgotten message is dropped');

-- Titles ---------------------------------------------------------------------------------------------------------------
reset role;
insert into public.chat_sessions (id, user_id, employee_slug, title) values (pg_temp.id(70), pg_temp.a(), 'prime-boss', 'What did I plan');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens) values
  (pg_temp.id(99701), pg_temp.id(70), pg_temp.a(), 'user', 'What did I plan for May?', 6);
create function pg_temp.untitled() returns jsonb language sql as $$
  select public.untitled_session(pg_temp.a(), pg_temp.id(70), 'gpt-4o-mini');
$$;
create function pg_temp.title(p_id integer, p_title text) returns jsonb language sql as $$
  select public.save_title(pg_temp.a(), pg_temp.id(70), p_title, pg_temp.usage(p_id, 'title'));
$$;
select is(pg_temp.untitled(), null, 'a session without an answer gets no title yet');
insert into public.chat_messages (id, session_id, user_id, parent_id, role, content, content_tokens, status) values
  (pg_temp.id(99702), pg_temp.id(70), pg_temp.a(), pg_temp.id(99701), 'assistant', 'It broke', 2, 'failed'),
  (pg_temp.id(99703), pg_temp.id(70), pg_temp.a(), pg_temp.id(99701), 'assistant', 'A trip to Bern.', 4, 'complete');
select is(pg_temp.untitled(), null, 'a question that must not be remembered gives no title');
do $$ begin perform private.remember(pg_temp.a(), array[pg_temp.id(99701)]); end $$;
select is(
  pg_temp.untitled() - 'budgets' - 'price',
  '{"question": "What did I plan for May?", "answer": "A trip to Bern.", "employee": "prime-boss"}', 'the first complete answer gives the title');
select is(public.untitled_session(pg_temp.b(), pg_temp.id(70), 'm'), null, 'a session of another user is not returned');
select is(pg_temp.title(97001, null), '{"committed": true}', 'a title that failed is counted');
select is((select title from public.chat_sessions where id = pg_temp.id(70)), 'What did I plan', 'and changes nothing');
select is(pg_temp.title(97002, 'Trip to Bern'), '{"committed": true}', 'a title is saved');
select is(pg_temp.title(97002, 'Again'), '{"committed": false}', 'and not twice');
select is(pg_temp.untitled(), null, 'a session with a title needs none');
select results_eq(
  $$ select title, title_source from public.chat_sessions where id = pg_temp.id(70) $$, $$ values ('Trip to Bern', 'model') $$, 'it is the model''s');
do $$ begin perform public.update_session(pg_temp.a(), pg_temp.id(70), '{"pinned": true}'); end $$;
select is((select title_source from public.chat_sessions where id = pg_temp.id(70)), 'model', 'a pin is no title');
update public.chat_sessions set title_source = 'message' where id = pg_temp.id(70);
do $$ begin perform public.update_session(pg_temp.a(), pg_temp.id(70), '{"title": "Mine"}'); end $$;
select is(pg_temp.untitled(), null, 'a title of the user stays');
select is(pg_temp.title(97003, 'Late'), '{"committed": true}', 'a late title is counted');
select is((select title from public.chat_sessions where id = pg_temp.id(70)), 'Mine', 'and does not replace that of the user');
set local role service_role;
select pg_temp.learned(5007, jsonb_build_object('facts', jsonb_build_array(pg_temp.fact(60, 'Plays chess', 300, 'game'))));
select is(
  pg_temp.learned(5005, jsonb_build_object(
    'forgotten', jsonb_build_array(pg_temp.id(60)), 'commands', jsonb_build_array(pg_temp.id(300), pg_temp.id(800), pg_temp.id(200100)))),
  jsonb_build_object('committed', true, 'messages', array[pg_temp.id(300), pg_temp.id(301), pg_temp.id(800), pg_temp.id(801)]),
  'sources of forgotten facts, requests to forget and their answers are returned, each once, and no message of another user');
select is_empty(
  'select from public.user_memory_embeddings where message_id in (pg_temp.id(300), pg_temp.id(301))',
  'the memory of a source message is deleted');
select is(
  (select count(*) from public.user_memory_embeddings where message_id = pg_temp.id(200100)), 1::bigint,
  'the memory of another user stays');
select is((select count(*) from public.user_memory_embeddings where message_id in (pg_temp.id(800), pg_temp.id(801))), 0::bigint, 'a request to forget and its answer are not remembered');

-- Neighbours -----------------------------------------------------------------------------------------------------------
create function pg_temp.pending(p_id integer) returns text language sql as $$
  select m ->> 'text' from jsonb_array_elements(public.pending_memories(pg_temp.a(), 1000)) m where m ->> 'id' = pg_temp.id(p_id)::text;
$$;
select pg_temp.turn(n, pg_temp.a(), 40) from generate_series(4002, 4003) n;
select is(pg_temp.pending(400200), 'said 4002', 'a turn with remember = false is no part of the next embedding');
select is(pg_temp.pending(400201), E'answered 4002\nsaid 4002', 'nor of the one after it');
select is(pg_temp.pending(400300), E'said 4003\nsaid 4002 answered 4002', 'a remembered turn is part of the next embedding');
reset role;
update public.user_memory_embeddings set embedding = array_fill(0.1::real, array[1536])::extensions.vector::extensions.halfvec;
set local role service_role;
select public.commit_turn(jsonb_build_object(
  'turn_id', pg_temp.id(904000), 'user_id', pg_temp.a(), 'session_id', pg_temp.id(40), 'employee_slug', 'prime-boss',
  'started_at', now(), 'continues', true, 'usage', pg_temp.usage(804000), 'messages', jsonb_build_array(jsonb_build_object(
    'id', pg_temp.id(400201), 'role', 'assistant', 'content', 'continued', 'content_tokens', 1, 'status', 'complete'))));
select is(pg_temp.pending(400300), E'said 4003\nsaid 4002 continued', 'an answer that changes is embedded again with its followers');
select is(pg_temp.pending(400301), E'answered 4003\ncontinued said 4003', 'so is the message after the next');

-- What was never a fact ------------------------------------------------------------------------------------------------
select pg_temp.learned(5008, jsonb_build_object('facts', jsonb_build_array(pg_temp.fact(57, 'Likes walruses', 400300, 'animal'))));
select is(
  public.forget_facts(pg_temp.b(), '{}', array['said 4003']), '{"facts": 0, "found": 0, "messages": [], "too_many": false}',
  'words do not reach the messages of another user');
select is(
  public.forget_facts(pg_temp.a(), '{}', array['', ' ']), '{"facts": 0, "found": 0, "messages": [], "too_many": false}', 'no words fit no message');
select is(
  public.forget_facts(pg_temp.a(), '{}', array[E' SAID\n 4003']),
  jsonb_build_object('facts', 1, 'found', 1, 'messages', array[pg_temp.id(400300), pg_temp.id(400301)], 'too_many', false),
  'a message is forgotten by its words, with the facts that come from it');
select is(
  (select count(*) from public.user_memory_embeddings where message_id in (pg_temp.id(400300), pg_temp.id(400301))), 0::bigint,
  'so is the answer to it');
select pg_temp.turn(n, pg_temp.a(), 50) from generate_series(5001, 5051) n;
select is(
  public.forget_facts(pg_temp.a(), '{}', array['said 50']), '{"facts": 0, "found": 0, "messages": [], "too_many": true}', 'more than 50 messages are not forgotten at once');
select isnt_empty($$ select from public.user_memory_embeddings where content = 'said 5001' $$, 'nor is one of them');
select pg_temp.turn(6001, pg_temp.a(), 60, 'prime-boss', jsonb_build_object('tool_runs', jsonb_build_array(jsonb_build_object(
  'id', pg_temp.id(706001), 'tool', 'forget', 'status', 'failed'))));
select isnt_empty($$ select from public.user_memory_embeddings where message_id = pg_temp.id(600100) $$, 'a request to forget that failed is remembered');
select pg_temp.turn(6002, pg_temp.a(), 60, 'prime-boss', jsonb_build_object('tool_runs', jsonb_build_array(jsonb_build_object(
  'id', pg_temp.id(706002), 'tool', 'forget', 'status', 'succeeded'))));
select is_empty(
  $$ select from public.user_memory_embeddings where message_id in (pg_temp.id(600200), pg_temp.id(600201)) $$,
  'a request that the tool has carried out is not remembered, nor is its answer');

select public.erase_user(pg_temp.a());
select is(pg_temp.learned(5006, jsonb_build_object('facts', jsonb_build_array(pg_temp.fact(56, 'x', 300)))), '{"committed": false}', 'facts of an erased user are not saved');
select is((select count(*) from public.user_memory_facts), 0::bigint, 'no fact is left');

select * from finish();
rollback;
