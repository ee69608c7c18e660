#!/usr/bin/env node
/**
 * `npm run image:node -- [--tag NAME] [--base IMAGE]`: builds the container image of a node from the built packages
 * and what they depend on at run time. Talks to the engine that $DOCKER_HOST names.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { tag: { type: 'string', default: 'geobuk/node' }, base: { type: 'string' } },
});

/** Folders of the lock file that the product needs when it runs, workspace packages told apart. */
function runtimeFolders() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const own = [];
  const foreign = [];
  for (const [folder, entry] of Object.entries(packages)) {
    if (folder === '' || folder === 'e2e' || folder.startsWith('e2e/')) continue;
    if (folder.startsWith('packages/') && !folder.includes('node_modules/')) own.push(folder);
    else if (!entry.dev && !entry.devOptional && !entry.link && existsSync(join(root, folder))) foreign.push(folder);
  }
  return { own, foreign };
}

const context = mkdtempSync(join(tmpdir(), 'geobuk-node-image-'));
try {
  const target = join(context, 'geobuk');
  const { own, foreign } = runtimeFolders();
  mkdirSync(join(target, 'node_modules/@geobuk'), { recursive: true });
  for (const folder of own) {
    if (!existsSync(join(root, folder, 'dist'))) throw new Error(`${folder} is not built: run npm run build first`);
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    for (const part of ['package.json', 'dist', 'bin']) {
      if (!existsSync(join(root, folder, part))) continue;
      cpSync(join(root, folder, part), join(target, folder, part), {
        recursive: true,
        filter: (path) => !/(\.map|\.d\.ts|\.tsbuildinfo|\.test\.js)$/.test(path),
      });
    }
    const link = join(target, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    // npm links workspace packages the same way.
    spawnSync('ln', ['-s', join('../..', folder), link]);
  }
  for (const folder of foreign) {
    const inner = (path) => path.slice(join(root, folder).length).includes('/node_modules');
    cpSync(join(root, folder), join(target, folder), { recursive: true, filter: (path) => !inner(path) });
  }
  writeFileSync(join(target, 'package.json'), readFileSync(join(root, 'package.json')));
  cpSync(join(root, 'images/node/Dockerfile'), join(context, 'Dockerfile'));

  const args = ['build', '--tag', values.tag, '--network', 'host'];
  if (values.base !== undefined) args.push('--build-arg', `BASE=${values.base}`);
  const build = spawnSync('docker', [...args, context], {
    stdio: 'inherit',
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  });
  if (build.error !== undefined) throw new Error(`docker cannot be run: ${build.error.message}: install it first`);
  if (build.status !== 0) throw new Error('docker build failed: see above');
  console.log(values.tag);
} catch (error) {
  console.error(`node-image: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(context, { recursive: true, force: true });
}
