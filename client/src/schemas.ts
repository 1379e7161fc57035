// Made by dev/build/client-types.mjs of the schemas in src/api/openapi. Do not edit.

/** An employee with everything that an admin sets. */
export type AdminEmployee = {
  created_at: string;
  daily_tokens: number | null;
  daily_usd: number | null;
  description: string;
  fallback_models: Array<string>;
  is_active: boolean;
  learns: boolean;
  max_output_tokens: number | null;
  /** As McpServer, unless SQL wrote something else. */
  mcp_servers: Array<Record<string, unknown>>;
  messages_per_minute: number | null;
  model: string | null;
  reads_pictures: boolean;
  reasoning_effort: string | null;
  slug: string;
  system_prompt: string;
  temperature: number | null;
  title: string;
  token_budget: number | null;
  tools: Array<string>;
  top_k: number | null;
  /** Kinds of values, or default. */
  unmask_policy: Record<string, 'full' | 'partial' | 'none'>;
  unmasked_kinds: Array<string>;
  updated_at: string;
  verbosity: string | null;
  version: number;
};

export type AdminEmployeeList = {
  data: Array<AdminEmployee>;
  /** What holds where a profile has null, and the employee who answers where none is named. */
  defaults: {
    employee: string;
    model: string;
    token_budget: number;
    top_k: number;
  };
  /** Tools that an employee can have. */
  tools: Array<string>;
};

export type AdminHealth = {
  /** Of all users together. */
  ceiling: {
    daily_tokens: number | null;
    daily_usd: number | null;
  };
  database: {
    erasures: {
      oldest_at: string | null;
      unfinished: number;
    };
    /** Models of this hour and the one before. */
    models: Array<{
      errors: number;
      model: string;
      requests: number;
      unpriced: number;
    }>;
    /** Of this hour and the one before. */
    outbox_lag_p95_ms: number | null;
    parked_turns: {
      count: number;
      oldest_at: string | null;
      rows: Array<{
        parked_at: string;
        reason: string;
        session_id: string;
        turn_id: string;
        user_id: string;
      }>;
    };
    spent_today: {
      tokens: number;
      usd: number;
    };
    stalled_work: Array<{
      oldest_at: string;
      reasons: Array<string>;
      users: number;
      work: 'vectors' | 'facts' | 'summaries';
    }>;
  };
};

export type AdminUser = {
  created_at: string | null;
  email: string | null;
  id: string;
  is_anonymous: boolean;
  last_active_at: string | null;
  /** Of the user alone. */
  limits: LimitsOfUser | null;
  month: {
    cost_usd: number;
    requests: number;
    total_tokens: number;
  };
  plan: string | null;
  today: {
    cost_usd: number;
    requests: number;
    total_tokens: number;
  };
};

export type AdminUserPage = {
  data: Array<AdminUser>;
  /** Value of before for the next page. */
  next: string | null;
};

export type Answer = {
  cost_usd: number | null;
  employee: string;
  finish_reason: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'stopped' | 'other';
  id: string;
  latency_ms: number;
  masked?: MaskedValues;
  message: string;
  model: string;
  receipt: Receipt;
  session_id: string;
  sources: Array<Source>;
  ttft_ms: number | null;
  usage: TokenUsage;
};

export type ApprovalsRequest = {
  approvals: Array<{
    approved: boolean;
    id: string;
    input?: unknown;
    reason?: string | null;
  }>;
  stream?: boolean | null;
};

export type AuditList = {
  data: Array<{
    action: 'employee_created' | 'employee_updated' | 'employee_rolled_back' | 'limits_updated' | 'price_saved' | 'user_erased';
    admin_email: string | null;
    admin_id: string;
    at: string;
    /** The same fields since. */
    became: Record<string, unknown>;
    id: number;
    /** Slug of an employee, id of a user, or name of a model. */
    target: string;
    /** The fields that changed, before. */
    was: Record<string, unknown>;
  }>;
};

export type Budget = {
  left: number;
  limit: number;
  used: number;
};

