-- Tables, indexes, triggers, helpers and seeds of the chat runtime.
--
-- Row-level security is enabled right after each table: without a policy it denies everything, and 001 adds the policies.
-- The comment above an index names the query or the cascade that needs it. Content is masked before it is stored here.

create extension if not exists vector with schema extensions;

create schema if not exists private;
comment on schema private is 'Helpers and tables outside of the API: PostgREST serves only the schema public.';

-- Default privileges ---------------------------------------------------------------------------------------------------
--
-- A hosted project grants ALL on each new table and EXECUTE on each new function of the schema public to the API roles, and
-- Postgres itself grants EXECUTE to PUBLIC. Revoked once, before the first object: each object has its own grants beside it.
-- The second statement names no schema, because a default of Postgres itself can be revoked for all schemas only.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
alter default privileges revoke execute on functions from public;

-- Employees ------------------------------------------------------------------------------------------------------------

create table if not exists public.employee_profiles (
  slug                text primary key check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 64),
  title               text not null check (length(title) between 1 and 100),
  description         text not null default '' check (length(description) <= 500),
  system_prompt       text not null check (length(system_prompt) between 1 and 32000),
  model               text check (length(model) between 1 and 100),
  fallback_models     text[] not null default '{}' check (array_position(fallback_models, null) is null),
  temperature         numeric(3, 2) check (temperature between 0 and 2),
  max_output_tokens   integer check (max_output_tokens > 0),
  reasoning_effort    text check (reasoning_effort ~ '^[a-z]{1,20}$'),
  verbosity           text check (verbosity ~ '^[a-z]{1,20}$'),
  token_budget        integer check (token_budget > 0),
  top_k               integer check (top_k between 1 and 100),
  tools               text[] not null default '{}' check (array_position(tools, null) is null),
  mcp_servers         jsonb not null default '[]' check (jsonb_typeof(mcp_servers) = 'array'),
  unmask_policy       jsonb not null default '{}' check (jsonb_typeof(unmask_policy) = 'object'),
  unmasked_kinds      text[] not null default '{}' check (
    array_to_string(unmasked_kinds, ',', '?') ~ '^([A-Z][A-Z0-9_]*(,[A-Z][A-Z0-9_]*)*)?$'),
  messages_per_minute integer check (messages_per_minute > 0),
  daily_tokens        bigint check (daily_tokens > 0),
  daily_usd           numeric(12, 6) check (daily_usd > 0),
  learns              boolean not null default true,
  reads_pictures      boolean not null generated always as ('ocr' = any (tools)) stored,
  is_active           boolean not null default true,
  version             integer not null default 1 check (version > 0),
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);
alter table public.employee_profiles enable row level security;
comment on table public.employee_profiles is
'Personas that users talk to. Where model, temperature, max_output_tokens, token_budget or top_k is null, the default of
the deployment applies.';
comment on column public.employee_profiles.reasoning_effort is
  'Effort of thinking in the word of the model (minimal, low, medium, high); null: the default of the model.';
comment on column public.employee_profiles.verbosity is
  'Length of answers in the word of the model (low, medium, high); null: the default of the model.';
comment on column public.employee_profiles.tools is 'Names of the tools that its model may call; docs/tools.md lists them.';
comment on column public.employee_profiles.mcp_servers is
'Remote MCP servers: [{name, url, tools: [names] or ["*"], approval: always|writes|never, unmask, token}]; token is a name
in MCP_TOKENS.';
comment on column public.employee_profiles.unmask_policy is
  'Entity (or "default") to "full", "partial" or "none": the part of a masked value that the user sees again.';
comment on column public.employee_profiles.unmasked_kinds is
  'Kinds of personal values, such as PERSON and ADDRESS, that its model reads as they are. Stored texts stay masked.';
comment on column public.employee_profiles.messages_per_minute is
  'Limit for one session with this employee; null: no limit.';
comment on column public.employee_profiles.daily_tokens is
  'Limit for one user with this employee, per day in UTC; null: no limit.';
comment on column public.employee_profiles.daily_usd is
  'Limit for one user with this employee, per day in UTC; null: no limit.';
comment on column public.employee_profiles.learns is
  'Messages to this employee yield facts and summaries. Messages to an employee that does not learn can still be recalled.';
comment on column public.employee_profiles.reads_pictures is
  'Readable for every user: pictures reach the model unmasked, because a picture cannot be masked before it is read.';
comment on column public.employee_profiles.version is
  'Number of the profile in private.employee_versions. A trigger counts it up with each change but is_active.';

create table if not exists private.employee_versions (
  employee_slug text not null references public.employee_profiles (slug) on delete cascade,
  version       integer not null check (version > 0),
  profile       jsonb not null check (jsonb_typeof(profile) = 'object'),
  author_id     uuid,
  created_at    timestamptz not null default now(),
  primary key (employee_slug, version)
);
alter table private.employee_versions enable row level security;
comment on table private.employee_versions is
'Every version of every profile, the current one among them. A trigger on employee_profiles inserts the rows.';
comment on column private.employee_versions.profile is 'Columns of employee_profiles, but for those that private.profile leaves out.';
comment on column private.employee_versions.author_id is
  'The admin; null for a change by SQL. No foreign key: the record stays when the account is deleted.';

