import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  ServiceAccount,
  StorageClass,
} from '@geobuk/api';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  serviceAccounts,
  storageClasses,
} from '@geobuk/api';
import type { Column } from './view.js';
import { tableView } from './view.js';

const namesOnly = (data: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined =>
  data === undefined ? undefined : Object.fromEntries(Object.keys(data).map((name) => [name, '']));

const withoutNotes = <T extends { readonly metadata: ConfigMap['metadata'] }>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: undefined },
});

const dataColumn = <T extends ConfigMap | Secret>(): Column<T> => ({
  title: 'DATA',
  align: 'right',
  kind: 'number',
  value: ({ data }) => Object.keys(data ?? {}).length,
  cell: ({ data }) => String(Object.keys(data ?? {}).length),
});

/** `:secrets`. Values are never kept: only `x` fetches them, for one secret. */
export const secretsView = tableView<Secret>({
  resource: secrets,
  columns: [{ title: 'TYPE', cell: ({ type }) => type ?? 'Opaque' }, dataColumn()],
  capabilities: { decodable: true },
  slim: (secret) => ({ ...withoutNotes(secret), data: namesOnly(secret.data) }),
});

/** `:configmaps`. */
export const configMapsView = tableView<ConfigMap>({
  resource: configMaps,
  columns: [dataColumn()],
  slim: (map) => ({ ...withoutNotes(map), data: namesOnly(map.data), binaryData: namesOnly(map.binaryData) }),
});

/** `:serviceaccounts`. */
export const serviceAccountsView = tableView<ServiceAccount>({
  resource: serviceAccounts,
  columns: [
    {
      title: 'SECRET',
      align: 'right',
      kind: 'number',
      value: ({ secrets = [] }) => secrets.length,
      cell: ({ secrets = [] }) => String(secrets.length),
    },
  ],
  opens: 'rules',
});

const accessModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

const modesText = (modes: readonly string[] | undefined): string =>
  (modes ?? []).map((mode) => accessModes[mode] ?? mode).join(',');

/** `:persistentvolumeclaims`. */
export const claimsView = tableView<PersistentVolumeClaim>({
  resource: persistentVolumeClaims,
  columns: [
    { title: 'STATUS', cell: ({ status }) => status?.phase ?? 'Pending' },
    { title: 'VOLUME', cell: ({ spec }) => spec.volumeName ?? '' },
    { title: 'CAPACITY', align: 'right', cell: ({ status }) => status?.capacity?.['storage'] ?? '' },
    { title: 'ACCESS-MODES', cell: ({ spec }) => modesText(spec.accessModes) },
    { title: 'STORAGECLASS', cell: ({ spec }) => spec.storageClassName ?? '' },
  ],
  health: ({ status }) => (status?.phase === 'Bound' ? 'ok' : status?.phase === 'Lost' ? 'error' : 'pending'),
  problem: ({ status }) => (status?.phase === 'Bound' ? '' : (status?.phase ?? 'Pending')),
});

/** `:persistentvolumes`. */
export const volumesView = tableView<PersistentVolume>({
  resource: persistentVolumes,
  columns: [
    { title: 'CAPACITY', align: 'right', cell: ({ spec }) => spec.capacity?.['storage'] ?? '' },
    { title: 'ACCESS-MODES', cell: ({ spec }) => modesText(spec.accessModes) },
    { title: 'RECLAIM-POLICY', cell: ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '' },
    { title: 'STATUS', cell: ({ status }) => status?.phase ?? '' },
    {
      title: 'CLAIM',
      cell: ({ spec }) =>
        spec.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
    },
    { title: 'STORAGECLASS', cell: ({ spec }) => spec.storageClassName ?? '' },
    { title: 'REASON', cell: ({ status }) => status?.reason ?? '' },
    { title: 'VOLUMEMODE', wide: true, cell: ({ spec }) => spec.volumeMode ?? 'Filesystem' },
  ],
  health: ({ status }) => (status?.phase === 'Failed' ? 'error' : status?.phase === 'Pending' ? 'pending' : 'ok'),
  problem: ({ status }) => (status?.phase === 'Failed' || status?.phase === 'Pending' ? status.phase : ''),
});

/** `:storageclasses`. */
export const storageClassesView = tableView<StorageClass>({
  resource: storageClasses,
  columns: [
    {
      title: 'NAME',
      cell: ({ metadata }) =>
        `${metadata.name ?? ''}${metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? ' (default)' : ''}`,
    },
    { title: 'PROVISIONER', cell: ({ provisioner }) => provisioner },
    { title: 'RECLAIMPOLICY', cell: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete' },
    { title: 'VOLUMEBINDINGMODE', cell: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate' },
    { title: 'ALLOWVOLUMEEXPANSION', cell: ({ allowVolumeExpansion }) => String(allowVolumeExpansion ?? false) },
  ],
});