/** Data of one event of an answer. The last one is finish, abort or error. */
export type ChatEvent = {
  messageId: string;
  messageMetadata: {
    employee: string;
    model: string;
    parent_id: string;
    parent_masked?: MaskedValues;
    session_id: string;
  };
  type: 'start';
} | {
  type: 'start-step';
} | {
  type: 'finish-step';
} | {
  data: Receipt;
  type: 'data-receipt';
} | {
  filename: string;
  mediaType: string;
  providerMetadata: {
    frontdesk: {
      passages: Array<string>;
    };
  };
  sourceId: string;
  title: string;
  type: 'source-document';
} | {
  id: string;
  type: 'text-start';
} | {
  delta: string;
  id: string;
  type: 'text-delta';
} | {
  id: string;
  type: 'text-end';
} | {
  id: string;
  type: 'reasoning-start';
} | {
  delta: string;
  id: string;
  type: 'reasoning-delta';
} | {
  id: string;
  type: 'reasoning-end';
} | {
  toolCallId: string;
  toolName: string;
  type: 'tool-input-start';
} | {
  input: unknown;
  toolCallId: string;
  toolName: string;
  type: 'tool-input-available';
} | {
  approvalId: string;
  toolCallId: string;
  type: 'tool-approval-request';
} | {
  output: unknown;
  toolCallId: string;
  type: 'tool-output-available';
} | {
  errorText: string;
  toolCallId: string;
  type: 'tool-output-error';
} | {
  toolCallId: string;
  type: 'tool-output-denied';
} | {
  messageMetadata: {
    approvals?: Record<string, {
      expires_at: string;
    }>;
    cost_usd?: number | null;
    employee?: string;
    latency_ms?: number;
    masked?: MaskedValues;
    model?: string;
    status?: 'stopped';
    ttft_ms?: number | null;
    usage?: TokenUsage;
  };
  type: 'message-metadata';
} | {
  finishReason: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';
  messageMetadata: {
    cost_usd: number | null;
    latency_ms: number;
    model: string;
    ttft_ms: number | null;
    usage: TokenUsage;
  };
  type: 'finish';
} | {
  type: 'abort';
} | {
  errorText: string;
  type: 'error';
};

/** One message of the user, or the body of the AI SDK. */
export type ChatRequest = {
  attachments?: Array<{
    name: string;
    text: string;
  } | {
    file: string;
    name?: string;
  }> | null;
  client_message_id?: string | null;
  employee?: string | null;
  /** The AI SDK's chat id. */
  id?: string | null;
  message?: string | null;
  messageId?: string | null;
  /** Messages of the AI SDK; only the last one counts. */
  messages?: Array<{
    id?: string;
    parts?: Array<{
      type: string;
    }>;
    role: 'system' | 'user' | 'assistant';
  }> | null;
  parent_id?: string | null;
  remember?: boolean | null;
  session_id?: string | null;
  stream?: boolean | null;
  trigger?: 'submit-message' | 'regenerate-message' | null;
};

export type Document = {
  chunks: number;
  created_at: string;
  embedded: number;
  error_code: string | null;
  id: string;
  media_type: string;
  name: string;
  size_bytes: number;
  status: 'pending' | 'processing' | 'ready' | 'failed';
  updated_at: string;
};

export type DocumentList = {
  data: Array<Document>;
};

export type Employee = {
  description: string;
  reads_pictures: boolean;
  slug: string;
  title: string;
};

export type EmployeeChanges = {
  daily_tokens?: number | null;
  daily_usd?: number | null;
  description?: string;
  fallback_models?: Array<string>;
  is_active?: boolean;
  learns?: boolean;
  max_output_tokens?: number | null;
  mcp_servers?: Array<McpServer>;
  messages_per_minute?: number | null;
  model?: string | null;
  reasoning_effort?: string | null;
  system_prompt?: string;
  temperature?: number | null;
  title?: string;
  token_budget?: number | null;
  tools?: Array<string>;
  top_k?: number | null;
  /** Kinds of values, or default. */
  unmask_policy?: Record<string, 'full' | 'partial' | 'none'>;
  unmasked_kinds?: Array<string>;
  verbosity?: string | null;
  /** The version that the admin saw: edit_conflict if there is a later one. */
  version?: number | null;
};

export type EmployeeList = {
  data: Array<Employee>;
};

export type EmployeeRollback = {
  version: number;
};

export type EmployeeVersion = {
  author_email: string | null;
  /** The admin; null for a change by SQL. */
  author_id: string | null;
  created_at: string;
  profile: {
    daily_tokens: number | null;
    daily_usd: number | null;
    description: string;
    fallback_models: Array<string>;
    learns: boolean;
    max_output_tokens: number | null;
    mcp_servers: Array<Record<string, unknown>>;
    messages_per_minute: number | null;
    model: string | null;
    reasoning_effort: string | null;
    system_prompt: string;
    temperature: number | null;
    title: string;
    token_budget: number | null;
    tools: Array<string>;
    top_k: number | null;
    /** Kinds of values, or default. */
    unmask_policy: Record<string, 'full' | 'partial' | 'none'>;
    unmasked_kinds: Array<string>;
    verbosity: string | null;
  };
  version: number;
};

