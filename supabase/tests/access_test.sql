-- What each role may do with each table: every verb, for anon, two users and the service key.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.employee_profiles (slug, title, system_prompt, is_active) values ('retired', 'Retired', 'Gone.', false);

-- The same rows for both users: ids end in the user's letter.
create function pg_temp.populate(p_user uuid, p_session uuid, p_message uuid, p_document uuid) returns void
language sql as $$
  insert into public.chat_sessions (id, user_id, employee_slug) values (p_session, p_user, 'prime-boss');
  insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens)
  values (p_message, p_session, p_user, 'assistant', 'Hello', 1);
  insert into public.chat_session_summaries (session_id, user_id, covers_message_id, summary, tokens)
  values (p_session, p_user, p_message, 'They met.', 3);
  insert into public.chat_message_feedback (message_id, user_id, rating) values (p_message, p_user, 1);
  insert into public.chat_tool_runs (id, user_id, session_id, tool, status)
  values (gen_random_uuid(), p_user, p_session, 'ocr', 'succeeded');
  insert into public.user_memory_facts (id, user_id, category, key, fact)
  values (gen_random_uuid(), p_user, 'profile', 'city', 'Lives in Bern');
  insert into public.chat_documents (id, user_id, name, media_type, size_bytes)
  values (p_document, p_user, 'a.txt', 'text/plain', 5);
  insert into public.chat_files (id, user_id, session_id, purpose, name, media_type)
  values (gen_random_uuid(), p_user, p_session, 'export', 'a.xlsx', 'text/csv');
  insert into public.user_memory_embeddings (
    id, user_id, source, document_id, content, content_tokens, embedding, occurred_at)
  values (
    gen_random_uuid(), p_user, 'document', p_document, 'Hello', 1,
    array_fill(0.1::real, array[1536])::extensions.halfvec(1536), now());
  insert into public.chat_pii_keys (user_id, key_id, founded_at, master_version, wrapped)
  values (p_user, gen_random_uuid(), now(), 1, decode(repeat('00', 60), 'hex'));
  insert into public.chat_user_limits (user_id, daily_tokens) values (p_user, 1000);
  insert into public.chat_pii_vault (user_id, token, entity, fingerprint, ciphertext, key_version)
  values (p_user, '[EMAIL_1]', 'EMAIL', decode(repeat('00', 32), 'hex'), decode(repeat('00', 40), 'hex'), 1);
  insert into public.chat_usage_log (
    turn_id, user_id, session_id, employee_slug, model, prompt_tokens, completion_tokens, total_tokens, latency_ms,
    success, usage_source)
  values (gen_random_uuid(), p_user, p_session, 'prime-boss', 'gpt-4o-mini', 1, 1, 2, 10, true, 'provider');
$$;
select pg_temp.populate(
  '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-0000000000a3');
select pg_temp.populate(
  '00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000b1',
  '00000000-0000-4000-8000-0000000000b2', '00000000-0000-4000-8000-0000000000b3');

-- What is expected of a user (and, in the last column, of the service key): 'own' rows only, 'all', or 'refused'. Nobody
-- inserts or updates; anon is refused everything but three columns of employee_profiles.
create temporary table expected (tablename text, user_select text, user_delete text, service_select text);
insert into expected values
  ('chat_sessions', 'own', 'own', 'all'),
  ('chat_messages', 'own', 'refused', 'all'),
  ('chat_session_summaries', 'own', 'refused', 'all'),
  ('chat_message_feedback', 'own', 'own', 'all'),
  ('chat_tool_runs', 'own', 'refused', 'all'),
  ('user_memory_facts', 'own', 'own', 'all'),
  ('chat_documents', 'own', 'own', 'all'),
  ('chat_files', 'own', 'refused', 'all'),
  ('user_memory_embeddings', 'own', 'own', 'all'),
  ('chat_pii_keys', 'own', 'refused', 'all'),
  ('chat_pii_vault', 'own', 'refused', 'all'),
  ('chat_usage_log', 'own', 'refused', 'all'),
  ('chat_user_limits', 'own', 'refused', 'all'),
  ('chat_model_prices', 'refused', 'refused', 'all'),
  ('chat_parked_turns', 'refused', 'refused', 'refused'),
  ('employee_profiles', 'refused', 'refused', 'all');
select bag_eq(
  $$ select tablename from expected $$, $$ select table_name from public.v_rls_status $$,
  'every table is in this list: a new one must say who may do what with it');

