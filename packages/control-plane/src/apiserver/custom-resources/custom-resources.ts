import { customResourceDefinitions, isNotFound, semanticEqual } from '@geobuk/api';
import type { CustomResourceDefinition, KubernetesObject } from '@geobuk/api';
import type { Logger } from 'pino';
import { apiServerUser } from '../bootstrap/bootstrap.js';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { timestamp } from '../registry/metadata.js';
import type { Registry } from '../registry/registry.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { Converter, ServedResource } from '../resources/served-resource.js';
import { ConversionWebhook } from './conversion-webhook.js';
import { servedBy } from './custom-served.js';
import { standingOf } from './definition-standing.js';
import { cleanupFinalizer } from './definition-strategy.js';

export interface CustomResourcesDeps {
  readonly catalog: ResourceCatalog;
  readonly caches: WatchCaches;
  readonly registry: Registry;
  readonly log: Logger;
  now(): number;
  random(): number;
  newUid(): string;
}

/** What about a definition has a life of its own: it outlasts changes of status and other parts. */
interface Standing {
  readonly spec: string;
  readonly schemaSince: number;
  readonly conversion: string;
  readonly converter: Converter | undefined;
}

/**
 * Serves what CustomResourceDefinitions define, from the moment they are there until their last object is gone.
 * Follows: the naming, establishing and finalizing controllers of apiextensions, checklist 3.1.
 */
export class CustomResources {
  readonly #deps: CustomResourcesDeps;
  readonly #resource: ServedResource;
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  readonly #standings = new Map<string, Standing>();
  readonly #cleaning = new Set<string>();

  constructor(deps: CustomResourcesDeps) {
    this.#deps = deps;
    this.#resource = deps.catalog.of(customResourceDefinitions);
  }

  /** Serves what is stored already; then follows until `signal` aborts. */
  async run(signal: AbortSignal, onServing: () => void): Promise<void> {
    const cache = this.#deps.caches.cache(this.#resource.prefix);
    while (!signal.aborted) {
      this.#definitions.clear();
      let isCatchingUp = true;
      for await (const items of cache.watch({ after: 'existing', signal })) {
        const changed = new Set<string>();
        for (const item of items) {
          if (item.type === 'BOOKMARK') {
            isCatchingUp = isCatchingUp && !item.initialEventsEnd;
            continue;
          }
          const { name } = item.current;
          changed.add(name);
          if (item.type === 'DELETED') this.#definitions.delete(name);
          else this.#definitions.set(name, item.current.object as CustomResourceDefinition);
          if (item.type === 'DELETED') this.#forget(item.current.object as CustomResourceDefinition);
        }
        if (isCatchingUp) continue;
        this.#serve();
        onServing();
        const names = changed.size === 0 ? [...this.#definitions.keys()] : [...changed];
        for (const name of names) await this.#settle(name, signal);
      }
    }
  }

  #forget({ spec, metadata }: CustomResourceDefinition): void {
    this.#standings.delete(metadata.name ?? '');
    this.#deps.caches.drop(`/registry/${spec.group}/${spec.names.plural}/`);
  }