export type EmployeeVersionList = {
  data: Array<EmployeeVersion>;
};

/** Number of deleted rows by table, and of files. */
export type Erased = {
  data: Record<string, number>;
};

/** State of the newest erasure. */
export type Erasure = {
  data: {
    counts?: Record<string, number>;
    failures?: number;
    finished_at?: string;
    requested_at?: string;
    state: 'none' | 'running' | 'finished';
    step?: 'work' | 'rows' | 'files' | 'object';
  };
};

export type Fact = {
  category: string;
  confidence?: number;
  expires_at?: string | null;
  fact: string;
  id: string;
  key: string;
  source_message_id?: string | null;
  valid_from: string;
};

export type FactCorrection = {
  fact: string;
};

export type FactList = {
  data: Array<Fact>;
};

export type Feedback = {
  comment?: string | null;
  rating: 'up' | 'down';
};

export type File = {
  created_at: string;
  expires_at: string | null;
  id: string;
  media_type: string;
  name: string;
  purpose: 'export' | 'scan';
  session_id: string | null;
  size_bytes: number | null;
  table_rows: number | null;
};

export type FileLink = {
  expires_at: string;
  id: string;
  name: string;
  url: string;
};

export type FileList = {
  data: Array<File>;
};

export type Forgotten = {
  forgotten: number;
};

export type Health = {
  status: 'ok';
};

/** One line of an import. */
export type ImportLine = {
  content: string;
  created_at: string;
  id?: string;
  kind?: string;
  role: 'user' | 'assistant';
  session?: string;
  session_id?: string;
};

/** Null: the plan decides. */
export type LimitsOfUser = {
  daily_tokens: number | null;
  daily_usd: number | null;
  messages_per_minute: number | null;
};

/** Placeholders that the model read, each with the text that the user sees in the place of it; null where the placeholder itself stands in the text. */
export type MaskedValues = Record<string, string | null>;

export type McpCheck = {
  /** Allowed tools that no model can be given. */
  dropped: number;
  /** False if the profile pins another list: then no tool is offered. */
  is_pinned: boolean;
  /** Names in tools that the server does not have. */
  missing: Array<string>;
  ok: true;
  pin: string;
  tools: Array<{
    description: string;
    name: string;
    needs_approval: boolean;
    title: string | null;
  }>;
} | {
  error: string;
  ok: false;
};

export type McpServer = {
  approval?: 'always' | 'writes' | 'never' | null;
  name: string;
  /** Fingerprint of the list that may be offered. */
  pin?: string | null;
  read_only?: Array<string>;
  /** A name in MCP_TOKENS. */
  token?: string | null;
  /** Names on the server; * for all. */
  tools?: Array<string>;
  unmask?: boolean;
  url: string;
};

export type Message = {
  content: string;
  created_at: string;
  feedback?: Feedback | null;
  id: string;
  masked?: MaskedValues;
  metadata: {
    client_message_id?: string;
    cost_usd?: number | null;
    employee?: string;
    error_code?: string;
    finish_reason?: string;
    latency_ms?: number;
    model?: string;
    receipt?: Receipt;
    sources?: Array<Source>;
    ttft_ms?: number | null;
    unmasked_kinds?: Array<string>;
    usage?: TokenUsage;
  };
  parent_id: string | null;
  role: 'system' | 'user' | 'assistant' | 'tool';
  status: 'complete' | 'interrupted' | 'failed' | 'stopped';
  tool_calls: Array<ToolCall> | null;
};

export type MessagePage = {
  data: Array<Message>;
  next: string | null;
};

export type NewEmployee = {
  daily_tokens?: number | null;
  daily_usd?: number | null;
  description?: string;
  fallback_models?: Array<string>;
  is_active?: boolean;
  learns?: boolean;
  max_output_tokens?: number | null;
  mcp_servers?: Array<McpServer>;
  messages_per_minute?: number | null;
  model?: string | null;
  reasoning_effort?: string | null;
  slug: string;
  system_prompt: string;
  temperature?: number | null;
  title: string;
  token_budget?: number | null;
  tools?: Array<string>;
  top_k?: number | null;
  /** Kinds of values, or default. */
  unmask_policy?: Record<string, 'full' | 'partial' | 'none'>;
  unmasked_kinds?: Array<string>;
  verbosity?: string | null;
};

