-- Background learning: facts about a user, summaries of long sessions, and titles. A model makes both from stored messages; these
-- functions are its queue and save its results.

-- Cost -----------------------------------------------------------------------------------------------------------------

create or replace function private.add_usage(p_user uuid, p_usage jsonb) returns boolean
language plpgsql security invoker set search_path = '' as $$
declare
  v_usage constant public.chat_usage_log := jsonb_populate_record(null::public.chat_usage_log, p_usage);
begin
  insert into public.chat_usage_log (
    turn_id, purpose, user_id, session_id, employee_slug, employee_version, model, prompt_tokens, cached_tokens,
    completion_tokens, total_tokens, cost_usd, latency_ms, success, error_code, usage_source, created_at)
  values (
    (p_usage ->> 'id')::uuid, v_usage.purpose, p_user,
    (select id from public.chat_sessions where id = v_usage.session_id and user_id = p_user),
    v_usage.employee_slug, v_usage.employee_version, v_usage.model, v_usage.prompt_tokens, v_usage.cached_tokens,
    v_usage.completion_tokens, v_usage.total_tokens, v_usage.cost_usd, v_usage.latency_ms, v_usage.success, v_usage.error_code,
    v_usage.usage_source, v_usage.created_at)
  on conflict (turn_id) do nothing;
  return found;
end $$;
comment on function private.add_usage(uuid, jsonb) is
'Inserts a row of usage: {id, purpose, session_id, employee_slug, employee_version, model, prompt_tokens, cached_tokens,
completion_tokens, total_tokens, cost_usd, latency_ms, success, error_code, usage_source, created_at}. Returns false if that id exists.
Internal: called by save_facts, save_summary, save_title and save_embeddings.';

create or replace function private.budgets(p_user uuid, p_employee text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'user', coalesce(private.limits(p_user), '{}'),
    'employee', coalesce((
      select jsonb_build_object('daily_tokens', daily_tokens, 'daily_usd', daily_usd)
      from public.employee_profiles where slug = p_employee), '{}'));
$$;
comment on function private.budgets(uuid, text) is
'Returns the daily limits that apply to a user with an employee: {user: as in private.limits | {}, employee:
{daily_tokens, daily_usd} | {}}. Internal: called by unread_messages, unsummarised_messages and untitled_session.';

-- Facts ----------------------------------------------------------------------------------------------------------------

create or replace function private.add_facts(p_user uuid, p_facts jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  v_fact public.user_memory_facts;
  v_current public.user_memory_facts;
begin
  for v_fact in select * from jsonb_populate_recordset(null::public.user_memory_facts, p_facts) loop
    continue when exists (select from public.user_memory_facts where id = v_fact.id);
    select * into v_current from public.user_memory_facts
    where user_id = p_user and category = v_fact.category and key = v_fact.key and valid_to is null
    for update;
    continue when v_current.fact = v_fact.fact;

    v_fact.valid_from := greatest(coalesce(v_fact.valid_from, now()), v_current.valid_from);
    update public.user_memory_facts set valid_to = v_fact.valid_from where id = v_current.id;
    insert into public.user_memory_facts (
      id, user_id, category, key, fact, confidence, source_message_id, valid_from, expires_at)
    values (
      v_fact.id, p_user, v_fact.category, v_fact.key, v_fact.fact, coalesce(v_fact.confidence, 1),
      (select id from public.chat_messages where id = v_fact.source_message_id and user_id = p_user),
      v_fact.valid_from, v_fact.expires_at);
    update public.user_memory_facts set superseded_by = v_fact.id where id = v_current.id;
  end loop;
end $$;
comment on function private.add_facts(uuid, jsonb) is
'Inserts facts, oldest first: [{id, category, key, fact, confidence, source_message_id, valid_from, expires_at}]. Each one
closes and supersedes the current fact of its key; one that equals the current fact is left out. Internal: called by
commit_turn and save_facts.';

create or replace function public.current_facts(p_user uuid) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(to_jsonb(f) order by f.valid_from desc, f.id), '[]')
  from (
    select id, category, key, fact, confidence, valid_from, expires_at from public.user_memory_facts
    where user_id = p_user and valid_to is null and (expires_at is null or expires_at > now())
    order by valid_from desc, id limit 500
  ) f;
