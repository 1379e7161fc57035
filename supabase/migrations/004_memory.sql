-- Memory as the record: messages and document chunks with their embeddings. The object of the user ranks them in an index of its
-- own, which it builds from here.

-- Reading memories -----------------------------------------------------------------------------------------------------

create or replace function public.memories(
  p_limit integer, p_before_at timestamptz default null, p_before_id uuid default null
) returns jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', m.id, 'message_id', m.message_id, 'session_id', m.session_id, 'document_id', m.document_id,
    'document', d.name, 'media_type', d.media_type, 'role', said.role,
    'content', m.content, 'content_tokens', m.content_tokens, 'occurred_at', m.occurred_at,
    'embedding', replace(encode(extensions.halfvec_send(m.embedding), 'base64'), E'\n', ''))
    order by m.occurred_at desc, m.id desc), '[]')
  from (
    select id, message_id, session_id, document_id, content, content_tokens, occurred_at, embedding
    from public.user_memory_embeddings
    -- In sub-selects, as in list_sessions: the index starts at the position.
    where (occurred_at, id) < (
      (select coalesce(p_before_at, 'infinity')), (select coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')))
    order by occurred_at desc, id desc
    limit least(greatest(p_limit, 0), 1000)
  ) m
  -- "offset 0" keeps each lookup by its key: the planner assumes an average number of memories per user, and for a user with many more
  -- it would read all messages of all users instead.
  left join lateral (select role from public.chat_messages where id = m.message_id offset 0) said on true
  left join lateral (select name, media_type from public.chat_documents where id = m.document_id offset 0) d on true;
$$;
comment on function public.memories(integer, timestamptz, uuid) is
'Returns a page of the memories of the caller, newest first: at most p_limit (and 1000) after the position (p_before_at,
p_before_id), which is occurred_at and id of the last memory of the previous page: [{id, message_id, session_id,
document_id, document, media_type, role, content, content_tokens, occurred_at, embedding}].

document and media_type are name and type of the document, role is that of the message. embedding is the binary form of the
vector in base64, without line breaks: two bytes each for the number of dimensions and for zero, then a half-precision float for each
dimension, big-endian; null while the memory is pending. Callers: authenticated.';
grant execute on function public.memories(integer, timestamptz, uuid) to authenticated;

create or replace function public.match_memories(p_embedding extensions.halfvec, p_limit integer default 20)
returns table (id uuid, content text, occurred_at timestamptz, distance double precision)
language sql stable strict security invoker set search_path = '' set statement_timeout = '2s' as $$
  select m.id, m.content, m.occurred_at, m.embedding operator(extensions.<=>) p_embedding as distance
  from public.user_memory_embeddings m
  where m.embedding is not null
  order by distance, m.id
  limit least(greatest(p_limit, 0), 1000);
$$;
comment on function public.match_memories(extensions.halfvec, integer) is
'Returns the memories of the caller that are nearest to a vector by cosine distance, nearest first, at most p_limit (and
1000). For SQL and for other applications: turns use the index of the object. All vectors of the caller are compared, so that the
result is exact; pending memories have none. A null argument gives no rows. Errors: 22000 for a vector of another length.
Callers: authenticated.';
grant execute on function public.match_memories(extensions.halfvec, integer) to authenticated;

-- Storing memories -----------------------------------------------------------------------------------------------------

create or replace function private.remember(p_user uuid, p_messages uuid[]) returns uuid[]
language sql security invoker set search_path = '' as $$
  with remembered as (
    insert into public.user_memory_embeddings (
      id, user_id, source, message_id, session_id, content, content_tokens, occurred_at, is_read)
    select
      m.id, m.user_id, 'message', m.id, m.session_id, left(m.content, 32000),
      ceil(m.content_tokens * least(1, 32000.0 / length(m.content))), m.created_at,
      -- Facts are extracted from messages of the user only, and not from imports, where that would cost too much.
      m.role <> 'user' or m.metadata ? 'imported' or not coalesce(e.learns, false)
    from public.chat_messages m
    join public.chat_sessions s on s.id = m.session_id
    left join public.employee_profiles e on e.slug = s.employee_slug
    where m.id = any (p_messages) and m.user_id = p_user and m.role in ('user', 'assistant') and m.content ~ '\S'
    on conflict do nothing
    returning id
  )
  select coalesce(array_agg(id), '{}') from remembered;
