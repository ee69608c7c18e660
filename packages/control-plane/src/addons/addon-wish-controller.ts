import type { Addon, ObjectKey } from '@geobuk/api';
import { addons, apiVersionOf, ignoring, isAlreadyExists, namespaces } from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';
import type { AddonCatalogue } from './addon-catalogue.js';

export interface AddonWishControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly catalogue: AddonCatalogue;
}

/**
 * Gives each installed package its Addon object, once for each start, so that one list shows all that is possible. What
 * the user wished is never overwritten.
 */
export class AddonWishController implements Controller {
  readonly name = 'addon-wish';
  readonly watches;
  readonly #deps: AddonWishControllerDeps;
  readonly #addons: Lister<Addon>;
  readonly #seen = new Set<string>();

  constructor(deps: AddonWishControllerDeps) {
    this.#deps = deps;
    this.#addons = deps.informers.of(addons).lister;
    const all = deps.catalogue.definitions.map(({ name }) => ({ name }));
    // The namespace of all addons is the sign that the cluster is there to be wished for.
    const start = mapped(namespaces, (now) => (now?.metadata.name === 'kube-system' ? all : []));
    this.watches = [primary(addons), start];
  }

  async reconcile({ name }: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, catalogue } = this.#deps;
    const definition = catalogue.get(name);
    if (definition === undefined || this.#seen.has(name)) return settled;
    if (this.#addons.get({ name }) === undefined) {
      const wish: Addon = {
        apiVersion: apiVersionOf(addons),
        kind: addons.kind,
        metadata: { name },
        spec: { enabled: definition.enabledByDefault },
      };
      await client.create(addons, wish, { signal }).catch(ignoring(isAlreadyExists));
      trace.did(`created Addon ${name}`);
    }
    this.#seen.add(name);
    return settled;
  }
}
