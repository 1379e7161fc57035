-- recall: the caller's own memories, by meaning and by words, and their current facts.
begin;
create extension if not exists pgtap with schema extensions;
select no_plan();

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'a@example.com'), ('00000000-0000-4000-8000-00000000000b', 'b@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'c@example.com');

-- A vector that points along one axis: near only to itself.
create function pg_temp.axis(p_axis integer) returns extensions.halfvec language sql immutable as $$
  select array_agg((axis = p_axis)::integer::real order by axis)::extensions.halfvec from generate_series(1, 1536) axis;
$$;
-- A document of its own, so that nothing stands around it.
create function pg_temp.remember(p_user text, p_number integer, p_content text) returns void
language sql as $$
  insert into public.chat_documents (id, user_id, name, media_type, size_bytes)
  values (('00000000-0000-4000-8000-0000000000d' || p_number)::uuid, p_user::uuid, p_number || '.txt', 'text/plain', 5);
  insert into public.user_memory_embeddings (
    id, user_id, source, document_id, content, content_tokens, embedding, occurred_at)
  values (
    ('00000000-0000-4000-8000-0000000000e' || p_number)::uuid, p_user::uuid, 'document',
    ('00000000-0000-4000-8000-0000000000d' || p_number)::uuid, p_content, 3, pg_temp.axis(p_number), '2026-11-01');
$$;
select pg_temp.remember('00000000-0000-4000-8000-00000000000a', n, content)
from (values (1, 'The lease ends in March'), (2, 'Invoices are due in thirty days'), (3, 'The office cat is called Miso'))
  as memories (n, content);
select pg_temp.remember('00000000-0000-4000-8000-00000000000b', 4, 'The lease of another user');
insert into public.user_memory_facts (id, user_id, category, key, fact, confidence, valid_to, expires_at) values
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lives in Bern', 1, null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'pets', 'cat', 'Has a cat called Miso', 0.5, null, null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'profile', 'city', 'Lived in Basel', 1, now() + interval '1 hour', null),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', 'plans', 'trip', 'Is in Rome', 1, null, now() - interval '1 hour'),
  (gen_random_uuid(), '00000000-0000-4000-8000-00000000000b', 'profile', 'city', 'Lives in Rome', 1, null, null);

-- User C's conversation, of which nothing is embedded.
create function pg_temp.say(p_session integer, p_contents text[]) returns void language sql as $$
  insert into public.chat_sessions (id, user_id, employee_slug)
  values (('00000000-0000-4000-8000-0000000001c' || p_session)::uuid, '00000000-0000-4000-8000-00000000000c', 'prime-boss');
  insert into public.chat_messages (id, session_id, user_id, role, content, content_tokens, created_at)
  select
    ('00000000-0000-4000-8000-000000000' || p_session || lpad(n::text, 2, '0'))::uuid,
    ('00000000-0000-4000-8000-0000000001c' || p_session)::uuid, '00000000-0000-4000-8000-00000000000c',
    case when n % 2 = 1 then 'user' else 'assistant' end, content, 7,
    '2026-11-02T10:00:00Z'::timestamptz + n * interval '1 minute'
  from unnest(p_contents) with ordinality said (content, n);
  select private.remember('00000000-0000-4000-8000-00000000000c', array_agg(id)) from public.chat_messages
  where session_id = ('00000000-0000-4000-8000-0000000001c' || p_session)::uuid;
$$;

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
  pg_temp.contents(public.recall(p_query => 'cats', p_limit => 1)), '["The office cat is called Miso"]',
  'by their stems');
select is(
  pg_temp.contents(public.recall(null, 'what is in the')), '[]', 'and those that every text has are none');
select is(
  pg_temp.contents(public.recall(pg_temp.axis(1), 'cat Miso', 2)),
  '["The office cat is called Miso", "The lease ends in March"]', 'meaning and words decide together');
select is(
  jsonb_array_length(public.recall(pg_temp.axis(1), 'lease', 50) -> 'memories'), 3, 'nobody else''s memory is recalled');
select is(
  public.recall(pg_temp.axis(1), 'lease', 1) #> '{memories,0}',
  '{"message_id": null, "document_id": "00000000-0000-4000-8000-0000000000d1", "document": "1.txt",
    "media_type": "text/plain", "session_id": null,
    "role": null, "content": "The lease ends in March", "content_tokens": 3, "occurred_at": "2026-11-01T00:00:00+00:00",
    "score": 0.032787}', 'a memory carries its date, and where it is from');
