import { configMaps, secrets } from '@geobuk/api';
import type { Secret } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { helmSecretOf, parseHelmRelease } from '../describe/helm.js';
import { Dashboard } from '../testing/dashboard.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { recordedAt } from '../testing/recorded-fleet.js';

const signal = new AbortController().signal;

const manifestOf = (color: string, more = ''): string =>
  `---\n# Source: web/templates/color.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: color\ndata:\n  color: ${color}\n${more}`;

const extra = '---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata: {}\n';

function revision(version: number, status: string, color: string, manifest = manifestOf(color)): Secret {
  const secret = helmSecretOf(
    {
      name: 'web',
      namespace: 'default',
      version,
      manifest,
      config: { color },
      hooks: [{}],
      info: { status, notes: `it is ${color}`, description: `step ${version}`, first_deployed: '2026-01-01T00:00:00Z' },
      chart: {
        values: { color: 'none', size: 1 },
        metadata: { name: 'web', version: `1.0.${version}`, appVersion: '9' },
      },
    },
    recordedAt,
  );
  return { ...secret, metadata: { ...secret.metadata, uid: `r${version}` } };
}

const configMap = (name: string, data: Readonly<Record<string, string>>) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', uid: name }, data }) as never;

const cluster = (): FakeConnection =>
  new FakeConnection({
    objects: [
      revision(1, 'superseded', 'blue'),
      revision(2, 'deployed', 'red', manifestOf('red', extra)),
      configMap('color', { color: 'red' }),
      configMap('extra', {}),
    ],
  });

describe('F13 Helm releases from their Secrets', () => {
  it('shows the newest revision of each release, its values, manifest, notes and history', async () => {
    await using board = new Dashboard({ connection: cluster(), command: 'helm' });
    expect(await board.shows('helm(default)[1]')).toMatch(/web +2 +deployed +web-1\.0\.2 +9/);
    board.press('v');
    expect(await board.shows('color: red')).not.toContain('size');
    board.press('v');
    await board.shows('size: 1');
    board.press('escape', 'y');
    await board.shows('name: extra');
    board.press('escape', 'd');
    await board.shows('it is red');
    board.press('escape', 'enter');
    expect(await board.shows('history of web[2]')).toMatch(/2 +deployed[^]*1 +superseded/);
  });

  it('rolls back through the API: shows the difference, applies, deletes what is not known, writes a revision on', async () => {
    const connection = cluster();
    await using board = new Dashboard({ connection, command: 'helm', width: 120, height: 40 });
    await board.shows('helm(default)[1]');
    board.press('r');
    await board.shows('history of web[2]');
    board.press('down', 'r');
    const diff = await board.shows('back to revision 1, 1 hooks are not run');
    expect(diff).toContain('configmap default/extra: is deleted');
    expect(diff).toMatch(/-\s+color: red/);
    expect(connection.seen.filter(({ verb }) => verb === 'create')).toEqual([]);
    board.press('enter');
    await board.shows('web is at revision 3, which is 1 again');
    const { data } = (await connection.read(
      configMaps,
      { namespace: 'default', name: 'color' },
      { signal },
    )) as never as {
      data: Record<string, string>;
    };
    expect(data['color']).toBe('blue');
    await expect(connection.read(configMaps, { namespace: 'default', name: 'extra' }, { signal })).rejects.toThrow();
    const { items } = await connection.list(secrets, { namespace: 'default', signal });
    const releases = items.map((secret) => parseHelmRelease(secret)!).sort((a, b) => a.revision - b.revision);
    expect(releases.map(({ revision: at, status }) => [at, status])).toEqual([
      [1, 'superseded'],
      [2, 'superseded'],
      [3, 'deployed'],
    ]);
    expect(releases[2]).toMatchObject({ description: 'Rollback to 1', values: { color: 'blue' } });
    expect(items.find(({ metadata }) => metadata.name?.endsWith('v3') === true)?.metadata.labels).toMatchObject({
      owner: 'helm',
      status: 'deployed',
      version: '3',
    });
  });

  it('uninstalls what a release brought after its name is typed', async () => {
    const connection = cluster();
    await using board = new Dashboard({ connection, command: 'helm' });
    await board.shows('helm(default)[1]');
    board.press('C-d');
    await board.shows('Type web to go on');
    board.terminal.type('web');
    board.press('tab', 'enter');
    await board.shows('no Helm releases here');
    expect((await connection.list(configMaps, { namespace: 'default', signal })).items).toEqual([]);
  });

  it('changes nothing when only looking', async () => {
    await using board = new Dashboard({ connection: cluster(), command: 'helm', readOnly: true });
    await board.shows('helm(default)[1]');
    expect(Object.keys(board.app.page?.actions() ?? {})).not.toContain('uninstall');
  });
});