-- Sessions and messages ------------------------------------------------------------------------------------------------

create table if not exists public.chat_sessions (
  id              uuid primary key,
  user_id         uuid not null references auth.users (id) on delete cascade,
  -- An employee with sessions is deactivated (is_active), not deleted.
  employee_slug   text not null references public.employee_profiles (slug) on delete restrict,
  -- At most 200 characters as the user writes it. A placeholder may be longer than its value.
  title           text check (length(title) between 1 and 2000),
  title_source    text not null default 'message' check (title_source in ('message', 'model', 'user')),
  is_archived     boolean not null default false,
  is_pinned       boolean not null default false,
  message_count   integer not null default 0 check (message_count >= 0),
  content_tokens  bigint not null default 0 check (content_tokens >= 0),
  last_message_at timestamptz not null default now(),
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  -- The target of the foreign keys that carry the owner.
  unique (user_id, id)
);
alter table public.chat_sessions enable row level security;
comment on table public.chat_sessions is
  'Conversations. A trigger on chat_messages maintains message_count, content_tokens and last_message_at.';
comment on column public.chat_sessions.title_source is
  'message: the beginning of the first message. model: made in the background after the first answer. user: written by the
user, and replaced by nobody else.';
comment on column public.chat_sessions.content_tokens is
  'Tokens of all messages: the size of a prompt with the whole history.';
-- list_sessions: the sessions of a user, newest first, in pages. Cascade from auth.users.
create index if not exists chat_sessions_user_recent on public.chat_sessions (user_id, last_message_at desc, id desc);
-- The foreign key's check when an employee is deleted.
create index if not exists chat_sessions_employee on public.chat_sessions (employee_slug);

create table if not exists private.deleted_sessions (
  session_id   uuid not null,
  user_id      uuid not null references auth.users (id) on delete cascade,
  requested_at timestamptz not null,
  files        uuid[] not null,
  primary key (user_id, session_id)
);
alter table private.deleted_sessions enable row level security;
comment on table private.deleted_sessions is
'Sessions that delete_session deleted. Of a turn that began before the deletion and arrives later, commit_turn stores the cost and
the facts, and no message.';
comment on column private.deleted_sessions.requested_at is 'Moment of the request: delete_session carries out each request once.';
comment on column private.deleted_sessions.files is 'Ids of its files: a repeated request gets them again, for the bucket.';

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
  -- Both columns: a message has the same owner as its session. The cascade from a deleted session arrives here.
  foreign key (user_id, session_id) references public.chat_sessions (user_id, id) on delete cascade
);
alter table public.chat_messages enable row level security;
comment on table public.chat_messages is
  'Messages of a session as a tree: parent_id is the message before, and several children of one message are branches.';
-- The messages of a session in order, and its newest one. Cascade from chat_sessions. user_id comes first: the policy filters by it,
-- and erase_user reads all messages of a user.
create index if not exists chat_messages_session_order on public.chat_messages (user_id, session_id, created_at, id);
-- The children of a message: ON DELETE SET NULL of parent_id.
create index if not exists chat_messages_parent on public.chat_messages (parent_id);

create table if not exists public.chat_session_summaries (
  session_id         uuid not null,
  user_id            uuid not null,
  -- Cascade: a summary of a deleted message must not stay.
  covers_message_id  uuid not null references public.chat_messages (id) on delete cascade,
  summary            text not null check (length(summary) between 1 and 32000),
  tokens             integer not null check (tokens > 0),
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  -- Also the policy's filter, and erase_user.
  primary key (user_id, session_id),
  foreign key (user_id, session_id) references public.chat_sessions (user_id, id) on delete cascade
);
alter table public.chat_session_summaries enable row level security;
comment on table public.chat_session_summaries is
'One rolling summary per session. It replaces every message of the path up to and including covers_message_id in prompts.';
-- Cascade from covers_message_id.
create index if not exists chat_session_summaries_message on public.chat_session_summaries (covers_message_id);

