-- No table of the schema public is without row-level security, and no function is open by default.
begin;
create extension if not exists pgtap with schema extensions;
select plan(6);

select is_empty(
  $$ select table_name from public.v_rls_status where not rls_enabled $$,
  'every public table has row-level security');

select results_eq(
  $$ select table_name collate "default", policy_count from public.v_rls_status $$,
  $$ values ('chat_messages', 1), ('chat_model_prices', 0), ('chat_sessions', 2), ('chat_usage_log', 1),
            ('employee_profiles', 1) $$,
  'v_rls_status lists every public table with its number of policies');

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
  $$ values ('authenticated', 'active_employee'), ('authenticated', 'current_price'),
            ('authenticated', 'is_foreign_session'), ('authenticated', 'load_session'),
            ('service_role', 'commit_turn') $$,
  'the API roles may execute these functions and no others');

select is_empty(
  $$ select a.relname, g.grantee from pg_class a, aclexplode(a.relacl) g
     where a.relnamespace = 'public'::regnamespace and g.grantee in (0, 'anon'::regrole) $$,
  'anon and the public hold no right on a whole table or view');

select is(
  has_schema_privilege('anon', 'private', 'usage') or has_schema_privilege('service_role', 'private', 'usage'), false,
  'the schema private is closed to anon and service_role');

select * from finish();
rollback;
