import type { ObjectKey, Secret } from '@geobuk/api';
import { secrets } from '@geobuk/api';
import { readRelease, rollbackRelease, uninstallRelease } from '../actions/helm-actions.js';
import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import type { HelmRelease } from '../describe/helm.js';
import { mergedValues, parseHelmRelease } from '../describe/helm.js';
import { namespaceText } from '../command/parse-command.js';
import { parseTime } from '../table/age.js';
import { toYaml, yamlLines } from '../text/yaml-text.js';
import { ListPage } from './list-page.js';
import type { ListPageOptions, ListRow } from './list-page.js';
import { TextPage } from './text-page.js';

/** What a list keeps of a release: the release itself is read when it is looked at. */
interface Release {
  readonly key: ObjectKey;
  readonly name: string;
  readonly revision: number;
  readonly status: string;
  readonly chart: string;
  readonly appVersion: string;
  readonly description: string;
  readonly at: number | undefined;
}

function releaseOf(secret: Secret): Release | undefined {
  const { metadata } = secret;
  const release = parseHelmRelease(secret);
  if (release === undefined) return undefined;
  const { name, revision, status, chart, appVersion, description } = release;
  const key = { namespace: metadata.namespace, name: metadata.name ?? '' };
  const at = parseTime(release.stored.info?.last_deployed) ?? parseTime(metadata.creationTimestamp);
  return { key, name, revision, status, chart, appVersion, description, at };
}

const healthOf = (status: string): 'ok' | 'error' | 'pending' | 'done' =>
  status === 'deployed' ? 'ok' : status === 'failed' ? 'error' : status.startsWith('pending') ? 'pending' : 'done';

type Part = 'values' | 'all values' | 'manifest' | 'notes';

function textOf(release: HelmRelease, part: Part): string {
  switch (part) {
    case 'values':
      return toYaml(release.values);
    case 'all values':
      return toYaml(mergedValues(release.chartValues, release.values));
    case 'manifest':
      return release.manifest.trim();
    case 'notes':
      return release.notes;
    default:
      return part satisfies never;
  }
}

/** A part of a release to read; `v` again: the values of the chart with those that were set. */
function show(release: Release, part: Part, cluster: Cluster, services: Services): void {
  let shown = part;
  const load = async (signal: AbortSignal) => yamlLines(textOf(await readRelease(cluster, release.key, signal), shown));
  const isValues = part === 'values';
  const options = {
    crumb: part,
    title: `${part} of ${release.name} revision ${release.revision}`,
    cluster,
    load,
    actions: (page: TextPage): Actions =>
      isValues
        ? {
            values: () => {
              shown = shown === 'values' ? 'all values' : 'values';
              page.reload();
            },
          }
        : {},
  };
  services.open(new TextPage(options, services));
}

const readingActions = (release: Release, cluster: Cluster, services: Services): Actions => ({
  values: () => show(release, 'values', cluster, services),
  yaml: () => show(release, 'manifest', cluster, services),
  describe: () => show(release, 'notes', cluster, services),
  copy: () => services.terminal.copy(release.name),
});

/** Releases of a namespace, followed by a watch of Helm's Secrets. */
function follower(
  cluster: Cluster,
  services: Services,
  scope: { readonly namespace?: string | undefined; readonly labelSelector: string },
): { readonly all: () => readonly Release[]; readonly run: ListPageOptions<Release>['run'] } {
  const releases = new Map<string, Release>();
  const changed = (): void => services.invalidate();
  const set = (secret: Secret): void => {
    const release = releaseOf(secret);
    if (release !== undefined) releases.set(secret.metadata.uid ?? '', release);
    changed();
  };
  return {
    all: () => [...releases.values()],
    run: (signal) =>
      cluster.follow<Secret>(
        (connection) => objectSource(connection, secrets, scope),
        {
          relisting: () => releases.clear(),
          synced: changed,
          set,
          removed: (secret) => {
            releases.delete(secret.metadata.uid ?? '');
            changed();
          },
        },
        (error) => services.flash('alert', error.message),
        signal,
      ),
  };
}

const newest = (releases: readonly Release[]): readonly Release[] => {
  const latest = new Map<string, Release>();
  for (const release of releases) {
    const id = `${release.key.namespace ?? ''}/${release.name}`;
    if ((latest.get(id)?.revision ?? -1) < release.revision) latest.set(id, release);
  }
  return [...latest.values()];
};

