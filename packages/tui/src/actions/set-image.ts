import type { Container, KubernetesObject, PodSpec } from '@geobuk/api';
import type { TablePage } from '../pages/table-page.js';
import { rowName } from '../pages/table-page.js';
import { journalled } from './journalled.js';
import { readRow } from './look.js';

interface WithPods extends KubernetesObject {
  readonly spec?: PodSpec & { readonly template?: { readonly spec?: PodSpec } };
}

/** `i`: another image for one or several containers, by a strategic merge patch. A pod that has an owner is refused. */
export async function setImage(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services, type } = page;
  const cluster = page.clusterOf(row);
  await services.act(async (signal) => {
    const object = (await readRow(page, row, signal)) as WithPods;
    const isPod = type.plural === 'pods';
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (isPod && owner !== undefined) {
      services.flash('warn', `${row.key.name} belongs to ${owner.kind}/${owner.name}: set the image there`);
      return;
    }
    const spec = isPod ? object.spec : object.spec?.template?.spec;
    const named = (containers: readonly Container[] | undefined, kind: string) =>
      (containers ?? []).map(({ name, image = '' }) => ({ name: `${kind}/${name}`, label: name, value: image }));
    const fields = [...named(spec?.initContainers, 'initContainers'), ...named(spec?.containers, 'containers')];
    const answer = await services.dialogs.form(`Image of ${type.singular} ${rowName(row)}`, fields, 'Set');
    if (answer === undefined) return;
    const changed = fields.filter(({ name, value }) => (answer[name] ?? '').trim() !== value);
    const empty = changed.find(({ name }) => (answer[name] ?? '').trim() === '');
    if (empty !== undefined || changed.length === 0) {
      services.flash(
        empty === undefined ? 'info' : 'alert',
        empty === undefined ? 'nothing changed' : 'an image needs a name',
      );
      return;
    }
    const part = (kind: string) => {
      const containers = changed
        .filter(({ name }) => name.startsWith(`${kind}/`))
        .map(({ name, label }) => ({ name: label, image: answer[name]!.trim() }));
      return containers.length === 0 ? {} : { [kind]: containers };
    };
    const podSpec = { ...part('initContainers'), ...part('containers') };
    const lines = changed.map(({ name, label, value }) => `${label}: ${value} → ${answer[name]!.trim()}`);
    if (!(await services.dialogs.confirm({ title: 'Set image?', lines, confirm: 'Set' }))) return;
    const body = { spec: isPod ? podSpec : { template: { spec: podSpec } } };
    const connection = await cluster.connection(signal);
    const what = `set image of ${type.singular} ${rowName(row)}`;
    await journalled(
      { services, cluster, type, key: row.key, what },
      () => connection.patch(type, row.key, { type: 'strategic', body }, { signal }),
      signal,
    );
    services.flash('info', `${rowName(row)}: ${changed.length === 1 ? 'image' : 'images'} set`);
  });
}
