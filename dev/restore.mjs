// `npm run restore -- FILE`: replaces all data of the local database by that of a backup. The stack must not run.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bootstrap, fail, ROOT } from './bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ readSettings }, { restore }] = await Promise.all([import('./settings.mjs'), import('./postgres/dump.mjs')]);

const file = process.argv[2];
if (!file || !existsSync(file)) fail('Say from where: npm run restore -- FILE, a file that npm run backup made.');
const dataDir = join(readSettings().stateDir, 'postgres');
await restore(dataDir, join(ROOT, 'supabase/migrations'), resolve(file))
  .then(() => console.log(`• The database has the data of ${file}.`), (error) => fail(error.message));
