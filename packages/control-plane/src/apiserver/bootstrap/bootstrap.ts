import { ApiError, isAlreadyExists, resourceOfKind, semanticEqual } from '@geobuk/api';
import type { KubernetesObject, ObjectKey } from '@geobuk/api';
import type { User } from '../authentication/user.js';
import type { Registry } from '../registry/registry.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { ServedResource } from '../resources/served-resource.js';
import { defaultFlowControl } from '../flow-control/default-configuration.js';
import { addonDefinition, addonPackageDefinition } from './addon-definition.js';
import { bootstrapNamespaces, bootstrapObjects } from './bootstrap-objects.js';
import type { BootstrapFacts } from './bootstrap-objects.js';
import {
  bootstrapClusterRoleBindings,
  bootstrapClusterRoles,
  bootstrapRoleBindings,
  bootstrapRoles,
} from './rbac-policy.js';

/** The API server itself, when it writes. */
export const apiServerUser: User = { name: 'system:apiserver', groups: ['system:masters'] };

export interface BootstrapDeps {
  readonly registry: Registry;
  readonly catalog: ResourceCatalog;
}

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * Makes what every cluster has, and brings up to date what an older version made. Safe to run again at any point, and
 * by several servers at once. Follows: checklist 2.4.7 (RBAC), the API server's post-start hooks.
 */
export async function bootstrap(deps: BootstrapDeps, facts: BootstrapFacts, signal: AbortSignal): Promise<void> {
  await ensureAll(deps, bootstrapNamespaces, () => undefined, signal);
  await ensureAll(deps, bootstrapClusterRoles, reconciledRole, signal);
  await ensureAll(deps, bootstrapRoles, reconciledRole, signal);
  await ensureAll(deps, bootstrapClusterRoleBindings, reconciledBinding, signal);
  await ensureAll(deps, bootstrapRoleBindings, reconciledBinding, signal);
  await ensureAll(deps, defaultFlowControl, () => undefined, signal); // kept as they are by FlowControlConfiguration
  await ensureAll(deps, [addonDefinition, addonPackageDefinition], reconciledDefinition, signal);
  await ensureAll(deps, bootstrapObjects(facts), reconciledObject, signal);
}

type Reconcile = (wanted: KubernetesObject, present: KubernetesObject) => KubernetesObject | undefined;

async function ensureAll(
  { registry, catalog }: BootstrapDeps,
  objects: readonly KubernetesObject[],
  reconcile: Reconcile,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    objects.map(async (object) => {
      const type = resourceOfKind(object.apiVersion ?? '', object.kind ?? '');
      if (type === undefined) throw new TypeError(`no resource for ${object.apiVersion} ${object.kind}`);
      await ensure(registry, catalog.of(type), object, reconcile, signal);
    }),
  );
}

async function ensure(
  registry: Registry,
  resource: ServedResource,
  wanted: KubernetesObject,
  reconcile: Reconcile,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name = '' } = wanted.metadata;
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  const options = { user: apiServerUser, signal, fieldManager: 'geobuk-apiserver', unchecked: true };
  const present = registry.cacheOf(resource).get(key);
  if (present === undefined) {
    try {
      await registry.create(resource, namespace, wanted, options);
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error; // another server was faster
    }
  }
  if (present !== undefined && reconcile(wanted, present.object) === undefined) return;
  const change = (current: KubernetesObject | undefined) => {
    if (current === undefined) throw ApiError.notFound(resource.type, name);
    return reconcile(wanted, current) ?? current;
  };
  await registry.update(resource, key, change, options);
}

type WithRules = KubernetesObject & { readonly rules?: readonly unknown[]; readonly aggregationRule?: unknown };

/** Adds what is missing; rules that somebody added stay. `undefined`: nothing to do. */
function reconciledRole(wanted: KubernetesObject, present: KubernetesObject): KubernetesObject | undefined {
  if (present.metadata.annotations?.[autoUpdate] === 'false') return undefined;
  const given = wanted as WithRules;
  const now = present as WithRules;
  const rules = now.rules ?? [];
  const missing = (given.rules ?? []).filter((rule) => !rules.some((own) => semanticEqual(own, rule)));
  const labels = { ...now.metadata.labels, ...given.metadata.labels };
  if (missing.length === 0 && semanticEqual(labels, now.metadata.labels)) return undefined;
  return { ...now, metadata: { ...now.metadata, labels }, rules: [...rules, ...missing] } as KubernetesObject;
}

type WithSubjects = KubernetesObject & { readonly subjects?: readonly unknown[] };

function reconciledBinding(wanted: KubernetesObject, present: KubernetesObject): KubernetesObject | undefined {
  if (present.metadata.annotations?.[autoUpdate] === 'false') return undefined;
  const subjects = (present as WithSubjects).subjects ?? [];
  const missing = ((wanted as WithSubjects).subjects ?? []).filter(
    (one) => !subjects.some((own) => semanticEqual(own, one)),
  );
  return missing.length === 0 ? undefined : ({ ...present, subjects: [...subjects, ...missing] } as KubernetesObject);
}

/** Address, port and CA are those of this start. */
function reconciledObject(wanted: KubernetesObject, present: KubernetesObject): KubernetesObject | undefined {
  if (wanted.kind === 'PriorityClass' || wanted.kind === 'RuntimeClass') return undefined;
  if (wanted.kind === 'Service') {
    const { spec } = present as unknown as {
      readonly spec: { readonly ports: readonly { readonly targetPort?: unknown }[] };
    };
    const ports = (wanted as unknown as typeof present & { readonly spec: typeof spec }).spec.ports;
    if (semanticEqual(spec.ports[0]?.targetPort, ports[0]?.targetPort)) return undefined;
    return { ...present, spec: { ...spec, ports } } as KubernetesObject;
  }
  const { metadata: _metadata, ...contents } = wanted;
  const { metadata: _present, ...now } = present;
  return semanticEqual(contents, now) ? undefined : { ...contents, metadata: present.metadata };
}

/** The product's own definitions are those of this version. */
function reconciledDefinition(wanted: KubernetesObject, present: KubernetesObject): KubernetesObject | undefined {
  const { spec } = wanted as { readonly spec?: unknown };
  return semanticEqual(spec, (present as { readonly spec?: unknown }).spec)
    ? undefined
    : ({ ...present, spec } as KubernetesObject);
}
