import type {
  EndpointSlice,
  Ingress,
  IngressClass,
  KubernetesObject,
  Namespace,
  Pod,
  Secret,
  Service,
} from '@geobuk/api';
import { endpointSlices, ingressClasses, ingresses, namespaces, pods, secrets, services } from '@geobuk/api';
import { addonNamespace } from '@geobuk/addon-sdk';
import type { Informer, Informers } from '@geobuk/client';
import type { GatewayObjects } from '../gateway/add-gateways.js';
import { gatewayClasses, gateways, httpRoutes, referenceGrants } from '../gateway/gateway-api.js';
import type { ClusterView } from '../routing/cluster-view.js';
import { byService, serviceKeyOf } from '../routing/cluster-view.js';

export interface Changed {
  /** Anything that routes are made of. */
  readonly routes: () => void;
  /** `<namespace>/<name>` of a Service. */
  readonly endpoints: (service: string) => void;
  /** The pods of the proxy itself. */
  readonly pods: () => void;
}

/** Everything of the cluster that this addon looks at, from memory. */
export class ClusterObjects {
  readonly view: ClusterView;
  readonly #informers: readonly Informer<KubernetesObject>[];
  readonly #ingresses: Informer<Ingress>;
  readonly #classes: Informer<IngressClass>;
  readonly #pods: Informer<Pod>;
  readonly #gateway: ReturnType<typeof gatewayInformers> | undefined;

  constructor(informers: Informers, options: { readonly gatewayApi: boolean }) {
    const serviceInformer: Informer<Service> = informers.of(services);
    const sliceInformer: Informer<EndpointSlice> = informers.of(endpointSlices);
    const namespaceInformer: Informer<Namespace> = informers.of(namespaces);
    // No other Secrets than those for TLS are ever asked for.
    const secretInformer: Informer<Secret> = informers.of(secrets, { fieldSelector: 'type=kubernetes.io/tls' });
    sliceInformer.addIndex(byService, serviceKeyOf);
    this.#ingresses = informers.of(ingresses);
    this.#classes = informers.of(ingressClasses);
    this.#pods = informers.of(pods, { namespace: addonNamespace, labelSelector: 'app.kubernetes.io/name=ingress' });
    this.#gateway = options.gatewayApi ? gatewayInformers(informers) : undefined;
    this.view = {
      services: serviceInformer.lister,
      slices: sliceInformer.lister,
      secrets: secretInformer.lister,
      namespaces: namespaceInformer.lister,
    };
    this.#informers = [
      serviceInformer,
      namespaceInformer,
      secretInformer,
      this.#ingresses,
      this.#classes,
      ...Object.values(this.#gateway ?? {}),
      sliceInformer,
    ] as unknown as readonly Informer<KubernetesObject>[];
  }

  get ingresses(): readonly Ingress[] {
    return this.#ingresses.lister.list();
  }

  get ingressClasses(): readonly IngressClass[] {
    return this.#classes.lister.list();
  }

  get gateway(): GatewayObjects {
    const { classes, gateways: gatewayInformer, routes, grants } = this.#gateway ?? {};
    return {
      classes: classes?.lister.list() ?? [],
      gateways: gatewayInformer?.lister.list() ?? [],
      routes: routes?.lister.list() ?? [],
      grants: grants?.lister.list() ?? [],
    };
  }

  /** Of the nodes where the proxy is ready, in order. */
  get proxyAddresses(): readonly string[] {
    const ready = this.#pods.lister
      .list(addonNamespace)
      .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
    return [...new Set(ready.map(({ status }) => status?.hostIP ?? ''))].filter((ip) => ip !== '').sort();
  }

  subscribe(changed: Changed): void {
    for (const informer of this.#informers) {
      if (informer.type.plural !== endpointSlices.plural) {
        informer.subscribe({ changed: (now, before) => isNews(now, before) && changed.routes() });
        continue;
      }
      informer.subscribe({
        changed: (now, before) => {
          for (const slice of [now, before] as readonly (EndpointSlice | undefined)[])
            for (const key of slice === undefined ? [] : serviceKeyOf(slice)) changed.endpoints(key);
        },
      });
    }
    this.#pods.subscribe({ changed: changed.pods });
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers, this.#pods].map((informer) => informer.whenSynced(signal)));
  }
}

const gatewayInformers = (informers: Informers) => ({
  classes: informers.of(gatewayClasses),
  gateways: informers.of(gateways),
  routes: informers.of(httpRoutes),
  grants: informers.of(referenceGrants),
});

/** Writes of a status, our own most of all, change no route. */
function isNews(now: KubernetesObject | undefined, before: KubernetesObject | undefined): boolean {
  const generation = now?.metadata.generation;
  if (now === undefined || before === undefined || generation === undefined) return true;
  return generation !== before.metadata.generation || !sameMeta(now, before);
}

const sameMeta = ({ metadata: a }: KubernetesObject, { metadata: b }: KubernetesObject): boolean =>
  JSON.stringify([a.labels, a.annotations, a.deletionTimestamp]) ===
  JSON.stringify([b.labels, b.annotations, b.deletionTimestamp]);
