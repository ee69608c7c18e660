import { systemClock } from '@geobuk/client';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parseRequestInfo } from '../filters/request-info.js';
import { defaultFlowControl } from './default-configuration.js';
import { FlowControl } from './flow-control.js';
import type { Flow, Seats } from './flow-control.js';
import { FlowControlMetrics } from './flow-control-metrics.js';
import { levelShapes } from './priority-level.js';
import { shuffleShard } from './shuffle-shard.js';
import type { FlowSchema, PriorityLevelConfiguration } from '@geobuk/api';

const schemas = defaultFlowControl.filter(({ kind }) => kind === 'FlowSchema') as unknown as FlowSchema[];
const levels = defaultFlowControl.filter(
  ({ kind }) => kind === 'PriorityLevelConfiguration',
) as unknown as PriorityLevelConfiguration[];
const never = () => new AbortController().signal;

function flowControl(totalSeats: number) {
  const metrics: FlowControlMetrics = new FlowControlMetrics(new Registry(), () => control.levels());
  const control: FlowControl = new FlowControl({ totalSeats, clock: systemClock, metrics });
  control.configure(schemas, levels);
  return control;
}

const user = (name: string, ...groups: readonly string[]) => ({ name, groups: [...groups, 'system:authenticated'] });
const pods = parseRequestInfo('GET', '/api/v1/namespaces/n/pods', new URLSearchParams());

describe('flow control', () => {
  it.each([
    [user('root', 'system:masters'), 'GET', '/api/v1/pods', 'exempt', 'exempt'],
    [user('bob'), 'GET', '/healthz', 'probes', 'exempt'],
    [
      user('system:kube-scheduler'),
      'PUT',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/s',
      'system-leader-election',
      'leader-election',
    ],
    [user('system:node:a', 'system:nodes'), 'PATCH', '/api/v1/nodes/a/status', 'system-node-high', 'node-high'],
    [user('system:node:a', 'system:nodes'), 'GET', '/api/v1/nodes/a', 'system-node-high', 'node-high'],
    [user('system:node:a', 'system:nodes'), 'GET', '/api/v1/namespaces/n/secrets/s', 'system-nodes', 'system'],
    [user('system:kube-controller-manager'), 'GET', '/api/v1/pods', 'kube-controller-manager', 'workload-high'],
    [
      user('system:serviceaccount:kube-system:x', 'system:serviceaccounts'),
      'GET',
      '/api/v1/pods',
      'kube-system-service-accounts',
      'workload-high',
    ],
    [
      user('system:serviceaccount:n:x', 'system:serviceaccounts'),
      'GET',
      '/api/v1/pods',
      'service-accounts',
      'workload-low',
    ],
    [user('bob'), 'GET', '/api/v1/pods', 'global-default', 'global-default'],
  ])('1.17.2 %j %s %s is of schema %s and level %s', (who, method, path, schema, level) => {
    const flow = flowControl(600).classify(who, parseRequestInfo(method, path, new URLSearchParams()));
    expect([flow?.schemaName, flow?.level.shape.name]).toEqual([schema, level]);
  });

  it('shares seats by the shares of the levels, and keeps those that are not lendable', () => {
    const byName = new Map(levelShapes(levels, 600).map((shape) => [shape.name, shape]));
    expect(byName.get('workload-low')).toMatchObject({ nominal: 245, least: 24 });
    expect(byName.get('catch-all')).toMatchObject({ nominal: 13, least: 13, queuing: undefined });
    expect(byName.get('exempt')).toMatchObject({ isExempt: true, nominal: 0 });
  });

  it('deals a flow the same hand of different queues each time', () => {
    const hand = shuffleShard('a/b', 128, 6);
    expect(shuffleShard('a/b', 128, 6)).toEqual(hand);
    expect(new Set(hand).size).toBe(6);
    expect(Math.max(...hand)).toBeLessThan(128);
    const all = new Set(Array.from({ length: 500 }, (_, i) => shuffleShard(`flow-${i}`, 8, 3)).flat());
    expect([...all].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  /** Lets a flow ask so often; `served` hears of each that got in. */
  async function ask(
    control: FlowControl,
    flow: Flow,
    count: number,
    served: string[],
    name: string,
  ): Promise<Seats[]> {
    const seats: Seats[] = [];
    for (let i = 0; i < count; i++) {
      const entered = control.enter(flow, 1, never);
      const seated = (one: Seats): void => {
        served.push(name);
        seats.push(one);
      };
      if (entered instanceof Promise) void entered.then(seated);
      else seated(entered);
    }
    await Promise.resolve();
    return seats;
  }

  it('1.17.3 borrows what other levels lend, queues beyond it and refuses with Retry-After what no queue takes', async () => {
    const control = flowControl(245); // one seat a share
    const flow = control.classify(user('flood'), pods)!;
    const served: string[] = [];
    await ask(control, flow, 110, served, 'flood');
    // All but what others keep: catch-all 5, system 20, node-high 30, leader-election 10, workload-high 20, -low 10.
    expect(served).toHaveLength(110);
    await ask(control, flow, 200, served, 'flood');
    expect(served).toHaveLength(245 - 95);
    await ask(control, flow, 140, served, 'flood'); // six queues of fifty
    expect(() => control.enter(flow, 1, never)).toThrow(
      expect.objectContaining({
        status: expect.objectContaining({ code: 429, details: { retryAfterSeconds: 1 } }) as unknown,
      }) as Error,
    );
  });

  it('1.17.3 a flood by one user takes no seat from nodes, controllers and administrators', async () => {
    const control = flowControl(100);
    const flood = control.classify(user('flood'), pods)!;
    await ask(control, flood, 300, [], 'flood');
    for (const who of [
      user('system:node:a', 'system:nodes'),
      user('system:kube-scheduler'),
      user('r', 'system:masters'),
    ]) {
      const flow = control.classify(who, pods)!;
      expect(control.enter(flow, 1, never)).not.toBeInstanceOf(Promise);
    }
  });

  it('1.17.3 one who asks seldom goes after a hand of requests at most, however many another has waiting', async () => {
    const control = flowControl(50);
    const served: string[] = [];
    const flood = await ask(control, control.classify(user('flood'), pods)!, 150, served, 'flood');
    const before = served.length;
    await ask(control, control.classify(user('calm'), pods)!, 1, served, 'calm');
    expect(served).toHaveLength(before);
    for (let i = 0; i < 7; i++) {
      flood.shift()?.release();
      await Promise.resolve();
    }
    expect(served.slice(before)).toContain('calm');
  });

  it('gives the seats of a request that went away while it waited to others', async () => {
    const control = flowControl(10);
    const flow = control.classify(user('bob'), pods)!;
    const served: string[] = [];
    const [first] = await ask(control, flow, 20, served, 'bob');
    const gone = new AbortController();
    const waiting = control.enter(control.classify(user('eve'), pods)!, 1, () => gone.signal);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ status: { code: 429 } });
    const before = served.length;
    first?.release();
    first?.release(); // counts once
    await Promise.resolve();
    expect(served).toHaveLength(before + 1);
  });
});
