import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';

export interface Change {
  readonly services: Services;
  readonly cluster: Cluster;
  readonly type: ResourceType;
  readonly key: ObjectKey;
  /** In a few words, for the journal. */
  readonly what: string;
}

/** Makes a change and remembers how things stood before, so that it can be undone. */
export async function journalled(
  { services, cluster, type, key, what }: Change,
  act: () => Promise<KubernetesObject | undefined>,
  signal: AbortSignal,
): Promise<void> {
  const connection = await cluster.connection(signal);
  const before = await connection.read(type, key, { signal });
  const after = await act();
  services.journal.record({ at: services.clock.now(), cluster, type, what, before, after });
}
