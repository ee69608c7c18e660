import { describe, expect, it } from 'vitest';
import { compilePattern, patternProblem } from './value-pattern.js';

const test = (pattern: string, text: string) => compilePattern(pattern)!.test(text);

describe('patterns of schemas', () => {
  it.each([
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'panok-1', true],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'Panok', false],
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'abc\n', false],
    ['b', 'abc', true],
    ['^(?i)ABC$', 'abc', true],
    ['^\\d{1,3}$', '12', true],
    ['^\\d{1,3}$', '1234', false],
    ['^\\pL+$', '거북선', true],
    ['^.$', '😀', true],
    ['^(?P<name>x)\\z', 'x', true],
    ['^a{2,}$', 'aaa', true],
  ])('3.3.4 %s on %j gives %s', (pattern, text, expected) => {
    expect(test(pattern, text)).toBe(expected);
  });

  it('3.3.4 no text makes a match take for ever', () => {
    const began = performance.now();
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '(.*)*x', 'a*a*a*a*a*b', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
      expect(test(pattern, `${'a'.repeat(5_000)}!`)).toBe(false);
    }
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('3.3.4 says what is wrong with one', () => {
    expect(patternProblem('^(?=a)')).toContain('(?=');
    expect(patternProblem('[')).toContain('missing closing ]');
    expect(patternProblem('(a)\\1')).toBeDefined();
    expect(patternProblem('^a*$')).toBeUndefined();
    expect(compilePattern('(')).toBeUndefined();
  });
});
