// `npm run backup -- FILE`: all data of the local database as SQL. The stack must not run.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bootstrap, fail } from './bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ readSettings }, { dump }] = await Promise.all([import('./settings.mjs'), import('./postgres/dump.mjs')]);

const file = process.argv[2];
if (!file) fail('Say where to: npm run backup -- FILE.');
const dataDir = join(readSettings().stateDir, 'postgres');
if (!existsSync(dataDir)) fail('There is no local database yet: run npm start first.');
await dump(dataDir, resolve(file)).then(() => console.log(`• All data is in ${file}.`), (error) => fail(error.message));