select is(
  pg_temp.facts(public.recall(null, 'Miso', 1)), '["Has a cat called Miso", "Lives in Bern"]',
  'facts that hit come first; closed and expired ones do not come');
select is(jsonb_array_length(public.recall(null, 'Miso', 1, 1) -> 'facts'), 1, 'as many facts as are asked for');
select lives_ok(
  $$ select public.recall(null, E'it''s \\ a ''quoted'' & (odd) | query:* <-> !' || repeat(' word', 5000)) $$,
  'no text is a syntax error');
select lives_ok(
  $$ select public.recall(null, string_agg('word' || n, ' ')) from generate_series(1, 200000) n $$, 'nor too long');
select is(public.recall(null, '') -> 'memories', '[]', 'no words and no embedding recall nothing');
select is(public.recall(null, null) -> 'memories', '[]', 'nor does nothing at all');

-- What was said around it ------------------------------------------------------------------------------------------------
reset role;
select results_eq(
  $$ select word::text collate "default" from private.question_words('The quick \\ brown ''fox'' jumped & jumps', 3) $$,
  $$ values ('''brown'''), ('''quick'''), ('''jump''') $$, 'so many of a question''s words count, the longest');
select pg_temp.say(1, array['Any plans?', 'Lisbon maybe', 'With whom', 'My sister', 'Fine', 'Good', 'The weather is nice']);
select pg_temp.say(2, array['Something else']);
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000c"}';
select is(
  pg_temp.contents(public.recall(pg_temp.axis(1), 'Lisbon')), '["Lisbon maybe", "With whom", "My sister", "Any plans?"]',
  'what is pending is found by its words, and so is what was said around it; a question comes after');
select is(
  public.recall(null, 'Lisbon', 1) #> '{memories,0}',
  '{"message_id": "00000000-0000-4000-8000-000000000102", "document_id": null, "document": null, "media_type": null,
    "session_id": "00000000-0000-4000-8000-0000000001c1", "role": "assistant", "content": "Lisbon maybe",
    "content_tokens": 7, "occurred_at": "2026-11-02T10:02:00+00:00", "score": 0.016393}', 'with who said it');
select is(
  pg_temp.contents(public.recall(null, 'weather')), '["The weather is nice", "Good", "Fine"]',
  'what was said in another session was not said around it');
select is(
  (select array_agg(round(words::numeric, 3) order by words desc)
   from private.memory_scores(null, 'Lisbon') where words is not null),
  -- Of eight memories one has the word: ln(1 + 7.5 / 1.5) * 2.2 * f / (f + 1.2), f = 1, 1/2 and 1/4.
  array[1.792, 1.159, 1.159, 0.680], 'by its distance');

-- What memories say of themselves ----------------------------------------------------------------------------------------
reset role;
delete from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000c';
select pg_temp.say(n, array[content])
from (values (1, 'Ada: the harp is old'), (2, 'Bob: the harp is old'), (3, 'the harp is old'), (4, 'Bob: is the harp old? '))
  as said (n, content);
set local role authenticated;
select is(
  pg_temp.contents(public.recall(null, 'What did Bob say of the old harp?')),
  '["Bob: the harp is old", "the harp is old", "Bob: is the harp old? ", "Ada: the harp is old"]',
  'who is named in the question goes before who is not, and who says before who asks');
select is(
  pg_temp.contents(public.recall(null, 'harp', 3)),
  '["Ada: the harp is old", "Bob: the harp is old", "the harp is old"]', 'nobody is named, nobody goes before');

-- A user with many memories (here: more than one) gets candidates from the indexes -----------------------------------
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000a"}';
create function pg_temp.candidates(p_axis integer, p_words text, p_count integer) returns setof text language sql as $$
  select m.content from private.memory_scores(pg_temp.axis(p_axis), p_words, p_count, p_few => 1) c
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
reset role;
delete from public.chat_sessions where user_id = '00000000-0000-4000-8000-00000000000c';
select pg_temp.say(1, array['One', 'Two', 'Three', 'Lisbon', 'Five', 'Six', 'Seven']);
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "00000000-0000-4000-8000-00000000000c"}';
select set_eq(
  $$ select pg_temp.candidates(1, 'Lisbon', 1) $$, array['Two', 'Three', 'Lisbon', 'Five', 'Six'],
  'they come with what was said around them, and what is pending comes by its words');

set local request.jwt.claims = '{"role": "authenticated"}';
select is(public.recall(pg_temp.axis(1), 'lease'), '{"facts": [], "summary": null, "memories": []}', 'a token without a user remembers nothing');

select * from finish();
rollback;
