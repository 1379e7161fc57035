import { readApiError } from './errors.ts';

/** Settings that differ between deployments. The Worker serves them, so that one build of the page fits all. */
export interface Config {
  supabase_url: string;
  supabase_anon_key: string;
  default_employee: string;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('/config.json');
  if (!response.ok) throw await readApiError(response);
  return (await response.json()) as Config;
}
