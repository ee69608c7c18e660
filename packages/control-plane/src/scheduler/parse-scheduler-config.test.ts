import { describe, expect, it } from 'vitest';
import { parseSchedulerConfig } from './parse-scheduler-config.js';
import { frameworksOf } from './profiles.js';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const parse = (text: string) => parseSchedulerConfig(`${head}${text}`, 'sched.yaml');

describe('parseSchedulerConfig', () => {
  it('reads what kube-scheduler reads', () => {
    const { config, withoutEffect } = parse(`
parallelism: 16
leaderElection: { leaderElect: false }
percentageOfNodesToScore: 40
podInitialBackoffSeconds: 2
profiles:
  - schedulerName: default-scheduler
    plugins:
      multiPoint: { disabled: [{ name: ImageLocality }] }
      bind: { enabled: [{ name: DefaultBinder }] }
      score: { enabled: [{ name: NodeResourcesFit, weight: 5 }] }
    pluginConfig:
      - name: NodeResourcesFit
        args:
          apiVersion: kubescheduler.config.k8s.io/v1
          kind: NodeResourcesFitArgs
          scoringStrategy:
            type: RequestedToCapacityRatio
            resources: [{ name: cpu, weight: 3 }]
            requestedToCapacityRatio:
              shape: [{ utilization: 0, score: 0 }, { utilization: 100, score: 10 }]
  - schedulerName: packer
extenders:
  - urlPrefix: https://127.0.0.1:8888/v1
    filterVerb: filter
    httpTimeout: 1m30s
    managedResources: [{ name: example.com/gpu, ignoredByScheduler: true }]
`);
    expect(withoutEffect).toEqual(['parallelism', 'leaderElection']);
    expect(config).toMatchObject({
      percentageOfNodesToScore: 40,
      podInitialBackoffSeconds: 2,
      extenders: [{ httpTimeoutSeconds: 90, filterVerb: 'filter' }],
    });
    expect(config).not.toHaveProperty('parallelism');
    expect([...frameworksOf(config, () => [{ name: 'ImageLocality' }, { name: 'NodeResourcesFit' }]).keys()]).toEqual([
      'default-scheduler',
      'packer',
    ]);
  });

  it.each([
    ['profiles: [{ schedulerNam: x }]', 'profiles[0].schedulerNam: no such field'],
    ['percentageOfNodesToScore: 101', 'percentageOfNodesToScore: must be <= 100'],
    ['podInitialBackoffSeconds: 5\npodMaxBackoffSeconds: 4', 'must not be less than podInitialBackoffSeconds (5)'],
    ['profiles: [{}, {}]', 'two are called default-scheduler'],
    ['extenders: [{ filterVerb: f }]', 'extenders[0].urlPrefix: must be set'],
    ['extenders: [{ urlPrefix: "http://a", weight: 0 }]', 'extenders[0].weight: must be >= 1'],
    [
      'extenders: [{ urlPrefix: "http://a", bindVerb: b }, { urlPrefix: "http://b", bindVerb: b }]',
      'only one of them can bind',
    ],
    ['profiles: [{ plugins: { bind: { enabled: [{ name: Mine }] } } }]', 'there is no plugin Mine for this point'],
    ['profiles: [{ plugins: { bind: { disabled: [{ name: DefaultBinder }] } } }]', 'cannot be switched off'],
    ['profiles: [{ pluginConfig: [{ name: Mine }] }]', 'profiles[0].pluginConfig[0].name: must be one of'],
    [
      'profiles: [{ pluginConfig: [{ name: InterPodAffinity, args: { hardPodAffinityWeight: 101 } }] }]',
      'profiles[0].pluginConfig[0].args.hardPodAffinityWeight: must be <= 100',
    ],
    [
      'profiles: [{ pluginConfig: [{ name: NodeResourcesFit, args: { scoringStrategy: { type: RequestedToCapacityRatio } } }] }]',
      'requestedToCapacityRatio: must be set for this type',
    ],
    [
      'profiles: [{ pluginConfig: [{ name: VolumeBinding, args: { shape: [{ utilization: 9, score: 1 }, { utilization: 9, score: 2 }] } }] }]',
      'shape[1].utilization: must be more than the one before',
    ],
    [
      'profiles: [{ pluginConfig: [{ name: PodTopologySpread, args: { defaultConstraints: [{ maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway }] } }] }]',
      'must be empty unless defaultingType is List',
    ],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('refuses what is no configuration, with the file named', () => {
    expect(() => parseSchedulerConfig('- a', 'sched.yaml')).toThrow('sched.yaml: no KubeSchedulerConfiguration');
    expect(() => parseSchedulerConfig('a: [', 'sched.yaml')).toThrow('sched.yaml: neither YAML nor JSON');
    expect(() => parseSchedulerConfig('kind: Pod', 'sched.yaml')).toThrow('sched.yaml: ');
  });
});
