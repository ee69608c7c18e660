import type { ObjectKey, PersistentVolumeClaim, Pod } from '@geobuk/api';
import { ignoring, isAlreadyExists, keyOf, persistentVolumeClaims, pods, uidOf } from '@geobuk/api';
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
import { controllerOf, controllerReference } from '../controller-ref.js';

export interface EphemeralVolumeControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
}

/** The claims that a pod's own volumes are made by. Pure. */
export const ephemeralClaims = (pod: Pod): readonly PersistentVolumeClaim[] =>
  (pod.spec.volumes ?? []).flatMap(({ name, ephemeral }) => {
    const template = ephemeral?.volumeClaimTemplate;
    if (template === undefined) return [];
    const { labels, annotations } = template.metadata ?? {};
    return [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: `${pod.metadata.name ?? ''}-${name}`,
          namespace: pod.metadata.namespace,
          ...(labels === undefined ? {} : { labels }),
          ...(annotations === undefined ? {} : { annotations }),
          ownerReferences: [controllerReference(pods, pod)],
        },
        spec: template.spec,
      },
    ];
  });

/** Makes the claims of generic ephemeral volumes. Follows: ephemeral-volume controller. */
export class EphemeralVolumeController implements Controller {
  readonly name = 'ephemeral-volume';
  readonly watches;
  readonly #deps: EphemeralVolumeControllerDeps;
  readonly #pods: Lister<Pod>;
  readonly #claims: Lister<PersistentVolumeClaim>;

  constructor(deps: EphemeralVolumeControllerDeps) {
    this.#deps = deps;
    this.#pods = deps.informers.of(pods).lister;
    this.#claims = deps.informers.of(persistentVolumeClaims).lister;
    this.watches = [
      mapped(pods, (now) =>
        now?.spec.volumes?.some(({ ephemeral }) => ephemeral !== undefined) === true ? [keyOf(now)] : [],
      ),
      mapped(persistentVolumeClaims, (now, before): readonly ObjectKey[] => {
        const owner = now === undefined && before !== undefined ? controllerOf(before) : undefined;
        return owner?.kind === 'Pod' ? [{ namespace: before?.metadata.namespace, name: owner.name }] : [];
      }),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, recorder } = this.#deps;
    const pod = this.#pods.get(key); // check
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return settled;
    for (const wanted of ephemeralClaims(pod)) {
      const { name = '', namespace } = wanted.metadata;
      const present = this.#claims.get({ namespace, name });
      if (present === undefined) {
        await client.create(persistentVolumeClaims, wanted, { signal }).catch(ignoring(isAlreadyExists)); // act
        trace.did(`created claim ${name}`);
      } else if (controllerOf(present)?.uid !== uidOf(pod)) {
        const message = `PVC ${namespace ?? ''}/${name} was not created for pod ${namespace ?? ''}/${key.name} (pod is not owner)`;
        recorder.record(pod, 'Warning', 'FailedBinding', `ephemeral volume: ${message}`);
        throw new Error(message);
      }
    }
    return settled;
  }
}
