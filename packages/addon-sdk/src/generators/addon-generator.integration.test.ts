import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Tree {
  exists(path: string): boolean;
  read(path: string, encoding: 'utf-8'): string | null;
  write(path: string, text: string): void;
}

type Generator = (tree: Tree, options: { readonly name: string; readonly description?: string }) => Promise<unknown>;

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const generatorFile = join(root, 'packages/addon-sdk/generators/addon/generator.mjs');
const name = 'light-house';

let workspace: string;
const tree = (): Tree => ({
  exists: (path) => existsSync(join(workspace, path)),
  read: (path) => (existsSync(join(workspace, path)) ? readFileSync(join(workspace, path), 'utf8') : null),
  write: (path, text) => {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), text);
  },
});
const run = (script: string, args: readonly string[], cwd: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return { status, text: stdout + stderr };
};

/** A copy of the workspace as far as a package of it needs: what it imports is linked. Needs Node.js alone. */
beforeAll(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'geobuk-generator-'));
  for (const file of ['package.json', 'tsconfig.base.json', 'vitest.shared.mjs', '.prettierrc.json'])
    cpSync(join(root, file), join(workspace, file));
  mkdirSync(join(workspace, 'packages/cli'), { recursive: true });
  for (const file of ['package.json', 'tsconfig.lib.json'])
    cpSync(join(root, 'packages/cli', file), join(workspace, 'packages/cli', file));
  for (const folder of ['node_modules', 'packages/api', 'packages/client', 'packages/addon-sdk'])
    symlinkSync(join(root, folder), join(workspace, folder));
  const { default: generate } = (await import(pathToFileURL(generatorFile).href)) as { readonly default: Generator };
  await generate(tree(), { name, description: "Shows ships where the land is, even when it's dark." });
});
afterAll(() => rmSync(workspace, { recursive: true, force: true }));

describe('A15: nx g addon', () => {
  it('makes a package that passes the contract kit', () => {
    const { status, text } = run('vitest/vitest.mjs', ['run'], join(workspace, 'packages/addons', name));
    expect(status, text).toBe(0);
  }, 300_000);

  it('makes a package whose types hold', () => {
    const project = join(workspace, 'packages/addons', name, 'tsconfig.lib.json');
    const { status, text } = run('typescript-native/bin/tsc', ['--noEmit', '-p', project], workspace);
    expect(status, text).toBe(0);
  }, 300_000);

  it('makes a package that is formatted as the others are', () => {
    const { status, text } = run(
      'prettier/bin/prettier.cjs',
      ['--check', `packages/addons/${name}`, '!**/test-output'],
      workspace,
    );
    expect(status, text).toBe(0);
  }, 300_000);

  it('enters it among what the product ships, and touches nothing else', () => {
    const manifest = JSON.parse(tree().read('packages/cli/package.json', 'utf-8') ?? '') as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    expect(manifest.dependencies[`@geobuk/addon-${name}`]).toBe('0.1.0');
    expect(tree().read('packages/cli/tsconfig.lib.json', 'utf-8')).toContain(`../addons/${name}/tsconfig.lib.json`);
  });

  it('is found by nx under its name', () => {
    const { status, text } = run('nx/dist/bin/nx.js', ['g', 'addon', name, '--dry-run'], root);
    expect(status, text).toBe(0);
    expect(text).toContain(`CREATE packages/addons/${name}/src/index.ts`);
  }, 300_000);

  it('refuses a name that is taken', async () => {
    const { default: generate } = (await import(pathToFileURL(generatorFile).href)) as { readonly default: Generator };
    await expect(generate(tree(), { name })).rejects.toThrow(`packages/addons/${name} is there already`);
  });
});