create table if not exists public.chat_message_feedback (
  message_id uuid not null references public.chat_messages (id) on delete cascade,
  user_id    uuid not null references auth.users (id) on delete cascade,
  rating     smallint not null check (rating in (-1, 1)),
  -- At most 2,000 characters as the user writes it. A placeholder may be longer than its value.
  comment    text check (length(comment) between 1 and 20000),
  employee_slug    text,
  employee_version integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (message_id, user_id)
);
alter table public.chat_message_feedback enable row level security;
comment on table public.chat_message_feedback is 'Ratings of assistant messages, at most one per user and message.';
comment on column public.chat_message_feedback.rating is '1: helpful, -1: not helpful.';
comment on column public.chat_message_feedback.employee_slug is 'The employee that wrote the message, as its metadata has it.';
comment on column public.chat_message_feedback.employee_version is 'The version of its profile; null where the message has none.';
-- The policy's filter and the cascade from auth.users.
create index if not exists chat_message_feedback_user on public.chat_message_feedback (user_id);
-- The 30 days of v_targets, and the ratings of admin_overview by employee and version.
create index if not exists chat_message_feedback_time on public.chat_message_feedback (created_at)
  include (employee_slug, employee_version, rating);

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
comment on table public.chat_tool_runs is
  'Audit log of tool calls with their approvals and outcomes. A pending run waits for the approval of its user.';
comment on column public.chat_tool_runs.arguments is 'Masked arguments as the model wrote them.';
-- Cascades from chat_sessions and auth.users (twice); retention by age.
create index if not exists chat_tool_runs_session on public.chat_tool_runs (session_id);
create index if not exists chat_tool_runs_user on public.chat_tool_runs (user_id);
create index if not exists chat_tool_runs_approver on public.chat_tool_runs (approved_by) where approved_by is not null;
create index if not exists chat_tool_runs_time on public.chat_tool_runs (created_at);

create table if not exists public.chat_parked_turns (
  turn_id    uuid primary key,
  user_id    uuid not null references auth.users (id) on delete cascade,
  session_id uuid not null,
  reason     text not null check (length(reason) <= 200),
  parked_at  timestamptz not null default now()
);
alter table public.chat_parked_turns enable row level security;
comment on table public.chat_parked_turns is
'Turns that commit_turn refused several times. The user''s object keeps the turn itself, continues with the next one and
retries every hour; commit_turn and erase_user delete the row. Only park_turn inserts.';
-- Cascade from auth.users.
create index if not exists chat_parked_turns_user on public.chat_parked_turns (user_id);

create table if not exists public.chat_stalled_work (
  user_id    uuid not null references auth.users (id) on delete cascade,
  work       text not null check (work in ('vectors', 'facts', 'summaries')),
  reason     text not null check (length(reason) <= 200),
  stalled_at timestamptz not null default now(),
  primary key (user_id, work)
);
alter table public.chat_stalled_work enable row level security;
comment on table public.chat_stalled_work is
'Background work that its model refused three times or more. The user''s object tries it again after a pause that grows from
an hour to a day, and deletes the row when it succeeds. Only note_stalled_work writes; erase_user deletes.';

-- Memory: facts, documents, files, messages and passages --------------------------------------------------------------

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
comment on table public.user_memory_facts is
'Facts about a user. A fact is current while valid_to is null; a later fact with the same category and key supersedes it.';
-- At most one current fact per key; current_facts reads these.
create unique index if not exists user_memory_facts_current on public.user_memory_facts (user_id, category, key)
  where valid_to is null;
-- All facts of a user, cascade from auth.users; the foreign keys' ON DELETE SET NULL; retention.
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
  chunks      integer not null default 0 check (chunks >= 0),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
alter table public.chat_documents enable row level security;
comment on table public.chat_documents is
'Uploaded documents. Their masked text is stored as chunks in user_memory_embeddings; a document is ready when every chunk
has its embedding.';
comment on column public.chat_documents.chunks is 'Number of chunks that the text was split into.';
-- The documents of a user, newest first. Cascade from auth.users.
create index if not exists chat_documents_user_recent on public.chat_documents (user_id, created_at desc);
-- Retention of uploads that were never completed.
create index if not exists chat_documents_unfinished on public.chat_documents (updated_at)
  where status in ('pending', 'processing', 'failed');

create table if not exists public.chat_files (
  id         uuid primary key,
  user_id    uuid not null references auth.users (id) on delete cascade,
  session_id uuid references public.chat_sessions (id) on delete set null,
  purpose    text not null check (purpose in ('export', 'scan')),
  name       text not null check (length(name) between 1 and 255),
  media_type text not null check (length(media_type) between 1 and 255),
  size_bytes bigint check (size_bytes >= 0),
  table_rows bigint check (table_rows >= 0),
  created_at timestamptz not null default now(),
  expires_at timestamptz
);
alter table public.chat_files enable row level security;
comment on table public.chat_files is
'Objects in the bucket: exported tables (masked), and uploaded pictures that wait to be read (encrypted with a key of the
user).';
comment on column public.chat_files.expires_at is
  'Time after which the file may be deleted; null: kept as long as the account.';
-- The files of a user, cascade from auth.users; ON DELETE SET NULL of session_id.
create index if not exists chat_files_user on public.chat_files (user_id, created_at desc);
create index if not exists chat_files_session on public.chat_files (session_id);

