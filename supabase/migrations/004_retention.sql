-- Throwing away what nobody needs any more. Run it daily, for example with pg_cron:
--   select cron.schedule('frontdesk-retention', '17 3 * * *', 'select public.purge_expired()');
--
-- Messages, summaries and embeddings of a deleted session are gone with it. Usage is kept: it is what was paid for.

-- Deletes, and answers how much: facts past their expires_at; facts superseded, tool runs and erasures older than p_keep;
-- uploads that did not become ready within a week.
create or replace function public.purge_expired(p_keep interval default '90 days') returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_expired_facts bigint;
  v_superseded_facts bigint;
  v_tool_runs bigint;
  v_documents bigint;
begin
  if p_keep is null or p_keep < interval '1 day' then
    raise exception 'p_keep is %: it must be a day at least.', p_keep using errcode = 'invalid_parameter_value';
  end if;
  delete from public.user_memory_facts where expires_at < now();
  get diagnostics v_expired_facts = row_count;
  delete from public.user_memory_facts where valid_to < now() - p_keep;
  get diagnostics v_superseded_facts = row_count;
  delete from public.chat_tool_runs where created_at < now() - p_keep;
  get diagnostics v_tool_runs = row_count;
  delete from public.chat_documents
  where status in ('pending', 'processing', 'failed') and updated_at < now() - interval '7 days';
  get diagnostics v_documents = row_count;
  -- A turn that waits longer than this for Postgres is not coming any more.
  delete from private.erased_users where erased_at < now() - greatest(p_keep, interval '90 days');
  return jsonb_build_object(
    'expired_facts', v_expired_facts, 'superseded_facts', v_superseded_facts, 'tool_runs', v_tool_runs,
    'unfinished_documents', v_documents);
end $$;

revoke execute on function public.purge_expired(interval) from public, anon, authenticated, service_role;
grant execute on function public.purge_expired(interval) to service_role;
