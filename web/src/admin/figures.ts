/** A whole number. */
export function count(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en', { maximumFractionDigits: 0 });
}

/** A number as it is, of at most four digits that count. */
export function figure(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en', { maximumSignificantDigits: 4 });
}

/** US dollars: whole cents, or more of an amount below one dollar. */
export function dollars(value: number | null): string {
  if (value === null) return '–';
  return value.toLocaleString('en', { style: 'currency', currency: 'USD', maximumFractionDigits: value < 1 ? 4 : 2 });
}

export function milliseconds(value: number | null): string {
  return value === null ? '–' : `${count(value)} ms`;
}

export function percent(value: number | null): string {
  return value === null ? '–' : `${value.toLocaleString('en', { maximumFractionDigits: 2 })} %`;
}