create table if not exists public.user_memory_embeddings (
  id             uuid primary key,
  user_id        uuid not null references auth.users (id) on delete cascade,
  source         text not null check (source in ('message', 'document')),
  message_id     uuid references public.chat_messages (id) on delete cascade,
  document_id    uuid references public.chat_documents (id) on delete cascade,
  -- The message's session: the memories before and after this one are in it.
  session_id     uuid,
  chunk_index    integer not null default 0 check (chunk_index >= 0),
  content        text not null check (length(content) between 1 and 32000),
  content_tokens integer not null check (content_tokens >= 0),
  embedding      extensions.halfvec(1536),
  is_read        boolean not null default true,
  occurred_at    timestamptz not null,
  created_at     timestamptz not null default now(),
  check ((source = 'message') = (message_id is not null) and (source = 'document') = (document_id is not null)),
  unique (message_id, chunk_index),
  unique (document_id, chunk_index)
);
alter table public.user_memory_embeddings enable row level security;
-- memories reads both columns of all rows of a user, match_memories all vectors. The vector (3 KB) stays in the row, two rows per
-- page. It makes the row so long that Postgres would move even short contents to the TOAST table: "main" keeps them as long as they
-- fit into the page.
alter table public.user_memory_embeddings
  alter column embedding set storage plain, alter column content set storage main;
comment on table public.user_memory_embeddings is
'Memories: messages and document chunks, the record of what is recalled. The object of the user ranks them in an index of its own,
which it builds from these rows.';
comment on column public.user_memory_embeddings.embedding is 'Null while the memory is pending: found by its words only.';
comment on column public.user_memory_embeddings.is_read is 'False while the message waits for the extraction of facts.';
comment on column public.user_memory_embeddings.occurred_at is 'Time of the message or the upload; prompts show it.';
-- memories: the memories of a user, newest first, in pages. All of them: match_memories, erase_user, cascade from auth.users.
create index if not exists user_memory_embeddings_user on public.user_memory_embeddings (user_id, occurred_at desc, id desc);
-- Pending memories of a user, oldest first.
create index if not exists user_memory_embeddings_pending on public.user_memory_embeddings (user_id, occurred_at, id)
  where embedding is null;
-- Messages of a user that wait for the extraction of facts, oldest first.
create index if not exists user_memory_embeddings_unread on public.user_memory_embeddings (user_id, occurred_at, id)
  where not is_read;

-- Privacy --------------------------------------------------------------------------------------------------------------

create table if not exists public.chat_pii_keys (
  user_id        uuid primary key references auth.users (id) on delete cascade,
  key_id         uuid not null,
  founded_at     timestamptz not null,
  master_version integer not null check (master_version > 0),
  wrapped        bytea not null check (length(wrapped) between 48 and 128),
  updated_at     timestamptz not null default now()
);
alter table public.chat_pii_keys enable row level security;
comment on table public.chat_pii_keys is
  'The vault key of each user, wrapped by PII_MASTER_KEY. Without both keys the vault of the user cannot be decrypted.';
comment on column public.chat_pii_keys.founded_at is
  'Time at which the key was generated; commit_vault refuses keys from before an erasure.';

create table if not exists public.chat_pii_vault (
  user_id     uuid not null references auth.users (id) on delete cascade,
  token       text not null check (token ~ '^\[[A-Z][A-Z0-9_]*_[1-9][0-9]*\]$' and length(token) <= 64),
  entity      text not null check (entity ~ '^[A-Z][A-Z0-9_]*$' and length(entity) <= 48),
  fingerprint bytea not null check (length(fingerprint) between 16 and 64),
  ciphertext  bytea not null check (length(ciphertext) between 28 and 8192),
  key_version integer not null check (key_version > 0),
  created_at  timestamptz not null default now(),
  primary key (user_id, token),
  -- One placeholder per value.
  unique (user_id, fingerprint)
);
alter table public.chat_pii_vault enable row level security;
comment on table public.chat_pii_vault is
  'Original values behind placeholders, AES-256-GCM under the key of the user. Only the Worker can decrypt them.';
comment on column public.chat_pii_vault.token is 'The placeholder, such as [EMAIL_1].';
comment on column public.chat_pii_vault.fingerprint is 'HMAC-SHA-256 of the value under a key of the user.';

create table if not exists private.erased_users (
  user_id      uuid primary key,
  requested_at timestamptz not null,
  erased_at    timestamptz not null,
  finished_at  timestamptz,
  counts       jsonb not null,
  limits       jsonb
);
alter table private.erased_users enable row level security;
comment on table private.erased_users is
'Users that erase_user erased. A write that was started before the erasure and arrives later is refused by private.is_gone. No foreign
key: the record stays when the account is deleted.';
comment on column private.erased_users.requested_at is 'Moment of the request: erase_user carries out each request once.';
comment on column private.erased_users.erased_at is 'Moment at which the first rows were deleted; what began before it is refused.';
comment on column private.erased_users.finished_at is 'Moment after which no row is left; null: every write is refused until then.';
comment on column private.erased_users.limits is
  'What chat_user_limits had: erasing must not lift a limit. A new row there replaces it.';
