import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event, Pod } from '@geobuk/api';
import { events, nodes, pods } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { agentUnderTest, podOf, signal, waitFor } from '../../testing/agent-under-test.js';
import { Logind, preparesForShutdown } from './logind.js';
import { shutdownGroups, shutdownPriorities } from './shutdown-plan.js';

const podWith = (name: string, priority?: number): Pod => podOf({ priority }, name);
const names = (all: readonly Pod[]): readonly (string | undefined)[] => all.map(({ metadata }) => metadata.name);

describe('7.10.2 the order of a shutdown', () => {
  it('gives critical pods the end of the time, others what is before it', () => {
    const priorities = shutdownPriorities({ gracePeriodSeconds: 30, criticalPodsSeconds: 10 });
    const all = [podWith('system', 2_000_001_000), podWith('plain'), podWith('low', -5)];
    expect(shutdownGroups(priorities, all).map((group) => [group.gracePeriodSeconds, names(group.pods)])).toEqual([
      [20, ['plain', 'low']],
      [10, ['system']],
    ]);
  });

  it('goes by ranges of priority where they are given', () => {
    const byPriority = [
      { priority: 1000, gracePeriodSeconds: 5 },
      { priority: 0, gracePeriodSeconds: 60 },
    ];
    const groups = shutdownGroups(shutdownPriorities({ byPriority }), [
      podWith('a', 999),
      podWith('b', 1000),
      podWith('c'),
    ]);
    expect(groups.map((group) => [group.gracePeriodSeconds, names(group.pods)])).toEqual([
      [60, ['a', 'c']],
      [5, ['b']],
    ]);
  });

  it.each([
    [{ gracePeriodSeconds: 5, criticalPodsSeconds: 10 }, 'give the shutdown more'],
    [{ gracePeriodSeconds: -1 }, 'use 0 or more seconds'],
    [{ gracePeriodSeconds: 5, byPriority: [{ priority: 0, gracePeriodSeconds: 1 }] }, 'give one or the other'],
  ])('refuses %j', (config, why) => {
    expect(() => shutdownPriorities(config)).toThrow(why);
  });
});

describe('7.10.2 a machine that goes down', () => {
  it('ends its pods, critical ones last, says why, takes no new ones and is not Ready', async () => {
    await using node = await agentUnderTest({
      config: { shutdown: { gracePeriodSeconds: 8, criticalPodsSeconds: 4, onStop: true } },
    });
    node.runtime.addImage('web:1');
    const critical = { ...podWith('critical', 2_000_001_000) };
    for (const pod of [critical, podWith('plain')]) await node.client.create(pods, pod, { signal });
    for (const name of ['critical', 'plain']) await waitFor(() => expect(node.pod(name).status?.phase).toBe('Running'));
    await node.agent.shutdown.end(signal);
    for (const name of ['critical', 'plain']) {
      expect(node.pod(name).status).toMatchObject({
        phase: 'Failed',
        reason: 'Terminated',
        message: 'Pod was terminated in response to imminent node shutdown.',
      });
      expect(node.pod(name).status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
      );
    }
    const stops = node.runtime.history.filter((line) => line.startsWith('stop sandbox'));
    expect(stops).toEqual(['stop sandbox default/plain', 'stop sandbox default/critical']);
    await waitFor(() =>
      expect(node.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'False',
        reason: 'KubeletNotReady',
        message: 'node is shutting down',
      }),
    );
    await node.client.create(pods, podWith('late'), { signal });
    await waitFor(() =>
      expect(node.pod('late').status).toMatchObject({
        phase: 'Failed',
        reason: 'NodeShutdown',
        message: 'Pod was rejected as the node is shutting down.',
      }),
    );
    const told = node.client.stored<Event>(events, 'default').map(({ reason }) => reason);
    expect(told).toContain('NodeShutdown');

    node.agent.shutdown.cancel();
    await waitFor(() =>
      expect(node.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
        'True',
      ),
    );
  });

  it('does not wait longer than it has for a pod that does not end', async () => {
    await using node = await agentUnderTest({ config: { shutdown: { gracePeriodSeconds: 1, onStop: true } } });
    node.runtime.addImage('web:1', { program: { ignoresTerm: true } });
    await node.client.create(pods, podOf({ terminationGracePeriodSeconds: 60 }), { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    const begun = Date.now();
    await node.agent.shutdown.end(signal);
    expect(Date.now() - begun).toBeLessThan(6000);
  });
});

describe('7.10.2 systemd-logind', () => {
  /** As `busctl monitor --json=short` prints them. */
  const line = (down: boolean): string =>
    JSON.stringify({
      type: 'signal',
      path: '/org/freedesktop/login1',
      interface: 'org.freedesktop.login1.Manager',
      member: 'PrepareForShutdown',
      payload: { type: 'b', data: [down] },
    });

  it.each([
    [line(true), true],
    [line(false), false],
    ['{"type":"signal","member":"NameLost","payload":{"data":[":1.2"]}}', undefined],
    ['Monitoring bus message stream.', undefined],
  ])('says %s', (text, expected) => {
    expect(preparesForShutdown(text)).toBe(expected);
  });

  it('is held up until the pods have ended', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'logind-'));
    const program = async (name: string, text: string): Promise<void> => {
      await writeFile(join(directory, name), `#!/bin/sh\n${text}\n`);
      await chmod(join(directory, name), 0o755);
    };
    await program(
      'systemd-inhibit',
      `echo "$@" > ${directory}/lock; trap 'rm ${directory}/lock; exit 0' TERM; sleep 60 & wait`,
    );
    await program('busctl', `sleep 0.3; echo '${line(true)}'; trap 'exit 0' TERM; sleep 60 & wait`);
    const locked = (): Promise<string> => readFile(join(directory, 'lock'), 'utf8').catch(() => '');
    const stop = new AbortController();
    let done: () => void = () => undefined;
    let told = 0;
    const logind = new Logind({
      clock: systemClock,
      log: pino({ level: 'silent' }),
      searchPath: `${directory}:${process.env['PATH'] ?? ''}`,
      prepare: () => {
        told++;
        return new Promise((resolve) => (done = resolve));
      },
    });
    const run = logind.run(stop.signal);
    await waitFor(() => expect(told).toBe(1));
    expect(await locked()).toContain('--what=shutdown --mode=delay');
    done();
    await waitFor(async () => expect(await locked()).toBe(''));
    stop.abort();
    await run;
    await rm(directory, { recursive: true });
  });

  it('that is not there is no fault', async () => {
    const log = pino({ level: 'silent' });
    const logind = new Logind({ clock: systemClock, log, searchPath: '/nowhere', prepare: () => Promise.resolve() });
    await logind.run(signal);
  });
});
