import { texts } from './language.ts';

/** A number as the language of the page writes it. */
export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(texts().locale, options).format(value);
}

/** An amount of US dollars. */
export function formatDollars(value: number, options?: Intl.NumberFormatOptions): string {
  return formatNumber(value, { style: 'currency', currency: 'USD', ...options });
}

/** A date or a time, given in milliseconds since 1970. */
export function formatTime(at: Date | number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(texts().locale, options).format(at);
}

/** Names joined by commas, and by a word before the last one. */
export function formatList(names: string[], type: Intl.ListFormatType): string {
  return new Intl.ListFormat(texts().locale, { type }).format(names);
}
