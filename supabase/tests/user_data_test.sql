-- A user's own data: the list of sessions, the export, the erasure; and what time throws away.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_sessions (id, user_id, employee_slug, title, last_message_at)
select
  ('00000000-0000-4000-8000-00000000010' || n)::uuid, '00000000-0000-4000-8000-00000000000a', 'prime-boss', 'Session ' || n,
  -- The third and fourth at the same moment: their ids decide.
  '2026-11-01T10:00:00Z'::timestamptz + interval '1 minute' * least(n, 3)
from generate_series(1, 4) n;
insert into public.chat_sessions (id, user_id, employee_slug, title) values
  ('00000000-0000-4000-8000-0000000001b1', '00000000-0000-4000-8000-00000000000b', 'prime-boss', 'Not mine');
insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
select gen_random_uuid(), id, user_id, 'user', 'Hello from ' || title, 5, last_message_at from public.chat_sessions;
select private.remember(user_id, array_agg(id)) from public.chat_messages group by user_id;
insert into public.user_memory_facts (id, user_id, category, key, fact, valid_from, valid_to, expires_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Bern', now(), null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'plans', 'trip', 'Is in Rome', now(), null, now() - interval '1 day'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Basel',
   now() - interval '2 years', now() - interval '1 year', null);
insert into public.chat_pii_vault (user_id, token, entity, fingerprint, ciphertext, key_version) values
  ('00000000-0000-4000-8000-00000000000a', '[EMAIL_1]', 'EMAIL', decode(repeat('00', 32), 'hex'), decode(repeat('00', 40), 'hex'), 1);
insert into public.chat_tool_runs (id, user_id, tool, status, created_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'ocr', 'succeeded', now() - interval '1 year'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'ocr', 'succeeded', now());
insert into public.chat_documents (id, user_id, name, media_type, size_bytes, status, updated_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'old.txt', 'text/plain', 5, 'pending', now() - interval '8 days'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'ready.txt', 'text/plain', 5, 'ready', now() - interval '8 days');

-- The list, page by page ---------------------------------------------------------------------------------------------
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select results_eq(
  'select title from public.list_sessions(2)', array['Session 4', 'Session 3'], 'the newest sessions come first');
select results_eq(
  $$ select title from public.list_sessions(
       2, '2026-11-01T10:03:00Z', '00000000-0000-4000-8000-000000000103') $$,
  array['Session 2', 'Session 1'], 'the next page begins where the last one ended, within a moment too');
select results_eq(
  $$ select title from public.list_sessions(1, '2026-11-01T10:03:00Z', '00000000-0000-4000-8000-000000000104') $$,
  array['Session 3'], 'and loses none');
select is(
  (select count(*) from public.list_sessions(10000)), 4::bigint, 'nobody else''s session is listed');
select throws_ok('select public.erase_user(auth.uid())', '42501', null, 'erasing goes through the Worker');
select throws_ok('select public.purge_expired()', '42501', null, 'so does throwing away');

-- The export ---------------------------------------------------------------------------------------------------------
select results_eq(
  $$ select row ->> 'kind' collate "default", count(*) from public.export_user() row group by 1 order by 1 $$,
  $$ values ('document', 2::bigint), ('fact', 3), ('memory', 4), ('message', 4), ('session', 4), ('tool_run', 2), ('vault', 1) $$,
  'everything of the user is exported');
select is_empty(
  $$ select from public.export_user() row where row::text ~ 'Not mine|ciphertext|fingerprint|user_id' $$,
  'nothing of anybody else, and no key material');

-- Throwing away ------------------------------------------------------------------------------------------------------
set local role service_role;
select is(
  public.purge_expired(),
  '{"expired_facts": 1, "superseded_facts": 1, "tool_runs": 1, "unfinished_documents": 1}',
  'what has expired is thrown away, and counted');
select set_eq('select fact from public.user_memory_facts', array['Lives in Bern'], 'and nothing else');
select is((select count(*) from public.user_memory_embeddings), 5::bigint, 'no memory, pending or not');
select throws_ok($$ select public.purge_expired('1 hour') $$, '22023', null, 'a slip of the hand empties no table');

-- Erasing ------------------------------------------------------------------------------------------------------------
set local role postgres;
delete from public.chat_sessions where title = 'Session 4';
select is(
  jsonb_array_length(public.pending_memories('00000000-0000-4000-8000-00000000000a', 10)), 3,
  'what belongs to a deleted session is not remembered');
set local role service_role;
select is(
  public.erase_user('00000000-0000-4000-8000-00000000000a') - 'chat_usage_log',
  '{"chat_messages": 3, "chat_sessions": 3, "chat_pii_keys": 0, "chat_pii_vault": 1, "chat_tool_runs": 1, "chat_documents": 1, "chat_files": 0,
    "user_memory_facts": 1, "user_memory_embeddings": 3, "chat_message_feedback": 0, "chat_parked_turns": 0}',
  'a user is erased, and the rows are counted');
select is(
  public.save_embeddings('00000000-0000-4000-8000-00000000000a', jsonb_build_array(jsonb_build_object(
    'id', gen_random_uuid(), 'embedding', array_fill(0.1::real, array[1536])::extensions.halfvec::text))), 0::bigint,
  'an embedding that was on its way finds nothing');
set local role postgres;
create function pg_temp.rows_of(p_user uuid) returns bigint language plpgsql as $$
declare
  v_table text;
  v_rows bigint;
  v_sum bigint := 0;
begin
  for v_table in
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id'
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
  loop
    execute format('select count(*) from public.%I where user_id = $1', v_table) into v_rows using p_user;
    v_sum := v_sum + v_rows;
  end loop;
  return v_sum;
end $$;
select is(pg_temp.rows_of('00000000-0000-4000-8000-00000000000a'), 0::bigint, 'no table has a row of the user left');
select cmp_ok(pg_temp.rows_of('00000000-0000-4000-8000-00000000000b'), '>', 0::bigint, 'the other user keeps theirs');

create function pg_temp.turn(p_said_at timestamptz) returns jsonb language sql as $$
  select public.commit_turn(jsonb_build_object(
    'turn_id', gen_random_uuid(), 'user_id', '00000000-0000-4000-8000-00000000000a',
    'session_id', '00000000-0000-4000-8000-000000000101', 'employee_slug', 'prime-boss', 'title', 'Late',
    'messages', jsonb_build_array(jsonb_build_object(
      'id', gen_random_uuid(), 'role', 'user', 'content', 'Hello', 'content_tokens', 1, 'status', 'complete',
      'created_at', p_said_at)),
    'usage', jsonb_build_object(
      'model', 'gpt-4o-mini', 'prompt_tokens', 1, 'completion_tokens', 1, 'total_tokens', 2, 'latency_ms', 1,
      'success', true, 'usage_source', 'provider', 'created_at', p_said_at)));
$$;
select is(
  pg_temp.turn(now() - interval '1 second'), '{"committed": false, "gone": true}',
  'a turn that was on its way does not bring an erased user back');
select is(pg_temp.turn(now() + interval '1 second'), '{"committed": true}', 'who comes back later is welcome');
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is(pg_temp.rows_of('00000000-0000-4000-8000-00000000000a'), 0::bigint, 'deleting the account deletes the rows too');

select * from finish();
rollback;
