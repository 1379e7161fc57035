-- recall: the caller's own memories, by meaning and by words, and their current facts.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com');
insert into public.chat_documents (id, user_id, name, media_type, size_bytes) values
  ('00000000-0000-4000-8000-0000000000d1', '00000000-0000-4000-8000-00000000000a', 'a.txt', 'text/plain', 5),
  ('00000000-0000-4000-8000-0000000000d2', '00000000-0000-4000-8000-00000000000b', 'b.txt', 'text/plain', 5);

-- A vector that points along one axis: near only to itself.
create function pg_temp.axis(p_axis integer) returns extensions.halfvec language sql immutable as $$
  select array_agg((axis = p_axis)::integer::real order by axis)::extensions.halfvec from generate_series(1, 1536) axis;
$$;
create function pg_temp.remember(p_user text, p_document text, p_chunk integer, p_axis integer, p_content text) returns void
language sql as $$
  insert into public.user_memory_embeddings (
    id, user_id, source, document_id, chunk_index, content, content_tokens, embedding, occurred_at)
  values (
    gen_random_uuid(), p_user::uuid, 'document', p_document::uuid, p_chunk, p_content, 3, pg_temp.axis(p_axis), '2026-11-01');
$$;
select pg_temp.remember('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000d1', n, n, content)
from (values (1, 'The lease ends in March'), (2, 'Invoices are due in thirty days'), (3, 'The office cat is called Miso'))
  as memories (n, content);
select pg_temp.remember('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000d2', 1, 1, 'The lease of another user');
insert into public.user_memory_facts (id, user_id, category, key, fact, confidence, valid_to, expires_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Bern', 1, null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'pets', 'cat', 'Has a cat called Miso', 0.5, null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lived in Basel', 1, now() + interval '1 hour', null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'plans', 'trip', 'Is in Rome', 1, null, now() - interval '1 hour'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000b', 'profile', 'city', 'Lives in Rome', 1, null, null);

create function pg_temp.contents(p_recalled jsonb) returns jsonb language sql as $$
  select jsonb_path_query_array(p_recalled, '$.memories[*].content');
$$;
create function pg_temp.facts(p_recalled jsonb) returns jsonb language sql as $$
  select jsonb_path_query_array(p_recalled, '$.facts[*].fact');
$$;
grant execute on all functions in schema pg_temp to public;

set local role anon;
select throws_ok($$ select public.recall(null, 'cat') $$, '42501', null, 'anon recalls nothing');
set local role service_role;
select throws_ok($$ select public.recall(null, 'cat') $$, '42501', null, 'nor does the service key, which is no user');

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
select is(
  pg_temp.contents(public.recall(pg_temp.axis(2), 'when?', 1)), '["Invoices are due in thirty days"]',
  'the nearest by meaning comes first');
select is(
  pg_temp.contents(public.recall(null, 'what is the cat called', 1)), '["The office cat is called Miso"]',
  'without an embedding words decide');
select is(
  pg_temp.contents(public.recall(pg_temp.axis(1), 'cat Miso', 2)),
  '["The office cat is called Miso", "The lease ends in March"]', 'meaning and words decide together');
select is(
  jsonb_array_length(public.recall(pg_temp.axis(1), 'lease', 50) -> 'memories'), 3, 'nobody else''s memory is recalled');
select is(
  jsonb_array_length(
    public.recall(pg_temp.axis(1), 'lease', 50, p_skip_session => '00000000-0000-4000-8000-0000000000a1') -> 'memories'),
  3, 'skipping a session leaves out nothing else');
select is(
  public.recall(pg_temp.axis(1), 'lease', 1) #>> '{memories,0,occurred_at}', '2026-11-01T00:00:00+00:00',
  'a memory carries its date');
select is(
  pg_temp.facts(public.recall(null, 'Miso', 1)), '["Has a cat called Miso", "Lives in Bern"]',
  'facts that hit come first; closed and expired ones do not come');
select is(jsonb_array_length(public.recall(null, 'Miso', 1, 1) -> 'facts'), 1, 'as many facts as are asked for');
select lives_ok(
  $$ select public.recall(null, E'it''s \\ a ''quoted'' & (odd) | query:* <-> !' || repeat(' word', 5000)) $$,
  'no text is a syntax error');
select is(public.recall(null, '') -> 'memories', '[]', 'no words and no embedding recall nothing');

-- A user with many memories (here: more than one) gets candidates from the indexes -----------------------------------
create function pg_temp.candidates(p_axis integer, p_words text, p_count integer) returns setof text language sql as $$
  select m.content from private.memory_candidates(
    pg_temp.axis(p_axis), private.any_word(p_words, 4), private.any_word(p_words, 4), p_count, null, '-infinity',
    p_few => 1) c
  join public.user_memory_embeddings m using (id)
$$;
select set_eq(
  $$ select pg_temp.candidates(2, 'office', 1) $$, array['Invoices are due in thirty days', 'The office cat is called Miso'],
  'the nearest, and the best by words');
select set_eq(
  $$ select pg_temp.candidates(1, 'lease', 1) $$, array['The lease ends in March'],
  'which are the caller''s, though another user has the same');
select is(
  (select count(*) from pg_temp.candidates(2, 'office', 4)), 3::bigint,
  'when the index finds fewer than wanted, all are compared');

set local request.jwt.claims = '{"role": "authenticated"}';
select is(public.recall(pg_temp.axis(1), 'lease'), '{"facts": [], "memories": []}', 'a token without a user remembers nothing');

select * from finish();
rollback;