comment on column private.erased_users.counts is '{table: number of deleted rows} so far.';

-- Usage, limits and prices ---------------------------------------------------------------------------------------------

create table if not exists public.chat_usage_log (
  -- One row per turn or background call: this key makes commit_turn idempotent.
  turn_id           uuid primary key,
  purpose           text not null default 'turn' check (
    purpose in ('turn', 'step', 'embedding', 'recall', 'ocr', 'facts', 'summary', 'title')),
  user_id           uuid not null references auth.users (id) on delete cascade,
  -- The cost of a deleted conversation stays on record.
  session_id        uuid references public.chat_sessions (id) on delete set null,
  employee_slug     text not null,
  employee_version  integer check (employee_version > 0),
  model             text not null check (length(model) between 1 and 100),
  prompt_tokens     integer not null check (prompt_tokens >= 0),
  cached_tokens     integer not null default 0 check (cached_tokens >= 0),
  completion_tokens integer not null check (completion_tokens >= 0),
  total_tokens      integer not null check (total_tokens >= 0),
  history_tokens    integer check (history_tokens >= 0),
  session_tokens    bigint check (session_tokens >= 0),
  cost_usd          numeric(18, 10) check (cost_usd >= 0),
  latency_ms        integer not null check (latency_ms >= 0),
  ttft_ms           integer check (ttft_ms >= 0),
  success           boolean not null,
  error_code        text check (length(error_code) between 1 and 100),
  usage_source      text not null check (usage_source in ('provider', 'estimated')),
  created_at        timestamptz not null default now(),
  committed_at      timestamptz not null default now()
);
alter table public.chat_usage_log enable row level security;
comment on table public.chat_usage_log is
  'Tokens, cost and latency of each request to a model: one row per turn and per background call.';
comment on column public.chat_usage_log.purpose is
  'turn: a request of a user. The others are calls beside the turns, which cost money too: vectors of memories (embedding) and of
questions (recall), transcription (ocr), the background''s facts, summaries and titles, the steps of an answer before another employee
took it over, and attempts that another one followed (step): the row of the turn has the others.';
comment on column public.chat_usage_log.employee_version is 'Version of the profile that answered, where the call knew it.';
comment on column public.chat_usage_log.history_tokens is 'Tokens of earlier messages in the prompt.';
comment on column public.chat_usage_log.session_tokens is 'Tokens of all earlier messages of the session.';
comment on column public.chat_usage_log.cost_usd is 'Null when the model had no known price at that time.';
comment on column public.chat_usage_log.committed_at is
  'Time of the insert; its distance to created_at is the delay of the outbox.';

create table if not exists private.daily_spending (
  day    date not null,
  shard  smallint not null,
  tokens bigint not null,
  usd    numeric(18, 10) not null,
  primary key (day, shard)
);
alter table private.daily_spending enable row level security;
comment on table private.daily_spending is
'Sums of chat_usage_log over all users, by the day (UTC) of the insert, for the ceiling of the deployment. Erasing a user changes
nothing here.';
comment on column private.daily_spending.shard is 'Connection that inserted, so that no two transactions wait for one row.';

create table if not exists private.hourly_usage (
  hour               timestamptz not null,
  employee_slug      text not null,
  employee_version   integer not null,
  model              text not null,
  purpose            text not null,
  error_code         text not null,
  shard              smallint not null,
  requests           bigint not null,
  prompt_tokens      bigint not null,
  cached_tokens      bigint not null,
  completion_tokens  bigint not null,
  total_tokens       bigint not null,
  cost_usd           numeric(18, 10) not null,
  unpriced           bigint not null,
  latency_ms         bigint not null,
  conversations      bigint not null,
  compared_tokens    bigint not null,
  whole_tokens       bigint not null,
  latency_counts     bigint[],
  first_token_counts bigint[],
  delay_counts       bigint[],
  primary key (hour, employee_slug, employee_version, model, purpose, error_code, shard)
);
alter table private.hourly_usage enable row level security;
comment on table private.hourly_usage is
'Sums of chat_usage_log over all users by hour, so that an overview reads a few thousand rows whatever the size of the log. Erasing a
user changes nothing here.';
comment on column private.hourly_usage.employee_version is '0 where the call did not know it.';
comment on column private.hourly_usage.error_code is 'Empty for requests that succeeded.';
comment on column private.hourly_usage.shard is
  'Connection that inserted, so that no two transactions wait for one row; -1 after purge_expired has put an old hour together.';
comment on column private.hourly_usage.unpriced is 'Requests whose model had no known price.';
comment on column private.hourly_usage.conversations is 'Turns that began a session.';
comment on column private.hourly_usage.compared_tokens is 'Tokens of prompts of which it is known how long a whole history would be.';
comment on column private.hourly_usage.whole_tokens is 'Tokens of the same prompts with the whole history of their sessions.';
comment on column private.hourly_usage.latency_counts is
'Turns that succeeded, by their time: number n has those from 2000 * 2^((n - 45) / 4) milliseconds on, up to the next. Likewise
first_token_counts, and delay_counts for the time in the outbox.';

