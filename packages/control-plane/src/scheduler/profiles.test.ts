import { describe, expect, it } from 'vitest';
import { frameworksOf } from './profiles.js';
import type { KubeSchedulerConfiguration, KubeSchedulerProfile } from './scheduler-config.js';
import { createPlugins } from './plugins/plugin-set.js';
import { noVolumes } from './testing/decide-with.js';

const deps = { volumes: noVolumes, takenVolumes: new Set<string>(), selectorOf: () => undefined };
const compile = (config: KubeSchedulerConfiguration) => frameworksOf(config, (args) => createPlugins(deps, args));
const profile = (wish: KubeSchedulerProfile) => [...compile({ profiles: [wish] }).values()][0];
const weights = (wish: KubeSchedulerProfile): Record<string, number> =>
  Object.fromEntries((profile(wish)?.scorers ?? []).map(({ plugin, weight }) => [plugin.name, weight]));

describe('profiles', () => {
  it('6.3.1 default weights', () => {
    expect(weights({})).toEqual({
      TaintToleration: 3,
      VolumeBinding: 1,
      NodeAffinity: 2,
      NodeResourcesFit: 1,
      PodTopologySpread: 2,
      InterPodAffinity: 2,
      NodeResourcesBalancedAllocation: 1,
      ImageLocality: 1,
    });
  });

  it('a point can turn all off and some on again, with other weights', () => {
    const score = { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit', weight: 5 }] };
    expect(weights({ plugins: { score } })).toEqual({ NodeResourcesFit: 5 });
  });

  it('multiPoint turns a plugin off everywhere', () => {
    const made = profile({ plugins: { multiPoint: { disabled: [{ name: 'TaintToleration' }] } } });
    expect(made?.filters.map(({ name }) => name)).not.toContain('TaintToleration');
    expect(made?.scorers.map(({ plugin }) => plugin.name)).not.toContain('TaintToleration');
    expect(profile({ plugins: { postFilter: { disabled: [{ name: 'DefaultPreemption' }] } } })?.preempts).toBe(false);
  });

  it('several names live side by side, and none twice', () => {
    const two = compile({ percentageOfNodesToScore: 30, profiles: [{}, { schedulerName: 'packing' }] });
    expect([...two.keys()]).toEqual(['default-scheduler', 'packing']);
    expect(two.get('packing')?.percentageOfNodesToScore).toBe(30);
    expect(() => compile({ profiles: [{}, {}] })).toThrow('two scheduler profiles');
  });

  it('an unknown plugin is an error, not a silence', () => {
    expect(() => profile({ plugins: { filter: { disabled: [{ name: 'NodePort' }] } } })).toThrow('NodePort');
  });
});
