import type { CustomResourceDefinition, KubernetesObject } from '@geobuk/api';
import { formatLabelSelector, jobs, labelSelectorOf, pods } from '@geobuk/api';
import { AddonPage } from '../pages/addon-page.js';
import { ContainersPage } from '../pages/containers-page.js';
import { TablePage } from '../pages/table-page.js';
import type { Row } from '../table/row.js';
import type { PodChoice } from '../views/view.js';
import { parseNamespaces } from '../command/parse-command.js';
import { fillTemplate } from '../config/jumps.js';
import type { Jump } from '../config/jumps.js';
import { readRow, showDescribe, showRules } from './look.js';
import { useNamespace } from './namespaces.js';

/** Enter: from an object to what it is made of. */
export function openRow(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const { services, view } = page;
  const cluster = page.clusterOf(row);
  const jump = jumpFrom(page);
  if (jump !== undefined) {
    void services.act((signal) => followJump(page, row, jump, signal));
    return;
  }
  switch (view?.opens) {
    case 'pods':
      openPods(page, row);
      return;
    case 'containers':
      services.open(new ContainersPage({ cluster, key: row.key }, services));
      return;
    case 'jobs':
      services.open(
        new TablePage(
          {
            clusters: [cluster],
            type: jobs,
            namespaces: { kind: 'one', name: row.key.namespace ?? '' },
            of: row.key.name,
            only: ({ metadata }) =>
              metadata.ownerReferences?.some(({ uid }) => uid === row.object.metadata.uid) === true,
          },
          services,
        ),
      );
      return;
    case 'namespace':
      useNamespace(page);
      services.command('pods');
      return;
    case 'customResources': {
      const { spec } = row.object as CustomResourceDefinition;
      services.command(`${spec.names.plural}.${spec.group}`);
      return;
    }
    case 'rules':
      showRules(page);
      return;
    case 'addon':
      services.open(new AddonPage({ cluster, name: row.key.name }, services));
      return;
    default:
      showDescribe(page);
  }
}

/** Where the person wants Enter to lead from here, if not where it usually does. */
function jumpFrom({ type, services }: TablePage): Jump | undefined {
  const version = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return services.personal.jumps.find(({ from }) => from === `${version}/${type.plural}`);
}

/** @throws {Error} a kind this cluster does not have, and a template that cannot be filled. */
async function followJump(page: TablePage, row: Row, jump: Jump, signal: AbortSignal): Promise<void> {
  const { services } = page;
  const cluster = page.clusterOf(row);
  const type = cluster.catalog.find(jump.to.replace(/^v1\//, '')) ?? cluster.catalog.find(jump.to);
  if (type === undefined) throw new Error(`the jump leads to ${jump.to}, which this cluster does not have`);
  const object = await readRow(page, row, signal);
  const filled = (template: string | undefined): string | undefined =>
    template === undefined ? undefined : fillTemplate(template, object);
  const namespace = filled(jump.namespace) ?? row.key.namespace ?? 'all';
  const options = {
    clusters: [cluster],
    type,
    namespaces: parseNamespaces(namespace),
    of: row.key.name,
    labelSelector: filled(jump.labelSelector),
    fieldSelector: filled(jump.fieldSelector),
  };
  services.open(new TablePage(options, services));
}

/** Selectors of a pod choice, as a list request takes them. */
export function selectorsOf(
  choice: PodChoice,
  row: Row,
): { readonly labelSelector?: string; readonly fieldSelector?: string } {
  switch (choice.by) {
    case 'name':
      return { fieldSelector: `metadata.name=${row.key.name}` };
    case 'node':
      return { fieldSelector: `spec.nodeName=${row.key.name}` };
    case 'selector':
      return { labelSelector: formatLabelSelector(labelSelectorOf(choice.selector)) };
    case 'labels':
      return {
        labelSelector: Object.entries(choice.labels)
          .map(([name, value]) => `${name}=${value}`)
          .join(','),
      };
    default:
      return choice satisfies never;
  }
}

export const podChoiceOf = (page: TablePage, row: Row): PodChoice | undefined =>
  page.view?.capabilities?.pods?.(row.object as KubernetesObject);

function openPods(page: TablePage, row: Row): void {
  const { services } = page;
  const choice = podChoiceOf(page, row);
  if (choice === undefined) {
    services.flash('warn', `${row.key.name} selects no pods`);
    return;
  }
  const namespaces =
    choice.by === 'node' ? ({ kind: 'all' } as const) : ({ kind: 'one', name: row.key.namespace ?? '' } as const);
  const options = {
    clusters: [page.clusterOf(row)],
    type: pods,
    namespaces,
    of: row.key.name,
    ...selectorsOf(choice, row),
  };
  services.open(new TablePage(options, services));
}
