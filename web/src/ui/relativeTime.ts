import { formatTime } from '../language/format.ts';
import { texts } from '../language/language.ts';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** Formats a past time as "now", "5 min. ago" or "yesterday", and as a date after a week. */
export function relativeTime(at: string, now: Date = new Date()): string {
  const { locale, common } = texts();
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const then = new Date(at);
  // The server's clock may be a little ahead of this one.
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  if (seconds < MINUTE_S) return common.now;
  if (seconds < HOUR_S) return format.format(-Math.floor(seconds / MINUTE_S), 'minute');
  if (seconds < DAY_S) return format.format(-Math.floor(seconds / HOUR_S), 'hour');
  if (seconds < 7 * DAY_S) return format.format(-Math.floor(seconds / DAY_S), 'day');
  return formatTime(then, { day: 'numeric', month: 'short', ...(then.getFullYear() !== now.getFullYear() && { year: 'numeric' }) });
}