$$;
comment on function public.current_facts(uuid) is
'Returns the current facts of a user that have not expired, newest first, at most 500: [{id, category, key, fact, confidence,
valid_from, expires_at}]. The object of the user keeps them for its turns. Callers: service_role.';
grant execute on function public.current_facts(uuid) to service_role;

create or replace function private.has_texts_of_others(p_user uuid, p_session uuid, p_before timestamptz) returns boolean
language sql stable security invoker set search_path = '' as $$
  select exists (
    select from public.chat_messages m
    where m.user_id = p_user and m.session_id = p_session and m.created_at < p_before
      and (m.metadata ? 'sources'
        or m.role = 'user' and m.content like '%<attachment name="%'
        or exists (
          select from jsonb_array_elements(coalesce(m.tool_calls, '[]')) c
          where c ->> 'name' not in ('calculator', 'remember', 'forget', 'hand_over', 'sheet_export'))));
$$;
comment on function private.has_texts_of_others(uuid, uuid, timestamptz) is
'True if a session had texts that its user did not write before a moment: attachments, passages of documents, results of tools. An answer
after them may repeat what they say. Internal: called by unread_messages.';

create or replace function public.unread_messages(p_user uuid, p_model text, p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_messages jsonb;
  v_employee text;
begin
  select
    jsonb_agg(jsonb_build_object(
      'id', u.message_id, 'text', left(u.content, 4000), 'said_at', u.occurred_at,
      'reply_to', case when not private.has_texts_of_others(p_user, m.session_id, m.created_at) then right(asked.content, 1000) end,
      'offers_forget', coalesce(m.metadata -> 'offers_forget' = 'true', false))
      order by u.occurred_at, u.id),
    (array_agg(s.employee_slug order by u.occurred_at desc, u.id desc))[1]
  into v_messages, v_employee
  from (
    select id, message_id, session_id, content, occurred_at from public.user_memory_embeddings
    where user_id = p_user and not is_read
    order by occurred_at, id limit least(greatest(p_limit, 1), 50)
  ) u
  join public.chat_sessions s on s.id = u.session_id
  join public.chat_messages m on m.id = u.message_id
  -- What must not be remembered has no memory, and is no context either.
  left join public.user_memory_embeddings asked on asked.message_id = m.parent_id and exists (
    select from public.chat_messages before where before.id = m.parent_id and before.role = 'assistant');
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
comment on function public.unread_messages(uuid, text, integer) is
'Returns the oldest messages of a user that were not read for facts yet, at most p_limit (and 50), with the current facts,
or null if there are none: {messages: [{id, text, said_at, reply_to, offers_forget}], employee, budgets, price, facts: [{id,
category, key, fact}]}. reply_to is the end of the answer before it, null if that must not be remembered,
or if the session had texts of others before it: a "yes" must not confirm what those say;
offers_forget is true if the model that answered had the tool forget. employee is the slug of the newest message''s session and pays; price is the one of p_model. Callers:
service_role.';
grant execute on function public.unread_messages(uuid, text, integer) to service_role;

create or replace function private.forget_messages(p_user uuid, p_messages uuid[]) returns uuid[]
language plpgsql security invoker set search_path = '' as $$
declare
  -- With the answers to them, which repeat what they say.
  v_messages constant uuid[] := array(
    select id from public.chat_messages where id = any (p_messages) and user_id = p_user
    union
    select answer.id from public.chat_messages m join public.chat_messages answer on answer.parent_id = m.id
    where m.id = any (p_messages) and m.user_id = p_user and m.role = 'user' and answer.role = 'assistant'
    order by id);
begin
  delete from public.user_memory_embeddings where message_id = any (v_messages) and user_id = p_user;
  perform private.embed_followers_again(p_user, v_messages);
  delete from public.chat_session_summaries where user_id = p_user and session_id in (
    select session_id from public.chat_messages where id = any (v_messages));
  return v_messages;
end $$;
comment on function private.forget_messages(uuid, uuid[]) is
'Deletes what was derived from messages of a user and the answers to them: their memories, the embeddings that were made with
their text, and the summaries of their sessions, which are made again without them. The messages stay. Returns the ids of
those that exist, ascending, each once. Internal: called by commit_turn and private.forget_facts.';

create or replace function private.forget_facts(p_user uuid, p_facts uuid[], p_messages uuid[]) returns jsonb
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
  return jsonb_build_object('facts', v_count, 'messages', private.forget_messages(p_user, v_messages || p_messages));
end $$;
comment on function private.forget_facts(uuid, uuid[], uuid[]) is
'Deletes facts of a user with all facts of the same keys, and what was derived from their source messages and from
p_messages. Returns {facts: number of deleted facts, messages: [ids of messages that are not remembered any more]}.
Internal: called by forget_facts and save_facts.';

create or replace function public.save_facts(p_user uuid, p_extraction jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_commands constant uuid[] := array(select jsonb_array_elements_text(p_extraction -> 'commands')::uuid);
  v_forgotten jsonb;
begin
  if private.is_gone(p_user, (p_extraction #>> '{usage,created_at}')::timestamptz) then
    return jsonb_build_object('committed', false);
  end if;
  perform private.lock_memory(p_user);
  if not private.add_usage(p_user, p_extraction -> 'usage') then
    return jsonb_build_object('committed', false);
  end if;
  update public.user_memory_embeddings m set is_read = true
  from jsonb_array_elements_text(p_extraction -> 'read') read
  where m.message_id = read::uuid and m.user_id = p_user;
  perform private.add_facts(p_user, p_extraction -> 'facts');
  update public.user_memory_facts f set valid_to = greatest(now(), f.valid_from)
  from jsonb_array_elements_text(p_extraction -> 'ended') ended
  where f.id = ended::uuid and f.user_id = p_user and f.valid_to is null;
  v_forgotten := private.forget_facts(
    p_user, array(select jsonb_array_elements_text(p_extraction -> 'forgotten')::uuid), v_commands);
  return jsonb_build_object('committed', true, 'messages', v_forgotten -> 'messages');
end $$;
comment on function public.save_facts(uuid, jsonb) is
'Saves the result of reading messages: {read: [message ids], facts, ended: [fact ids], forgotten: [fact ids], commands:
[message ids], usage}. facts is as in add_facts, usage as in add_usage. ended facts are closed now; forgotten facts are
deleted as by forget_facts; commands are requests to forget, which are not remembered themselves, nor are their answers.
Returns {committed: true, messages: [ids of messages that are not remembered any more]}; {committed: false} if the usage id
exists or the user was erased, and nothing changes. Callers: service_role.';
grant execute on function public.save_facts(uuid, jsonb) to service_role;

create or replace function private.searchable(p_text text) returns text
language sql immutable security invoker set search_path = '' as $$
  select lower(trim(regexp_replace(translate(p_text, '“”„«»‘’', '"""""'''''), '\s+', ' ', 'g')));
$$;
comment on function private.searchable(text) is
'Returns a text in lower case, with one space for each run of white space and plain quotation marks, in which words are looked
up. Internal: called by forget_facts.';

create or replace function public.forget_facts(p_user uuid, p_facts uuid[], p_words text[] default '{}') returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_most constant integer := 50;
  v_found uuid[];
begin
  if private.is_gone(p_user, now()) then
    return jsonb_build_object('facts', 0, 'found', 0, 'messages', '[]'::jsonb, 'too_many', false);
  end if;
  perform private.lock_memory(p_user);
  v_found := array(
    select m.message_id from public.user_memory_embeddings m
    where m.user_id = p_user and m.message_id is not null and exists (
      select from unnest(p_words) words
      where private.searchable(words) <> '' and position(private.searchable(words) in private.searchable(m.content)) > 0)
    limit v_most + 1);
  if cardinality(v_found) > v_most then
    return jsonb_build_object('facts', 0, 'found', 0, 'messages', '[]'::jsonb, 'too_many', true);
  end if;
  return jsonb_build_object('found', cardinality(v_found), 'too_many', false) || private.forget_facts(
    p_user,
    p_facts || array(select id from public.user_memory_facts where user_id = p_user and source_message_id = any (v_found)),
    v_found);
end $$;
comment on function public.forget_facts(uuid, uuid[], text[]) is
'Forgets facts of a user, as private.forget_facts does, and the remembered messages with any of p_words in their text, with the
facts that come from them. Returns {facts: number of deleted facts, found: number of messages with the words, messages: [ids of
messages that are not remembered any more], too_many}: if more than 50 have the words, nothing is forgotten. Callers:
service_role.';
grant execute on function public.forget_facts(uuid, uuid[], text[]) to service_role;

create or replace function public.correct_fact(p_user uuid, p_fact uuid, p_text text) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_row jsonb;
begin
  if private.is_gone(p_user, now()) then
    return null;
  end if;
  perform private.lock_memory(p_user);
  update public.user_memory_facts f set fact = p_text, confidence = 1
  where f.id = p_fact and f.user_id = p_user and f.valid_to is null
  returning jsonb_build_object('id', id, 'category', category, 'key', key, 'fact', fact, 'valid_from', valid_from) into v_row;
  return v_row;
end $$;
comment on function public.correct_fact(uuid, uuid, text) is
'Replaces the text of a current fact of a user; the old text is not kept. Returns {id, category, key, fact, valid_from}, or
null if there is no such fact. Callers: service_role.';
grant execute on function public.correct_fact(uuid, uuid, text) to service_role;

-- Summaries ------------------------------------------------------------------------------------------------------------

create or replace function public.unsummarised_messages(
  p_user uuid, p_session uuid, p_model text, p_budget integer, p_start_percent integer, p_keep_percent integer,
  p_part_tokens integer
) returns jsonb
language plpgsql stable security definer set search_path = '' set statement_timeout = '8s' as $$
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
  select * into v_summary from public.chat_session_summaries where session_id = p_session and user_id = p_user;
  select id into v_newest from public.chat_messages
  where session_id = p_session and user_id = p_user order by created_at desc, id desc limit 1;

  with recursive path as (
    select id, parent_id, role, content, content_tokens, 1 as depth, content_tokens::bigint as from_newest
    from public.chat_messages where id = v_newest
    union all
    select m.id, m.parent_id, m.role, m.content, m.content_tokens, path.depth + 1, path.from_newest + m.content_tokens
    from path join public.chat_messages m on m.id = path.parent_id
    where path.depth < 400 and m.session_id = p_session and m.id is distinct from v_summary.covers_message_id
  ), older as (
    select *, sum(content_tokens) over (order by depth desc) as from_oldest
    from path where from_newest > v_budget * p_keep_percent / 100 and depth > 2
  ), part as (
    select * from older where from_oldest <= p_part_tokens or from_oldest = content_tokens
  )
  select
    (select max(from_newest) from path),
    (select coalesce(bool_or(parent_id = v_summary.covers_message_id), false) from path),
    (select id from part order by depth limit 1),
    (select jsonb_agg(
       jsonb_build_object('id', part.id, 'role', part.role, 'text', left(part.content, 8000)) order by part.depth desc)
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
comment on function public.unsummarised_messages(uuid, uuid, text, integer, integer, integer, integer) is
'Returns the messages of a session that its summary should take in next, or null: {messages: [{id, role, text}], covers,
summary, replaces, employee, budgets, price}.

The budget is the token_budget of the employee, else p_budget. Null unless the part of the path to the newest message that
is in no summary exceeds p_start_percent of the budget. Messages are the oldest of that part, without the newest
p_keep_percent of the budget, up to p_part_tokens. Messages that must not be remembered are left out. summary is the text
to continue, null if the present summary is of another branch; replaces is the message that the present summary ends with.
Callers: service_role.';
grant execute on function public.unsummarised_messages(uuid, uuid, text, integer, integer, integer, integer) to service_role;

create or replace function public.save_summary(p_user uuid, p_summary jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_session constant uuid := (p_summary ->> 'session_id')::uuid;
  v_replaces constant uuid := (p_summary ->> 'replaces')::uuid;
  v_since timestamptz;
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
    where session_id = v_session and user_id = p_user and covers_message_id = v_replaces
    returning created_at into v_since;
  else
    delete from public.chat_session_summaries
    where session_id = v_session and user_id = p_user and covers_message_id = v_replaces;
    insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens)
    select v_session, p_user, m.id, p_summary ->> 'summary', (p_summary ->> 'tokens')::integer
    from public.chat_messages m
    where m.id = (p_summary ->> 'covers')::uuid and m.session_id = v_session and m.user_id = p_user
    on conflict (user_id, session_id) do nothing
    returning created_at into v_since;
  end if;
  return jsonb_strip_nulls(jsonb_build_object('committed', true, 'since', v_since));
end $$;
comment on function public.save_summary(uuid, jsonb) is
'Saves a summary: {session_id, covers, replaces, continues, message_ids, usage} and, unless the model failed, {summary,
tokens}. It is saved only if the present summary ends with the message replaces and none of message_ids was forgotten
meanwhile. continues keeps the row, and with it the time since which the summary exists; otherwise the row is new. Returns
{committed: true} and, if a summary was saved, since, the time of its first version. {committed: false} if the usage id exists or
the user was erased, and nothing changes. Callers: service_role.';
grant execute on function public.save_summary(uuid, jsonb) to service_role;

-- Titles ---------------------------------------------------------------------------------------------------------------

create or replace function public.untitled_session(p_user uuid, p_session uuid, p_model text) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select jsonb_build_object(
    'question', left(question.content, 4000), 'answer', left(answer.content, 2000), 'employee', s.employee_slug,
    'budgets', private.budgets(p_user, s.employee_slug), 'price', private.current_price(p_model))
  from public.chat_sessions s
  join public.employee_profiles e on e.slug = s.employee_slug and e.learns
  -- What must not be remembered has no memory, and gives no title either.
  cross join lateral (
    select m.id, m.content from public.chat_messages m
    join public.user_memory_embeddings memory on memory.message_id = m.id
    where m.session_id = s.id and m.user_id = p_user and m.role = 'user' and m.parent_id is null
    order by m.created_at, m.id limit 1
  ) question
  cross join lateral (
    select content from public.chat_messages
    where parent_id = question.id and user_id = p_user and role = 'assistant' and status = 'complete' and content <> ''
    order by created_at, id limit 1
  ) answer
  where s.id = p_session and s.user_id = p_user and s.title_source = 'message';
$$;
comment on function public.untitled_session(uuid, uuid, text) is
'Returns the first question of a session and the first complete answer to it, or null if the session has a title of its user
or of a model, or no such answer: {question, answer, employee, budgets, price}. Null too if the employee does not learn, or the
question must not be remembered. price is the one of p_model. Callers: service_role.';
grant execute on function public.untitled_session(uuid, uuid, text) to service_role;

create or replace function public.save_title(p_user uuid, p_session uuid, p_title text, p_usage jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
begin
  if private.is_gone(p_user, (p_usage ->> 'created_at')::timestamptz) or not private.add_usage(p_user, p_usage) then
    return jsonb_build_object('committed', false);
  end if;
  update public.chat_sessions set title = p_title, title_source = 'model'
  where id = p_session and user_id = p_user and title_source = 'message' and p_title is not null;
  return jsonb_build_object('committed', true);
end $$;
comment on function public.save_title(uuid, uuid, text, jsonb) is
'Saves the title that a model made, null if it failed, and the usage of the call. A session whose user has written a title
meanwhile keeps that. Returns {committed: true}, or {committed: false} if the usage id exists or the user was erased, and nothing
changes. Callers: service_role.';
grant execute on function public.save_title(uuid, uuid, text, jsonb) to service_role;
