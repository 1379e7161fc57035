import { FrontdeskError } from '@frontdesk/client';

/** One sentence for the user. The page's developer finds the rest in the console. */
export function describeError(error: unknown): string {
  if (error instanceof FrontdeskError && error.code === 'origin_not_allowed') {
    console.error(`Frontdesk: ${error.message} Add it to that variable, as ${location.origin}, and deploy again.`);
    return 'The chat is not set up for this page.';
  }
  console.error('Frontdesk:', error);
  if (error instanceof FrontdeskError) return error.message;
  return 'The server is out of reach. Check your connection and try again.';
}
