import { configMaps, secrets } from '@geobuk/api';
import type { ConfigMap, Pod, Secret, Volume, VolumeProjection } from '@geobuk/api';
import type { DownwardFacts } from '../pods/environment/field-ref.js';
import type { ReferencedObjects } from '../pods/referenced-objects.js';
import { downwardPayload, keyedPayload } from './payload.js';
import type { Payload, PayloadFile } from './payload.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';

export interface PayloadDeps {
  readonly objects: ReferencedObjects;
  readonly tokens: ServiceAccountTokens;
}

export interface PayloadNow {
  readonly payload: Payload;
  /** Holds secrets: in memory only, where that can be. */
  readonly secret: boolean;
  /** When it must be looked at again, tokens in it being near their end. */
  readonly refreshAt: number | undefined;
}

const defaultTokenSeconds = 3600;

/** Whether a volume is files made from objects of the API. */
export const isPayloadVolume = ({ configMap, secret, projected, downwardAPI }: Volume): boolean =>
  (configMap ?? secret ?? projected ?? downwardAPI) !== undefined;

/** The files such a volume should hold now. @throws {PayloadError} something is missing. */
export async function payloadOf(
  pod: Pod,
  volume: Volume,
  { objects, tokens }: PayloadDeps,
  facts: DownwardFacts,
  signal: AbortSignal,
): Promise<PayloadNow> {
  const namespace = pod.metadata.namespace ?? '';
  let refreshAt: number | undefined;

  const ofConfigMap = async (name: string, items: VolumeItems, optional = false, mode?: number): Promise<Payload> => {
    const object = await objects.get<ConfigMap>(configMaps, { namespace, name }, signal);
    return keyedPayload({ kind: 'configmap', name, object, items, optional }, mode);
  };
  const ofSecret = async (name: string, items: VolumeItems, optional = false, mode?: number): Promise<Payload> => {
    const object = await objects.get<Secret>(secrets, { namespace, name }, signal);
    return keyedPayload({ kind: 'secret', name, object, items, optional }, mode);
  };
  const ofToken = async (
    wanted: NonNullable<VolumeProjection['serviceAccountToken']>,
    mode?: number,
  ): Promise<Payload> => {
    const { audience, expirationSeconds = defaultTokenSeconds, path } = wanted;
    const issued = await tokens.of(pod, { audience, expirationSeconds }, signal);
    refreshAt = Math.min(refreshAt ?? Infinity, issued.refreshAt);
    return new Map([[path, { data: Buffer.from(issued.token), ...tokenOwner(pod, mode) }]]);
  };
  const ofSource = async (source: VolumeProjection, mode?: number): Promise<Payload> => {
    const { configMap, secret, downwardAPI, serviceAccountToken } = source;
    if (configMap !== undefined) return ofConfigMap(configMap.name ?? '', configMap.items, configMap.optional, mode);
    if (secret !== undefined) return ofSecret(secret.name ?? '', secret.items, secret.optional, mode);
    if (downwardAPI !== undefined) return downwardPayload(pod, downwardAPI.items ?? [], facts, mode);
    if (serviceAccountToken !== undefined) return ofToken(serviceAccountToken, mode);
    return new Map();
  };

  const { configMap, secret, downwardAPI, projected } = volume;
  let payload: Payload = new Map();
  if (configMap !== undefined) {
    payload = await ofConfigMap(configMap.name ?? '', configMap.items, configMap.optional, configMap.defaultMode);
  } else if (secret !== undefined) {
    payload = await ofSecret(secret.secretName ?? '', secret.items, secret.optional, secret.defaultMode);
  } else if (downwardAPI !== undefined) {
    payload = downwardPayload(pod, downwardAPI.items ?? [], facts, downwardAPI.defaultMode);
  } else if (projected !== undefined) {
    const all = new Map<string, PayloadFile>();
    for (const source of projected.sources ?? []) {
      for (const [path, file] of await ofSource(source, projected.defaultMode)) all.set(path, file);
    }
    payload = all;
  }
  return { payload, secret: configMap === undefined && downwardAPI === undefined, refreshAt };
}

type VolumeItems = NonNullable<Volume['configMap']>['items'];

/** A token is for the pod's user alone when that is one. Follows: projected volume, FixMountRef of tokens. */
function tokenOwner(pod: Pod, mode: number | undefined): { readonly mode: number; readonly uid?: number } {
  if (pod.spec.securityContext?.fsGroup !== undefined) return { mode: 0o600 };
  const users = new Set(
    [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(
      ({ securityContext }) => securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser,
    ),
  );
  const [user] = users;
  return users.size === 1 && user !== undefined ? { mode: 0o600, uid: user } : { mode: mode ?? 0o644 };
}
