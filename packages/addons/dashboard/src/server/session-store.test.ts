import { FakeClock } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { SessionStore, tokenExpiry } from './session-store.js';

const login = { token: 'secret', user: 'ann', groups: ['a'] };
const make = () => {
  const clock = new FakeClock();
  return { clock, store: new SessionStore({ idleMs: 1_000, maxMs: 5_000 }, clock) };
};
const jwt = (exp: number): string => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`;

describe('sessions', () => {
  it('are found by the cookie that was given out, and by no other', () => {
    const { store } = make();
    const cookie = store.open(login);
    expect(store.find(cookie, { touch: true })).toMatchObject({ user: 'ann', token: 'secret' });
    const [id = '', signature = ''] = cookie.split('.');
    for (const wrong of [
      undefined,
      '',
      id,
      `${id}.`,
      `${id}.${signature.slice(1)}x`,
      `x${id}.${signature}`,
      `${cookie}.x`,
    ])
      expect(store.find(wrong, { touch: true })).toBeUndefined();
    expect(make().store.find(cookie, { touch: true })).toBeUndefined();
  });

  it('end when nobody has done anything for a while; what a page does by itself does not count', async () => {
    const { clock, store } = make();
    const cookie = store.open(login);
    await clock.advance(900);
    expect(store.find(cookie, { touch: true })).toBeDefined();
    await clock.advance(900);
    const session = store.find(cookie, { touch: false });
    expect(session?.ended.aborted).toBe(false);
    await clock.advance(200);
    store.sweep();
    expect(session?.ended.aborted).toBe(true);
    expect(store.size).toBe(0);
  });

  it('end at the latest after their longest time, or with their token', async () => {
    const { clock, store } = make();
    expect(store.find(store.open(login), { touch: false })?.expiresAt).toBe(clock.now() + 5_000);
    const exp = Math.ceil(clock.now() / 1000) + 2;
    const cookie = store.open({ ...login, token: jwt(exp) });
    expect(store.find(cookie, { touch: true })?.expiresAt).toBe(exp * 1000);
    await clock.advance(exp * 1000 - clock.now());
    expect(store.find(cookie, { touch: true })).toBeUndefined();
  });

  it('end by logging out, with all that streams', () => {
    const { store } = make();
    const cookie = store.open(login);
    const session = store.find(cookie, { touch: true });
    store.close(cookie);
    expect(session?.ended.aborted).toBe(true);
    expect(store.find(cookie, { touch: true })).toBeUndefined();
  });

  it('know the end of a JWT and of nothing else', () => {
    expect(tokenExpiry(jwt(12))).toBe(12_000);
    for (const other of ['', 'abc', 'a.b', 'a.!.c', 'a.bnVsbA.c'.replace('bnVsbA', 'e30')])
      expect(tokenExpiry(other)).toBeUndefined();
  });
});
