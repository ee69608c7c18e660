import { ConfigError } from '../config.js';
import type { Framework } from './framework.js';
import type { SchedulerPlugin } from './plugin.js';
import type { KubeSchedulerConfiguration, KubeSchedulerProfile, PluginConfig, PluginSet } from './scheduler-config.js';

/** Plugins that are not asked about nodes, but can be named in a profile. */
const queuePlugins = ['SchedulingGates', 'PrioritySort', 'DefaultPreemption', 'DefaultBinder'] as const;

/**
 * The profiles of a configuration, by the scheduler name that pods ask for.
 * Follows: KubeSchedulerConfiguration v1 (multiPoint first, each point then adds and takes away).
 * @throws {ConfigError} an unknown plugin, or two profiles of one name.
 */
export function frameworksOf(
  { profiles = [{}], percentageOfNodesToScore }: KubeSchedulerConfiguration,
  create: (config: readonly PluginConfig[]) => readonly SchedulerPlugin[],
): ReadonlyMap<string, Framework> {
  const frameworks = new Map<string, Framework>();
  for (const profile of profiles) {
    const framework = frameworkOfProfile(profile, create(profile.pluginConfig ?? []), percentageOfNodesToScore);
    if (frameworks.has(framework.schedulerName))
      throw new ConfigError(
        `two scheduler profiles are called ${framework.schedulerName}; give each a name of its own`,
      );
    frameworks.set(framework.schedulerName, framework);
  }
  return frameworks;
}

function frameworkOfProfile(
  {
    schedulerName = 'default-scheduler',
    plugins = {},
    pluginConfig = [],
    percentageOfNodesToScore,
  }: KubeSchedulerProfile,
  all: readonly SchedulerPlugin[],
  percentageOfAll: number | undefined,
): Framework {
  const known = new Set<string>([...queuePlugins, ...all.map(({ name }) => name)]);
  for (const set of Object.values(plugins) as readonly (PluginSet | undefined)[])
    for (const { name } of [...(set?.enabled ?? []), ...(set?.disabled ?? [])])
      if (name !== '*' && !known.has(name))
        throw new ConfigError(`profile ${schedulerName} names the unknown plugin ${name}`);

  const on = (name: string, ...sets: readonly (PluginSet | undefined)[]): boolean => {
    let enabled = true;
    for (const { enabled: added = [], disabled = [] } of sets.map((set) => set ?? {})) {
      if (disabled.some((one) => one.name === name || one.name === '*')) enabled = false;
      if (added.some((one) => one.name === name)) enabled = true;
    }
    return enabled;
  };
  const weightOf = ({ name, weight = 1 }: SchedulerPlugin): number => {
    const named = [plugins.score, plugins.multiPoint].map((set) => set?.enabled?.find((one) => one.name === name));
    return named.find((one) => one?.weight !== undefined && one.weight > 0)?.weight ?? weight;
  };
  const percentage = percentageOfNodesToScore ?? percentageOfAll ?? 0;
  return {
    schedulerName,
    filters: all.filter(
      (plugin) =>
        (plugin.filter ?? plugin.preFilter) !== undefined &&
        on(plugin.name, plugins.multiPoint, plugins.preFilter, plugins.filter),
    ),
    scorers: all
      .filter((plugin) => plugin.score !== undefined && on(plugin.name, plugins.multiPoint, plugins.score))
      .map((plugin) => ({ plugin, weight: weightOf(plugin) })),
    preemptionArgs: pluginConfig.find((one) => one.name === 'DefaultPreemption')?.args,
    preempts: on('DefaultPreemption', plugins.multiPoint, plugins.postFilter),
    percentageOfNodesToScore: percentage === 0 ? undefined : percentage,
  };
}
