import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from './on-abort.js';

describe('onAbort', () => {
  it('calls all that wait, once, in order, and none that was disposed of', () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => called.push('a'));
    const b = onAbort(controller.signal, () => called.push('b'));
    onAbort(controller.signal, () => called.push('c'));
    b[Symbol.dispose]();
    controller.abort();
    controller.abort();
    expect(called).toEqual(['a', 'c']);
  });

  it('stands for itself when the same function waits twice', () => {
    const controller = new AbortController();
    let calls = 0;
    const act = (): void => void (calls += 1);
    onAbort(controller.signal, act);
    onAbort(controller.signal, act)[Symbol.dispose]();
    controller.abort();
    expect(calls).toBe(1);
  });

  it('listens once however many wait, so that a thousand cost what one costs', () => {
    const { signal } = new AbortController();
    const all = Array.from({ length: 1_000 }, () => onAbort(signal, () => undefined));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const each of all) each[Symbol.dispose]();
  });

  it('calls nothing for a signal that has aborted already', () => {
    let calls = 0;
    onAbort(AbortSignal.abort(), () => void (calls += 1));
    expect(calls).toBe(0);
  });
});