$$;
comment on function private.remember(uuid, uuid[]) is
'Stores messages of a user as pending memories that have the ids of their messages; those that exist stay unchanged.
Content beyond 32000 characters is cut. Returns the ids of the new memories. Internal: called by commit_turn and import_messages.';

create or replace function public.import_messages(
  p_user uuid, p_employee text, p_messages jsonb, p_started_at timestamptz default now()
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_sessions constant uuid[] := array(
    select distinct (m ->> 'session_id')::uuid from jsonb_array_elements(p_messages) m order by 1);
  v_foreign uuid[];
  v_added uuid[];
begin
  if private.is_gone(p_user, p_started_at) then
    return jsonb_build_object('gone', true);
  end if;
  v_foreign := array(select id from public.chat_sessions where id = any (v_sessions) and user_id <> p_user order by id);
  if cardinality(v_foreign) > 0 then
    return jsonb_build_object('foreign', v_foreign);
  end if;

  -- New sessions have the time of their first message; the trigger updates it. Sorted by id, as the locks below, so that two
  -- imports cannot deadlock.
  insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at, created_at)
  select
    m.session_id, p_user, p_employee, left((array_agg(m.title order by m.place) filter (where m.title <> ''))[1], 200),
    min(m.created_at), min(m.created_at)
  from rows from (jsonb_to_recordset(p_messages) as (id uuid, session_id uuid, title text, created_at timestamptz))
    with ordinality as m(id, session_id, title, created_at, place)
  where not exists (select from public.chat_messages known where known.id = m.id)
  group by m.session_id order by m.session_id
  on conflict (id) do nothing;
  -- The locks serialise turns and imports of a session: the set of known messages does not change until the end.
  perform private.require_owner(s.id, s.user_id, p_user)
  from (select id, user_id from public.chat_sessions where id = any (v_sessions) order by id for update) s;

  with given as (
    -- Only the first message of each id.
    select distinct on (m.id) m.*
    from rows from (jsonb_to_recordset(p_messages) as (
      id uuid, session_id uuid, role text, content text, content_tokens integer, created_at timestamptz, name text, parent_id uuid,
      is_first boolean))
      with ordinality as m(id, session_id, role, content, content_tokens, created_at, name, parent_id, is_first, place)
    order by m.id, place
  ), linked as (
    select
      g.*, known.id is not null as is_known, lag(g.id) over (partition by g.session_id order by g.place) as before
    from given g
    left join public.chat_messages known on known.id = g.id
    -- A message that exists in another session is no parent here.
    where known.id is null or known.session_id = g.session_id
  ), added as (
    insert into public.chat_messages (
      id, session_id, user_id, parent_id, role, content, content_tokens, metadata, created_at)
    select
      l.id, l.session_id, p_user,
      case when l.is_first then null else coalesce(
        -- A parent is known, or stands before its child: no message may follow itself, over others neither.
        (select parent.id from linked parent where parent.id = l.parent_id and parent.session_id = l.session_id and parent.place < l.place),
        (select parent.id from public.chat_messages parent
         where parent.id = l.parent_id and parent.session_id = l.session_id and parent.user_id = p_user),
        l.before,
        (select older.id from public.chat_messages older
         where older.session_id = l.session_id and older.user_id = p_user and older.created_at < l.created_at
         order by older.created_at desc, older.id desc limit 1)) end,
      l.role, l.content, l.content_tokens,
      jsonb_strip_nulls(jsonb_build_object('imported', true, 'client_message_id', l.name)), l.created_at
    from linked l where not l.is_known
    order by l.place
    on conflict (id) do nothing
    returning id
  )
  select array_agg(id) into v_added from added;
  return jsonb_build_object(
    'imported', coalesce(cardinality(v_added), 0),
    'known', jsonb_array_length(p_messages) - coalesce(cardinality(v_added), 0),
    'added', private.remember(p_user, v_added));
end $$;
comment on function public.import_messages(uuid, text, jsonb, timestamptz) is
'Imports conversations of another system. p_started_at is the moment at which the import began.

p_messages, in order: [{id, session_id, role, content, content_tokens, created_at}] and, optional, name (the id that the
client gave it), title (of its session), parent_id (a message of its session that is known or stands before it) and is_first (true for
one without a parent). Else the parent of a message is the message before it in its session, of the first one the newest that is older. New sessions belong to the employee p_employee.

