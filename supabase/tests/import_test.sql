-- import_messages: conversations that were had elsewhere, each message once, whole calls or nothing.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');

-- A message: its number and its session's, which end their ids, and what is other than usual.
create function pg_temp.said(p_number integer, p_session integer, p_changes jsonb default '{}') returns jsonb
language sql as $$
  select jsonb_build_object(
    'id', '00000000-0000-4000-8000-000000000' || p_number, 'session_id', '00000000-0000-4000-8000-0000000001a' || p_session,
    'role', case when p_number % 2 = 1 then 'user' else 'assistant' end, 'content', 'Message ' || p_number,
    'content_tokens', 3, 'created_at', '2024-05-01T10:00:00Z'::timestamptz + p_number * interval '1 second') || p_changes;
$$;
create function pg_temp.import(p_user text, variadic p_messages jsonb[]) returns jsonb language sql as $$
  select public.import_messages(
    ('00000000-0000-4000-8000-00000000000' || p_user)::uuid, 'prime-boss', to_jsonb(p_messages));
$$;
-- Every message with its parent, as the ends of their ids.
create function pg_temp.tree() returns setof text language sql as $$
  select right(session_id::text, 2) || ': ' || coalesce(right(parent_id::text, 3), '-') || ' < ' || right(id::text, 3)
  from public.chat_messages order by session_id, created_at, id;
$$;
grant execute on all functions in schema pg_temp to public;

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select throws_ok($$ select pg_temp.import('a', pg_temp.said(101, 1)) $$, '42501', null, 'a user imports through the Worker');

set local role service_role;
select is(
  pg_temp.import(
    'a', pg_temp.said(111, 1, '{"name": "first", "title": ""}'), pg_temp.said(121, 2, '{"role": "assistant"}'),
    pg_temp.said(112, 1, '{"title": "Boats"}'), pg_temp.said(113, 1, '{"title": "Another"}'),
    pg_temp.said(122, 2, '{"content": ""}')),
  '{"imported": 5, "known": 0}', 'messages of two sessions are imported');
select results_eq(
  'select pg_temp.tree()', array['a1: - < 111', 'a1: 111 < 112', 'a1: 112 < 113', 'a2: - < 121', 'a2: 121 < 122'],
  'each follows the one before it in its session');
select results_eq(
  $$ select employee_slug, title, message_count, content_tokens, last_message_at, created_at
     from public.chat_sessions order by id $$,
  $$ values ('prime-boss', 'Boats', 3, 9::bigint, '2024-05-01T10:01:53Z'::timestamptz, '2024-05-01T10:01:51Z'::timestamptz),
            ('prime-boss', null, 2, 6, '2024-05-01T10:02:02Z', '2024-05-01T10:02:01Z') $$,
  'the sessions are made, with the first title and their counters, and are as old as what was said');
select results_eq(
  $$ select role, content, status, metadata, user_id from public.chat_messages
     where session_id::text like '%a1' order by created_at limit 2 $$,
  $$ values ('user', 'Message 111', 'complete', '{"imported": true, "client_message_id": "first"}'::jsonb,
             '00000000-0000-4000-8000-00000000000a'::uuid),
            ('assistant', 'Message 112', 'complete', '{"imported": true}', '00000000-0000-4000-8000-00000000000a') $$,
  'messages say that they were imported, and what the client calls them');
select results_eq(
  $$ select right(id::text, 3), content, content_tokens, right(session_id::text, 2), occurred_at, embedding is null
     from public.user_memory_embeddings order by occurred_at limit 1 $$,
  $$ values ('111', 'Message 111', 3, 'a1', '2024-05-01T10:01:51Z'::timestamptz, true) $$,
  'they are remembered, to be embedded');
select is((select count(*) from public.user_memory_embeddings), 4::bigint, 'all that say something');
select is(
  public.pending_memories('00000000-0000-4000-8000-00000000000a', 10) #>> '{2,text}',
  E'Message 113\nMessage 111 Message 112', 'with what was said before');

-- Again, and more ----------------------------------------------------------------------------------------------------
select is(
  pg_temp.import(
    'a', pg_temp.said(113, 1, '{"content": "Changed"}'), pg_temp.said(114, 1), pg_temp.said(114, 1), pg_temp.said(111, 2),
    pg_temp.said(123, 2)),
  '{"imported": 2, "known": 3}', 'what is known is counted and skipped, in another session and twice in one call too');
