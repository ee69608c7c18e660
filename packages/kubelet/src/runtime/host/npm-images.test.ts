import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integrityOf, packDirectory } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import { NpmImages } from './npm-images.js';

const { signal } = new AbortController();

async function open(integrity?: string) {
  const path = mkdtempSync(join(tmpdir(), 'geobuk-npm-images-'));
  const source = join(path, 'source');
  mkdirSync(join(source, 'dist'), { recursive: true });
  const manifest = { name: '@a/greet', version: '1.0.0', bin: './dist/main.js', peerDependencies: { sdk: '^1.0.0' } };
  writeFileSync(join(source, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(source, 'dist/main.js'), 'console.log("hello")');
  mkdirSync(join(path, 'product/node_modules/sdk'), { recursive: true });
  writeFileSync(join(path, 'product/node_modules/sdk/package.json'), '{"name":"sdk","version":"1.1.0"}');
  const bytes = await packDirectory(source);
  const images = new NpmImages({
    moduleRoots: [join(path, 'product')],
    directory: join(path, 'npm'),
    npm: '/nowhere/npm',
    archive: (name, version) =>
      Promise.resolve(
        name === '@a/greet' && version === '1.0.0' ? { integrity: integrity ?? integrityOf(bytes), bytes } : undefined,
      ),
  });
  return {
    images,
    integrity: integrityOf(bytes),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

describe('images of the host runtime that the cluster keeps', () => {
  it('A9 are installed without any registry, what the product has is linked', async () => {
    using it = await open();
    const found = await it.images.pull('npm:@a/greet@1.0.0', signal);
    expect(readFileSync(found.entry, 'utf8')).toBe('console.log("hello")');
    expect(found.integrity).toBe(it.integrity);
    expect(await it.images.pull('npm:@a/greet@1.0.0', signal)).toEqual(found);
  });

  it('A11 are refused when the archive is not the one that was recorded', async () => {
    using it = await open(integrityOf(Buffer.from('another')));
    await expect(it.images.pull('npm:@a/greet@1.0.0', signal)).rejects.toThrow(
      /has the integrity sha512-.*, not sha512-/,
    );
  });

  it('are asked of the registry when the cluster keeps none', async () => {
    using it = await open();
    await expect(it.images.pull('npm:@a/greet@2.0.0', signal)).rejects.toThrow(/npm install @a\/greet@2\.0\.0/);
  });
});
