import type { EndpointSlice, Node, ObjectKey, Pod, Service } from '@geobuk/api';
import {
  endpointSlices,
  ignoring,
  isNotFound,
  keyOf,
  labelSelectorOf,
  matchesLabels,
  nodes,
  pods,
  services,
  uidOf,
} from '@geobuk/api';
import type {
  Client,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { allSettledOrThrow, mapped, primary, settled } from '@geobuk/client';
import { Expectations } from '../expectations.js';
import type { Clock } from '@geobuk/client';
import { diffEndpointSlices, managedBy, managedByLabel, serviceNameLabel } from './endpoint-slice-diff.js';

export interface EndpointSliceControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

const bySlice = 'serviceName';

/** Keeps the EndpointSlices of every Service with a selector. Follows: EndpointSlice controller. */
export class EndpointSliceController implements Controller {
  readonly name = 'endpointslice';
  readonly watches;
  readonly #deps: EndpointSliceControllerDeps;
  readonly #services: Lister<Service>;
  readonly #pods: Lister<Pod>;
  readonly #nodes: Lister<Node>;
  readonly #slices: Lister<EndpointSlice>;
  readonly #expectations: Expectations;

  constructor(deps: EndpointSliceControllerDeps) {
    this.#deps = deps;
    this.#expectations = new Expectations(deps.clock);
    const sliceInformer = deps.informers.of(endpointSlices);
    sliceInformer.addIndex(bySlice, (slice) =>
      slice.metadata.labels?.[managedByLabel] === managedBy
        ? [`${slice.metadata.namespace ?? ''}/${slice.metadata.labels[serviceNameLabel] ?? ''}`]
        : [],
    );
    this.#slices = sliceInformer.lister;
    this.#services = deps.informers.of(services).lister;
    this.#pods = deps.informers.of(pods).lister;
    this.#nodes = deps.informers.of(nodes).lister;
    this.watches = [
      primary(services),
      mapped(pods, (now, before) => this.#servicesOf(now, before)),
      this.#expectations.observing(
        mapped(endpointSlices, (now, before) => {
          const slice = now ?? before;
          const name = slice?.metadata.labels?.[serviceNameLabel];
          return name === undefined || slice?.metadata.labels?.[managedByLabel] !== managedBy
            ? []
            : [{ namespace: slice.metadata.namespace, name }];
        }),
      ),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client } = this.#deps;
    const id = `${key.namespace ?? ''}/${key.name}`;
    const service = this.#services.get(key); // check
    const selector = service?.spec.selector;
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
      this.#expectations.forget(id);
      return settled; // the garbage collector takes the slices
    }
    if (selector === undefined || Object.keys(selector).length === 0 || service.spec.type === 'ExternalName')
      return settled;
    if (!this.#expectations.satisfied(id)) return settled;
    const requirements = labelSelectorOf({ matchLabels: selector });
    const matching = this.#pods
      .list(key.namespace)
      .filter((pod) => matchesLabels(requirements, pod.metadata.labels ?? {}));

    const plan = diffEndpointSlices(
      service,
      matching,
      (name) => this.#nodes.get({ name }),
      this.#slices.byIndex(bySlice, id),
    ); // diff

    const changes = plan.create.length + plan.update.length + plan.remove.length;
    if (changes > 0) trace.found(`${changes} slices differ from ${matching.length} matching pods`);
    this.#expectations.expectCreations(id, plan.create.length);
    this.#expectations.expectDeletions(id, plan.remove.map(uidOf));
    await allSettledOrThrow<unknown>([
      ...plan.create.map(async (slice) => {
        try {
          await client.create(endpointSlices, slice, { signal });
        } catch (error) {
          this.#expectations.creationSettled(id);
          throw error;
        }
      }),
      ...plan.update.map((slice) => client.update(endpointSlices, slice, { signal })),
      ...plan.remove.map(async (slice) => {
        try {
          await client.delete(endpointSlices, keyOf(slice), { signal, uid: uidOf(slice) });
        } catch (error) {
          this.#expectations.deletionSettled(id, uidOf(slice));
          ignoring(isNotFound)(error);
        }
      }),
    ]);
    if (changes > 0)
      trace.did(`created ${plan.create.length}, updated ${plan.update.length}, deleted ${plan.remove.length}`);
    return settled;
  }

  #servicesOf(now: Pod | undefined, before: Pod | undefined): readonly ObjectKey[] {
    const pod = now ?? before;
    if (pod === undefined) return [];
    return this.#services
      .list(pod.metadata.namespace)
      .filter(({ spec }) => {
        const selector = Object.entries(spec.selector ?? {});
        if (selector.length === 0) return false;
        return [now, before].some(
          (version) =>
            version !== undefined && selector.every(([key, value]) => version.metadata.labels?.[key] === value),
        );
      })
      .map(keyOf);
  }
}
