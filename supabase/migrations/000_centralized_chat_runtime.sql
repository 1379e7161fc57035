-- Tables, indexes, triggers and seeds of the chat runtime.
--
-- Every table is locked (row-level security without a policy denies all) from the statement after its creation;
-- 001 opens what users may read. Each index names the query it serves. Content is masked before it gets here.

create extension if not exists vector with schema extensions;

create schema if not exists private;
comment on schema private is 'Helpers that the API does not expose: PostgREST serves the schema public only.';

-- Employees: the personas a user can talk to ------------------------------------------------------------------------

create table if not exists public.employee_profiles (
  slug              text primary key check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 64),
  title             text not null check (length(title) between 1 and 100),
  description       text not null default '' check (length(description) <= 500),
  system_prompt     text not null check (length(system_prompt) between 1 and 32000),
  model             text check (length(model) between 1 and 100),
  fallback_models   text[] not null default '{}' check (array_position(fallback_models, null) is null),
  temperature       numeric(3, 2) check (temperature between 0 and 2),
  max_output_tokens integer check (max_output_tokens > 0),
  token_budget      integer check (token_budget > 0),
  top_k             integer check (top_k between 1 and 100),
  tools             text[] not null default '{}' check (array_position(tools, null) is null),
  unmask_policy     jsonb not null default '{}' check (jsonb_typeof(unmask_policy) = 'object'),
  is_active         boolean not null default true,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);
alter table public.employee_profiles enable row level security;
comment on table public.employee_profiles is
  'Where model, temperature, max_output_tokens, token_budget or top_k is null, the deployment''s default applies.';
comment on column public.employee_profiles.unmask_policy is
  'Entity (or "default") to "full", "partial" or "none": how much of a masked value the user sees again.';

-- Sessions and messages ---------------------------------------------------------------------------------------------

create table if not exists public.chat_sessions (
  id              uuid primary key,
  user_id         uuid not null references auth.users (id) on delete cascade,
  -- Employees with a history are switched off (is_active), not deleted.
  employee_slug   text not null references public.employee_profiles (slug) on delete restrict,
  title           text check (length(title) between 1 and 200),
  status          text not null default 'active' check (status in ('active', 'archived')),
  -- Kept by a trigger on chat_messages.
  message_count   integer not null default 0 check (message_count >= 0),
  content_tokens  bigint not null default 0 check (content_tokens >= 0),
  last_message_at timestamptz not null default now(),
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  -- The target of chat_messages' foreign key.
  unique (id, user_id)
);
alter table public.chat_sessions enable row level security;
comment on column public.chat_sessions.content_tokens is 'Tokens of all its messages: what sending the whole history would cost.';
-- A user's sessions, newest first, page by page (list_sessions); and the cascade when a user is erased.
create index if not exists chat_sessions_user_recent on public.chat_sessions (user_id, last_message_at desc, id desc);
-- The cascade's check when an employee is deleted.
create index if not exists chat_sessions_employee on public.chat_sessions (employee_slug);

create table if not exists public.chat_messages (
  id             uuid primary key,
  session_id     uuid not null,
  user_id        uuid not null,
  parent_id      uuid references public.chat_messages (id) on delete set null,
  role           text not null check (role in ('system', 'user', 'assistant', 'tool')),
  content        text not null check (length(content) <= 1000000),
  content_tokens integer not null check (content_tokens >= 0),
  tool_calls     jsonb check (jsonb_typeof(tool_calls) = 'array'),
  tool_call_id   text check (length(tool_call_id) between 1 and 200),
  status         text not null default 'complete' check (status in ('complete', 'interrupted', 'failed', 'stopped')),
  metadata       jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  created_at     timestamptz not null default now(),
  -- Both columns, so that a message cannot have another owner than its session; erasing a user arrives here through it.
  foreign key (session_id, user_id) references public.chat_sessions (id, user_id) on delete cascade
);
alter table public.chat_messages enable row level security;
-- A session's messages in order, or its newest ones backwards; and the cascade when a session is deleted. With user_id,
-- because the policy filters by it: without, the planner reads the whole session and sorts it.
create index if not exists chat_messages_session_order on public.chat_messages (session_id, user_id, created_at, id);
-- The children of a message: what deleting it has to detach.
create index if not exists chat_messages_parent on public.chat_messages (parent_id);

