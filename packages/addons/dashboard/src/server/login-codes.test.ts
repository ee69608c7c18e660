import { FakeClock } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { codeLifetimeMs, LoginCodes } from './login-codes.js';
import { LoginLimit } from './login-limit.js';

describe('log-in codes', () => {
  it('stand for their token once', () => {
    const codes = new LoginCodes(new FakeClock());
    const code = codes.issue('secret');
    expect(code.length).toBeGreaterThanOrEqual(43);
    expect(codes.redeem('other')).toBeUndefined();
    expect(codes.redeem(code)).toBe('secret');
    expect(codes.redeem(code)).toBeUndefined();
  });

  it('are of no use when they are old', async () => {
    const clock = new FakeClock();
    const codes = new LoginCodes(clock);
    const code = codes.issue('secret');
    await clock.advance(codeLifetimeMs);
    expect(codes.redeem(code)).toBeUndefined();
  });
});

describe('the limit of failed log-ins', () => {
  it('blocks an address after ten within a minute, and only that one', async () => {
    const clock = new FakeClock();
    const limit = new LoginLimit(clock);
    for (let count = 0; count < 10; count += 1) {
      expect(limit.isBlocked('a')).toBe(false);
      limit.failed('a');
    }
    expect(limit.isBlocked('a')).toBe(true);
    expect(limit.isBlocked('b')).toBe(false);
    await clock.advance(60_000);
    expect(limit.isBlocked('a')).toBe(false);
  });
});
