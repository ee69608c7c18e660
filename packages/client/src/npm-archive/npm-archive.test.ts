import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { installNpmArchive, installNpmArchiveOnce } from './install-npm-archive.js';
import { integrityOf, packDirectory, readNpmArchive } from './npm-archive.js';
import { ArchiveError, readTar, writeTar } from './tar.js';

const { signal } = new AbortController();
const file = (path: string, text = 'x') => ({ path, bytes: Buffer.from(text), executable: false });
const limits = { files: 100, bytes: 1 << 20 };

function temporary(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'geobuk-archive-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const archiveOf = (manifest: object, ...files: readonly ReturnType<typeof file>[]): Buffer =>
  gzipSync(writeTar([file('package/package.json', JSON.stringify(manifest)), ...files]));

describe('readTar', () => {
  it('gives back what was written, long names and empty files too', () => {
    const files = [
      file('package/a', ''),
      { ...file(`package/${'d'.repeat(90)}/${'f'.repeat(90)}`, 'long'), executable: true },
      file('package/b', 'x'.repeat(1025)),
    ];
    expect(readTar(writeTar(files), limits)).toEqual(files);
  });

  const bad: readonly (readonly [string, Buffer, RegExp])[] = [
    ['a path that leads out', writeTar([file('package/../../etc/passwd')]), /leads out of the archive/],
    ['an absolute path', writeTar([file('/etc/passwd')]), /leads out of the archive/],
    ['a link', withKind(writeTar([file('package/l')]), '2'), /is a link/],
    ['a device', withKind(writeTar([file('package/l')]), '3'), /unknown kind/],
    ['a damaged header', writeTar([file('package/a')]).fill(7, 0, 20), /damaged/],
    ['a file that ends early', writeTar([file('package/a', 'x'.repeat(2000))]).subarray(0, 1024), /ends in the middle/],
    ['too many files', writeTar(Array.from({ length: 101 }, (_, i) => file(`package/${i}`))), /more than 100 files/],
    ['too many bytes', writeTar([file('package/a', 'x'.repeat((1 << 20) + 1))]), /bytes unpacked/],
  ];
  for (const [title, bytes, expected] of bad)
    it(`refuses ${title}`, () => {
      expect(() => readTar(bytes, limits)).toThrow(expected);
      expect(() => readTar(bytes, limits)).toThrow(ArchiveError);
    });
});

function withKind(tar: Buffer, kind: string): Buffer {
  tar.write(kind, 156);
  tar.write('        ', 148);
  const sum = tar.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return tar;
}

describe('readNpmArchive', () => {
  it('reads name, version and integrity', () => {
    const bytes = archiveOf({ name: '@a/b', version: '1.2.3' }, file('package/index.js'));
    const { manifest, integrity, files } = readNpmArchive(bytes);
    expect(manifest).toMatchObject({ name: '@a/b', version: '1.2.3' });
    expect(integrity).toBe(integrityOf(bytes));
    expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    expect(files.map(({ path }) => path)).toEqual(['package.json', 'index.js']);
  });

  const bad: readonly (readonly [string, Buffer, RegExp])[] = [
    ['what is not gzipped', Buffer.from('hello'), /not a gzipped archive/],
    ['what has no package.json', gzipSync(writeTar([file('package/a')])), /no package\.json/],
    ['a name that leads out', archiveOf({ name: '../x', version: '1.0.0' }), /no valid name/],
    ['a version that leads out', archiveOf({ name: 'x', version: '../1' }), /no valid version/],
    ['a bomb', gzipSync(Buffer.alloc(90 << 20)), /not a gzipped archive/],
  ];
  for (const [title, bytes, expected] of bad)
    it(`refuses ${title}`, () => expect(() => readNpmArchive(bytes)).toThrow(expected));
});

describe('packDirectory', () => {
  it('packs what runs and leaves tests, types and modules out; twice the same', async () => {
    using at = temporary();
    for (const path of [
      'dist/a.js',
      'dist/a.test.js',
      'dist/a.d.ts',
      'dist/a.js.map',
      'src/a.ts',
      'node_modules/x/i.js',
    ]) {
      mkdirSync(join(at.path, path, '..'), { recursive: true });
      writeFileSync(join(at.path, path), path);
    }
    writeFileSync(join(at.path, 'package.json'), '{"name":"x","version":"1.0.0"}');
    const bytes = await packDirectory(at.path);
    expect(readNpmArchive(bytes).files.map(({ path }) => path)).toEqual(['dist/a.js', 'package.json']);
    expect((await packDirectory(at.path)).equals(bytes)).toBe(true);
    expect(gunzipSync(bytes).length % 512).toBe(0);
  });
});

describe('installNpmArchive', () => {
  const product = (at: string): string => {
    mkdirSync(join(at, 'node_modules/sdk'), { recursive: true });
    writeFileSync(join(at, 'node_modules/sdk/package.json'), '{"name":"sdk","version":"1.4.0"}');
    return at;
  };

  it('unpacks, and links what the product has; needs no registry for that', async () => {
    using at = temporary();
    const archive = readNpmArchive(
      archiveOf(
        { name: '@a/b', version: '1.0.0', peerDependencies: { sdk: '^1.0.0' }, dependencies: { inner: '*' } },
        file('package/index.js', 'hello'),
        file('package/node_modules/inner/package.json', '{"name":"inner","version":"1.0.0"}'),
      ),
    );
    const options = { directory: join(at.path, 'x'), moduleRoots: [product(at.path)], npm: '/nowhere/npm', signal };
    const root = await installNpmArchiveOnce(archive, options);
    expect(readFileSync(join(root, 'index.js'), 'utf8')).toBe('hello');
    expect(lstatSync(join(at.path, 'x/node_modules/sdk')).isSymbolicLink()).toBe(true);
    expect(await installNpmArchiveOnce(archive, options)).toBe(root);
  });

  it('names what is missing and what to do when no registry gives it', async () => {
    using at = temporary();
    const archive = readNpmArchive(archiveOf({ name: 'b', version: '1.0.0', dependencies: { sdk: '^2.0.0' } }));
    const options = { directory: at.path, moduleRoots: [product(at.path)], npm: '/nowhere/npm', signal };
    await expect(installNpmArchive(archive, options)).rejects.toThrow(
      /^b needs sdk@\^2\.0\.0, which npm cannot install .*: bundle it/,
    );
  });
});
