#!/usr/bin/env node
/**
 * `npm test`: every test there is but `npm run chaos`. Unit tests need nothing; integration tests and e2e need root, containerd, etcd, nft and
 * kubectl, which are installed from the distribution where that is possible. With CI=true a suite that cannot run is a failure.
 * The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostPackages } from './host-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const nx = 'node_modules/nx/dist/bin/nx.js';
const ci = process.env.CI === 'true';
const isRoot = process.getuid?.() === 0;
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

const present = (command) => {
  const candidates = command.startsWith('/')
    ? [command]
    : process.env.PATH.split(':').map((directory) => join(directory, command));
  return candidates.some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
};

const run = (command, args, options = {}) =>
  spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
    ...options,
  });

/** Installs what is missing; returns what is missing still. */
function prepareHost() {
  const missing = () => hostPackages.filter(({ shownBy }) => !present(shownBy)).map(({ name }) => name);
  if (missing().length === 0) return [];
  if (!isRoot || !present('apt-get')) return missing();
  const names = missing();
  console.log(`test: installing from the distribution: ${names.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return missing();
}

/** Every workspace package, with its folder. */
const packages = ['packages', 'packages/addons', '.']
  .flatMap((directory) => readdirSync(join(root, directory)).map((name) => join(root, directory, name)))
  .filter(
    (directory) => existsSync(join(directory, 'package.json')) && existsSync(join(directory, 'vitest.config.mjs')),
  );

const has = (directory, pattern) => find(join(directory, 'src'), pattern);
function find(directory, pattern) {
  if (!existsSync(directory)) return false;
  return readdirSync(directory, { recursive: true }).some((name) => pattern.test(String(name)));
}

const failures = [];
const skipped = [];
const only = new Set(process.argv.slice(2));
const wanted = (suite) => only.size === 0 || only.has(suite);

for (const directory of packages) rmSync(join(directory, 'test-output'), { recursive: true, force: true });

const missing = wanted('integration') || wanted('e2e') ? prepareHost() : [];
const canUseHost = isRoot && process.platform === 'linux' && missing.length === 0;
const why = !isRoot ? 'not root' : missing.length > 0 ? `missing: ${missing.join(' ')}` : 'not Linux';

if (wanted('unit')) {
  const unit = packages.filter(
    (directory) => has(directory, /(?<!\.integration)\.test\.ts$/) && !directory.endsWith('e2e'),
  );
  const names = unit.map((directory) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).name);
  const { status } = run(process.execPath, [
    nx,
    'run-many',
    '-t',
    'test',
    '-p',
    names.join(','),
    '--outputStyle=static',
    '--nxBail=false',
  ]);
  if (status !== 0) failures.push('unit');
}

if (canUseHost && (wanted('integration') || wanted('e2e'))) {
  // Programs that are started as processes of their own come from the build.
  console.log('\ntest: building');
  const build = run(process.execPath, [nx, 'run-many', '-t', 'build', '--outputStyle=static']);
  if (build.status !== 0) failures.push('build');
}

if (wanted('integration')) {
  for (const directory of packages.filter((path) => has(path, /\.integration\.test\.ts$/))) {
    const name = relative(root, directory);
    if (!canUseHost) {
      skipped.push(`integration of ${name} (${why})`);
      continue;
    }
    console.log(`\ntest: integration of ${name}`);
    const { status } = run(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--mode', 'integration'],
      { cwd: directory },
    );
    if (status !== 0) failures.push(`integration of ${name}`);
  }
}

if (wanted('e2e')) {
  if (!canUseHost) skipped.push(`e2e (${why})`);
  else {
    console.log('\ntest: e2e');
    const { status } = run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run'], {
      cwd: join(root, 'e2e'),
    });
    if (status !== 0) failures.push('e2e');
  }
}

let passed = 0;
let failed = 0;
for (const file of packages.flatMap((directory) =>
  existsSync(join(directory, 'test-output'))
    ? readdirSync(join(directory, 'test-output')).map((name) => join(directory, 'test-output', name))
    : [],
)) {
  if (!file.endsWith('.json')) continue;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const suite of report.testResults)
    if (suite.status === 'failed') console.log(`failed: ${relative(root, suite.name)}`);
  for (const suite of report.testResults)
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') console.log(`  failed: ${test.fullName}`);
      if (test.status === 'pending' || test.status === 'skipped') skipped.push(test.fullName);
    }
}
for (const suite of failures) console.log(`failed suite: ${suite}`);
for (const suite of skipped) console.log(`skipped: ${suite}`);
if (failures.length > 0 && failed === 0) failed = failures.length;
if (ci) failed += skipped.length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && failures.length === 0 ? 0 : 1);
