import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { compareVersions, isVersionRange, satisfiesRange } from './version-range.js';

describe('satisfiesRange', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['1.2.3', ['1.2.3'], ['1.2.4', '1.2.3-rc.1']],
    ['^1.2.0', ['1.2.0', '1.9.9'], ['2.0.0', '1.1.9', '2.0.0-rc.1']],
    ['^0.1.0', ['0.1.0', '0.1.9'], ['0.2.0', '1.0.0']],
    ['^0.0.3', ['0.0.3'], ['0.0.4']],
    ['^1', ['1.0.0', '1.9.0'], ['2.0.0']],
    ['~1.2.3', ['1.2.3', '1.2.9'], ['1.3.0']],
    ['1.x', ['1.0.0', '1.9.9'], ['2.0.0']],
    ['1.2', ['1.2.7'], ['1.3.0']],
    ['*', ['0.0.1', '9.9.9'], []],
    ['', ['1.0.0'], []],
    ['>=1.30 <2', ['1.30.0', '1.34.0'], ['1.29.9', '2.0.0']],
    ['>1.2', ['1.3.0'], ['1.2.9']],
    ['<=1.2', ['1.2.9'], ['1.3.0']],
    ['^1.0.0 || ^3.0.0', ['1.5.0', '3.1.0'], ['2.0.0']],
    ['>= 1.2.3', ['1.2.3'], ['1.2.2']],
  ];
  for (const [range, good, bad] of cases) {
    it(`"${range}" takes ${good.join(', ')} and refuses ${bad.join(', ') || 'nothing'}`, () => {
      for (const version of good) expect(satisfiesRange(version, range), version).toBe(true);
      for (const version of bad) expect(satisfiesRange(version, range), version).toBe(false);
    });
  }

  it('says the same as npm for versions without pre-release', () => {
    const npm = createRequire(import.meta.url)('semver') as { satisfies(version: string, range: string): boolean };
    const versions = ['0.0.1', '0.0.2', '0.1.0', '0.2.5', '1.0.0', '1.2.0', '1.2.3', '1.3.0', '2.0.0', '10.0.0'];
    const operators = ['', '^', '~', '>=', '<=', '>', '<', '='];
    for (const operator of operators)
      for (const base of ['0', '1', '0.0', '0.1', '1.2', ...versions])
        for (const version of versions)
          expect(satisfiesRange(version, operator + base), `${version} in ${operator}${base}`).toBe(
            npm.satisfies(version, operator + base),
          );
  });

  it('takes no range that is none', () => {
    for (const text of ['latest', '1.2.3.4', '^', 'a.b.c']) {
      expect(isVersionRange(text), text).toBe(false);
      expect(satisfiesRange('1.0.0', text)).toBe(false);
    }
  });
});

it('compareVersions orders as semantic versioning says', () => {
  const ordered = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0', '1.0.1'];
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
  expect(() => compareVersions('one', '1.0.0')).toThrow('"one" is no version');
});