-- One rolling summary a session: it stands for every message up to and including the one it covers.
create table if not exists public.chat_session_summaries (
  session_id         uuid primary key,
  user_id            uuid not null,
  -- A summary of a message that is gone must go too.
  covers_message_id  uuid not null references public.chat_messages (id) on delete cascade,
  summary            text not null check (length(summary) between 1 and 32000),
  tokens             integer not null check (tokens > 0),
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  foreign key (session_id, user_id) references public.chat_sessions (id, user_id) on delete cascade
);
alter table public.chat_session_summaries enable row level security;
-- The cascade of covers_message_id; and what the policy reads.
create index if not exists chat_session_summaries_message on public.chat_session_summaries (covers_message_id);
create index if not exists chat_session_summaries_user on public.chat_session_summaries (user_id);

create table if not exists public.chat_message_feedback (
  message_id uuid not null references public.chat_messages (id) on delete cascade,
  user_id    uuid not null references auth.users (id) on delete cascade,
  rating     smallint not null check (rating in (-1, 1)),
  comment    text check (length(comment) between 1 and 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (message_id, user_id)
);
alter table public.chat_message_feedback enable row level security;
comment on column public.chat_message_feedback.rating is '1: helpful, -1: not.';
-- What the policy reads, and the cascade when a user is erased; the monitoring's window.
create index if not exists chat_message_feedback_user on public.chat_message_feedback (user_id);
create index if not exists chat_message_feedback_time on public.chat_message_feedback (created_at);

create table if not exists public.chat_tool_runs (
  id          uuid primary key,
  user_id     uuid not null references auth.users (id) on delete cascade,
  session_id  uuid references public.chat_sessions (id) on delete cascade,
  turn_id     uuid,
  tool        text not null check (length(tool) between 1 and 100),
  arguments   jsonb not null default '{}' check (jsonb_typeof(arguments) = 'object'),
  status      text not null check (status in ('pending', 'approved', 'denied', 'expired', 'succeeded', 'failed')),
  approved_by uuid references auth.users (id) on delete set null,
  error_code  text check (length(error_code) between 1 and 100),
  latency_ms  integer check (latency_ms >= 0),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
alter table public.chat_tool_runs enable row level security;
comment on column public.chat_tool_runs.arguments is 'Masked, as the model wrote them.';
-- A session's runs and its cascade; a user's runs; the cascade of approved_by; retention.
create index if not exists chat_tool_runs_session on public.chat_tool_runs (session_id);
create index if not exists chat_tool_runs_user on public.chat_tool_runs (user_id);
create index if not exists chat_tool_runs_approver on public.chat_tool_runs (approved_by) where approved_by is not null;
create index if not exists chat_tool_runs_time on public.chat_tool_runs (created_at);

-- Memory: facts, documents, and what is searched ---------------------------------------------------------------------

create table if not exists public.user_memory_facts (
  id                uuid primary key,
  user_id           uuid not null references auth.users (id) on delete cascade,
  category          text not null check (length(category) between 1 and 64),
  key               text not null check (length(key) between 1 and 128),
  fact              text not null check (length(fact) between 1 and 2000),
  confidence        real not null default 1 check (confidence between 0 and 1),
  source_message_id uuid references public.chat_messages (id) on delete set null,
  valid_from        timestamptz not null default now(),
  valid_to          timestamptz check (valid_to >= valid_from),
  superseded_by     uuid references public.user_memory_facts (id) on delete set null,
  expires_at        timestamptz,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);
alter table public.user_memory_facts enable row level security;
comment on table public.user_memory_facts is 'A fact is current while valid_to is null: what contradicts it closes it and supersedes it.';
-- A user has one current fact a key (recall reads these); all of a user's facts; two cascades; retention.
create unique index if not exists user_memory_facts_current on public.user_memory_facts (user_id, category, key)
  where valid_to is null;
create index if not exists user_memory_facts_user on public.user_memory_facts (user_id);
create index if not exists user_memory_facts_source on public.user_memory_facts (source_message_id)
  where source_message_id is not null;
create index if not exists user_memory_facts_superseded on public.user_memory_facts (superseded_by)
  where superseded_by is not null;
create index if not exists user_memory_facts_expiry on public.user_memory_facts (expires_at)
  where expires_at is not null;
create index if not exists user_memory_facts_ended on public.user_memory_facts (valid_to) where valid_to is not null;

create table if not exists public.chat_documents (
  id          uuid primary key,
  user_id     uuid not null references auth.users (id) on delete cascade,
  name        text not null check (length(name) between 1 and 255),
  media_type  text not null check (length(media_type) between 3 and 127),
  size_bytes  bigint not null check (size_bytes >= 0),
  status      text not null default 'pending' check (status in ('pending', 'processing', 'ready', 'failed')),
  error_code  text check (length(error_code) between 1 and 100),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
alter table public.chat_documents enable row level security;
-- A user's documents, newest first; and the cascade when a user is erased.
create index if not exists chat_documents_user_recent on public.chat_documents (user_id, created_at desc);
-- Retention: uploads that never got ready.
create index if not exists chat_documents_unfinished on public.chat_documents (updated_at)
  where status in ('pending', 'processing', 'failed');

create table if not exists public.user_memory_embeddings (
  id             uuid primary key,
  user_id        uuid not null references auth.users (id) on delete cascade,
  source         text not null check (source in ('message', 'document')),
  message_id     uuid references public.chat_messages (id) on delete cascade,
  document_id    uuid references public.chat_documents (id) on delete cascade,
  -- Of a message: so that what is in the prompt already is not recalled again.
  session_id     uuid,
  chunk_index    integer not null default 0 check (chunk_index >= 0),
  content        text not null check (length(content) between 1 and 32000),
  content_tokens integer not null check (content_tokens >= 0),
  embedding      extensions.halfvec(1536) not null,
  search         tsvector not null generated always as (to_tsvector('simple', content)) stored,
  -- When it was said or uploaded: a recalled memory carries its date.
  occurred_at    timestamptz not null,
  created_at     timestamptz not null default now(),
  check ((source = 'message') = (message_id is not null) and (source = 'document') = (document_id is not null)),
  unique (message_id, chunk_index),
  unique (document_id, chunk_index)
);
alter table public.user_memory_embeddings enable row level security;
-- 3 KB that every search reads: beside its row instead of in a second table, two rows to a page.
alter table public.user_memory_embeddings alter column embedding set storage plain;
comment on column public.user_memory_embeddings.search is 'Without a language''s stemming: users write in many.';
-- All of a user's memories: read whole while they are few; and the cascade when a user is erased.
create index if not exists user_memory_embeddings_user on public.user_memory_embeddings (user_id);
-- For users with many: nearest by cosine, and by words.
create index if not exists user_memory_embeddings_nearest on public.user_memory_embeddings
  using hnsw (embedding extensions.halfvec_cosine_ops);
create index if not exists user_memory_embeddings_words on public.user_memory_embeddings using gin (search);

-- Privacy: what stands behind a token ---------------------------------------------------------------------------------

create table if not exists public.chat_pii_vault (
  user_id     uuid not null references auth.users (id) on delete cascade,
  token       text not null check (token ~ '^\[[A-Z][A-Z0-9_]*_[1-9][0-9]*\]$' and length(token) <= 64),
  entity      text not null check (entity ~ '^[A-Z][A-Z0-9_]*$' and length(entity) <= 48),
  fingerprint bytea not null check (length(fingerprint) between 16 and 64),
  ciphertext  bytea not null check (length(ciphertext) between 28 and 8192),
  key_version integer not null check (key_version > 0),
  created_at  timestamptz not null default now(),
  primary key (user_id, token),
  -- The same value has one token.
  unique (user_id, fingerprint)
);
alter table public.chat_pii_vault enable row level security;
comment on table public.chat_pii_vault is 'AES-256-GCM under a key of the user''s own; the Worker alone can open it.';

-- Usage and prices --------------------------------------------------------------------------------------------------

create table if not exists public.chat_usage_log (
  -- One row a turn: this key is what makes commit_turn idempotent.
  turn_id           uuid primary key,
  user_id           uuid not null references auth.users (id) on delete cascade,
  -- Deleting a conversation does not change what it cost.
  session_id        uuid references public.chat_sessions (id) on delete set null,
  employee_slug     text not null,
  model             text not null check (length(model) between 1 and 100),
  prompt_tokens     integer not null check (prompt_tokens >= 0),
  cached_tokens     integer not null default 0 check (cached_tokens >= 0),
  completion_tokens integer not null check (completion_tokens >= 0),
  total_tokens      integer not null check (total_tokens >= 0),
  -- Of prompt_tokens, those of earlier messages; and what all earlier messages would have been.
  history_tokens    integer check (history_tokens >= 0),
  session_tokens    bigint check (session_tokens >= 0),
  cost_usd          numeric(18, 10) check (cost_usd >= 0),
  latency_ms        integer not null check (latency_ms >= 0),
  ttft_ms           integer check (ttft_ms >= 0),
  success           boolean not null,
  error_code        text check (length(error_code) between 1 and 100),
  usage_source      text not null check (usage_source in ('provider', 'estimated')),
  created_at        timestamptz not null default now(),
  -- When Postgres got it: the outbox's lag is what lies between.
  committed_at      timestamptz not null default now()
);
alter table public.chat_usage_log enable row level security;
comment on column public.chat_usage_log.cost_usd is 'Null when no price was known for the model at that time.';
-- A user's usage over a time; and the cascade when a user is erased.
create index if not exists chat_usage_log_user_time on public.chat_usage_log (user_id, created_at desc);
-- What deleting a session has to detach.
create index if not exists chat_usage_log_session on public.chat_usage_log (session_id);
-- The monitoring's windows.
create index if not exists chat_usage_log_time on public.chat_usage_log (created_at);

create table if not exists public.chat_model_prices (
  model            text not null check (length(model) between 1 and 100),
  valid_from       timestamptz not null,
  input_usd        numeric(12, 6) not null check (input_usd >= 0),
  cached_input_usd numeric(12, 6) not null check (cached_input_usd >= 0),
  output_usd       numeric(12, 6) not null check (output_usd >= 0),
  -- Also finds the price valid now: the newest valid_from that is not in the future.
  primary key (model, valid_from)
);
alter table public.chat_model_prices enable row level security;
comment on table public.chat_model_prices is 'USD per million tokens. A new price is a new row with its valid_from.';

-- Triggers ----------------------------------------------------------------------------------------------------------

create or replace function private.set_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;
revoke execute on function private.set_updated_at() from public, anon, authenticated, service_role;

do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'employee_profiles', 'chat_sessions', 'chat_session_summaries', 'chat_message_feedback', 'chat_tool_runs',
    'user_memory_facts', 'chat_documents'
  ] loop
    execute format(
      'create or replace trigger %I before update on public.%I for each row execute function private.set_updated_at()',
      v_table || '_updated_at', v_table);
  end loop;
end $$;

-- Once a statement, not once a row: an import adds thousands of messages. A session that is being deleted takes its
-- messages with it, and then there is nothing to count.
create or replace function private.count_messages() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    update public.chat_sessions s
    set message_count = s.message_count + changed.messages,
        content_tokens = s.content_tokens + changed.tokens,
        last_message_at = greatest(s.last_message_at, changed.newest)
    from (
      select session_id, count(*)::integer as messages, sum(content_tokens) as tokens, max(created_at) as newest
      from added group by session_id
    ) changed
    where s.id = changed.session_id;
  else
    update public.chat_sessions s
    set message_count = s.message_count - changed.messages,
        content_tokens = s.content_tokens - changed.tokens
    from (
      select session_id, count(*)::integer as messages, sum(content_tokens) as tokens from removed group by session_id
    ) changed
    where s.id = changed.session_id;
  end if;
  return null;
end $$;
revoke execute on function private.count_messages() from public, anon, authenticated, service_role;

create or replace trigger chat_messages_added after insert on public.chat_messages
  referencing new table as added for each statement execute function private.count_messages();
create or replace trigger chat_messages_removed after delete on public.chat_messages
  referencing old table as removed for each statement execute function private.count_messages();

-- Seeds: an operator's changes to these rows survive a second run ---------------------------------------------------

insert into public.employee_profiles (slug, title, description, system_prompt, temperature, max_output_tokens) values
  ('prime-boss', 'Prime Boss', 'Runs the desk: answers directly, plans work and says which specialist fits.',
$$You are Prime Boss, the head of a front desk. People come to you with questions of every kind.

- Answer directly and concretely. Lead with the answer; add reasons and steps only where they help.
- When a request is ambiguous and the difference matters, ask one short question; otherwise state your assumption and go on.
- When a specialist would do better (documents: "doc-clerk", spreadsheets and figures: "sheet-analyst"), say so and still help as far as you can.
- Never invent facts, names, figures or sources. Say what you do not know.
- Tokens such as [EMAIL_1] stand for personal data that was hidden from you. Use them unchanged, as if they were the value; never guess what is behind them.
- Write in the language of the user.$$, 0.7, 2048),
  ('doc-clerk', 'Document Clerk', 'Reads, summarises, compares and drafts letters, contracts and reports.',
$$You are the Document Clerk, a specialist for written documents: letters, contracts, reports, minutes, policies.

- When you summarise, keep names, dates, amounts, obligations and deadlines exact, and keep them apart from your own judgement.
- Quote the passage you rely on. If the text does not answer the question, say so.
- When you compare documents, list what is the same, what differs and what is missing.
- When you draft, give a complete text ready to send, in the tone the user asks for, with placeholders in angle brackets where a fact is missing.
- Point out clauses that deserve a lawyer; do not give legal advice.
- Tokens such as [PERSON_1] stand for personal data that was hidden from you. Use them unchanged; never guess what is behind them.
- Write in the language of the user.$$, 0.3, 4096),
  ('sheet-analyst', 'Spreadsheet Analyst', 'Works with tables and figures: formulas, clean-up, checks and explanations.',
$$You are the Spreadsheet Analyst, a specialist for tables, figures and formulas.

- Show every calculation: inputs, formula, result, unit. Check totals before you state them.
- Give formulas that can be pasted as they are, name the program they are for (Excel or Google Sheets) and say where they go.
- Present tabular results as a Markdown table with units in the header.
- Point out missing, inconsistent or implausible values instead of smoothing them over. Never invent data.
- Say when a figure is an estimate, and what it rests on.
- Tokens such as [IBAN_1] stand for personal data that was hidden from you. Use them unchanged; never guess what is behind them.
- Write in the language of the user.$$, 0.2, 4096)
on conflict (slug) do nothing;

-- The providers' list prices; an embedding has no output and no cache.
insert into public.chat_model_prices (model, valid_from, input_usd, cached_input_usd, output_usd) values
  ('gpt-4o-mini',            '2024-07-18T00:00:00Z', 0.15, 0.075, 0.60),
  ('gpt-4o',                 '2024-10-02T00:00:00Z', 2.50, 1.25, 10.00),
  ('gpt-4.1',                '2025-04-14T00:00:00Z', 2.00, 0.50, 8.00),
  ('gpt-4.1-mini',           '2025-04-14T00:00:00Z', 0.40, 0.10, 1.60),
  ('gpt-4.1-nano',           '2025-04-14T00:00:00Z', 0.10, 0.025, 0.40),
  ('gpt-5',                  '2025-08-07T00:00:00Z', 1.25, 0.125, 10.00),
  ('gpt-5-mini',             '2025-08-07T00:00:00Z', 0.25, 0.025, 2.00),
  ('gpt-5-nano',             '2025-08-07T00:00:00Z', 0.05, 0.005, 0.40),
  ('o4-mini',                '2025-04-16T00:00:00Z', 1.10, 0.275, 4.40),
  ('text-embedding-3-small', '2024-01-25T00:00:00Z', 0.02, 0.02, 0.00)
on conflict (model, valid_from) do nothing;
