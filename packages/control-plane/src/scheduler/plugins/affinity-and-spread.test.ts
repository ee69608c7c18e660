import type { Node, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../../controllers/testing/objects.js';
import { decideOn, outcomeOf, testCluster, testFramework } from '../testing/decide-with.js';

const zone = 'topology.kubernetes.io/zone';
const host = 'kubernetes.io/hostname';
const inZone = (name: string, value: string, spec: Node['spec'] = {}): Node => ({
  ...node(name),
  metadata: { name, uid: `uid-${name}`, labels: { [host]: name, [zone]: value } },
  spec,
});
const zones = [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b')];
const labelled = (name: string, nodeName: string, app: string, spec: Partial<Pod['spec']> = {}): Pod =>
  pod(name, { labels: { app }, nodeName, spec });
const pending = (spec: Partial<Pod['spec']>, labels: Record<string, string> = { app: 'web' }): Pod =>
  pod('new', { phase: 'Pending', labels, spec });
const selector = (app: string) => ({ labelSelector: { matchLabels: { app } } });
const near = (app: string, topologyKey = zone, extra: object = {}): Partial<Pod['spec']> => ({
  affinity: {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...selector(app), topologyKey, ...extra }] },
  },
});
const apart = (app: string, topologyKey = host): Partial<Pod['spec']> => ({
  affinity: {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...selector(app), topologyKey }] },
  },
});
const inNamespace = (item: Pod, namespace: string): Pod => ({ ...item, metadata: { ...item.metadata, namespace } });

describe('6.2.5 InterPodAffinity', () => {
  it.each<[string, Pod, readonly Pod[], string]>([
    ['goes to the domain of the pod it wants to be near', pending(near('db')), [labelled('x', 'b1', 'db')], 'b1'],
    [
      'refuses when nobody it wants is there',
      pending(near('db')),
      [],
      "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
    ],
    ['the first pod of a group may start anywhere', pending(near('web')), [], 'a1'],
    [
      'pods of other namespaces do not count',
      pending(near('db')),
      [inNamespace(labelled('x', 'b1', 'db'), 'other')],
      "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
    ],
    [
      'unless they are named',
      pending(near('db', zone, { namespaces: ['other'] })),
      [inNamespace(labelled('x', 'b1', 'db'), 'other')],
      'b1',
    ],
    [
      'or selected; the empty selector selects all',
      pending(near('db', zone, { namespaceSelector: {} })),
      [inNamespace(labelled('x', 'b1', 'db'), 'other')],
      'b1',
    ],
    ['keeps apart', pending(apart('web', zone)), [labelled('x', 'a1', 'web')], 'b1'],
    [
      'is refused where all domains are taken',
      pending(apart('web', zone)),
      [labelled('x', 'a1', 'web'), labelled('y', 'b1', 'web')],
      "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
    ],
    [
      'anti-affinity of running pods holds for the new one too',
      pending({}),
      [labelled('x', 'a1', 'db', apart('web', zone)), labelled('y', 'b1', 'db', apart('web', zone))],
      "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
    ],
    [
      'matchLabelKeys narrow the selector to the own value',
      pending(near('web', zone, { matchLabelKeys: ['rev'] }), { app: 'web', rev: '2' }),
      [
        pod('x', { labels: { app: 'web', rev: '1' }, nodeName: 'a1' }),
        pod('y', { labels: { app: 'web', rev: '2' }, nodeName: 'b1' }),
      ],
      'b1',
    ],
  ])('%s', (_title, wish, pods, expected) => expect(outcomeOf(wish, testCluster(zones, pods))).toContain(expected));

  it('prefers the domains of preferred terms, of both sides', () => {
    const preferring = pending({
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, podAffinityTerm: { ...selector('db'), topologyKey: zone } },
          ],
        },
      },
    });
    expect(outcomeOf(preferring, testCluster(zones, [labelled('x', 'b1', 'db')]))).toBe('b1');
    const wanted = labelled('x', 'b1', 'db', near('web'));
    expect(outcomeOf(pending({}), testCluster(zones, [wanted]))).toBe('b1');
  });

  it('counts follow pods and nodes that come, go and change', () => {
    const cluster = testCluster(zones, [labelled('x', 'a1', 'web')]);
    const wish = pending(apart('web', zone));
    expect(outcomeOf(wish, cluster)).toBe('b1');
    cluster.podChanged(undefined, labelled('x', 'a1', 'web'));
    cluster.podChanged(labelled('y', 'b1', 'web'), undefined);
    expect(outcomeOf(wish, cluster)).toMatch(/^a/);
    cluster.nodeChanged(inZone('b1', 'a'), inZone('b1', 'b'));
    expect(outcomeOf(wish, cluster)).toContain("3 node(s) didn't match pod anti-affinity rules");
    cluster.nodeChanged(undefined, inZone('b1', 'a'));
    expect(outcomeOf(wish, cluster)).toMatch(/^a/);
  });
});

