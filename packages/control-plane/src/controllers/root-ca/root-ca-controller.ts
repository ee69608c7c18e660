import type { ConfigMap, Namespace, ObjectKey } from '@geobuk/api';
import { configMaps, ignoring, isAlreadyExists, namespaces } from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';

export interface RootCaControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  /** PEM of the cluster's CA. */
  readonly rootCa: string;
}

const configMapName = 'kube-root-ca.crt';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** Publishes the cluster's CA in every namespace, where pods mount it. Follows: root-ca-cert-publisher. */
export class RootCaController implements Controller {
  readonly name = 'root-ca-certificate-publisher';
  readonly watches;
  readonly #deps: RootCaControllerDeps;
  readonly #namespaces: Lister<Namespace>;
  readonly #configMaps: Lister<ConfigMap>;

  constructor(deps: RootCaControllerDeps) {
    this.#deps = deps;
    this.#namespaces = deps.informers.of(namespaces).lister;
    const scope = { fieldSelector: `metadata.name=${configMapName}` };
    this.#configMaps = deps.informers.of(configMaps, scope).lister;
    this.watches = [
      primary(namespaces),
      mapped(configMaps, (now, before) => [{ name: (now ?? before)?.metadata.namespace ?? '' }], scope),
    ];
  }

  async reconcile({ name: namespace }: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, rootCa } = this.#deps;
    const found = this.#namespaces.get({ name: namespace });
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return settled;
    const present = this.#configMaps.get({ namespace, name: configMapName });
    const wanted: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: configMapName, namespace, annotations: { 'kubernetes.io/description': description } },
      data: { 'ca.crt': rootCa },
    };
    if (present === undefined) {
      trace.found('no CA bundle');
      await client.create(configMaps, wanted, { signal }).catch(ignoring(isAlreadyExists));
      trace.did('published it');
    } else if (present.data?.['ca.crt'] !== rootCa || Object.keys(present.data).length !== 1) {
      trace.found('another CA bundle');
      const { data: _replaced, ...rest } = present;
      await client.update(configMaps, { ...rest, data: { 'ca.crt': rootCa } }, { signal });
      trace.did('restored it');
    }
    return settled;
  }
}
