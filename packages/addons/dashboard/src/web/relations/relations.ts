/** What of one kind may belong to an object: where to look, and how to tell. */
export interface RelationQuery {
  /** Of the kind to be listed. */
  readonly plural: string;
  readonly group: string;
  readonly query: string;
  /** Only those that name the object as owner. */
  readonly ownedOnly: boolean;
}

export interface AnyObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
    readonly managedFields?: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

const children: Readonly<Record<string, readonly (readonly [group: string, plural: string])[]>> = {
  Deployment: [['apps', 'replicasets']],
  CronJob: [['batch', 'jobs']],
  ReplicaSet: [['', 'pods']],
  StatefulSet: [
    ['', 'pods'],
    ['apps', 'controllerrevisions'],
  ],
  DaemonSet: [
    ['', 'pods'],
    ['apps', 'controllerrevisions'],
  ],
  Job: [['', 'pods']],
  ReplicationController: [['', 'pods']],
};

/** Where the objects are found that belong to this one. Pure. */
export function relationsOf(object: AnyObject): readonly RelationQuery[] {
  const { kind = '', metadata, spec = {} } = object;
  const selector = selectorText(spec['selector']);
  const bySelector = selector === undefined ? '' : `labelSelector=${encodeURIComponent(selector)}`;
  const owned = (children[kind] ?? []).map(([group, plural]) => ({
    group,
    plural,
    query: plural === 'pods' ? bySelector : '',
    ownedOnly: true,
  }));
  switch (kind) {
    case 'Deployment':
      return bySelector === '' ? owned : [...owned, { group: '', plural: 'pods', query: bySelector, ownedOnly: false }];
    case 'Service':
      return [
        ...(bySelector === '' ? [] : [{ group: '', plural: 'pods', query: bySelector, ownedOnly: false }]),
        {
          group: 'discovery.k8s.io',
          plural: 'endpointslices',
          query: `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${metadata.name}`)}`,
          ownedOnly: false,
        },
      ];
    case 'Node':
      return [
        {
          group: '',
          plural: 'pods',
          query: `fieldSelector=${encodeURIComponent(`spec.nodeName=${metadata.name}`)}`,
          ownedOnly: false,
        },
      ];
    default:
      return owned;
  }
}

/** A label selector, or the plain map of a Service, as the text of a query. */
export function selectorText(selector: unknown): string | undefined {
  if (typeof selector !== 'object' || selector === null) return undefined;
  const { matchLabels, matchExpressions } = selector as {
    readonly matchLabels?: Readonly<Record<string, string>>;
    readonly matchExpressions?: readonly {
      readonly key: string;
      readonly operator: string;
      readonly values?: readonly string[];
    }[];
  };
  if (matchLabels === undefined && matchExpressions === undefined)
    return equalities(selector as Readonly<Record<string, string>>);
  const expressions = (matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [equalities(matchLabels ?? {}), ...expressions].filter((part) => part !== undefined).join(',') || undefined;
}

const equalities = (labels: Readonly<Record<string, string>>): string | undefined =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || undefined;

export interface Mention {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** Objects that a pod (or a template of one) names: config, secrets, claims, account, node. Pure. */
export function mentionsOf(object: AnyObject): readonly Mention[] {
  const own =
    object.kind === 'Pod'
      ? object.spec
      : (object.spec?.['template'] as { spec?: Readonly<Record<string, unknown>> } | undefined)?.spec;
  if (own === undefined) return [];
  const found = new Map<string, Mention>();
  const add = (kind: string, name: unknown): void => {
    if (typeof name === 'string' && name !== '') found.set(`${kind}/${name}`, { apiVersion: 'v1', kind, name });
  };
  add('Node', own['nodeName']);
  add('ServiceAccount', own['serviceAccountName']);
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const [key, inner] of Object.entries(value)) {
      const reference = inner as {
        readonly name?: unknown;
        readonly secretName?: unknown;
        readonly claimName?: unknown;
      } | null;
      if (key === 'configMap' || key === 'configMapRef' || key === 'configMapKeyRef') add('ConfigMap', reference?.name);
      if (key === 'secretRef' || key === 'secretKeyRef') add('Secret', reference?.name);
      if (key === 'secret') add('Secret', reference?.secretName ?? reference?.name);
      if (key === 'persistentVolumeClaim') add('PersistentVolumeClaim', reference?.claimName);
      walk(inner);
    }
  };
  walk(own);
  return [...found.values()];
}
