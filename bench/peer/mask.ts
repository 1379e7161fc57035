// Personal values by regular expressions, and placeholders that stay the same for a user.

const PATTERNS: [kind: string, pattern: RegExp][] = [
  ['EMAIL', /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
  ['IBAN', /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/g],
  ['CARD', /\b(?:\d[ -]?){13,19}\b/g],
  ['SSN', /\b\d{3}-\d{2}-\d{4}\b/g],
  ['IP', /\b(?:\d{1,3}\.){3}\d{1,3}\b/g],
  ['KEY', /\b(?:sk|pk|ghp|xox[abp])[-_][A-Za-z0-9_-]{16,}\b/g],
  ['PHONE', /(?<!\w)\+?\d[\d ()/.-]{7,}\d\b/g],
];

const PLACEHOLDER = /\[[A-Z]+_\d+\]/g;

/** Longest placeholder that may still be incomplete at the end of a text. */
const MAX_PLACEHOLDER = 16;

export class Vault {
  #sql: SqlStorage;
  #values = new Map<string, string>();
  #placeholders = new Map<string, string>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec('CREATE TABLE IF NOT EXISTS vault (placeholder TEXT PRIMARY KEY, value TEXT NOT NULL)');
    for (const { placeholder, value } of sql.exec<{ placeholder: string; value: string }>('SELECT placeholder, value FROM vault')) {
      this.#add(placeholder, value);
    }
  }

  mask(text: string): string {
    return PATTERNS.reduce((masked, [kind, pattern]) => masked.replace(pattern, (value) => this.#placeholder(kind, value)), text);
  }

  unmask(text: string): string {
    return text.replace(PLACEHOLDER, (placeholder) => this.#values.get(placeholder) ?? placeholder);
  }

  #placeholder(kind: string, value: string): string {
    const known = this.#placeholders.get(value);
    if (known) return known;
    const placeholder = `[${kind}_${this.#values.size + 1}]`;
    this.#sql.exec('INSERT INTO vault VALUES (?, ?)', placeholder, value);
    this.#add(placeholder, value);
    return placeholder;
  }

  #add(placeholder: string, value: string) {
    this.#values.set(placeholder, value);
    this.#placeholders.set(value, placeholder);
  }
}

/** Splits off a placeholder that is not complete yet. */
export function splitComplete(text: string): [complete: string, rest: string] {
  const open = text.lastIndexOf('[');
  if (open < 0 || open < text.length - MAX_PLACEHOLDER || text.includes(']', open)) return [text, ''];
  return [text.slice(0, open), text.slice(open)];
}
