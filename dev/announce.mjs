// Prints the addresses of a running stack for people, and writes them to stack.json for scripts.
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * @param {import('./stack.mjs').Stack} stack
 * @param {string} stateDir
 */
export function announce(stack, stateDir) {
  const file = join(stateDir, 'stack.json');
  const facts = {
    api: stack.api,
    supabase_url: stack.supabaseUrl,
    anon_key: stack.anonKey,
    service_role_key: stack.serviceRoleKey,
    database_url: stack.databaseUrl,
    model_url: stack.modelUrl,
    users: stack.users,
  };
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });

  const token = stack.users[0]?.access_token ?? '<access token of a signed-in user>';
  console.log(`
Frontdesk is ready.

  Page       ${stack.api}/
  Endpoint   ${stack.api}/api/chat
  Model      ${stack.model ? `local stand-in, journal at ${stack.modelUrl.replace(/\/v1$/, '')}/__aimock/journal` : stack.modelUrl}
  Accounts   ${stack.users.length ? 'ada@example.com, grace@example.com and, for /admin, admin@example.com; password frontdesk' : 'those of your project'}
  Facts      ${relative(process.cwd(), file)}

  curl -N -X POST ${stack.api}/api/chat \\
    -H "Content-Type: application/json" \\
    -d '{"message":"Hello AI!","stream":true}' \\
    -H "Authorization: Bearer ${token}"

Ctrl-C stops everything.
`);
}
