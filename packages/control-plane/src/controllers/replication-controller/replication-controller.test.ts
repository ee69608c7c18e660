import { pods, replicationControllers } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { ReplicaSetController } from '../replica-set/replica-set-controller.js';
import { pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { replicationControllerKind } from './replication-controller-kind.js';

const rc = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web' },
  spec: {
    replicas: 3,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
  },
};

describe('the controller of ReplicationControllers', () => {
  it('5.1.1 keeps its pods, 5.0.2 adopting one, and reports them', async () => {
    await using world = await turnControllers([rc, pod('orphan', { labels: { app: 'web' } })], (made) => [
      new ReplicaSetController({ ...made, kind: replicationControllerKind }),
    ]);
    const all = world.client.stored(pods);
    expect(all).toHaveLength(3);
    for (const { metadata } of all)
      expect(metadata.ownerReferences).toMatchObject([
        { apiVersion: 'v1', kind: 'ReplicationController', name: 'web' },
      ]);
    const [stored] = world.client.stored(replicationControllers);
    expect(stored?.status).toMatchObject({ replicas: 3, readyReplicas: 1 });
    expect(stored?.spec.selector).toEqual({ app: 'web' });
  });
});
