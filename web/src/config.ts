import { readProblem } from './problem.ts';

/** What differs between deployments; the Worker serves it, so that one build of the page fits all. */
export interface Config {
  supabase_url: string;
  supabase_anon_key: string;
  default_employee: string;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('/config.json');
  if (!response.ok) throw await readProblem(response);
  return (await response.json()) as Config;
}
