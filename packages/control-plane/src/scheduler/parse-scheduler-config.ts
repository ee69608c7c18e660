import { resolveAddonConfig } from '@geobuk/api';
import { ConfigError } from '../config.js';
import { onDemand } from '../on-demand.js';
import type {
  ExtenderConfig,
  KubeSchedulerConfiguration,
  KubeSchedulerProfile,
  PluginSet,
} from './scheduler-config.js';
import { fieldsWithoutEffect, fixedPoints, schedulerConfigSchema } from './scheduler-config-schema.js';

export interface ParsedSchedulerConfig {
  readonly config: KubeSchedulerConfiguration;
  /** Fields of the file that mean nothing here. */
  readonly withoutEffect: readonly string[];
}

type FileExtender = Omit<ExtenderConfig, 'httpTimeoutSeconds'> & { readonly httpTimeout?: string | undefined };
type File = Omit<KubeSchedulerConfiguration, 'extenders' | 'profiles'> & {
  readonly profiles?: readonly FileProfile[] | undefined;
  readonly extenders?: readonly FileExtender[] | undefined;
};
type FileProfile = Omit<KubeSchedulerProfile, 'plugins'> & {
  readonly plugins?: Readonly<Record<string, PluginSet | undefined>> | undefined;
};

/** What takes part at the points that cannot be configured. */
const fixedPlugins = new Set([
  ...['SchedulingGates', 'PrioritySort', 'VolumeBinding', 'DefaultBinder', 'DefaultPreemption'],
]);

/**
 * Reads a configuration file of kube-scheduler, YAML or JSON.
 * Follows: KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) and its validation.
 * @throws {ConfigError} with all that is wrong, by path.
 */
export function parseSchedulerConfig(text: string, path: string): ParsedSchedulerConfig {
  const wrong = (why: string): ConfigError => new ConfigError(`${path}: ${why}`);
  let document: unknown;
  try {
    document = onDemand.yaml.parse(text);
  } catch (cause) {
    throw new ConfigError(`${path}: neither YAML nor JSON: ${(cause as Error).message.split('\n')[0] ?? ''}`, {
      cause,
    });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw wrong('no KubeSchedulerConfiguration: write an object with apiVersion and kind');
  const resolved = resolveAddonConfig(schedulerConfigSchema, document as Record<string, unknown>);
  if (!resolved.valid) {
    // Of conditional schemas only what stands under them says something.
    const problems = resolved.errors.filter(({ message }) => !message.startsWith('must match "then"'));
    throw wrong(problems.map((each) => `${each.path.replace(/^config\.?/, '')}: ${each.message}`).join('; '));
  }
  const file = resolved.config as File & Readonly<Record<string, unknown>>;
  const problem = problemOf(file);
  if (problem !== undefined) throw wrong(problem);
  const { profiles, extenders, ...rest } = file;
  const withoutEffect = fieldsWithoutEffect.filter((field) => field in rest);
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([field]) => !(withoutEffect as readonly string[]).includes(field)),
  );
  return {
    config: {
      ...kept,
      ...(profiles === undefined ? {} : { profiles: profiles as readonly KubeSchedulerProfile[] }),
      ...(extenders === undefined ? {} : { extenders: extenders.map(extenderOf) }),
    },
    withoutEffect,
  };
}

/** What the shape of the file does not tell. Follows: ValidateKubeSchedulerConfiguration. */
function problemOf(file: File): string | undefined {
  const { podInitialBackoffSeconds: initial = 1, podMaxBackoffSeconds: max = 10, profiles = [], extenders = [] } = file;
  if (max < initial) return `podMaxBackoffSeconds: must not be less than podInitialBackoffSeconds (${initial})`;
  const names = profiles.map(({ schedulerName = 'default-scheduler' }) => schedulerName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return `profiles: two are called ${twice}; give each a name of its own`;
  if (extenders.filter(({ bindVerb }) => bindVerb !== undefined).length > 1)
    return 'extenders: only one of them can bind';
  return firstOf(profiles, (profile, i) => profileProblem(profile, `profiles[${i}]`));
}

function profileProblem({ plugins = {}, pluginConfig = [] }: FileProfile, at: string): string | undefined {
  for (const point of fixedPoints) {
    const { enabled = [], disabled = [] } = plugins[point] ?? {};
    const other = enabled.find(({ name }) => !fixedPlugins.has(name));
    if (other !== undefined) return `${at}.plugins.${point}: there is no plugin ${other.name} for this point`;
    const lost = disabled.find(({ name }) => !enabled.some((one) => one.name === name) && name !== '*');
    if (lost !== undefined) return `${at}.plugins.${point}: ${lost.name} cannot be switched off`;
  }
  const configured = pluginConfig.map(({ name }) => name);
  const twice = configured.find((name, i) => configured.indexOf(name) !== i);
  if (twice !== undefined) return `${at}.pluginConfig: ${twice} is configured twice`;
  return firstOf(pluginConfig, ({ name, args }, i) => {
    const where = `${at}.pluginConfig[${i}].args`;
    if (name === 'NodeResourcesFit') {
      const { type, requestedToCapacityRatio } = args?.scoringStrategy ?? {};
      if (type === 'RequestedToCapacityRatio' && requestedToCapacityRatio === undefined)
        return `${where}.scoringStrategy.requestedToCapacityRatio: must be set for this type`;
      return shapeProblem(requestedToCapacityRatio?.shape, `${where}.scoringStrategy.requestedToCapacityRatio.shape`);
    }
    if (name === 'VolumeBinding') return shapeProblem(args?.shape, `${where}.shape`);
    if (name === 'PodTopologySpread' && args?.defaultingType !== 'List' && (args?.defaultConstraints ?? []).length > 0)
      return `${where}.defaultConstraints: must be empty unless defaultingType is List`;
    if (name === 'DefaultPreemption' && args?.minCandidateNodesPercentage === 0 && args.minCandidateNodesAbsolute === 0)
      return `${where}: one of minCandidateNodesPercentage and minCandidateNodesAbsolute must be more than 0`;
    return undefined;
  });
}

function shapeProblem(shape: readonly { readonly utilization: number }[] | undefined, at: string): string | undefined {
  const falls = (shape ?? []).findIndex(
    ({ utilization }, i) => i > 0 && utilization <= (shape?.[i - 1]?.utilization ?? -1),
  );
  return falls === -1 ? undefined : `${at}[${falls}].utilization: must be more than the one before`;
}

function firstOf<T>(items: readonly T[], find: (item: T, index: number) => string | undefined): string | undefined {
  for (const [i, item] of items.entries()) {
    const found = find(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Follows: metav1.Duration, such as `1m30s`. */
const durationMs = (text: string): number =>
  [...text.matchAll(/([0-9.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (unitMs[unit] ?? 0),
    0,
  );

const extenderOf = ({ httpTimeout, ...extender }: FileExtender): ExtenderConfig =>
  httpTimeout === undefined ? extender : { ...extender, httpTimeoutSeconds: durationMs(httpTimeout) / 1_000 };