create table if not exists private.active_users (
  user_id        uuid primary key references auth.users (id) on delete cascade,
  last_active_at timestamptz not null
);
alter table private.active_users enable row level security;
comment on table private.active_users is 'The last turn of each user, within a minute.';
-- The users of admin_overview and of list_users, the last active first.
create index if not exists active_users_recent on private.active_users (last_active_at desc, user_id desc);

-- The usage of a user over time. Cascade from auth.users.
create index if not exists chat_usage_log_user_time on public.chat_usage_log (user_id, created_at desc);
-- ON DELETE SET NULL of session_id.
create index if not exists chat_usage_log_session on public.chat_usage_log (session_id);
-- The time windows of the monitoring views.
create index if not exists chat_usage_log_time on public.chat_usage_log (created_at);

create table if not exists public.chat_user_limits (
  user_id             uuid primary key references auth.users (id) on delete cascade,
  messages_per_minute integer check (messages_per_minute > 0),
  daily_tokens        bigint check (daily_tokens > 0),
  daily_usd           numeric(12, 6) check (daily_usd > 0),
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);
alter table public.chat_user_limits enable row level security;
comment on table public.chat_user_limits is
'Limits of one user over all sessions, written by operators. Where null, and without a row, the limits of the plan apply.';

create table if not exists public.chat_model_prices (
  model            text not null check (length(model) between 1 and 100),
  valid_from       timestamptz not null,
  input_usd        numeric(12, 6) not null check (input_usd >= 0),
  cached_input_usd numeric(12, 6) not null check (cached_input_usd >= 0),
  output_usd       numeric(12, 6) not null check (output_usd >= 0),
  -- Also serves the lookup of the current price: the newest valid_from that is not in the future.
  primary key (model, valid_from)
);
alter table public.chat_model_prices enable row level security;
comment on table public.chat_model_prices is 'USD per million tokens. A new price is a new row with its valid_from.';

create table if not exists private.admin_changes (
  id        bigint primary key generated always as identity,
  admin_id  uuid not null,
  action    text not null check (action in (
    'employee_created', 'employee_updated', 'employee_rolled_back', 'limits_updated', 'price_saved', 'user_erased')),
  target    text not null check (length(target) between 1 and 200),
  was       jsonb not null check (jsonb_typeof(was) = 'object'),
  became    jsonb not null check (jsonb_typeof(became) = 'object'),
  at        timestamptz not null default now()
);
alter table private.admin_changes enable row level security;
comment on table private.admin_changes is
'Audit log: every change that an admin made through the API, written in the transaction of the change. Nothing deletes rows.';
comment on column private.admin_changes.admin_id is
  'The admin. No foreign key: the record stays when the account is deleted.';
comment on column private.admin_changes.target is 'Slug of an employee, id of a user, or name of a model.';
comment on column private.admin_changes.was is 'The fields that changed, as they were; {} for something new.';
comment on column private.admin_changes.became is 'The same fields as they are since.';

-- Triggers -------------------------------------------------------------------------------------------------------------

create or replace function private.set_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;
comment on function private.set_updated_at() is
  'Trigger before an update of a row: sets updated_at. Not callable through the API.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'employee_profiles', 'chat_sessions', 'chat_session_summaries', 'chat_message_feedback', 'chat_tool_runs',
    'user_memory_facts', 'chat_documents', 'chat_pii_keys', 'chat_user_limits'
  ] loop
    execute format(
      'create or replace trigger %I before update on public.%I for each row execute function private.set_updated_at()',
      v_table || '_updated_at', v_table);
  end loop;
end $$;

create or replace function private.profile(p_employee public.employee_profiles) returns jsonb
language sql immutable security invoker set search_path = '' as $$
  select to_jsonb(p_employee)
    - '{slug,is_active,reads_pictures,version,created_at,updated_at}'::text[];
$$;
comment on function private.profile(public.employee_profiles) is
'Returns the columns of a profile that a version consists of. Internal: called by the triggers of employee_profiles and the
functions of 008.';

create or replace function private.count_version() returns trigger
language plpgsql security invoker set search_path = '' as $$
begin
  new.version := case
    when tg_op = 'INSERT' then 1
    when private.profile(new) = private.profile(old) then old.version
    else old.version + 1 end;
  return new;
end $$;
comment on function private.count_version() is
'Trigger before an insert or update of a profile: sets its version, which no statement can choose. Not callable through the API.';

create or replace function private.keep_version() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into private.employee_versions (employee_slug, version, profile, author_id)
  values (
    new.slug, new.version, private.profile(new), nullif(pg_catalog.current_setting('frontdesk.admin', true), '')::uuid)
  on conflict (employee_slug, version) do nothing;
  return null;
