import type { IPAddress, ObjectKey, Service, ServiceCIDR } from '@geobuk/api';
import { ignoring, ipAddresses, isAlreadyExists, isNotFound, keyOf, serviceCidrs, services, uidOf } from '@geobuk/api';
import type {
  Client,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';
import { claimsOf, clusterAddresses, findProblems, ipAddressOf, isParent, keeper } from './service-allocation-diff.js';

export interface ServiceAllocationControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
}

/** A Service, or one address of the cluster. */
export interface AllocationKey extends ObjectKey {
  readonly kind: 'service' | 'address';
}

/** What only people can mend is said again this often. Follows: the repair interval. */
const repairPeriodMs = 180_000;
const byClaim = 'allocationClaim';
const ofService = (service: Service): AllocationKey => ({ kind: 'service', ...keyOf(service) });
const ofAddress = (address: string): AllocationKey => ({ kind: 'address', name: address });

/**
 * Keeps one IPAddress for each cluster address that a Service holds, removes those that nobody holds, and tells of Services that hold what
 * another has, or what is outside the ranges.
 * Follows: repair loops of ipallocator and portallocator.
 */
export class ServiceAllocationController implements Controller<AllocationKey> {
  readonly name = 'service-allocation-repair';
  readonly watches;
  readonly #deps: ServiceAllocationControllerDeps;
  readonly #services: Lister<Service>;
  readonly #addresses: Lister<IPAddress>;
  readonly #networks: Lister<ServiceCIDR>;

  constructor(deps: ServiceAllocationControllerDeps) {
    this.#deps = deps;
    const serviceInformer = deps.informers.of(services);
    serviceInformer.addIndex(byClaim, claimsOf);
    this.#services = serviceInformer.lister;
    this.#addresses = deps.informers.of(ipAddresses).lister;
    this.#networks = deps.informers.of(serviceCidrs).lister;
    this.watches = [
      mapped(services, (now, before): readonly AllocationKey[] => {
        const given = new Set([now, before].flatMap((service) => (service === undefined ? [] : claimsOf(service))));
        const rivals = [...given].flatMap((claim) => this.#holdersOf(claim)).filter((other) => other !== now);
        return [
          ...(now === undefined ? [] : [ofService(now)]),
          ...(before === undefined ? [] : clusterAddresses(before)).map(ofAddress),
          ...(now === undefined ? [] : clusterAddresses(now)).map(ofAddress),
          ...rivals.map(ofService),
        ];
      }),
      mapped(ipAddresses, (now, before): readonly AllocationKey[] => [ofAddress((now ?? before)?.metadata.name ?? '')]),
      mapped(serviceCidrs, (): readonly AllocationKey[] => this.#services.list().map(ofService)),
    ];
  }

  async reconcile(key: AllocationKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { kind, namespace, name } = key;
    if (kind === 'service') return this.#tellProblems({ namespace, name }, context);
    await this.#keepAddress(name, context);
    return settled;
  }

  #tellProblems(key: ObjectKey, { trace }: ReconcileContext): ReconcileResult {
    const service = this.#services.get(key);
    if (service === undefined) return settled;
    const networks = this.#networks.list();
    if (networks.length === 0) return settled; // not known yet
    const problems = findProblems(service, networks, (claim) => this.#holdersOf(claim));
    for (const { reason, message } of problems) {
      trace.found(message);
      this.#deps.recorder.record(service, 'Warning', reason, message);
    }
    return problems.length === 0 ? settled : { requeueAfterMs: repairPeriodMs };
  }

  async #keepAddress(address: string, { signal, trace }: ReconcileContext): Promise<void> {
    const { client, recorder } = this.#deps;
    const present = this.#addresses.get({ name: address }); // check
    const owner = keeper(this.#holdersOf(address));
    if (present !== undefined && owner !== undefined && isParent(present, owner)) return; // diff
    if (present !== undefined) {
      if (present.metadata.deletionTimestamp !== undefined || present.spec.parentRef.resource !== 'services') return;
      trace.found(owner === undefined ? 'no Service holds it' : 'it names another Service');
      if (owner !== undefined) {
        const { namespace = '', name = '' } = owner.metadata;
        const message = `the ClusterIP [IPv4]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`;
        recorder.record(owner, 'Warning', 'ClusterIPNotAllocated', message);
      }
      await client
        .delete(ipAddresses, { name: address }, { signal, uid: uidOf(present) }) // act
        .catch(ignoring(isNotFound));
      trace.did('removed it');
      return; // its going brings the address back
    }
    if (owner === undefined) return;
    await client.create(ipAddresses, ipAddressOf(address, owner), { signal }).catch(ignoring(isAlreadyExists));
    trace.did('noted who holds it');
  }

  #holdersOf(claim: string): readonly Service[] {
    return this.#services.byIndex(byClaim, claim);
  }
}
