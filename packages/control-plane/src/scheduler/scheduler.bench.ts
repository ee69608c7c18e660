import type { Node, Pod } from '@geobuk/api';
import { bench, describe } from 'vitest';
import { node, pod } from '../controllers/testing/objects.js';
import { decide } from './decision.js';
import { podInfo } from './node-info.js';
import { testCluster, testFramework } from './testing/decide-with.js';

/** Decisions a second: read the pod, decide, count it on its node. Hz is pods a second. */

const zone = 'topology.kubernetes.io/zone';
const host = 'kubernetes.io/hostname';
const fakeNode = (i: number): Node => {
  const made = node(`n${i}`);
  const labels = { [host]: `n${i}`, [zone]: `z${i % 3}` };
  return {
    ...made,
    metadata: { ...made.metadata, labels },
    status: { ...made.status, allocatable: { cpu: '1000', memory: '8Ti', pods: '100000' } },
  };
};
const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '10m', memory: '16Mi' } } }];
const like = { labelSelector: { matchLabels: { app: 'web' } } };

const kinds: Readonly<Record<string, Partial<Pod['spec']>>> = {
  plain: {},
  'spread over zones and hosts': {
    topologySpreadConstraints: [
      { ...like, topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
      { ...like, topologyKey: host, maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
    ],
  },
  'preferred anti-affinity by host': {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { ...like, topologyKey: host } },
        ],
      },
    },
  },
  'required affinity by zone': {
    affinity: {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...like, topologyKey: zone }] },
    },
  },
};

for (const count of [100, 1_000, 5_000]) {
  describe(`${count} nodes`, () => {
    for (const [kind, spec] of Object.entries(kinds)) {
      const cluster = testCluster(Array.from({ length: count }, (_, i) => fakeNode(i)));
      const framework = testFramework();
      let start = 0;
      let made = 0;
      bench(kind, () => {
        made += 1;
        const info = podInfo(
          pod(`p${made}`, { phase: 'Pending', labels: { app: 'web' }, spec: { containers, ...spec } }),
        );
        const decision = decide({ pod: info, cluster, framework, start, random: Math.random });
        if (decision.kind === 'unschedulable') throw new Error(decision.message);
        start = (start + decision.evaluated) % count;
        cluster.assume(info, decision.node.name);
      });
    }
  });
}