select results_eq(
  'select pg_temp.tree()',
  array['a1: - < 111', 'a1: 111 < 112', 'a1: 112 < 113', 'a1: 113 < 114', 'a2: - < 121', 'a2: 121 < 122', 'a2: 122 < 123'],
  'more goes on from what is there: known messages of its session, or the newest that is older');
select is_empty($$ select from public.chat_messages where content = 'Changed' $$, 'what is there stays as it is');
select is(
  pg_temp.import('a', pg_temp.said(115, 1, '{"created_at": "2024-05-01T10:01:52.5Z"}'), pg_temp.said(101, 1)),
  '{"imported": 2, "known": 0}', 'messages between and before others');
select results_eq(
  $$ select * from pg_temp.tree() tree where tree ~ '< (101|115)' $$, array['a1: 115 < 101', 'a1: 112 < 115'],
  'follow what is older, and their own order');
select results_eq(
  $$ select message_count, last_message_at from public.chat_sessions where id::text like '%a1' $$,
  $$ values (6, '2024-05-01T10:01:54Z'::timestamptz) $$, 'and do not set a session back');
select is(public.import_messages('00000000-0000-4000-8000-00000000000a', 'prime-boss', '[]'),
  '{"imported": 0, "known": 0}', 'nothing is nothing');

-- What somebody threw away, and who ----------------------------------------------------------------------------------
set local role authenticated;
delete from public.user_memory_embeddings where content = 'Message 112';
set local role service_role;
select is(
  pg_temp.import('a', pg_temp.said(112, 1)), '{"imported": 0, "known": 1}', 'a message whose memory was deleted is known');
select is_empty(
  $$ select from public.user_memory_embeddings where content = 'Message 112' $$, 'and is not remembered again');
select is(
  pg_temp.import('b', pg_temp.said(131, 3), pg_temp.said(124, 2), pg_temp.said(116, 1), pg_temp.said(117, 1)),
  '{"foreign": ["00000000-0000-4000-8000-0000000001a1", "00000000-0000-4000-8000-0000000001a2"]}',
  'sessions of somebody else are told');
select is_empty(
  $$ select id from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000b'
     union all select id from public.chat_messages where content in ('Message 131', 'Message 124', 'Message 116') $$,
  'and nothing of the call is written');
select is(
  pg_temp.import('b', pg_temp.said(111, 3), pg_temp.said(132, 3)), '{"imported": 1, "known": 1}',
  'an id that somebody else''s message has is not written');
select results_eq(
  $$ select user_id, parent_id from public.chat_messages where id::text ~ '(111|132)$' order by id $$,
  $$ values ('00000000-0000-4000-8000-00000000000a'::uuid, null::uuid), ('00000000-0000-4000-8000-00000000000b', null) $$,
  'nor followed');
select throws_ok(
  $$ select pg_temp.import('b', pg_temp.said(133, 3, '{"role": "odd"}'), pg_temp.said(134, 3)) $$, '23514', null,
  'a message that is none is refused');
select is_empty($$ select from public.chat_messages where content ~ '13[34]' $$, 'with all of its call');
select is(pg_temp.import('c', pg_temp.said(141, 4)), '{"gone": true}', 'a user without an account imports nothing');
select isnt(public.erase_user('00000000-0000-4000-8000-00000000000a'), null);
select is(pg_temp.import('a', pg_temp.said(112, 1)), '{"gone": true}', 'nor does one who is being erased');
select is_empty(
  $$ select from public.user_memory_embeddings where user_id = '00000000-0000-4000-8000-00000000000a' $$, 'nothing is left');

-- Many at once -------------------------------------------------------------------------------------------------------
select is(
  public.import_messages('00000000-0000-4000-8000-00000000000b', 'doc-clerk', (
    select jsonb_agg(jsonb_build_object(
      'id', gen_random_uuid(), 'session_id', '00000000-0000-4000-8000-0000000001b' || n % 10, 'role', 'user',
      'content', 'Message ' || n, 'content_tokens', 2,
      'created_at', '2024-05-01T10:00:00Z'::timestamptz + n * interval '1 ms') order by n)
    from generate_series(1, 1000) n)),
  '{"imported": 1000, "known": 0}', 'a thousand');
select results_eq(
  $$ select count(*), count(*) filter (where m.parent_id is null), bool_and(m.created_at - p.created_at = interval '10 ms')
     from public.chat_messages m left join public.chat_messages p on p.id = m.parent_id where m.session_id::text ~ '1b.$' $$,
  $$ values (1000::bigint, 10::bigint, true) $$, 'each after the one before it');

select * from finish();
rollback;
