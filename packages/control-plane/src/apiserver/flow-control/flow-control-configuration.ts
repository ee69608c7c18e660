import { isConflict, isNotFound, isAlreadyExists, resourceOfKind, semanticEqual } from '@geobuk/api';
import type { FlowSchema, KubernetesObject, PriorityLevelConfiguration } from '@geobuk/api';
import type { Logger } from 'pino';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { apiServerUser } from '../bootstrap/bootstrap.js';
import { timestamp } from '../registry/metadata.js';
import { complete } from '../registry/object-checks.js';
import type { Registry } from '../registry/registry.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import { storePrefix } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import {
  autoUpdateAnnotation,
  defaultFlowControl,
  isKeptBySystem,
  mandatoryFlowControl,
} from './default-configuration.js';
import type { FlowControl } from './flow-control.js';

export interface FlowControlConfigurationDeps {
  readonly caches: WatchCaches;
  readonly catalog: ResourceCatalog;
  readonly registry: Registry;
  readonly flowControl: FlowControl;
  readonly log: Logger;
  now(): number;
}

const group = 'flowcontrol.apiserver.k8s.io';
const manager = 'api-priority-and-fairness-config-consumer-v1';
const plurals = ['prioritylevelconfigurations', 'flowschemas'] as const;

/**
 * Keeps flow control as its objects say, the objects that every cluster needs as this version has them, and tells of
 * schemas that name a level that is not there. Follows: the configuration controller of API priority and fairness.
 */
export class FlowControlConfiguration {
  readonly #deps: FlowControlConfigurationDeps;

  constructor(deps: FlowControlConfigurationDeps) {
    this.#deps = deps;
    // From the first request on, before anything is stored.
    deps.flowControl.configure(
      defaultFlowControl.filter(isSchema),
      defaultFlowControl.filter((one): one is PriorityLevelConfiguration & KubernetesObject => !isSchema(one)),
    );
  }

  /** Follows the objects until `signal` aborts. @param bootstrapped objects are not kept before it is resolved. */
  async run(signal: AbortSignal, bootstrapped: Promise<void>): Promise<void> {
    let isReady = false;
    let isDirty = false;
    let turning: Promise<void> | undefined;
    const turn = () => {
      isDirty = true;
      turning ??= (async () => {
        while (isDirty && !signal.aborted) {
          isDirty = false;
          await this.#reconcile(isReady, signal);
        }
      })().finally(() => (turning = undefined));
    };
    void bootstrapped.then(
      () => {
        isReady = true;
        turn();
      },
      () => undefined, // the server has not come up: nothing is kept
    );
    await Promise.all(plurals.map((plural) => this.#follow(plural, turn, signal)));
    await turning;
  }

  async #follow(plural: string, turn: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const cache = this.#deps.caches.cache(storePrefix(group, plural));
      for await (const _items of cache.watch({ after: 'existing', signal })) turn();
    }
  }

  async #reconcile(isReady: boolean, signal: AbortSignal): Promise<void> {
    const { caches, flowControl, log } = this.#deps;
    const listOf = async (plural: string) => {
      const { items } = await caches.cache(storePrefix(group, plural)).list({ signal });
      return items.map(({ object }) => object);
    };
    try {
      const levels = (await listOf('prioritylevelconfigurations')) as unknown as PriorityLevelConfiguration[];
      const schemas = (await listOf('flowschemas')) as unknown as FlowSchema[];
      if (levels.length > 0 && schemas.length > 0) flowControl.configure(schemas, levels);
      if (!isReady) return;
      for (const wanted of defaultFlowControl) await this.#keep(wanted, signal);
      const names = new Set(levels.map(({ metadata }) => metadata.name));
      for (const schema of schemas) await this.#tell(schema, names, signal);
    } catch (error) {
      if (signal.aborted || isConflict(error) || isNotFound(error) || isAlreadyExists(error)) return; // a change follows
      log.warn({ err: error }, 'the configuration of flow control could not be kept');
    }
  }

  /** Makes an object of the system's that has gone, and gives back what was changed of one that is the system's. */
  async #keep(wanted: KubernetesObject, signal: AbortSignal): Promise<void> {
    const { caches, registry } = this.#deps;
    const resource = this.#resourceOf(wanted);
    const { name = '' } = wanted.metadata;
    const options = { user: apiServerUser, signal, fieldManager: manager };
    const present = caches.cache(resource.prefix).get({ name })?.object;
    if (present === undefined) {
      await registry.create(resource, undefined, wanted, options);
      return;
    }
    const isMandatory = mandatoryFlowControl.includes(wanted);
    const { spec } = complete(resource, wanted) as KubernetesObject & { readonly spec?: unknown };
    const isRight = (one: KubernetesObject) =>
      !isKeptBySystem(one) ||
      (semanticEqual((one as typeof one & { readonly spec?: unknown }).spec, spec) &&
        (!isMandatory || one.metadata.annotations?.[autoUpdateAnnotation] === 'true'));
    if (isRight(present)) return;
    await registry.update(
      resource,
      { name },
      (current) => {
        if (current === undefined || isRight(current)) return current ?? wanted;
        const annotations = { ...current.metadata.annotations, [autoUpdateAnnotation]: 'true' };
        return { ...current, metadata: { ...current.metadata, annotations }, spec } as KubernetesObject;
      },
      options,
    );
  }

  async #tell(schema: FlowSchema, levels: ReadonlySet<string | undefined>, signal: AbortSignal): Promise<void> {
    const { registry, now } = this.#deps;
    const level = schema.spec.priorityLevelConfiguration.name;
    const isDangling = !levels.has(level);
    const before = schema.status?.conditions?.find(({ type }) => type === 'Dangling');
    const message = isDangling
      ? `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} but there is no such object`
      : `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and it exists`;
    const status = isDangling ? 'True' : 'False';
    if (before?.status === status && before.message === message) return;
    const condition = {
      type: 'Dangling',
      status,
      reason: isDangling ? 'NotFound' : 'Found',
      message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(now()),
    };
    const { name = '' } = schema.metadata;
    await registry.update(
      this.#resourceOf(schema as unknown as KubernetesObject),
      { name },
      (current) => {
        const present = (current ?? schema) as unknown as FlowSchema;
        const others = (present.status?.conditions ?? []).filter(({ type }) => type !== 'Dangling');
        return { ...present, status: { conditions: [...others, condition] } } as unknown as KubernetesObject;
      },
      { user: apiServerUser, signal, fieldManager: manager, subresource: 'status' },
    );
  }

  #resourceOf({ kind = '' }: KubernetesObject): ServedResource {
    const type = resourceOfKind(`${group}/v1`, kind);
    if (type === undefined) throw new TypeError(`no resource for ${kind}`);
    return this.#deps.catalog.of(type);
  }
}

const isSchema = (object: KubernetesObject): object is FlowSchema & KubernetesObject => object.kind === 'FlowSchema';