type Constraint = NonNullable<Pod['spec']['topologySpreadConstraints']>[number];
const spread = (extra: Partial<Constraint> = {}, spec: Partial<Pod['spec']> = {}): Pod =>
  pending({
    topologySpreadConstraints: [
      { ...selector('web'), topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...extra },
    ],
    ...spec,
  });
const refusedBySkew = "node(s) didn't match pod topology spread constraints";

describe('6.2.6 PodTopologySpread', () => {
  const two = [labelled('x', 'a1', 'web'), labelled('y', 'a2', 'web')];
  it.each<[string, Pod, readonly Node[], readonly Pod[], string]>([
    ['goes where the skew stays within maxSkew', spread(), zones, two, 'b1'],
    ['maxSkew 3 lets it go anywhere: emptier node wins', spread({ maxSkew: 3 }), zones.slice(0, 2), two, 'a'],
    [
      'refuses where the only free domain is full',
      spread({}, { nodeSelector: { [zone]: 'a' } }),
      zones,
      two,
      // Honor: only zone a takes part, so it is its own minimum.
      'a',
    ],
    [
      'nodeAffinityPolicy Ignore counts nodes that the pod cannot go to',
      spread({ nodeAffinityPolicy: 'Ignore' }, { nodeSelector: { [zone]: 'a' } }),
      zones,
      two,
      `2 ${refusedBySkew}`,
    ],
    [
      'nodeTaintsPolicy Ignore counts tainted nodes as empty domains',
      spread(),
      [...zones.slice(0, 2), inZone('b1', 'b', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      two,
      `2 ${refusedBySkew}`,
    ],
    [
      'nodeTaintsPolicy Honor leaves them out',
      spread({ nodeTaintsPolicy: 'Honor' }),
      [...zones.slice(0, 2), inZone('b1', 'b', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      two,
      'a',
    ],
    [
      'fewer domains than minDomains count as if an empty one were missing',
      spread({ minDomains: 3 }),
      zones,
      [labelled('x', 'a1', 'web'), labelled('y', 'b1', 'web')],
      `3 ${refusedBySkew}`,
    ],
    [
      'matchLabelKeys count only pods of the same revision',
      {
        ...spread({ matchLabelKeys: ['rev'] }),
        metadata: { name: 'new', namespace: 'default', uid: 'n', labels: { app: 'web', rev: '2' } },
      },
      zones.slice(0, 2),
      two,
      'a',
    ],
    [
      'nodes without the label are refused for good',
      spread(),
      [node('plain')],
      [],
      "1 node(s) didn't match pod topology spread constraints (missing required label)",
    ],
    ['pods on their way out do not count', spread(), zones.slice(0, 3), [terminating(two[0] as Pod)], 'b1'],
  ])('%s', (_title, wish, nodes, pods, expected) =>
    expect(outcomeOf(wish, testCluster(nodes, pods))).toContain(expected),
  );

  it('6.3.2 soft constraints prefer the emptier domain', () => {
    const wish = spread({ whenUnsatisfiable: 'ScheduleAnyway' });
    expect(outcomeOf(wish, testCluster(zones, two))).toBe('b1');
  });

  it('6.3.2 system defaults spread the pods of a workload over hosts and zones', () => {
    const framework = testFramework({ workload: { matchLabels: { app: 'web' } } });
    const decision = decideOn(pending({}), testCluster(zones, two), framework);
    expect(decision).toMatchObject({ kind: 'bind', node: { name: 'b1' } });
    expect(decision.kind === 'bind' && decision.scores[0]?.byPlugin['PodTopologySpread']).toBe(200);
  });
});

function terminating(item: Pod): Pod {
  return { ...item, metadata: { ...item.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };
}
