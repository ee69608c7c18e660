import type { Deployment, KubernetesObject, ObjectKey, ReplicaSet, ResourceType } from '@geobuk/api';
import { deployments, replicaSets } from '@geobuk/api';
import type { Patch } from '@geobuk/client';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { TablePage } from '../pages/table-page.js';
import { journalled } from './journalled.js';

/** `^l` on a ReplicaSet. */
export async function rollbackTo(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const owner = row.object.metadata.ownerReferences?.find(
    ({ kind, controller }) => kind === 'Deployment' && controller === true,
  );
  if (owner === undefined) page.services.flash('warn', `${row.key.name} belongs to no deployment`);
  else await rollbackDeployment(page.services, page.clusterOf(row), row.key, owner.name);
}

/** A revision's template becomes the Deployment's again. Follows: kubectl rollout undo --to-revision. */
export async function rollbackDeployment(
  services: Services,
  cluster: Cluster,
  revision: ObjectKey,
  deployment: string,
): Promise<void> {
  const lines = [`deployment ${deployment} goes back to the pods of ${revision.name}`];
  if (!(await services.dialogs.confirm({ title: 'Roll back?', lines, confirm: 'Roll back' }))) return;
  await services.act(async (signal) => {
    const connection = await cluster.connection(signal);
    const set: ReplicaSet = await connection.read(replicaSets, revision, { signal });
    const { 'pod-template-hash': _, ...labels } = set.spec.template?.metadata?.labels ?? {};
    const template = { ...set.spec.template, metadata: { ...set.spec.template?.metadata, labels } };
    const key = { namespace: revision.namespace, name: deployment };
    const patch: Patch = { type: 'json', operations: [{ op: 'replace', path: '/spec/template', value: template }] };
    const what = `roll back deployment ${deployment}`;
    const act = (): Promise<KubernetesObject> => connection.patch<Deployment>(deployments, key, patch, { signal });
    await journalled({ services, cluster, type: deployments as ResourceType, key, what }, act, signal);
    services.flash('info', `${deployment} rolls back`);
  });
}
