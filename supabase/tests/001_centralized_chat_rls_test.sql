-- Rights: row-level security, grants, and what each role may do with each table.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

-- Row-level security and grants ----------------------------------------------------------------------------------------
select is_empty(
  $$ select table_name from public.v_rls_status where not rls_enabled $$,
  'every public table has row-level security');

select results_eq(
  $$ select table_name collate "default", policy_count from public.v_rls_status $$,
  $$ values ('chat_documents', 1), ('chat_files', 1), ('chat_message_feedback', 1), ('chat_messages', 1), ('chat_model_prices', 1), ('chat_parked_turns', 1),
            ('chat_pii_keys', 1), ('chat_pii_vault', 1), ('chat_session_summaries', 1), ('chat_sessions', 1), ('chat_stalled_work', 1), ('chat_tool_runs', 1),
            ('chat_usage_log', 1), ('chat_user_limits', 1), ('employee_profiles', 1), ('user_memory_embeddings', 1), ('user_memory_facts', 1) $$,
  'v_rls_status lists each public table with its number of policies');

select is_empty(
  $$ select p.proname from pg_proc p
     where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
       and not coalesce(p.proconfig, '{}') @> array['search_path=""'] $$,
  'every function has a fixed, empty search path');

select results_eq(
  $$ select r.rolname::text collate "default", p.proname::text collate "default" from pg_proc p, pg_roles r
     where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
       and r.rolname in ('anon', 'authenticated', 'service_role') and has_function_privilege(r.oid, p.oid, 'execute')
     order by 1, 2 $$,
  $$ values ('authenticated', 'all_parked_turns'), ('authenticated', 'all_unmask_policies'),
            ('authenticated', 'document_row'), ('authenticated', 'errors'), ('authenticated', 'export_user'),
            ('authenticated', 'feedback'), ('authenticated', 'has_words'), ('authenticated', 'is_admin'),
            ('authenticated', 'is_foreign_session'), ('authenticated', 'list_documents'),
            ('authenticated', 'list_sessions'), ('authenticated', 'load_session'), ('authenticated', 'load_vault'),
            ('authenticated', 'match_memories'), ('authenticated', 'memories'),
            ('authenticated', 'pending_memories_count'), ('authenticated', 'session_row'),
            ('authenticated', 'targets'), ('authenticated', 'unmask_policies'), ('authenticated', 'usage_by_day'),
            ('service_role', 'admin_changes'), ('service_role', 'admin_health'), ('service_role', 'admin_overview'),
            ('service_role', 'all_employees'), ('service_role', 'all_parked_turns'), ('service_role', 'all_prices'),
            ('service_role', 'commit_turn'), ('service_role', 'commit_vault'), ('service_role', 'correct_fact'),
            ('service_role', 'create_employee'), ('service_role', 'current_facts'),
            ('service_role', 'delete_document'), ('service_role', 'delete_files'), ('service_role', 'delete_session'),
            ('service_role', 'deployment_spending'), ('service_role', 'employee_versions'),
            ('service_role', 'erase_user'), ('service_role', 'errors'), ('service_role', 'forget_facts'),
            ('service_role', 'import_messages'), ('service_role', 'is_account'), ('service_role', 'is_admin'),
            ('service_role', 'list_users'), ('service_role', 'load_terms'), ('service_role', 'note_erasure'),
            ('service_role', 'note_stalled_work'), ('service_role', 'park_turn'), ('service_role', 'parked_turns'),
            ('service_role', 'pending_memories'), ('service_role', 'purge_expired'),
            ('service_role', 'replay_erasures'), ('service_role', 'roll_back_employee'),
            ('service_role', 'save_document'), ('service_role', 'save_embeddings'), ('service_role', 'save_facts'),
            ('service_role', 'save_feedback'), ('service_role', 'save_file'), ('service_role', 'save_price'),
            ('service_role', 'save_summary'), ('service_role', 'save_title'), ('service_role', 'stalled_work'),
            ('service_role', 'targets'), ('service_role', 'unread_messages'),
            ('service_role', 'unsummarised_messages'), ('service_role', 'untitled_session'),
            ('service_role', 'update_employee'), ('service_role', 'update_session'),
            ('service_role', 'update_user_limits'), ('service_role', 'usage_by_day'), ('service_role', 'user_limits'),
            ('service_role', 'user_usage') $$,
  'the API roles may execute these functions and no others');

select is_empty(
  $$ select a.relname, g.grantee from pg_class a, aclexplode(a.relacl) g
     where a.relnamespace = 'public'::regnamespace and g.grantee in (0, 'anon'::regrole) $$,
  'neither anon nor PUBLIC has a right on a whole table or view');

