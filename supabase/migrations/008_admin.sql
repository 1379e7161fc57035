-- Administration. The functions run with the rights of their owner, and only the service key calls them: the Worker has checked that
-- the caller is an admin. A function that changes something writes it into the audit log in the same transaction. What it refuses, it
-- returns as {refused: code}. None returns text of users.

-- Audit log ------------------------------------------------------------------------------------------------------------

create or replace function private.note_change(p_admin uuid, p_action text, p_target text, p_was jsonb, p_became jsonb)
returns void
language sql security invoker set search_path = '' as $$
  insert into private.admin_changes (admin_id, action, target, was, became)
  select
    p_admin, p_action, p_target, coalesce(jsonb_object_agg(key, p_was -> key) filter (where p_was ? key), '{}'),
    coalesce(jsonb_object_agg(key, p_became -> key) filter (where p_became ? key), '{}')
  from jsonb_object_keys(p_was || p_became) key
  where (p_was -> key) is distinct from (p_became -> key) and key not in ('created_at', 'updated_at');
$$;
comment on function private.note_change(uuid, text, text, jsonb, jsonb) is
'Writes a row of the audit log: of p_was and p_became, the fields that differ. Internal: called by the functions that change
something.';

create or replace function private.email_of(p_user uuid) returns text
language sql stable security invoker set search_path = '' as $$
  select email from auth.users where id = p_user;
$$;
comment on function private.email_of(uuid) is
'Returns the address of an account, or null. Internal: called by the functions that name admins and users.';

-- Employees ------------------------------------------------------------------------------------------------------------

create or replace function public.all_employees() returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select coalesce(jsonb_agg(to_jsonb(e) order by slug), '[]') from public.employee_profiles e;
$$;
comment on function public.all_employees() is
'Returns all employees with all columns, inactive ones among them, by slug. Callers: service_role.';
grant execute on function public.all_employees() to service_role;

create or replace function private.write_employee(p_admin uuid, p_action text, p_employee public.employee_profiles)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  v_columns text[];
  v_was jsonb;
  v_became public.employee_profiles;
begin
  perform pg_catalog.set_config('frontdesk.admin', p_admin::text, true);
  select to_jsonb(e) into v_was from public.employee_profiles e where slug = p_employee.slug;
  select array_agg(quote_ident(attname) order by attnum) into v_columns from pg_catalog.pg_attribute
  where attrelid = 'public.employee_profiles'::regclass and attnum > 0 and not attisdropped and attgenerated = ''
    and attname not in ('version', 'created_at', 'updated_at');
  execute format(
    'insert into public.employee_profiles as known (%1$s) select %1$s from (select ($1).*) given
     on conflict (slug) do update set (%1$s) = row(excluded.%2$s) returning known.*',
    array_to_string(v_columns, ', '), array_to_string(v_columns, ', excluded.'))
  into v_became using p_employee;
  if v_was is null or v_was - 'updated_at' <> to_jsonb(v_became) - 'updated_at' then
    perform private.note_change(p_admin, p_action, p_employee.slug, coalesce(v_was, '{}'), to_jsonb(v_became));
  end if;
  return to_jsonb(v_became);
end $$;
comment on function private.write_employee(uuid, text, public.employee_profiles) is
'Inserts or replaces an employee for an admin, and notes it in the audit log if something differs. Returns the employee with all
columns. Internal: called by create_employee, update_employee and roll_back_employee, which lock the table.';

create or replace function public.create_employee(p_admin uuid, p_employee jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_defaults constant jsonb := '{"description": "", "fallback_models": [], "tools": [], "mcp_servers": [], "unmask_policy": {},
    "unmasked_kinds": [], "learns": true, "is_active": true}';
begin
  lock table public.employee_profiles in share row exclusive mode;
  if exists (select from public.employee_profiles where slug = p_employee ->> 'slug') then
    return jsonb_build_object('refused', 'employee_exists');
  end if;
  return private.write_employee(
    p_admin, 'employee_created', jsonb_populate_record(null::public.employee_profiles, v_defaults || p_employee));
end $$;
comment on function public.create_employee(uuid, jsonb) is
'Creates an employee for an admin: {slug, title, system_prompt} and, optional, the other columns. Returns it with all columns, or
{refused: employee_exists}. Errors: 23514 and other constraint violations. Callers: service_role.';
grant execute on function public.create_employee(uuid, jsonb) to service_role;

create or replace function public.update_employee(p_admin uuid, p_slug text, p_version integer, p_changes jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_employee public.employee_profiles;
begin
  lock table public.employee_profiles in share row exclusive mode;
  select * into v_employee from public.employee_profiles where slug = p_slug;
  if not found then
    return jsonb_build_object('refused', 'unknown_employee');
  end if;
  if p_version <> v_employee.version then
    return jsonb_build_object('refused', 'edit_conflict');
  end if;
  return private.write_employee(p_admin, 'employee_updated', jsonb_populate_record(v_employee, p_changes - 'slug'));
end $$;
comment on function public.update_employee(uuid, text, integer, jsonb) is
'Changes columns of an employee for an admin. p_version is the version that the admin saw, or null. Returns the employee with all
columns, {refused: unknown_employee}, or {refused: edit_conflict} if there is a later version. Errors: 23514 and other constraint
violations. Callers: service_role.';
grant execute on function public.update_employee(uuid, text, integer, jsonb) to service_role;

create or replace function public.employee_versions(p_slug text, p_before integer, p_limit integer) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '8s' as $$
  select case when exists (select from public.employee_profiles where slug = p_slug) then (
    select coalesce(jsonb_agg(jsonb_build_object(
        'version', version, 'author_id', author_id, 'author_email', private.email_of(author_id), 'created_at', created_at,
        'profile', profile) order by version desc), '[]')
    from (
      select * from private.employee_versions
      where employee_slug = p_slug and version < coalesce(p_before, 2147483647)
      order by version desc limit p_limit
    ) page)
  else jsonb_build_object('refused', 'unknown_employee') end;
$$;
comment on function public.employee_versions(text, integer, integer) is
'Returns the newest versions of an employee before p_before, newest first: [{version, author_id, author_email, created_at,
profile}]; or {refused: unknown_employee}. Callers: service_role.';
grant execute on function public.employee_versions(text, integer, integer) to service_role;

create or replace function public.roll_back_employee(p_admin uuid, p_slug text, p_version integer) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '8s' as $$
declare
  v_employee public.employee_profiles;
  v_profile jsonb;
begin
  lock table public.employee_profiles in share row exclusive mode;
  select * into v_employee from public.employee_profiles where slug = p_slug;
  if not found then
    return jsonb_build_object('refused', 'unknown_employee');
  end if;
  select profile into v_profile from private.employee_versions where employee_slug = p_slug and version = p_version;
  if not found then
    return jsonb_build_object('refused', 'version_not_found');
  end if;
  return private.write_employee(p_admin, 'employee_rolled_back', jsonb_populate_record(v_employee, v_profile));
end $$;
comment on function public.roll_back_employee(uuid, text, integer) is
'Makes a new version of an employee that is like an earlier one. Returns the employee with all columns, {refused: unknown_employee}
or {refused: version_not_found}. Callers: service_role.';
grant execute on function public.roll_back_employee(uuid, text, integer) to service_role;
