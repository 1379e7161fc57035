-- Tables, indexes, triggers and seeds of the chat runtime.
--
-- Every table is locked (row-level security without a policy denies all) from the statement after its creation;
-- 001 opens what users may read. Each index names the query it serves. Content is masked before it gets here.

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
  message_count   integer not null default 0 check (message_count >= 0),
  last_message_at timestamptz not null default now(),
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  -- The target of chat_messages' foreign key.
  unique (id, user_id)
);
alter table public.chat_sessions enable row level security;
-- A user's sessions, newest first; and the cascade when a user is erased.
create index if not exists chat_sessions_user_recent on public.chat_sessions (user_id, last_message_at desc);

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
  cost_usd          numeric(18, 10) check (cost_usd >= 0),
  latency_ms        integer not null check (latency_ms >= 0),
  ttft_ms           integer check (ttft_ms >= 0),
  success           boolean not null,
  error_code        text check (length(error_code) between 1 and 100),
  usage_source      text not null check (usage_source in ('provider', 'estimated')),
  created_at        timestamptz not null default now()
);
alter table public.chat_usage_log enable row level security;
comment on column public.chat_usage_log.cost_usd is 'Null when no price was known for the model at that time.';
-- A user's usage over a time; and the cascade when a user is erased.
create index if not exists chat_usage_log_user_time on public.chat_usage_log (user_id, created_at desc);
-- What deleting a session has to detach.
create index if not exists chat_usage_log_session on public.chat_usage_log (session_id);

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

create or replace trigger employee_profiles_updated_at before update on public.employee_profiles
  for each row execute function private.set_updated_at();
create or replace trigger chat_sessions_updated_at before update on public.chat_sessions
  for each row execute function private.set_updated_at();

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