/** `:helm`: releases, from the Secrets Helm keeps. Enter, `r`: history; `v` values; `y` manifest; `d` notes; `^d` uninstall. */
export class HelmPage extends ListPage<Release> {
  constructor(cluster: Cluster, services: Services) {
    const choice = services.namespaces();
    const namespace = choice.kind === 'one' ? choice.name : undefined;
    const { all, run } = follower(cluster, services, { namespace, labelSelector: 'owner=helm' });
    const within = ({ key }: Release): boolean => choice.kind !== 'some' || choice.includes(key.namespace ?? '');
    const history = (release: Release): void => services.open(new ReleaseHistoryPage(release, cluster, services));
    super(
      {
        crumb: 'helm',
        title: () => `helm(${namespaceText(choice)})`,
        cluster,
        columns: [
          { title: 'NAMESPACE' },
          { title: 'NAME' },
          { title: 'REVISION', kind: 'number', align: 'right' },
          { title: 'STATUS' },
          { title: 'CHART' },
          { title: 'APP-VERSION' },
          { title: 'AGE', kind: 'time' },
        ],
        sort: { column: 1, descending: false },
        rows: () =>
          newest(all())
            .filter(within)
            .map((release): ListRow<Release> => ({
              id: `${release.key.namespace ?? ''}/${release.name}`,
              cells: [
                release.key.namespace ?? '',
                release.name,
                String(release.revision),
                release.status,
                release.chart,
                release.appVersion,
                '',
              ],
              values: [undefined, undefined, release.revision, undefined, undefined, undefined, release.at],
              health: healthOf(release.status),
              problem: release.status === 'failed' ? release.description : '',
              item: release,
            })),
        empty: () => 'no Helm releases here',
        actions: (release) =>
          release === undefined
            ? {}
            : {
                open: () => history(release),
                releaseHistory: () => history(release),
                ...readingActions(release, cluster, services),
                ...(cluster.readOnly ? {} : { uninstall: () => uninstallRelease(services, cluster, release.key) }),
              },
        plugPoint: ({ key, name }) => ({
          names: ['helm', 'releases'],
          variables: { RESOURCE_NAME: 'helm', NAMESPACE: key.namespace ?? '', NAME: name },
        }),
        run,
      },
      services,
    );
  }
}

/** Revisions of one release, the newest first. Enter: values of that revision; `r`: back to it. */
class ReleaseHistoryPage extends ListPage<Release> {
  constructor({ name, key: { namespace } }: Release, cluster: Cluster, services: Services) {
    const { all, run } = follower(cluster, services, { namespace, labelSelector: `owner=helm,name=${name}` });
    super(
      {
        crumb: 'history',
        title: () => `history of ${name}`,
        cluster,
        columns: [
          { title: 'REVISION', kind: 'number', align: 'right' },
          { title: 'STATUS' },
          { title: 'CHART' },
          { title: 'APP-VERSION' },
          { title: 'DESCRIPTION' },
          { title: 'AGE', kind: 'time' },
        ],
        sort: { column: 0, descending: true },
        rows: () =>
          all().map((release): ListRow<Release> => ({
            id: String(release.revision),
            cells: [
              String(release.revision),
              release.status,
              release.chart,
              release.appVersion,
              release.description,
              '',
            ],
            values: [release.revision, undefined, undefined, undefined, undefined, release.at],
            health: healthOf(release.status),
            problem: release.status === 'failed' ? release.description : '',
            item: release,
          })),
        empty: () => 'the release is gone',
        actions: (release) =>
          release === undefined
            ? {}
            : {
                open: () => show(release, 'values', cluster, services),
                ...readingActions(release, cluster, services),
                ...(cluster.readOnly ? {} : { rollbackRelease: () => rollbackRelease(services, cluster, release.key) }),
              },
        plugPoint: (release) => ({
          names: ['history'],
          variables: {
            RESOURCE_NAME: 'history',
            NAMESPACE: namespace ?? '',
            NAME: name,
            'COL-REVISION': String(release.revision),
          },
        }),
        run,
      },
      services,
    );
  }
}
