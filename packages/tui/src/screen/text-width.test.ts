import { describe, expect, it } from 'vitest';
import { pad, textWidth, truncate, wrap } from './text-width.js';

describe('text width', () => {
  it.each([
    ['pods', 4],
    ['거북선', 6],
    ['日本', 4],
    ['a거b', 4],
    ['🚢', 2],
    ['é', 1],
    ['e\u0301', 1],
    ['', 0],
  ])('%s takes %i columns', (text, width) => expect(textWidth(text)).toBe(width));

  it('cuts wide characters whole and says so', () => {
    expect(truncate('거북선', 6)).toBe('거북선');
    expect(truncate('거북선', 5)).toBe('거북…');
    expect(truncate('거북선', 4)).toBe('거…');
    expect(truncate('pods', 0)).toBe('');
  });

  it('fills up to a width on either side', () => {
    expect(pad('거북', 6)).toBe('거북  ');
    expect(pad('42', 5, 'right')).toBe('   42');
    expect(textWidth(pad('거북선', 4))).toBe(4);
  });

  it('wraps without losing or splitting a character', () => {
    expect(wrap('거북선거북선', 5)).toEqual(['거북', '선거', '북선']);
    expect(wrap('abc', 10)).toEqual(['abc']);
  });
});
