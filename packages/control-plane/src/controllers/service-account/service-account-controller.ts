import type { Namespace, ObjectKey, ServiceAccount } from '@geobuk/api';
import { ignoring, isAlreadyExists, namespaces, serviceAccounts } from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';

export interface ServiceAccountControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
}

/** Keeps a ServiceAccount `default` in every active namespace. Follows: serviceaccount controller. */
export class ServiceAccountController implements Controller {
  readonly name = 'serviceaccount';
  readonly watches = [
    primary(namespaces),
    mapped(serviceAccounts, (now, before) =>
      now === undefined && before?.metadata.name === 'default' ? [{ name: before.metadata.namespace ?? '' }] : [],
    ),
  ];
  readonly #deps: ServiceAccountControllerDeps;
  readonly #namespaces: Lister<Namespace>;
  readonly #accounts: Lister<ServiceAccount>;

  constructor(deps: ServiceAccountControllerDeps) {
    this.#deps = deps;
    this.#namespaces = deps.informers.of(namespaces).lister;
    this.#accounts = deps.informers.of(serviceAccounts).lister;
  }

  async reconcile({ name: namespace }: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const found = this.#namespaces.get({ name: namespace });
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return settled;
    if (this.#accounts.get({ namespace, name: 'default' }) !== undefined) return settled;
    trace.found('no ServiceAccount default');
    const account: ServiceAccount = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    };
    await this.#deps.client.create(serviceAccounts, account, { signal }).catch(ignoring(isAlreadyExists));
    trace.did('created it');
    return settled;
  }
}