select is_empty(
  $$ select p.oid::regprocedure from pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
       -- A computed column is read in the time of its query; these two are for operators and cron.
       and p.proname not in ('feedback', 'purge_expired', 'replay_erasures')
       and not exists (
         select from unnest(p.proconfig) setting where setting in ('statement_timeout=8s', 'statement_timeout=2s')) $$,
  'no function of the API runs longer than the Worker waits for it');
select is_empty(
  $$ select p.oid::regprocedure from pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.provolatile = 'v' and has_function_privilege('authenticated', p.oid, 'execute') $$,
  'no function that writes is for users: they write through the API alone');

-- Rules of Supabase's advisor ------------------------------------------------------------------------------------------
--
-- https://supabase.com/docs/guides/database/database-linter, by its numbers; 0013 and 0011 are above.

create temporary view tables as
select c.oid, c.relname, c.relkind, c.relrowsecurity from pg_class c
where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p');

select is_empty(
  $$ select f.conrelid::regclass, f.conname from pg_constraint f join tables t on t.oid = f.conrelid
     where f.contype = 'f' and not exists (
       select from pg_index i where i.indrelid = f.conrelid and i.indisvalid
         and (string_to_array(i.indkey::text, ' ')::smallint[])[1:cardinality(f.conkey)] = f.conkey) $$,
  '0001: an index covers each foreign key');
select is_empty(
  $$ select tablename, policyname from pg_policies
     where schemaname in ('public', 'private') and concat(qual, with_check) ~ '(auth\.\w+|current_setting)\('
       and lower(concat(qual, with_check)) !~ 'select (auth\.\w+|current_setting)\(' $$,
  '0003: no policy evaluates the caller for each row');
select is_empty(
  $$ select relname from tables t where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary) $$,
  '0004: each table has a primary key');
select is_empty(
  $$ select p.polrelid::regclass from pg_policy p join tables t on t.oid = p.polrelid group by 1 having count(*) > 1 $$,
  '0006: no table has two policies');
select is_empty(
  $$ select t.relname from tables t
     where t.relrowsecurity <> exists (select from pg_policy p where p.polrelid = t.oid) or not t.relrowsecurity $$,
  '0007, 0008, 0013: each table has row-level security and a policy');
select is_empty(
  $$ select i.indrelid::regclass from pg_index i join tables t on t.oid = i.indrelid
     group by i.indrelid, i.indkey, i.indclass, i.indoption, pg_get_expr(i.indpred, i.indrelid), pg_get_expr(i.indexprs, i.indrelid)
     having count(*) > 1 $$,
  '0009: no two indexes are the same');