Returns {imported, known, added: [message ids]}: known messages exist already and are not changed; added are the new ones
that are remembered, which those without text are not. {foreign: [session ids]} if sessions belong to another user, {gone: true} if
the user does not exist or was erased since p_started_at; nothing is imported then. Errors: constraint violations for malformed rows. Callers:
service_role.';
grant execute on function public.import_messages(uuid, text, jsonb, timestamptz) to service_role;

-- Embedding ------------------------------------------------------------------------------------------------------------

create or replace function public.pending_memories(p_user uuid, p_limit integer) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', p.id, 'text', concat_ws(E'\n', p.content, nullif(concat_ws(' ', second.content, first.content), '')))
    order by p.occurred_at, p.id), '[]')
  from (
    select id, message_id, content, occurred_at from public.user_memory_embeddings
    where user_id = p_user and embedding is null
    order by occurred_at, id limit least(greatest(p_limit, 0), 1000)
  ) p
  left join public.chat_messages m on m.id = p.message_id
  -- A message that must not be remembered, or that was forgotten, has no memory.
  left join lateral (
    select b.parent_id, left(n.content, 4000) as content
    from public.chat_messages b left join public.user_memory_embeddings n on n.message_id = b.id
    where b.id = m.parent_id
  ) first on true
  left join lateral (
    select left(n.content, 4000) as content from public.user_memory_embeddings n where n.message_id = first.parent_id
  ) second on true;
$$;
comment on function public.pending_memories(uuid, integer) is
'Returns pending memories of a user, oldest first, at most p_limit (and 1000): [{id, text}]. text is what is embedded: the
content and, for a message, the two messages before it, because its meaning often depends on them. Of these, messages that
must not be remembered or were forgotten are left out. Callers: service_role.';
grant execute on function public.pending_memories(uuid, integer) to service_role;

create or replace function private.embed_followers_again(p_user uuid, p_messages uuid[]) returns void
language sql security invoker set search_path = '' as $$
  with followers as (
    select id from public.chat_messages where parent_id = any (p_messages) and user_id = p_user
  )
  update public.user_memory_embeddings m set embedding = null
  where m.user_id = p_user and m.embedding is not null and m.message_id in (
    select id from followers
    union all
    select next.id from public.chat_messages next join followers on next.parent_id = followers.id);
$$;
comment on function private.embed_followers_again(uuid, uuid[]) is
'Makes the memories of the two messages after each of p_messages pending again, since their embeddings were made with its
text: it changed, or it was forgotten. Internal: called by private.continue_answer and private.forget_messages.';

create or replace function public.save_embeddings(p_user uuid, p_embeddings jsonb, p_usage jsonb default '[]') returns bigint
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
begin
  if private.is_gone(p_user, now()) then
    return 0;
  end if;
  update public.user_memory_embeddings m
  set embedding = e.embedding::extensions.halfvec
  from jsonb_to_recordset(p_embeddings) as e(id uuid, embedding text)
  -- "is true" keeps the planner from the index of pending memories, which it would scan for each id.
  where m.id = e.id and (m.user_id = p_user and m.embedding is null) is true and e.embedding is not null;
  perform private.add_usage(p_user, usage) from jsonb_array_elements(p_usage) usage
  where not private.is_gone(p_user, (usage ->> 'created_at')::timestamptz);
  return (select count(*) from public.user_memory_embeddings where user_id = p_user and embedding is null);
end $$;
comment on function public.save_embeddings(uuid, jsonb, jsonb) is
'Saves embeddings of pending memories of a user: [{id, embedding}], the vector as text; others stay unchanged. p_usage has
rows of usage as in add_usage, those of vectors and others; a row that exists stays as it is. Returns the
number of memories that are still pending. Errors: 22000 for a vector of another length. Callers: service_role.';
grant execute on function public.save_embeddings(uuid, jsonb, jsonb) to service_role;

create or replace function public.pending_memories_count() returns bigint
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select count(*) from public.user_memory_embeddings where user_id = (select auth.uid()) and embedding is null;
$$;
comment on function public.pending_memories_count() is
  'Returns the number of pending memories of the caller. Callers: authenticated.';
grant execute on function public.pending_memories_count() to authenticated;
