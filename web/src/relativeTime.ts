const FORMAT = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });
const DAY_AND_YEAR = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAYS = 24 * HOUR;

/** "now", "5 min. ago", "yesterday"; after a week the date says more. */
export function relativeTime(at: string, now: Date = new Date()): string {
  const then = new Date(at);
  // The server's clock may be a little ahead of this one.
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  if (seconds < MINUTE) return 'now';
  if (seconds < HOUR) return FORMAT.format(-Math.floor(seconds / MINUTE), 'minute');
  if (seconds < DAYS) return FORMAT.format(-Math.floor(seconds / HOUR), 'hour');
  if (seconds < 7 * DAYS) return FORMAT.format(-Math.floor(seconds / DAYS), 'day');
  return (then.getFullYear() === now.getFullYear() ? DAY : DAY_AND_YEAR).format(then);
}