end $$;
comment on function private.keep_version() is
'Trigger after an insert or update of a profile: keeps the version. The functions of 008 set frontdesk.admin to the admin that they
write for. Not callable through the API.';

create or replace trigger employee_profiles_count_version before insert or update on public.employee_profiles
  for each row execute function private.count_version();
create or replace trigger employee_profiles_keep_version after insert or update on public.employee_profiles
  for each row execute function private.keep_version();

create or replace function private.count_messages() returns trigger
language plpgsql security definer set search_path = '' as $$
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
comment on function private.count_messages() is
'Trigger after a statement that inserts or deletes messages: maintains the counters of their sessions. Security definer: up to
Postgres 17, a trigger that a cascade queues runs with the role of the outer statement, which may not update sessions. One update per
statement, because an import inserts thousands of messages. A session that is being deleted with its messages has no row
to update. Not callable through the API.';

create or replace trigger chat_messages_added after insert on public.chat_messages
  referencing new table as added for each statement execute function private.count_messages();
create or replace trigger chat_messages_removed after delete on public.chat_messages
  referencing old table as removed for each statement execute function private.count_messages();

create or replace function private.add_spending() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- One row for each connection and day: writers do not wait for each other.
  insert into private.daily_spending as known (day, shard, tokens, usd)
  values (
    (now() at time zone 'utc')::date, pg_catalog.pg_backend_pid() % 1024, new.total_tokens, coalesce(new.cost_usd, 0))
  on conflict (day, shard) do update set tokens = known.tokens + excluded.tokens, usd = known.usd + excluded.usd;
  return null;
end $$;
comment on function private.add_spending() is
'Trigger after an insert of usage: adds it to the sums of the day. Not callable through the API.';

create or replace trigger chat_usage_log_added after insert on public.chat_usage_log
  for each row execute function private.add_spending();

create or replace function private.add_counts(p_counts bigint[], p_more bigint[]) returns bigint[]
language sql immutable security invoker set search_path = '' as $$
  select case
    when p_counts is null then p_more
    when p_more is null then p_counts
    else array(select a + b from unnest(p_counts, p_more) with ordinality as both_counts (a, b, n) order by n) end;
$$;
comment on function private.add_counts(bigint[], bigint[]) is
'Adds numbers of requests by their time, as hourly_usage has them; null is none. Internal: called by add_hour.';

create or replace function private.count_of(p_ms numeric) returns bigint[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_counts bigint[];
begin
  if p_ms is null then
    return null;
  end if;
  v_counts := array_fill(0::bigint, array[80]);
  v_counts[greatest(1, least(80, 45 + floor(4 * log(2::numeric, greatest(p_ms, 1) / 2000))))::integer] := 1;
  return v_counts;
end $$;
comment on function private.count_of(numeric) is
'Returns the counts of one request of that time, as hourly_usage has them; null of null. Internal: called by add_hourly_usage.';

create or replace function private.add_hour(p_row private.hourly_usage) returns void
language sql security invoker set search_path = '' as $$
  insert into private.hourly_usage as known select p_row.*
  on conflict (hour, employee_slug, employee_version, model, purpose, error_code, shard) do update set
    requests = known.requests + excluded.requests,
    prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
    cached_tokens = known.cached_tokens + excluded.cached_tokens,
    completion_tokens = known.completion_tokens + excluded.completion_tokens,
    total_tokens = known.total_tokens + excluded.total_tokens,
    cost_usd = known.cost_usd + excluded.cost_usd,
    unpriced = known.unpriced + excluded.unpriced,
    latency_ms = known.latency_ms + excluded.latency_ms,
    conversations = known.conversations + excluded.conversations,
    compared_tokens = known.compared_tokens + excluded.compared_tokens,
    whole_tokens = known.whole_tokens + excluded.whole_tokens,
    latency_counts = private.add_counts(known.latency_counts, excluded.latency_counts),
    first_token_counts = private.add_counts(known.first_token_counts, excluded.first_token_counts),
    delay_counts = private.add_counts(known.delay_counts, excluded.delay_counts);
$$;
comment on function private.add_hour(private.hourly_usage) is
'Adds a row to the sums of its hour. Internal: called by add_hourly_usage and merge_hours.';

create or replace function private.add_hourly_usage() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_is_turn constant boolean := new.purpose = 'turn';
  v_is_compared constant boolean :=
    v_is_turn and new.success and new.history_tokens is not null and new.session_tokens is not null;
begin
  perform private.add_hour(row(
    date_trunc('hour', new.created_at, 'UTC'), new.employee_slug, coalesce(new.employee_version, 0), new.model, new.purpose,
    case when new.success then '' else coalesce(new.error_code, 'unknown') end, pg_catalog.pg_backend_pid() % 1024, 1,
    new.prompt_tokens, new.cached_tokens, new.completion_tokens, new.total_tokens, coalesce(new.cost_usd, 0),
    (new.cost_usd is null)::integer, new.latency_ms, coalesce(v_is_turn and new.session_tokens = 0, false)::integer,
    case when v_is_compared then new.prompt_tokens else 0 end,
    case when v_is_compared then new.prompt_tokens - new.history_tokens + new.session_tokens else 0 end,
    case when v_is_turn and new.success then private.count_of(new.latency_ms) end,
    case when v_is_turn then private.count_of(new.ttft_ms) end,
    case when v_is_turn then private.count_of(extract(epoch from new.committed_at - new.created_at) * 1000) end
  )::private.hourly_usage);
  -- Turns of one user must not wait for each other: where another one is at it, that is near enough.
  if v_is_turn and not exists (
      select from private.active_users
      where user_id = new.user_id and last_active_at >= new.created_at - interval '1 minute')
    and pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('active_users ' || new.user_id, 0)) then
    insert into private.active_users as known (user_id, last_active_at) values (new.user_id, new.created_at)
    on conflict (user_id) do update set last_active_at = greatest(known.last_active_at, excluded.last_active_at);
  end if;
  return null;
