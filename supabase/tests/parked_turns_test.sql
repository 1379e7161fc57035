-- Turns that Postgres refuses: operators see them, users do not, and they go when they are taken or their user is erased.
begin;
create extension if not exists pgtap with schema extensions;
select plan(11);

insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000a', 'a@example.com');

create function pg_temp.park(p_turn text, p_reason text default 'status 400, 23514') returns void language sql as $$
  select public.park_turn(
    ('00000000-0000-4000-8000-0000000001' || p_turn)::uuid, '00000000-0000-4000-8000-00000000000a',
    '00000000-0000-4000-8000-0000000000a1', p_reason);
$$;
grant execute on all functions in schema pg_temp to public;

set local role service_role;
select lives_ok($$ select pg_temp.park('10') $$, 'a turn is parked');
select lives_ok($$ select pg_temp.park('10', repeat('x', 300)) $$, 'and again, whatever the reason');
select lives_ok($$ select pg_temp.park('20') $$, 'and another');
select is(public.parked_turns(), 2::bigint, 'they are counted');
select is(count(*), 2::bigint, 'and listed for the service key') from public.v_parked_turns;
select lives_ok(
  $$ select public.park_turn(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'gone') $$,
  'one of a user who is gone is nobody''s any more');
select is(public.parked_turns(), 2::bigint, 'and not counted');

select public.commit_turn('{
  "turn_id": "00000000-0000-4000-8000-000000000110", "user_id": "00000000-0000-4000-8000-00000000000a",
  "session_id": "00000000-0000-4000-8000-0000000000a1", "employee_slug": "prime-boss", "title": "Hello",
  "started_at": "2026-11-01T10:00:00Z",
  "messages": [{"id": "00000000-0000-4000-8000-000000000210", "parent_id": null, "role": "user", "content": "Hello",
                "content_tokens": 1, "status": "complete", "created_at": "2026-11-01T10:00:00Z"}],
  "usage": {"model": "gpt-4o-mini", "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "latency_ms": 5,
            "success": true, "usage_source": "provider", "created_at": "2026-11-01T10:00:01Z"}}');
select is(public.parked_turns(), 1::bigint, 'a turn that is taken is parked no more');
select pg_temp.park('10');
select is(public.parked_turns(), 1::bigint, 'not by a call that comes late either');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is_empty($$ select * from public.v_parked_turns $$, 'a user sees none, not their own');

reset role;
select public.erase_user('00000000-0000-4000-8000-00000000000a');
select is(public.parked_turns(), 0::bigint, 'erasing a user takes theirs');

select * from finish();
rollback;
