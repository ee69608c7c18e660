/** One plugin, many fields: JSON Schema of KubeSchedulerConfiguration v1, as far as this scheduler follows it. */
const text = { type: 'string', minLength: 1 } as const;
const count = { type: 'integer', minimum: 0 } as const;
const percent = { type: 'integer', minimum: 0, maximum: 100 } as const;
const list = <T>(items: T) => ({ type: 'array', items }) as const;
const object = <T extends object>(properties: T, required: readonly string[] = []) =>
  ({ type: 'object', additionalProperties: false, properties, required }) as const;

const pluginSet = object({
  enabled: list(object({ name: text, weight: count }, ['name'])),
  disabled: list(object({ name: text }, ['name'])),
});
const resource = object({ name: text, weight: { type: 'integer', minimum: 1, maximum: 100 } }, ['name']);
const shapePoint = object({ utilization: percent, score: { type: 'integer', minimum: 0, maximum: 10 } }, [
  'utilization',
  'score',
]);
const shape = { ...list(shapePoint), minItems: 1 } as const;
/** `apiVersion` and `kind` may stand in arguments; they say nothing that the name of the plugin does not. */
const args = <T extends object>(properties: T) => object({ apiVersion: text, kind: text, ...properties });

export const pluginArgs = {
  NodeResourcesFit: args({
    ignoredResources: list(text),
    ignoredResourceGroups: list(text),
    scoringStrategy: object({
      type: { enum: ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'] },
      resources: list(resource),
      requestedToCapacityRatio: object({ shape }, ['shape']),
    }),
  }),
  NodeResourcesBalancedAllocation: args({ resources: list(resource) }),
  NodeAffinity: args({ addedAffinity: { type: 'object' } }),
  PodTopologySpread: args({
    defaultConstraints: list({
      type: 'object',
      required: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
      properties: {
        maxSkew: { type: 'integer', minimum: 1 },
        topologyKey: text,
        whenUnsatisfiable: { enum: ['DoNotSchedule', 'ScheduleAnyway'] },
        labelSelector: false,
      },
    }),
    defaultingType: { enum: ['System', 'List'] },
  }),
  InterPodAffinity: args({ hardPodAffinityWeight: percent, ignorePreferredTermsOfExistingPods: { type: 'boolean' } }),
  DefaultPreemption: args({ minCandidateNodesPercentage: percent, minCandidateNodesAbsolute: count }),
  VolumeBinding: args({ bindTimeoutSeconds: count, shape }),
} as const;

const pluginConfig = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { name: { enum: Object.keys(pluginArgs) }, args: { type: 'object' } },
  allOf: Object.entries(pluginArgs).map(([name, schema]) => ({
    if: { properties: { name: { const: name } } },
    then: { properties: { args: schema } },
  })),
} as const;

/** Extension points. What is said of the last ones can only be what is so anyway. */
const points = ['multiPoint', 'preFilter', 'filter', 'postFilter', 'preScore', 'score'] as const;
export const fixedPoints = ['preEnqueue', 'queueSort', 'reserve', 'permit', 'preBind', 'bind', 'postBind'] as const;

const extender = object(
  {
    urlPrefix: { type: 'string', pattern: '^https?://' },
    filterVerb: text,
    prioritizeVerb: text,
    bindVerb: text,
    weight: { type: 'integer', minimum: 1 },
    enableHTTPS: { type: 'boolean' },
    tlsConfig: object({
      insecure: { type: 'boolean' },
      serverName: text,
      certFile: text,
      keyFile: text,
      caFile: text,
      certData: text,
      keyData: text,
      caData: text,
    }),
    httpTimeout: { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$' },
    nodeCacheCapable: { type: 'boolean' },
    managedResources: list(object({ name: text, ignoredByScheduler: { type: 'boolean' } }, ['name'])),
    ignorable: { type: 'boolean' },
  },
  ['urlPrefix'],
);

/** Fields of the file that say how kube-scheduler runs as a program of its own; here they mean nothing. */
export const fieldsWithoutEffect = [
  'parallelism',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'healthzBindAddress',
  'metricsBindAddress',
  'delayCacheUntilActive',
] as const;

export const schedulerConfigSchema = {
  ...object(
    {
      apiVersion: { const: 'kubescheduler.config.k8s.io/v1' },
      kind: { const: 'KubeSchedulerConfiguration' },
      percentageOfNodesToScore: percent,
      podInitialBackoffSeconds: { type: 'integer', minimum: 1 },
      podMaxBackoffSeconds: { type: 'integer', minimum: 1 },
      profiles: {
        ...list(
          object({
            schedulerName: text,
            percentageOfNodesToScore: percent,
            plugins: object(Object.fromEntries([...points, ...fixedPoints].map((point) => [point, pluginSet]))),
            pluginConfig: list(pluginConfig),
          }),
        ),
        minItems: 1,
      },
      extenders: list(extender),
      ...Object.fromEntries(fieldsWithoutEffect.map((field) => [field, true])),
    },
    ['apiVersion', 'kind'],
  ),
} as const;