end $$;
comment on function private.add_hourly_usage() is
'Trigger after an insert of usage: adds it to the sums of its hour, and notes that its user is active. Not callable through the API.';

create or replace trigger chat_usage_log_hourly after insert on public.chat_usage_log
  for each row execute function private.add_hourly_usage();

create or replace function private.move_documents_on() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.chat_documents d
  set status = case when exists (
        select from public.user_memory_embeddings m where m.document_id = d.id and m.embedding is null)
      then 'processing' else 'ready' end
  where d.id in (select distinct n.document_id from changed n where n.document_id is not null)
    and d.status in ('pending', 'processing');
  return null;
end $$;
comment on function private.move_documents_on() is
'Trigger after an update of embeddings: sets the status of their documents to processing, or to ready once no chunk is
pending. Not callable through the API.';

create or replace trigger user_memory_embeddings_move_documents_on
  after update on public.user_memory_embeddings referencing new table as changed
  for each statement execute function private.move_documents_on();

-- Seeds: changes by an operator survive a second run -------------------------------------------------------------------

-- "ocr" is in no default set: pictures cannot be masked before the model sees them.
insert into public.employee_profiles (slug, title, description, system_prompt, temperature, max_output_tokens, tools) values
  ('prime-boss', 'Prime Boss', 'Answers directly, plans work and names the specialist who fits.',
$$You are Prime Boss, the head of a front desk. People come to you with questions of every kind.

- Answer directly and concretely. Lead with the answer; add reasons and steps only where they help.
- When a request is ambiguous and the difference matters, ask one short question; otherwise state your assumption and go on.
- When a specialist would do better (documents: "doc-clerk", spreadsheets and figures: "sheet-analyst"), say so and still help as far as you can.
- Never invent facts, names, figures or sources. Say what you do not know.
- Placeholders such as [EMAIL_1] stand for personal data that was hidden from you. Use them unchanged, as if they were the value; never guess what is behind them. [PERSON_1] is a name in its base form: prefer wording that needs neither its gender nor another case.
- Write in the language of the user.$$, 0.7, 2048,
  '{hand_over,calculator,recall,remember,forget}'),
  ('doc-clerk', 'Document Clerk', 'Reads, summarises, compares and drafts letters, contracts and reports.',
$$You are the Document Clerk, a specialist for written documents: letters, contracts, reports, minutes, policies.

- When you summarise, keep names, dates, amounts, obligations and deadlines exact, and keep them apart from your own judgement.
- Quote the passage you rely on. If the text does not answer the question, say so.
- When you compare documents, list what is the same, what differs and what is missing.
- When you draft, give a complete text ready to send, in the tone the user asks for, with placeholders in angle brackets where a fact is missing.
- Point out clauses that deserve a lawyer; do not give legal advice.
- Placeholders such as [PERSON_1] stand for personal data that was hidden from you. Use them unchanged; never guess what is behind them. [PERSON_1] is a name in its base form: prefer wording that needs neither its gender nor another case.
- Write in the language of the user.$$, 0.3, 4096,
  '{recall,hand_over,calculator,remember,forget}'),
  ('sheet-analyst', 'Spreadsheet Analyst', 'Works with tables and figures: formulas, clean-up, checks and explanations.',
$$You are the Spreadsheet Analyst, a specialist for tables, figures and formulas.

- Show every calculation: inputs, formula, result, unit. Check totals before you state them.
- Give formulas that can be pasted as they are, name the program they are for (Excel or Google Sheets) and say where they go.
- Present tabular results as a Markdown table with units in the header.
- Point out missing, inconsistent or implausible values instead of smoothing them over. Never invent data.
- Say when a figure is an estimate, and what it rests on.
- Placeholders such as [IBAN_1] stand for personal data that was hidden from you. Use them unchanged; never guess what is behind them.
- Write in the language of the user.$$, 0.2, 4096,
  '{sheet_export,calculator,hand_over,recall,remember,forget}')
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
