import { describe, expect, it } from 'vitest';
import { colorDepth } from './dashboard.js';

describe('colorDepth', () => {
  it.each([
    [{ TERM: 'xterm-256color' }, '256'],
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'truecolor'],
    [{ TERM: 'xterm', NO_COLOR: '1', COLORTERM: 'truecolor' }, 'none'],
    [{ TERM: 'linux' }, '16'],
  ])('%j is %s', (env, expected) => expect(colorDepth(env)).toBe(expected));
});
