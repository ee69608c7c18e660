import type { KubernetesObject, ObjectKey, Secret } from '@geobuk/api';
import { secrets } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Connection } from '../cluster/connection.js';
import { helmSecretOf, parseHelmRelease } from '../describe/helm.js';
import type { HelmRelease, StoredRelease } from '../describe/helm.js';
import { DiffPage } from '../pages/diff-page.js';
import { applyAll, deleteAll, manifestName, parseManifest, previewApply } from './manifests.js';
import type { ManifestObject } from './manifests.js';

/** Helm's own name as a field manager: what it applied before is taken over, not fought about. */
const fieldManager = 'helm';

export async function readRelease(cluster: Cluster, key: ObjectKey, signal: AbortSignal): Promise<HelmRelease> {
  const connection = await cluster.connection(signal);
  const release = parseHelmRelease(await connection.read(secrets, key, { signal }));
  if (release === undefined) throw new Error(`${key.name} holds no release`);
  return release;
}

/** Every revision of a release, the newest first. */
async function revisionsOf(
  connection: Connection,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<readonly { readonly secret: Secret; readonly release: HelmRelease }[]> {
  const labelSelector = `owner=helm,name=${name}`;
  const { items } = await connection.list(secrets, { namespace, labelSelector, signal });
  return items
    .flatMap((secret) => {
      const release = parseHelmRelease(secret);
      return release === undefined ? [] : [{ secret, release }];
    })
    .sort((a, b) => b.release.revision - a.release.revision);
}

const isKept = ({ object }: ManifestObject): boolean =>
  object.metadata.annotations?.['helm.sh/resource-policy'] === 'keep';

const identity = ({ type, key }: ManifestObject): string =>
  `${type.group}/${type.plural}/${key.namespace ?? ''}/${key.name}`;

/**
 * A former revision becomes the newest: its manifest is applied, what it does not know is deleted, and the release is
 * written on as Helm would. Follows: helm rollback. Differs: hooks are not run, and that is said before.
 */
export async function rollbackRelease(services: Services, cluster: Cluster, key: ObjectKey): Promise<void> {
  await services.act(async (signal) => {
    const connection = await cluster.connection(signal);
    const wanted = await readRelease(cluster, key, signal);
    const { name, namespace } = wanted;
    const [latest, ...older] = await revisionsOf(connection, namespace, name, signal);
    if (latest === undefined) throw new Error(`release ${name} is gone`);
    if (latest.release.revision === wanted.revision) {
      services.flash('info', `revision ${wanted.revision} is the one that is deployed`);
      return;
    }
    if (latest.release.status.startsWith('pending')) {
      services.flash('warn', `another change of ${name} is going on: ${latest.release.status}`);
      return;
    }
    const target = parseManifest(wanted.manifest, namespace, cluster);
    const known = new Set(target.map(identity));
    const present = parseManifest(latest.release.manifest, namespace, cluster);
    const gone = present.filter((one) => !known.has(identity(one)) && !isKept(one));
    const { before, after } = await previewApply(connection, target, fieldManager, signal);
    const going = gone.map((one) => `# ${manifestName(one)}: is deleted\n`).join('');
    const hooks = wanted.hooks > 0 ? `, ${wanted.hooks} hooks are not run` : '';
    const title = `release ${name}: back to revision ${wanted.revision}${hooks}`;
    const yes = await DiffPage.ask({ cluster, title, before, after: after + going }, services);
    if (!yes) {
      services.flash('info', 'nothing was changed');
      return;
    }
    const now = services.clock.now();
    const version = latest.release.revision + 1;
    const next = nextRevision(wanted.stored, latest.release.stored, version, 'pending-rollback', now);
    await connection.create(secrets, helmSecretOf(next, now), { signal });
    const finish = async (status: string): Promise<void> => {
      const done = nextRevision(wanted.stored, latest.release.stored, version, status, now);
      await rewrite(connection, done, now, signal);
    };
    try {
      await applyAll(connection, target, fieldManager, signal);
      const failures = await deleteAll(connection, gone, signal);
      if (failures.length > 0) throw new Error(failures[0]);
    } catch (error) {
      await finish('failed');
      throw error;
    }
    for (const { release } of [latest, ...older]) {
      if (release.status !== 'deployed') continue;
      const { stored } = release;
      await rewrite(connection, { ...stored, info: { ...stored.info, status: 'superseded' } }, now, signal);
    }
    await finish('deployed');
    services.flash('info', `${name} is at revision ${version}, which is ${wanted.revision} again`);
  });
}

function nextRevision(
  wanted: StoredRelease,
  latest: StoredRelease,
  version: number,
  status: string,
  now: number,
): StoredRelease {
  const first = latest.info?.first_deployed ?? wanted.info?.first_deployed;
  return {
    ...wanted,
    version,
    info: {
      ...wanted.info,
      ...(first === undefined ? {} : { first_deployed: first }),
      last_deployed: new Date(now).toISOString(),
      description: `Rollback to ${wanted.version ?? 0}`,
      status,
    },
  };
}

/** The Secret of a revision in its new state. */
async function rewrite(connection: Connection, stored: StoredRelease, now: number, signal: AbortSignal): Promise<void> {
  const { metadata, data } = helmSecretOf(stored, now);
  const key = { namespace: metadata.namespace, name: metadata.name ?? '' };
  const body = { metadata: { labels: metadata.labels }, data };
  await connection.patch<KubernetesObject>(secrets as never, key, { type: 'merge', body }, { signal });
}

/** `^d`: everything a release brought, and its record. Follows: helm uninstall. Differs: hooks are not run. */
export async function uninstallRelease(services: Services, cluster: Cluster, key: ObjectKey): Promise<void> {
  await services.act(async (signal) => {
    const connection = await cluster.connection(signal);
    const release = await readRelease(cluster, key, signal);
    const { name, namespace } = release;
    const objects = parseManifest(release.manifest, namespace, cluster).filter((one) => !isKept(one));
    const names = objects.map(manifestName);
    const lines = [
      ...names.slice(0, 10),
      ...(names.length > 10 ? [`… and ${names.length - 10} more`] : []),
      ...(release.hooks > 0 ? [`${release.hooks} hooks are not run`] : []),
    ];
    const request = { title: `Uninstall ${name}?`, lines, confirm: 'Uninstall', typed: name };
    if (!(await services.dialogs.confirm(request))) return;
    const failures = await deleteAll(connection, objects, signal);
    if (failures.length > 0) {
      await services.dialogs.message(`${name} stays: these could not be deleted`, failures);
      return;
    }
    for (const { secret } of await revisionsOf(connection, namespace, name, signal))
      await connection.delete(secrets, { namespace, name: secret.metadata.name ?? '' }, { signal });
    services.flash('info', `${name} is uninstalled`);
  });
}
