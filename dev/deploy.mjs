// `npm run deploy`: checks what a deployment needs, then applies migrations, and deploys the Worker with its assets.
// `-- --env staging` deploys to staging, `-- --dry-run` changes nothing. docs/deploy.md says more.
import { bootstrap, fail } from './bootstrap.mjs';

await bootstrap(import.meta.url);
const [{ readOptions, readDeployment }, { deploy }, { createTools }] = await Promise.all([
  import('./deploy/settings.mjs'), import('./deploy/run.mjs'), import('./deploy/tools.mjs'),
]);

try {
  const options = readOptions(process.argv.slice(2));
  const deployment = readDeployment(options.environment);
  const isDeployed = await deploy({ ...options, deployment, tools: createTools(), say: console.log });
  process.exit(isDeployed ? 0 : 1);
} catch (error) {
  fail(error.message);
}