select is_empty(
  $$ select relname from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')
       and (relkind <> 'v' or not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']) $$,
  '0010, 0016, 0017: each view runs with the rights of its caller, and no other relation is in the API');
select is_empty(
  $$ select extname from pg_extension where extnamespace = 'public'::regnamespace $$, '0014: no extension is in public');
select is_empty(
  $$ select tablename, policyname from pg_policies where concat(qual, with_check) ~ 'user_metadata' $$,
  '0015: no policy reads what users write of themselves');
select is_empty(
  $$ select tablename, policyname from pg_policies
     where schemaname in ('public', 'private') and permissive = 'PERMISSIVE' and cmd <> 'SELECT' and coalesce(qual, 'true') = 'true' $$,
  '0024: no policy lets everything be written');
select is_empty(
  $$ select p.oid::regprocedure, r from pg_proc p, unnest(array['anon', 'authenticated']) r
     where p.pronamespace = 'public'::regnamespace and p.prosecdef and has_function_privilege(r, p.oid, 'execute') $$,
  '0028, 0029: no client calls a function that runs as its owner');

select is(has_schema_privilege('anon', 'private', 'usage'), false, 'the schema private is closed to anon');

select is_empty(
  $$ select c.relname from pg_class c
     where c.relnamespace = 'private'::regnamespace and c.relkind = 'r'
       and (not c.relrowsecurity or has_table_privilege('authenticated', c.oid, 'select')
            or has_table_privilege('service_role', c.oid, 'select')) $$,
  'no API role may read a table in the schema private');

-- What a careless migration would create: neither is accessible, and the first test sees the table.
create table public.careless (id integer);
select isnt_empty(
  $$ select table_name from public.v_rls_status where not rls_enabled $$, 'v_rls_status shows a table without row-level security');
select is_empty(
  $$ select r from unnest(array['anon', 'authenticated', 'service_role']) r
     where has_table_privilege(r, 'public.careless', 'select, insert, update, delete, truncate') $$,
  'no API role has a right on a table without grants');
create function public.careless() returns integer language sql as 'select 1';
select is_empty(
  $$ select r from unnest(array['anon', 'authenticated', 'service_role']) r
     where has_function_privilege(r, 'public.careless()', 'execute') $$,
  'no API role may execute a function without grants');
drop table public.careless;
drop function public.careless();

-- Every verb on every table, for anon, two users and the service key ---------------------------------------------------
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

-- The expected outcome for users and, in the last column, for the service key: 'own' rows only, 'all', or 'refused'. No role
-- inserts or updates; anon may only read some columns of employee_profiles.
create temporary table expected (tablename text, user_select text, user_delete text, service_select text);
insert into expected values
  ('chat_sessions', 'own', 'refused', 'all'),
  ('chat_messages', 'own', 'refused', 'all'),
  ('chat_session_summaries', 'own', 'refused', 'all'),
  ('chat_message_feedback', 'own', 'refused', 'all'),
  ('chat_tool_runs', 'own', 'refused', 'all'),
  ('user_memory_facts', 'own', 'refused', 'all'),
  ('chat_documents', 'own', 'refused', 'all'),
  ('chat_files', 'own', 'refused', 'all'),
  ('user_memory_embeddings', 'own', 'refused', 'all'),
  ('chat_pii_keys', 'own', 'refused', 'all'),
  ('chat_pii_vault', 'own', 'refused', 'all'),
  ('chat_usage_log', 'own', 'refused', 'all'),
  ('chat_user_limits', 'own', 'refused', 'all'),
  ('chat_model_prices', 'refused', 'refused', 'all'),
  ('chat_parked_turns', 'refused', 'refused', 'refused'),
  ('chat_stalled_work', 'refused', 'refused', 'refused'),
  ('employee_profiles', 'refused', 'refused', 'all');
select bag_eq(
  $$ select tablename from expected $$, $$ select table_name from public.v_rls_status $$,
  'every table has its expected rights in this test');

create function pg_temp.become(p_role text, p_user text default null) returns void language plpgsql as $$
begin
  execute format('set local role %I', p_role);
  perform set_config('request.jwt.claims', jsonb_build_object('role', p_role, 'sub', p_user)::text, true);
end $$;

-- One attempt, which is rolled back: 'refused', or the rows that it touched ('none', 'own' for one, 'all').
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

-- Rows of the user -----------------------------------------------------------------------------------------------------
select pg_temp.become('authenticated', '00000000-0000-4000-8000-00000000000a');
select results_eq(
  'select user_id::text from public.chat_messages', array['00000000-0000-4000-8000-00000000000a'],
  'user A reads only messages of user A');
select throws_ok('delete from public.chat_sessions', '42501', null, 'a session is deleted by the API alone');
select pg_temp.become('service_role');
select is(
  (public.delete_session(
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000a1', now(), false) -> 'deleted'),
  'true', 'the service key deletes the session of user A');
select pg_temp.become('authenticated', '00000000-0000-4000-8000-00000000000a');
select is_empty('select from public.chat_messages', 'the messages are deleted with the session');
select is_empty('select from public.chat_session_summaries', 'the summary is deleted with the session');
select is_empty('select from public.chat_tool_runs', 'the tool runs are deleted with the session');
select is_empty('select from public.chat_files', 'the files are deleted with the session');
select results_eq(
  'select session_id from public.chat_usage_log', array[null::uuid], 'the usage stays, without the session');

select pg_temp.become('authenticated');
select is_empty('select from public.chat_usage_log', 'a token without a user reads nothing');
select pg_temp.become('anon');
select set_eq(
  'select slug from public.employee_profiles', array['prime-boss', 'doc-clerk', 'sheet-analyst'],
  'anon reads the active employees');
select lives_ok('select slug, title, description from public.employee_profiles', 'anon reads slug, title and description');
select throws_ok('select system_prompt from public.employee_profiles', '42501', null, 'anon does not read prompts');
select pg_temp.become('authenticated', '00000000-0000-4000-8000-00000000000b');
select throws_ok('select system_prompt from public.employee_profiles', '42501', null, 'a user does not read prompts');
select throws_ok('select * from public.v_rls_status', '42501', null, 'a user does not read v_rls_status');
select pg_temp.become('service_role');
select isnt_empty('select from public.v_rls_status', 'the service key reads v_rls_status');

select * from finish();
rollback;