create function pg_temp.become(p_role text, p_user text default null) returns void language plpgsql as $$
begin
  execute format('set local role %I', p_role);
  perform set_config('request.jwt.claims', jsonb_build_object('role', p_role, 'sub', p_user)::text, true);
end $$;

-- One attempt, undone at once: 'refused', or whose rows were touched.
create function pg_temp.outcome(p_verb text, p_table text) returns text language plpgsql as $$
declare
  v_column text := (select attname from pg_catalog.pg_attribute
                    where attrelid = ('public.' || p_table)::regclass and attnum = 1);
  v_touched bigint;
  v_all bigint;
  v_outcome text;
begin
  begin
    execute case p_verb
      when 'select' then format('select 1 from public.%I where to_jsonb(%I) is not null', p_table, p_table)
      when 'delete' then format('delete from public.%I', p_table)
      when 'insert' then format('insert into public.%I default values', p_table)
      when 'update' then format('update public.%I set %I = %I', p_table, v_column, v_column)
      when 'truncate' then format('truncate public.%I', p_table)
    end;
    get diagnostics v_touched = row_count;
    raise exception using errcode = 'ZZ000', message = v_touched::text;
  exception
    when insufficient_privilege then return 'refused';
    when sqlstate 'ZZ000' then
      v_outcome := case when v_touched = 0 then 'none' when v_touched = 1 then 'own' else 'all' end;
  end;
  return v_outcome;
end $$;
grant select on expected to public;

create function pg_temp.check_role(p_role text, p_user text, p_name text) returns setof text language plpgsql as $$
declare
  v_row expected;
  v_verb text;
  v_wanted text;
begin
  for v_row in select * from expected order by tablename loop
    foreach v_verb in array array['select', 'insert', 'update', 'delete', 'truncate'] loop
      v_wanted := case
        when p_role = 'authenticated' and v_verb = 'select' then v_row.user_select
        when p_role = 'authenticated' and v_verb = 'delete' then v_row.user_delete
        when p_role = 'service_role' and v_verb = 'select' then v_row.service_select
        else 'refused'
      end;
      perform pg_temp.become(p_role, p_user);
      return next is(
        pg_temp.outcome(v_verb, v_row.tablename), v_wanted, format('%s: %s %s', p_name, v_verb, v_row.tablename));
    end loop;
  end loop;
end $$;

grant execute on all functions in schema pg_temp to public;
select pg_temp.check_role('anon', null, 'anon');
select pg_temp.check_role('authenticated', '00000000-0000-4000-8000-00000000000a', 'user A');
select pg_temp.check_role('authenticated', '00000000-0000-4000-8000-00000000000b', 'user B');
select pg_temp.check_role('service_role', null, 'the service key');

-- What a count cannot tell -------------------------------------------------------------------------------------------
select pg_temp.become('authenticated', '00000000-0000-4000-8000-00000000000a');
select results_eq(
  'select user_id::text from public.chat_messages', array['00000000-0000-4000-8000-00000000000a'],
  'the one message that user A sees is user A''s');
with gone as (delete from public.chat_sessions returning user_id)
select is(array_agg(user_id::text), array['00000000-0000-4000-8000-00000000000a'], 'user A deletes their session only')
from gone;
select is_empty('select from public.chat_messages', 'its messages go with it');
select is_empty('select from public.chat_session_summaries', 'and its summary');
select is_empty('select from public.chat_tool_runs', 'and its tool runs');
select results_eq(
  'select session_id from public.chat_usage_log', array[null::uuid], 'but what it cost stays on record');

select pg_temp.become('authenticated');
select is_empty('select from public.chat_usage_log', 'a token without a user reads nothing');
select pg_temp.become('anon');
select set_eq(
  'select slug from public.employee_profiles', array['prime-boss', 'doc-clerk', 'sheet-analyst'],
  'anon sees the active employees');
select lives_ok('select slug, title, description from public.employee_profiles', 'three columns of them');
select throws_ok('select system_prompt from public.employee_profiles', '42501', null, 'and not their prompts');
select pg_temp.become('authenticated', '00000000-0000-4000-8000-00000000000b');
select throws_ok('select system_prompt from public.employee_profiles', '42501', null, 'nor does a user');
select throws_ok('select * from public.v_rls_status', '42501', null, 'the state of the locks is no user''s business');
select pg_temp.become('service_role');
select isnt_empty('select from public.v_rls_status', 'but the operator''s');

select * from finish();
rollback;
