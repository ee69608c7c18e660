import type { LabelSelector, Node, Pod } from '@geobuk/api';
import { ClusterState } from '../cluster-state.js';
import type { Decision } from '../decision.js';
import { decide } from '../decision.js';
import type { Framework } from '../framework.js';
import { podInfo } from '../node-info.js';
import { createPlugins } from '../plugins/plugin-set.js';
import { frameworksOf } from '../profiles.js';
import type { KubeSchedulerConfiguration } from '../scheduler-config.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';

/** No storage at all; tests fill in what they need. */
export const noVolumes: VolumeLookup = {
  claim: () => undefined,
  volume: () => undefined,
  volumesOfClass: () => [],
  storageClass: () => undefined,
  csiNode: () => undefined,
  csiDriver: () => undefined,
  capacities: () => [],
};

export interface FrameworkWish {
  readonly config?: KubeSchedulerConfiguration | undefined;
  readonly volumes?: Partial<VolumeLookup> | undefined;
  readonly workload?: LabelSelector | undefined;
}

export function testFramework({ config = {}, volumes = {}, workload }: FrameworkWish = {}): Framework {
  const deps = { volumes: { ...noVolumes, ...volumes }, takenVolumes: new Set<string>(), selectorOf: () => workload };
  const [framework] = frameworksOf(config, (pluginConfig) => createPlugins(deps, pluginConfig)).values();
  if (framework === undefined) throw new Error('a configuration without profiles');
  return framework;
}

export function testCluster(nodes: readonly Node[], pods: readonly Pod[] = []): ClusterState {
  const state = new ClusterState();
  for (const item of nodes) state.nodeChanged(item, undefined);
  for (const item of pods) state.podChanged(item, undefined);
  return state;
}

export const decideOn = (wish: Pod, cluster: ClusterState, framework: Framework = testFramework()): Decision =>
  decide({ pod: podInfo(wish), cluster, framework, start: 0, random: () => 0.99 });

/** The name of the chosen node, or the message. */
export function outcomeOf(wish: Pod, cluster: ClusterState, framework?: Framework): string {
  const decision = decideOn(wish, cluster, framework);
  return decision.kind === 'bind' ? decision.node.name : decision.message;
}
