import type {
  DiscoveryV1EndpointPort,
  Endpoint,
  EndpointAddress,
  Endpoints,
  EndpointSlice,
  ObjectKey,
  Service,
} from '@geobuk/api';
import { endpointSlices, endpoints, ignoring, isNotFound, keyOf, services, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { allSettledOrThrow, mapped, primary, settled } from '@geobuk/client';
import { controllerReference } from '../controller-ref.js';
import type { AddressType, EndpointSliceDiff, WantedGroup } from '../endpoint-slice/endpoint-slice-diff.js';
import { managedByLabel, packSlices, serviceNameLabel } from '../endpoint-slice/endpoint-slice-diff.js';
import { Expectations } from '../expectations.js';

const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const maxAddressesOfSubset = 1_000;

/** The slices that mirror hand-made Endpoints. Pure. */
export function diffMirror(source: Endpoints, existing: readonly EndpointSlice[]): EndpointSliceDiff {
  return packSlices(groupsOf(source), existing, (group, list, base) => {
    const { [skipLabel]: _skip, ...own } = source.metadata.labels ?? {};
    const labels = { ...own, [serviceNameLabel]: source.metadata.name ?? '', [managedByLabel]: mirrorManager };
    const shared = { addressType: group.addressType, ports: group.ports, endpoints: list };
    if (base !== undefined) return { ...base, ...shared, metadata: { ...base.metadata, labels } };
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${source.metadata.name ?? ''}-`,
        namespace: source.metadata.namespace,
        labels,
        ownerReferences: [controllerReference(endpoints, source)],
      },
      ...shared,
    };
  });
}

function groupsOf({ subsets = [] }: Endpoints): readonly WantedGroup[] {
  const groups = new Map<
    string,
    { addressType: AddressType; ports: readonly DiscoveryV1EndpointPort[]; endpoints: Endpoint[] }
  >();
  for (const subset of subsets) {
    const ports = (subset.ports ?? []).map((port) => ({ name: '', protocol: 'TCP', ...port }));
    const all = [
      ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
    ].slice(0, maxAddressesOfSubset);
    for (const { address, ready } of all) {
      const addressType: AddressType = address.ip.includes(':') ? 'IPv6' : 'IPv4';
      const id = `${addressType}|${JSON.stringify(ports)}`;
      const group = groups.get(id) ?? { addressType, ports, endpoints: [] };
      groups.set(id, group);
      group.endpoints.push(endpointOf(address, ready));
    }
  }
  return [...groups.values()];
}

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname === undefined ? {} : { hostname }),
  ...(nodeName === undefined ? {} : { nodeName }),
  ...(targetRef === undefined ? {} : { targetRef }),
});

export interface EndpointSliceMirroringControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

const bySource = 'mirrorOf';

/** Mirrors hand-made Endpoints of Services without a selector. Follows: EndpointSliceMirroring controller. */
export class EndpointSliceMirroringController implements Controller {
  readonly name = 'endpointslicemirroring';
  readonly watches;
  readonly #deps: EndpointSliceMirroringControllerDeps;
  readonly #endpoints: Lister<Endpoints>;
  readonly #services: Lister<Service>;
  readonly #slices: Lister<EndpointSlice>;
  readonly #expectations: Expectations;

  constructor(deps: EndpointSliceMirroringControllerDeps) {
    this.#deps = deps;
    this.#expectations = new Expectations(deps.clock);
    const sliceInformer = deps.informers.of(endpointSlices);
    const keysOf = (slice: EndpointSlice | undefined): readonly ObjectKey[] => {
      const labels = slice?.metadata.labels ?? {};
      const name = labels[serviceNameLabel];
      return labels[managedByLabel] !== mirrorManager || name === undefined
        ? []
        : [{ namespace: slice?.metadata.namespace, name }];
    };
    sliceInformer.addIndex(bySource, (slice) => keysOf(slice).map(idOf));
    this.#slices = sliceInformer.lister;
    this.#endpoints = deps.informers.of(endpoints).lister;
    this.#services = deps.informers.of(services).lister;
    this.watches = [
      primary(endpoints),
      primary(services),
      this.#expectations.observing(mapped(endpointSlices, (now, before) => keysOf(now ?? before))),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client } = this.#deps;
    const id = idOf(key);
    const source = this.#endpoints.get(key); // check
    const service = this.#services.get(key);
    const mirrored =
      source !== undefined &&
      service !== undefined &&
      Object.keys(service.spec.selector ?? {}).length === 0 &&
      source.metadata.labels?.[skipLabel] !== 'true' &&
      source.metadata.annotations?.[leaderAnnotation] === undefined;
    if (!this.#expectations.satisfied(id)) return settled;
    const existing = this.#slices.byIndex(bySource, id);
    const plan = mirrored ? diffMirror(source, existing) : { create: [], update: [], remove: existing }; // diff
    const changes = plan.create.length + plan.update.length + plan.remove.length;
    if (changes === 0) return settled;
    this.#expectations.expectCreations(id, plan.create.length);
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
      ...plan.remove.map((slice) =>
        client.delete(endpointSlices, keyOf(slice), { signal, uid: uidOf(slice) }).catch(ignoring(isNotFound)),
      ),
    ]); // act
    trace.did(`created ${plan.create.length}, updated ${plan.update.length}, deleted ${plan.remove.length}`);
    return settled;
  }
}

const idOf = ({ namespace, name }: ObjectKey): string => `${namespace ?? ''}/${name}`;
