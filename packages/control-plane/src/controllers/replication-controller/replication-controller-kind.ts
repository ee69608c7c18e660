import type { KubernetesObject, ReplicationController, ResourceType } from '@geobuk/api';
import { replicationControllers } from '@geobuk/api';
import type { ReplicatedKind } from '../replica-set/replica-set-controller.js';

/** ReplicationControllers, run by the controller of ReplicaSets. Follows: replication manager, an adapter as well. */
export const replicationControllerKind: ReplicatedKind = {
  controller: 'replicationcontroller',
  type: replicationControllers as ResourceType,
  view: (object: KubernetesObject) => {
    const { spec, ...rest } = object as ReplicationController;
    const matchLabels = spec.selector ?? spec.template?.metadata?.labels ?? {};
    return { ...rest, spec: { ...spec, selector: { matchLabels } } };
  },
};
