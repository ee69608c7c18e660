import { ApiError, randomNameSuffix } from '@geobuk/api';
import type { KubernetesObject, Pod, ServiceAccount } from '@geobuk/api';
import { deadline, DeadlineError } from '@geobuk/client';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from './admission.js';
import { newPod } from './kinds.js';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const tokenSeconds = 3607;
const defaultAccountMs = 1_000;
const mirrorAnnotation = 'kubernetes.io/config.mirror';

export interface ServiceAccountAdmissionDeps {
  readonly caches: WatchCaches;
  random(): number;
}

type Spec = Pod['spec'];
type Container = NonNullable<Spec['containers']>[number];

/** Every pod acts as a service account and has its token. Follows: ServiceAccount admission, checklist 2.3.5, 2.3.6, 2.7.6. */
export function serviceAccountAdmission({ caches, random }: ServiceAccountAdmissionDeps): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    async admit(object: KubernetesObject, request: AdmissionRequest): Promise<KubernetesObject> {
      const pod = newPod(object, request);
      if (pod === undefined) return object;
      const { spec } = pod;
      if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) {
        if (spec.serviceAccountName !== undefined && spec.serviceAccountName !== '') {
          throw ApiError.forbidden(
            subjectOf(request.resource),
            request.name,
            'a mirror pod may not reference service accounts',
          );
        }
        return object;
      }
      const given = spec.serviceAccountName ?? spec.serviceAccount;
      const name = given === undefined || given === '' ? 'default' : given;
      const namespace = request.namespace ?? '';
      const account = await accountOf(caches, { namespace, name }, request.signal);
      if (account === undefined) {
        const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
        throw ApiError.forbidden(subjectOf(request.resource), request.name, why);
      }
      const named: Spec = { ...spec, serviceAccountName: name, serviceAccount: name };
      const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
      const withToken = mounts ? mountToken(named, random) : named;
      const pullSecrets = (spec.imagePullSecrets ?? []).length === 0 ? account.imagePullSecrets : undefined;
      return {
        ...pod,
        spec: pullSecrets === undefined ? withToken : { ...withToken, imagePullSecrets: pullSecrets },
      } as KubernetesObject;
    },
  };
}

/** A namespace that was made a moment ago gets its `default` in a moment: that is waited for, since people type faster. */
async function accountOf(
  caches: WatchCaches,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<ServiceAccount | undefined> {
  const cache = caches.cache(storePrefix('', 'serviceaccounts'));
  const found = cache.get(key);
  if (found !== undefined || key.name !== 'default') return found?.object as ServiceAccount | undefined;
  using limit = deadline(signal, defaultAccountMs);
  try {
    for await (const items of cache.watch({ after: 'existing', ...key, signal: limit.signal })) {
      const made = items.find((item) => item.type === 'ADDED');
      if (made?.type === 'ADDED') return made.current.object as ServiceAccount;
    }
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
  return undefined;
}

function mountToken(spec: Spec, random: () => number): Spec {
  const existing = (spec.volumes ?? []).find(({ name }) => name.startsWith('kube-api-access-'));
  const name = existing?.name ?? `kube-api-access-${randomNameSuffix(random)}`;
  let isUsed = false;
  const mount = (container: Container): Container => {
    if ((container.volumeMounts ?? []).some((own) => own.mountPath === mountPath)) return container;
    isUsed = true;
    return { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }] };
  };
  const containers = spec.containers.map(mount);
  const initContainers = spec.initContainers?.map(mount);
  if (!isUsed) return spec;
  return {
    ...spec,
    ...(initContainers === undefined ? {} : { initContainers }),
    containers,
    volumes: existing === undefined ? [...(spec.volumes ?? []), tokenVolume(name)] : spec.volumes,
  };
}

const tokenVolume = (name: string): NonNullable<Spec['volumes']>[number] => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
});
