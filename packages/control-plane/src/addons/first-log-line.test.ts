import { expect, it } from 'vitest';
import { firstFailure } from './first-log-line.js';

it('A4: of the log of a failing program the first error is told, else its first line', () => {
  const started = '{"level":30,"msg":"started"}';
  const failed = '{"level":60,"err":{"message":"listen EADDRINUSE"},"msg":"cannot go on"}';
  expect(firstFailure([started, failed])).toBe('cannot go on: listen EADDRINUSE');
  const stack = 'at somewhere\\n'.repeat(100);
  const long = `{"level":60,"err":{"message":"no helm","stack":"${stack}"},"msg":"cannot go on"}`;
  expect(firstFailure([started, long])).toBe('cannot go on: no helm');
  expect(firstFailure([started])).toBe('started');
  expect(firstFailure(['', 'panic: no wind', 'goroutine 1'])).toBe('panic: no wind');
  expect(firstFailure([''])).toBeUndefined();
});
