import { isDeepStrictEqual } from 'node:util';
import type { Endpoints, ObjectKey, Pod, Service } from '@geobuk/api';
import {
  endpoints,
  ignoring,
  isAlreadyExists,
  isNotFound,
  keyOf,
  labelSelectorOf,
  matchesLabels,
  pods,
  services,
  uidOf,
} from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';
import { endpointsOf } from './endpoints-diff.js';

export interface EndpointsControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
}

/** Keeps the old form of a Service's backends. Follows: endpoints controller (deprecated by EndpointSlices, still read by many). */
export class EndpointsController implements Controller {
  readonly name = 'endpoints';
  readonly watches;
  readonly #deps: EndpointsControllerDeps;
  readonly #services: Lister<Service>;
  readonly #pods: Lister<Pod>;
  readonly #endpoints: Lister<Endpoints>;

  constructor(deps: EndpointsControllerDeps) {
    this.#deps = deps;
    this.#services = deps.informers.of(services).lister;
    this.#pods = deps.informers.of(pods).lister;
    this.#endpoints = deps.informers.of(endpoints).lister;
    this.watches = [
      primary(services),
      primary(endpoints),
      mapped(pods, (now, before) => this.#servicesOf(now, before)),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client } = this.#deps;
    const service = this.#services.get(key); // check
    const present = this.#endpoints.get(key);
    if (service === undefined) {
      // Those of nobody are left alone: only what this controller made goes with the Service.
      if (present?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] !== 'endpoint-controller') return settled;
      await client.delete(endpoints, key, { signal, uid: uidOf(present) }).catch(ignoring(isNotFound));
      return settled;
    }
    const { selector } = service.spec;
    if (selector === undefined || Object.keys(selector).length === 0 || service.spec.type === 'ExternalName')
      return settled;
    const requirements = labelSelectorOf({ matchLabels: selector });
    const matching = this.#pods
      .list(key.namespace)
      .filter((pod) => matchesLabels(requirements, pod.metadata.labels ?? {}));
    const wanted = endpointsOf(service, matching, present); // diff
    if (present === undefined) {
      await client.create(endpoints, wanted, { signal }).catch(ignoring(isAlreadyExists)); // act
      trace.did('created endpoints');
    } else if (!isDeepStrictEqual(compared(present), compared(wanted))) {
      await client.update(endpoints, wanted, { signal });
      trace.did(`updated endpoints after ${matching.length} matching pods`);
    }
    return settled;
  }

  #servicesOf(now: Pod | undefined, before: Pod | undefined): readonly ObjectKey[] {
    const versions = [now, before].filter((pod) => pod !== undefined);
    return this.#services
      .list(versions[0]?.metadata.namespace)
      .filter(({ spec }) => {
        const selector = Object.entries(spec.selector ?? {});
        return (
          selector.length > 0 &&
          versions.some(({ metadata }) => selector.every(([name, value]) => metadata.labels?.[name] === value))
        );
      })
      .map(keyOf);
  }
}

const compared = ({ subsets, metadata }: Endpoints): unknown =>
  JSON.parse(JSON.stringify([subsets ?? [], metadata.labels ?? {}, metadata.annotations ?? {}]));
