import { describe, expect, it } from 'vitest';
import { compileJsonPath } from './json-path.js';

const document = {
  a: {
    b: [
      { n: 'x', v: 1 },
      { n: 'y', v: 2 },
    ],
    'c.d': 3,
  },
  n: 'top',
};

describe('JSONPath', () => {
  it.each([
    ['.n', ['top']],
    ['{.n}', ['top']],
    ['$.n', ['top']],
    ['.a.b[0].n', ['x']],
    ['.a.b[-1].n', ['y']],
    ['.a.b[*].v', [1, 2]],
    ['.a.b[?(@.n=="y")].v', [2]],
    [".a.b[?(@.n!='y')].v", [1]],
    ['.a.b[?(@.v==2)].n', ['y']],
    ['.a.b[?(@.nope)].n', []],
    ['.a.c\\.d', [3]],
    [".a['c.d']", [3]],
    ['.nope.more', []],
    ['.constructor', []],
    ['.', [document]],
  ])('%s finds %j', (path, expected) => {
    expect(compileJsonPath(path)(document)).toEqual(expected);
  });

  it.each(['a', '.a[', '.a[?(b)]', '..a', '.a[1:2]'])('refuses %s', (path) => {
    expect(() => compileJsonPath(path)).toThrow('JSONPath');
  });
});
