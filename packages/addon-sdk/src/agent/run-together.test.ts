import { describe, expect, it } from 'vitest';
import { runTogether } from './run-together.js';

const untilStopped = (ended: string[], name: string) => (signal: AbortSignal) =>
  new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => {
      ended.push(name);
      resolve();
    }),
  );

describe('the parts of a program', () => {
  it('all end when one fails, and its reason is what is thrown', async () => {
    const ended: string[] = [];
    const failing = () => Promise.reject(new Error('the port is taken'));
    const parts = [untilStopped(ended, 'a'), failing, untilStopped(ended, 'b')];
    await expect(runTogether(new AbortController().signal, parts)).rejects.toThrow('the port is taken');
    expect(ended).toEqual(['a', 'b']);
  });

  it('end in peace when they are told to stop', async () => {
    const ended: string[] = [];
    const stop = new AbortController();
    const running = runTogether(stop.signal, [untilStopped(ended, 'a'), untilStopped(ended, 'b')]);
    stop.abort(new Error('got SIGTERM'));
    await running;
    expect(ended).toEqual(['a', 'b']);
  });
});
