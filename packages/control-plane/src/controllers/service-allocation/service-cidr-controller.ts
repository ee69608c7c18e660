import type { Condition, IPAddress, ObjectKey, ServiceCIDR } from '@geobuk/api';
import { ignoring, ipAddresses, isAlreadyExists, isNotFound, keyOf, serviceCidrs, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';
import { isInNetworks } from './service-allocation-diff.js';

export interface ServiceCidrControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  /** The network that the API server gives addresses from. */
  readonly serviceCIDR: string;
}

const finalizer = 'networking.k8s.io/service-cidr-finalizer';
/** Follows: DefaultServiceCIDRName. */
const standardName = 'kubernetes';

/** Keeps the networks of Services while addresses of them are in use, and the first one for ever. Follows: servicecidr controller. */
export class ServiceCidrController implements Controller {
  readonly name = 'service-cidr';
  readonly watches;
  readonly #deps: ServiceCidrControllerDeps;
  readonly #networks: Lister<ServiceCIDR>;
  readonly #addresses: Lister<IPAddress>;

  constructor(deps: ServiceCidrControllerDeps) {
    this.#deps = deps;
    this.#networks = deps.informers.of(serviceCidrs).lister;
    this.#addresses = deps.informers.of(ipAddresses).lister;
    this.watches = [
      primary(serviceCidrs),
      // A network that is to go waits for its last address.
      mapped(ipAddresses, (now) => {
        if (now !== undefined && this.#networks.get({ name: standardName }) !== undefined) return [];
        const leaving = this.#networks.list().filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
        return [{ name: standardName }, ...leaving.map(keyOf)];
      }),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const network = this.#networks.get(key); // check
    if (network === undefined) {
      if (key.name === standardName) await this.#createStandard(signal);
      return settled;
    }
    const { finalizers = [], deletionTimestamp } = network.metadata;
    const isLeaving = deletionTimestamp !== undefined;
    const isHeld = finalizers.includes(finalizer);
    if (isLeaving && isHeld && !this.#isInUse(network)) {
      await this.#setFinalizers(
        network,
        finalizers.filter((one) => one !== finalizer),
        signal,
      ); // act
      trace.did('let it go: no address of it is in use');
      return settled;
    }
    if (!isLeaving && !isHeld) {
      await this.#setFinalizers(network, [...finalizers, finalizer], signal);
      return settled; // the update brings it back, to say that it is ready
    }
    await this.#setReady(network, isLeaving, signal);
    return settled;
  }

  /** The API server's own network is there from the start. */
  async #createStandard(signal: AbortSignal): Promise<void> {
    const network: ServiceCIDR = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: standardName },
      spec: { cidrs: [this.#deps.serviceCIDR] },
    };
    await this.#deps.client.create(serviceCidrs, network, { signal }).catch(ignoring(isAlreadyExists));
  }

  /** An address that another network has as well holds nothing up. */
  #isInUse(network: ServiceCIDR): boolean {
    const others = this.#networks
      .list()
      .filter((other) => other !== network && other.metadata.deletionTimestamp === undefined);
    return this.#addresses
      .list()
      .some(({ metadata: { name = '' } }) => isInNetworks(name, [network]) && !isInNetworks(name, others));
  }

  async #setFinalizers(network: ServiceCIDR, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    const { resourceVersion } = network.metadata;
    const body = { metadata: { uid: uidOf(network), resourceVersion, finalizers } };
    await this.#deps.client
      .patch(serviceCidrs, keyOf(network), { type: 'merge', body }, { signal })
      .catch(ignoring(isNotFound));
  }

  async #setReady(network: ServiceCIDR, isLeaving: boolean, signal: AbortSignal): Promise<void> {
    const conditions = network.status?.conditions ?? [];
    const wanted: Omit<Condition, 'lastTransitionTime'> = isLeaving
      ? {
          type: 'Ready',
          status: 'False',
          reason: 'Terminating',
          message:
            'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
        }
      : { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
    if (conditions.some(({ type, status }) => type === 'Ready' && status === wanted.status)) return;
    const ready = { ...wanted, lastTransitionTime: rfc3339(this.#deps.clock.now()) };
    const status = { conditions: [...conditions.filter(({ type }) => type !== 'Ready'), ready] };
    await this.#deps.client.updateStatus(serviceCidrs, { ...network, status }, { signal }).catch(ignoring(isNotFound));
  }
}