export type NewPrice = {
  /** As input_usd where it is missing. */
  cached_input_usd?: number | null;
  input_usd: number;
  model: string;
  output_usd: number;
  /** Now where it is missing. */
  valid_from?: string | null;
};

export type Overview = {
  /** The same number of hours before. */
  before: {
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    down: number;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
    /** Ratings of answers. */
    up: number;
  };
  by_employee: Array<{
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    down: number;
    employee: string;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
    /** Ratings of answers. */
    up: number;
  }>;
  by_model: Array<{
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    model: string;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
  }>;
  by_purpose: Array<{
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    purpose: string;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
  }>;
  by_time: Array<{
    at: string;
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
  }>;
  by_version: Array<{
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    down: number;
    employee: string;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
    /** Ratings of answers. */
    up: number;
    /** 0 where it is not known. */
    version: number;
  }>;
  errors: Array<{
    code: string;
    last_hour: string;
    model: string;
    purpose: string;
    requests: number;
  }>;
  hours: number;
  since: string;
  /** Of by_time: days beyond a week. */
  step: 'hour' | 'day';
  targets: Array<{
    comparison: string | null;
    current: number | null;
    met: boolean | null;
    metric: 'latency_p95_ms' | 'error_rate_percent' | 'token_saving_percent' | 'cost_per_active_user_usd' | 'cost_per_conversation_usd' | 'satisfaction_percent' | 'first_token_p95_ms' | 'outbox_lag_p95_ms';
    target: number | null;
  }>;
  total: {
    cached_tokens: number;
    completion_tokens: number;
    /** Turns that ran at once, on average. */
    concurrency: number;
    /** Sessions that began. */
    conversations: number;
    cost_usd: number;
    down: number;
    /** Of turns. */
    error_rate_percent: number | null;
    errors: number;
    failed_turns: number;
    first_token_p95_ms: number | null;
    /** Whole turns that succeeded. */
    latency_p95_ms: number | null;
    outbox_lag_p95_ms: number | null;
    prompt_tokens: number;
    /** Requests to models, turns and others. */
    requests: number;
    /** Compared with prompts with the whole history. */
    token_saving_percent: number | null;
    total_tokens: number;
    turns: number;
    /** Requests whose model had no price. */
    unpriced: number;
    /** Ratings of answers. */
    up: number;
  };
  /** Users with a turn; null for one employee or model. */
  users: number | null;
};

export type PageConfig = {
  default_employee: string;
  supabase_anon_key: string;
  supabase_url: string;
};

export type PassagePage = {
  /** Passages of the document. */
  count: number;
  data: Array<{
    content: string;
    id: string;
    index: number;
  }>;
  media_type: string;
  name: string;
  /** `from` of the next page. */
  next: number | null;
};

export type Pending = {
  pending: number;
};

export type Picture = {
  expires_at: string;
  id: string;
  media_type: string;
  name: string;
  pages: number;
  pixels: {
    height: number;
    width: number;
  } | null;
  size_bytes: number;
};

/** US dollars per million tokens. */
export type Price = {
  cached_input_usd: number;
  input_usd: number;
  model: string;
  output_usd: number;
  valid_from: string;
};

export type PriceList = {
  data: Array<{
    cached_input_usd: number;
    input_usd: number;
    is_current: boolean;
    model: string;
    output_usd: number;
    valid_from: string;
  }>;
};

export type Problem = {
  code: 'account_exists' | 'admin_only' | 'approval_expired' | 'approval_mismatch' | 'approval_not_found' | 'auth_unavailable' | 'body_too_large' | 'budget_exceeded' | 'database_refused' | 'database_timeout' | 'database_unavailable' | 'document_not_found' | 'document_too_long' | 'document_unreadable' | 'document_without_text' | 'edit_conflict' | 'employee_exists' | 'erasure_in_progress' | 'fact_not_found' | 'file_not_found' | 'files_unavailable' | 'internal' | 'interrupted' | 'invalid_field' | 'invalid_json' | 'invalid_token' | 'link_expired' | 'message_not_found' | 'message_too_long' | 'method_not_allowed' | 'misconfigured' | 'missing_token' | 'model_rejected' | 'model_timeout' | 'model_truncated' | 'model_unavailable' | 'not_a_user' | 'not_found' | 'origin_not_allowed' | 'privacy_unavailable' | 'rate_limited' | 'session_not_found' | 'token_expired' | 'too_many_documents' | 'too_many_values' | 'too_much_stored' | 'turn_in_progress' | 'unknown_employee' | 'unknown_key' | 'unpriced_model' | 'unsupported_algorithm' | 'unsupported_document' | 'upload_limit' | 'user_erased' | 'user_not_found' | 'version_not_found' | 'wrong_audience' | 'wrong_issuer' | 'wrong_secret';
  detail: string;
  field?: string;
  status: number;
  title: string;
  type: 'about:blank';
};

