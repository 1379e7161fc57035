-- The vault's copy: written whole or not at all, read by its owner, and not brought back after an erasure.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');

create function pg_temp.vault(p_key integer, p_founded timestamptz, p_master integer, p_token text)
returns jsonb language sql as $$
  select jsonb_build_object(
    'key', jsonb_build_object(
      'key_id', '00000000-0000-4000-8000-00000000001' || p_key, 'founded_at', p_founded, 'master_version', p_master,
      'wrapped', '\x' || repeat('0' || p_master, 60)),
    'entries', jsonb_build_array(jsonb_build_object(
      'token', p_token, 'entity', 'EMAIL', 'fingerprint', '\x' || repeat('a' || substr(p_token, 8, 1), 32),
      'ciphertext', '\x' || repeat('cd', 40), 'key_version', 1)));
$$;
create function pg_temp.commit(p_vault jsonb) returns jsonb language sql as $$
  select public.commit_vault('00000000-0000-4000-8000-00000000000a', p_vault);
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select is(pg_temp.commit(pg_temp.vault(1, now(), 1, '[EMAIL_1]')), '{"committed": true}', 'a vault is saved');
select is(pg_temp.commit(pg_temp.vault(1, now(), 1, '[EMAIL_1]')), '{"committed": true}', 'and saved again');
select is(pg_temp.commit(pg_temp.vault(1, now(), 2, '[EMAIL_2]')), '{"committed": true}', 'and added to');
select results_eq(
  'select token from public.chat_pii_vault order by token', array['[EMAIL_1]', '[EMAIL_2]'], 'each entry once');
select results_eq(
  'select master_version, wrapped::text from public.chat_pii_keys', $$ values (2, '\x' || repeat('02', 60)) $$,
  'a key that another master key wraps replaces itself');
select is(
  pg_temp.commit(pg_temp.vault(2, now(), 1, '[EMAIL_3]')), '{"committed": false, "gone": true}',
  'another key does not, nor does what it sealed get in');
select is(
  pg_temp.commit('{"key": null, "entries": []}'), '{"committed": false, "gone": true}', 'nothing is saved without a key');
select throws_ok('select public.load_vault()', '42501', null, 'it is read by its owner');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(
  public.load_vault() -> 'key',
  jsonb_build_object(
    'key_id', '00000000-0000-4000-8000-000000000011', 'founded_at', now(), 'master_version', 2,
    'wrapped', '\x' || repeat('02', 60)),
  'the owner reads the key as it was written');
select is(jsonb_array_length(public.load_vault() -> 'entries'), 2, 'and the entries');
select throws_ok(
  $$ select pg_temp.commit('{}') $$, '42501', null, 'and writes nothing');
select is(public.unmask_policies() -> 'prime-boss', '{}', 'policies are told by slug');
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000b"}';
select is(public.load_vault(), '{"key": null, "entries": [], "spent": {}}', 'another user reads nothing of it');

set local role service_role;
select is((public.erase_user('00000000-0000-4000-8000-00000000000a') ->> 'chat_pii_keys')::integer, 1, 'erasing takes the key');
select is(
  pg_temp.commit(pg_temp.vault(1, now() - interval '1 second', 2, '[EMAIL_1]')), '{"committed": false, "gone": true}',
  'a vault that was on its way does not come back');
select is(
  pg_temp.commit(pg_temp.vault(2, now() + interval '1 second', 2, '[EMAIL_1]')), '{"committed": true}',
  'who comes back later gets a new one');

select * from finish();
rollback;
