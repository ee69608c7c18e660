import type { Secret } from '@geobuk/api';
import { secrets } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import { parseHelmRelease } from '../describe/helm.js';
import { namespaceText } from '../command/parse-command.js';
import { parseTime } from '../table/age.js';
import { toYaml, yamlLines } from '../text/yaml-text.js';
import { ListPage } from './list-page.js';
import { TextPage } from './text-page.js';

interface Release {
  readonly secret: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly status: string;
  readonly at: number | undefined;
}

/** Only the labels of the Secret are kept: a release is unpacked when it is looked at. */
const releaseOf = ({ metadata }: Secret): Release => ({
  secret: metadata.name ?? '',
  namespace: metadata.namespace ?? '',
  name: metadata.labels?.['name'] ?? '',
  revision: Number(metadata.labels?.['version'] ?? 0),
  status: metadata.labels?.['status'] ?? 'unknown',
  at: parseTime(metadata.creationTimestamp),
});

/** `:helm`: releases and their revisions, from the Secrets Helm keeps. Enter: values; `y`: manifest; `d`: notes. */
export class HelmPage extends ListPage<Release> {
  constructor(cluster: Cluster, services: Services) {
    const choice = services.namespaces();
    const namespace = choice.kind === 'one' ? choice.name : undefined;
    const releases = new Map<string, Release>();
    const changed = (): void => services.invalidate();
    const show = (release: Release | undefined, crumb: 'values' | 'manifest' | 'notes') => (): void => {
      if (release === undefined) return;
      const load = async (signal: AbortSignal) => {
        const connection = await cluster.connection(signal);
        const secret = await connection.read(
          secrets,
          { namespace: release.namespace, name: release.secret },
          { signal },
        );
        const parsed = parseHelmRelease(secret);
        if (parsed === undefined) throw new Error(`${release.secret} holds no release`);
        return yamlLines(crumb === 'values' ? toYaml(parsed.values) : parsed[crumb]);
      };
      services.open(
        new TextPage(
          { crumb, title: `${crumb} of ${release.name} revision ${release.revision}`, cluster, load },
          services,
        ),
      );
    };
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
          { title: 'AGE', kind: 'time' },
        ],
        sort: { column: 1, descending: false },
        rows: () =>
          [...releases.values()].map((release) => ({
            id: `${release.namespace}/${release.secret}`,
            cells: [release.namespace, release.name, String(release.revision), release.status, ''],
            values: [undefined, undefined, release.revision, undefined, release.at],
            health:
              release.status === 'deployed'
                ? ('ok' as const)
                : release.status === 'failed'
                  ? ('error' as const)
                  : ('done' as const),
            problem: release.status === 'failed' ? 'failed' : '',
            item: release,
          })),
        empty: () => 'no Helm releases here',
        actions: (release) => ({
          open: show(release, 'values'),
          yaml: show(release, 'manifest'),
          describe: show(release, 'notes'),
        }),
        run: (signal) =>
          cluster.follow<Secret>(
            (connection) => objectSource(connection, secrets, { namespace, labelSelector: 'owner=helm' }),
            {
              relisting: () => releases.clear(),
              synced: changed,
              set: (secret) => {
                releases.set(secret.metadata.uid ?? '', releaseOf(secret));
                changed();
              },
              removed: (secret) => {
                releases.delete(secret.metadata.uid ?? '');
                changed();
              },
            },
            (error) => services.flash('alert', error.message),
            signal,
          ),
      },
      services,
    );
  }
}
