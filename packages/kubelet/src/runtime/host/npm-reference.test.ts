import { describe, expect, it } from 'vitest';
import { parseNpmReference, satisfies } from './npm-reference.js';

describe('a reference to an npm package', () => {
  it.each([
    ['npm:web', { name: 'web', range: undefined }],
    ['npm:@geobuk/dns@0.1.0', { name: '@geobuk/dns', range: '0.1.0' }],
    ['npm:@geobuk/dns@^0.1.0', { name: '@geobuk/dns', range: '^0.1.0' }],
    ['npm:web@latest', { name: 'web', range: 'latest' }],
  ])('%s', (text, parsed) => expect(parseNpmReference(text)).toEqual(parsed));

  it.each(['web:1', 'npm:', 'npm:../x', 'npm:@scope', 'npm:web@', 'npm:web@file:/etc', 'npm:web@../x', 'npm:--flag x'])(
    'refuses %s',
    (text) => expect(() => parseNpmReference(text)).toThrow(expect.objectContaining({ code: 'InvalidImageName' })),
  );

  it('takes any installed version for none and for a tag, else one in the range', () => {
    expect([undefined, 'latest', '1.x', '^2'].map((range) => satisfies('1.5.0', range))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