export type Readiness = {
  parked_turns: number;
  /** Users whose background work its model refuses, by work. */
  stalled_work: Record<string, number>;
  status: 'ready';
};

/** Composition of a prompt: tokens by section, items kept and left out. */
export type Receipt = {
  billed?: number;
  budget: number;
  cached?: number;
  counted: number;
  model?: string;
  prefix: number;
  sections: Array<{
    dropped?: Array<{
      count: number;
      reason: 'budget' | 'duplicate' | 'empty' | 'other_branch' | 'unavailable';
    }>;
    ids?: Array<string>;
    kept: number;
    name: 'persona' | 'tools' | 'recent' | 'summary' | 'facts' | 'memories' | 'message' | 'values';
    tokens: number;
  }>;
  vector?: 'used' | 'late' | 'absent';
};

export type Session = {
  archived: boolean;
  created_at: string;
  employee_slug: string;
  id: string;
  last_message_at: string;
  matches?: Array<{
    created_at: string;
    message_id: string;
    role: 'user' | 'assistant';
    snippet: string;
  }>;
  message_count: number;
  pinned: boolean;
  title: string | null;
};

export type SessionChanges = {
  archived?: boolean;
  pinned?: boolean;
  title?: string;
};

export type SessionPage = {
  data: Array<Session>;
  next: string | null;
};

/** A document with a passage in the prompt. */
export type Source = {
  id: string;
  media_type: string;
  name: string;
  /** Ids of the passages that were in the prompt. */
  passages?: Array<string>;
};

export type Stopped = {
  stopped: boolean;
};

/** LLM tokens; cached ones are a part of the prompt's. */
export type TokenUsage = {
  cached_tokens: number;
  completion_tokens: number;
  prompt_tokens: number;
  total_tokens: number;
};

export type ToolCall = {
  approval_id?: string;
  arguments: unknown;
  before?: string;
  code?: string;
  created_at: string;
  error?: string;
  expires_at?: string;
  id: string;
  is_approved?: boolean;
  latency_ms?: number;
  name: string;
  output?: string;
  reason?: string | null;
  state: 'running' | 'waiting' | 'succeeded' | 'failed' | 'denied' | 'expired';
  tokens?: number;
};

export type Usage = {
  limits: {
    employees: Array<{
      daily_tokens: Budget | null;
      daily_usd: Budget | null;
      employee: string;
      messages_per_minute: number | null;
    }>;
    resets_at: string;
    user: {
      daily_tokens: Budget | null;
      daily_usd: Budget | null;
      messages_per_minute: number | null;
    };
  };
  month: {
    by: Array<{
      cached_tokens: number;
      completion_tokens: number;
      cost_usd: number | null;
      employee: string;
      prompt_tokens: number;
      purpose: 'turn' | 'step' | 'embedding' | 'recall' | 'ocr' | 'facts' | 'summary' | 'title';
      requests: number;
      total_tokens: number;
    }>;
    cost_usd: number | null;
    requests: number;
    since: string;
    total_tokens: number;
  };
  today: {
    by: Array<{
      cached_tokens: number;
      completion_tokens: number;
      cost_usd: number | null;
      employee: string;
      prompt_tokens: number;
      purpose: 'turn' | 'step' | 'embedding' | 'recall' | 'ocr' | 'facts' | 'summary' | 'title';
      requests: number;
      total_tokens: number;
    }>;
    cost_usd: number | null;
    requests: number;
    since: string;
    total_tokens: number;
  };
};

export type UserLimits = {
  /** What applies: the user's own, else the plan's, within the ceiling. */
  effective: {
    daily_tokens: number | null;
    daily_usd: number | null;
    messages_per_minute: number | null;
  };
  own: LimitsOfUser;
  plan: string | null;
};

export type UserLimitsChanges = {
  daily_tokens?: number | null;
  daily_usd?: number | null;
  messages_per_minute?: number | null;
};

/** Approvals that are still undecided. */
export type Waiting = {
  waiting: Array<string>;
};
