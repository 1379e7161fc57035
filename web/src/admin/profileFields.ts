import type { Profile } from './adminApi.ts';

/** Spelling of a field in a form. */
type Kind = 'line' | 'text' | 'number' | 'list' | 'json' | 'switch' | 'tools';

export type FieldName = keyof Profile | 'is_active';

export interface Field {
  name: FieldName;
  label: string;
  kind: Kind;
  hint?: string;
}

/** Fields of an employee by their groups, in the order of the form. */
export const FIELD_GROUPS: { title: string; fields: Field[] }[] = [
  {
    title: 'Who it is',
    fields: [
      { name: 'title', label: 'Title', kind: 'line' },
      { name: 'description', label: 'Description', kind: 'line', hint: 'What users read on its card.' },
      { name: 'system_prompt', label: 'Prompt', kind: 'text', hint: 'At most 32,000 characters.' },
      { name: 'is_active', label: 'Active: users can talk to it', kind: 'switch' },
    ],
  },
  {
    title: 'Model',
    fields: [
      { name: 'model', label: 'Model', kind: 'line', hint: 'Empty: that of the deployment.' },
      { name: 'fallback_models', label: 'Fallback models', kind: 'list', hint: 'Asked in this order where a model fails, with commas between them.' },
      { name: 'temperature', label: 'Temperature', kind: 'number', hint: '0 to 2. Empty: that of the model.' },
      { name: 'max_output_tokens', label: 'Longest answer, in tokens', kind: 'number' },
      { name: 'reasoning_effort', label: 'Reasoning effort', kind: 'line' },
      { name: 'verbosity', label: 'Verbosity', kind: 'line' },
      { name: 'token_budget', label: 'Longest prompt, in tokens', kind: 'number' },
      { name: 'top_k', label: 'Memories in a prompt', kind: 'number', hint: 'At least so many are looked for.' },
    ],
  },
  {
    title: 'Tools',
    fields: [
      { name: 'tools', label: 'Tools', kind: 'tools' },
      { name: 'mcp_servers', label: 'MCP servers', kind: 'json', hint: 'A list of objects with name, url, tools, approval, read_only, pin, token.' },
      { name: 'learns', label: 'Learns facts about its users', kind: 'switch' },
    ],
  },
  {
    title: 'Privacy',
    fields: [
      { name: 'unmask_policy', label: 'Values that users see', kind: 'json', hint: 'Kinds or "default", each with full, partial or none.' },
      { name: 'unmasked_kinds', label: 'Kinds that its model reads as they are', kind: 'list', hint: 'With commas between them, such as PERSON. All others stay placeholders.' },
    ],
  },
  {
    title: 'Limits for each user',
    fields: [
      { name: 'messages_per_minute', label: 'Messages a minute', kind: 'number' },
      { name: 'daily_tokens', label: 'Tokens a day', kind: 'number' },
      { name: 'daily_usd', label: 'US dollars a day', kind: 'number' },
    ],
  },
];

export const FIELDS = FIELD_GROUPS.flatMap(({ fields }) => fields);

/** A value as the form and the comparison of versions spell it. */
export function spell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  if (typeof value === 'object') return Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2);
  return String(value);
}

/** Fields that cannot be empty. */
const REQUIRED = new Set<FieldName>(['title', 'description', 'system_prompt']);

/**
 * Reads what was typed into a field.
 * @throws {Error} with a sentence for the reader.
 */
export function parse({ name, kind, label }: Field, typed: string): unknown {
  const text = typed.trim();
  if (kind === 'list' || kind === 'tools') return text === '' ? [] : text.split(',').map((item) => item.trim()).filter(Boolean);
  if (kind === 'switch') return text === 'yes';
  if (kind === 'number') {
    if (text === '') return null;
    const number = Number(text);
    if (!Number.isFinite(number)) throw new Error(`${label} must be a number.`);
    return number;
  }
  if (kind === 'json') {
    if (text === '') return name === 'mcp_servers' ? [] : {};
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`${label} must be JSON.`);
    }
  }
  return text === '' && !REQUIRED.has(name) ? null : typed;
}