  #serve(): void {
    const served = [...this.#definitions.values()]
      .filter((definition) => standingOf(definition, this.#others(definition)).isAccepted)
      .flatMap((definition) => servedBy(definition, this.#standing(definition)));
    for (const { prefix } of served) this.#deps.caches.cache(prefix);
    this.#deps.catalog.setCustom(served);
  }

  /** A changed schema or webhook begins anew; everything else leaves what was made under the old one as it is. */
  #standing({ metadata, spec }: CustomResourceDefinition): Standing {
    const name = metadata.name ?? '';
    const before = this.#standings.get(name);
    const { versions, conversion } = spec;
    const wanted = JSON.stringify([metadata.uid, versions]);
    const webhook = conversion?.strategy === 'Webhook' ? conversion.webhook : undefined;
    const wantedConversion = JSON.stringify([metadata.uid, webhook ?? null]);
    if (before?.spec === wanted && before.conversion === wantedConversion) return before;
    const standing: Standing = {
      spec: wanted,
      schemaSince: before?.spec === wanted ? before.schemaSince : this.#since(metadata.resourceVersion, before),
      conversion: wantedConversion,
      converter:
        before?.conversion === wantedConversion
          ? before.converter
          : webhook === undefined
            ? undefined
            : new ConversionWebhook(this.#deps, webhook),
    };
    this.#standings.set(name, standing);
    return standing;
  }

  /** What was stored until the new schema was in force was checked by the old one. */
  #since(resourceVersion: string | undefined, before: Standing | undefined): number {
    const changed = Number(resourceVersion ?? 0);
    return before === undefined ? changed : Math.max(changed, this.#deps.caches.revision);
  }

  #others(definition: CustomResourceDefinition): readonly CustomResourceDefinition[] {
    return [...this.#definitions.values()].filter(({ metadata }) => metadata.uid !== definition.metadata.uid);
  }

  /** Writes what the definition's standing is; begins the end of one that is being deleted. */
  async #settle(name: string, signal: AbortSignal): Promise<void> {
    const definition = this.#definitions.get(name);
    if (definition === undefined) return;
    const { registry, now, log } = this.#deps;
    try {
      await registry.update(
        this.#resource,
        { name },
        (current) => {
          if (current === undefined) return definition;
          const present = current as CustomResourceDefinition;
          const { status } = standingOf(present, this.#others(present), timestamp(now()));
          if (semanticEqual(status, present.status)) return current;
          return {
            ...present,
            status,
            metadata: { ...present.metadata, resourceVersion: undefined },
          } as KubernetesObject;
        },
        { user: apiServerUser, signal, subresource: 'status' },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    const isEnding = definition.metadata.deletionTimestamp !== undefined;
    const isOurs = definition.metadata.finalizers?.includes(cleanupFinalizer) === true;
    if (!isEnding || !isOurs || this.#cleaning.has(name)) return;
    this.#cleaning.add(name);
    this.#cleanUp(definition, signal)
      .catch((err: unknown) => {
        if (!signal.aborted)
          log.warn({ err, definition: name }, 'custom resources could not be removed; tried again at the next change');
      })
      .finally(() => this.#cleaning.delete(name));
  }

  /** Deletes every object, waits until the last is gone, lets the definition go. */
  async #cleanUp(definition: CustomResourceDefinition, signal: AbortSignal): Promise<void> {
    const { caches, registry } = this.#deps;
    // At the storage version, so that a webhook is needed for old objects only.
    const storage = definition.spec.versions.filter((version) => version.storage);
    const [resource] = servedBy(
      { ...definition, spec: { ...definition.spec, versions: storage.map((one) => ({ ...one, served: true })) } },
      this.#standing(definition),
    );
    const options = { user: apiServerUser, signal };
    if (resource !== undefined) {
      const cache = caches.cache(resource.prefix);
      for await (const items of cache.watch({ after: 'existing', signal })) {
        for (const item of items) {
          if (item.type === 'BOOKMARK' || item.type === 'DELETED') continue;
          const { namespace, name, object } = item.current;
          if (object.metadata.deletionTimestamp !== undefined) continue;
          const key = namespace === undefined ? { name } : { namespace, name };
          try {
            await registry.delete(resource, key, options);
          } catch (error) {
            if (!isNotFound(error)) throw error;
          }
        }
        if (cache.size === 0) break;
      }
    }
    await registry.update(
      this.#resource,
      { name: definition.metadata.name ?? '' },
      (current) => {
        if (current === undefined) return definition;
        const finalizers = (current.metadata.finalizers ?? []).filter((one) => one !== cleanupFinalizer);
        return { ...current, metadata: { ...current.metadata, finalizers, resourceVersion: undefined } };
      },
      options,
    );
  }
}
