import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigMap, Secret } from '@geobuk/api';
import { configMaps, ignoring, isNotFound, secrets } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { parse } from 'yaml';
import type { Chart, HelmRelease } from './helm-release.js';

/** What is wrong with a release itself: trying again does not help until something changes. */
export class BadRelease extends Error {
  override readonly name = 'BadRelease';
}

export interface ClusterAddress {
  readonly server: string;
  readonly ca: string;
  readonly tokenFile: string;
}

export interface ReleaseInput {
  readonly chart: string;
  readonly repository: string | undefined;
  readonly valuesFile: string;
  readonly kubeconfig: string;
  /** Of everything that decides what is installed. */
  readonly digest: string;
}

const maxArchiveBytes = 2 << 20;

/** Prepares the files that helm is given for one release, in a folder of its own. */
export class ReleaseFiles {
  readonly #root: string;
  readonly #chartDirectory: string;
  readonly #cluster: ClusterAddress;
  readonly #client: Pick<Client, 'read'>;

  constructor(deps: {
    readonly root: string;
    readonly chartDirectory: string;
    readonly cluster: ClusterAddress;
    readonly client: Pick<Client, 'read'>;
  }) {
    this.#root = deps.root;
    this.#chartDirectory = deps.chartDirectory;
    this.#cluster = deps.cluster;
    this.#client = deps.client;
  }

  /** @throws {BadRelease} what it refers to is not there, or is none. */
  async prepare(release: HelmRelease, signal: AbortSignal): Promise<ReleaseInput> {
    const folder = await this.#folder(release);
    const values = await this.#values(release, signal);
    const valuesFile = join(folder, 'values.json');
    await writeFile(valuesFile, JSON.stringify(values), { mode: 0o600 });
    const { chart, repository, content } = await this.#chart(release, folder, signal);
    const { targetNamespace, releaseName, chart: wanted } = release.spec;
    const digest = createHash('sha256')
      .update(JSON.stringify([wanted, targetNamespace, releaseName, values]))
      .update(content)
      .digest('hex');
    return { chart, repository, valuesFile, kubeconfig: await this.kubeconfig(release), digest: `sha256:${digest}` };
  }

  /** Helm acts as the release's own ServiceAccount: a release can do no more than that one. */
  async kubeconfig(release: HelmRelease): Promise<string> {
    const { server, ca, tokenFile } = this.#cluster;
    const { namespace = '' } = release.metadata;
    const user = `system:serviceaccount:${namespace}:${release.spec.serviceAccountName ?? 'default'}`;
    const file = join(await this.#folder(release), 'kubeconfig');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
      users: [{ name: 'u', user: { tokenFile, as: user } }],
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  async forget(release: HelmRelease): Promise<void> {
    await rm(await this.#folder(release), { recursive: true, force: true });
  }

  async #folder({ metadata }: HelmRelease): Promise<string> {
    const folder = join(this.#root, 'releases', `${metadata.namespace ?? ''}_${metadata.name ?? ''}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  async #chart(
    release: HelmRelease,
    folder: string,
    signal: AbortSignal,
  ): Promise<{ readonly chart: string; readonly repository: string | undefined; readonly content: string | Buffer }> {
    const { repository, name = '', oci, path, configMap } = release.spec.chart satisfies Chart;
    if (repository !== undefined) return { chart: name, repository, content: '' };
    if (oci !== undefined) return { chart: oci, repository: undefined, content: '' };
    if (path !== undefined) {
      if (this.#chartDirectory === '')
        throw new BadRelease('chart.path is off: set chartDirectory of the addon to the folder that holds charts');
      if (path.startsWith('/') || path.startsWith('-') || path.split('/').includes('..'))
        throw new BadRelease(`chart.path "${path}" must stay below the addon's chartDirectory`);
      return { chart: join(this.#chartDirectory, path), repository: undefined, content: '' };
    }
    if (configMap === undefined) throw new BadRelease('spec.chart names no chart');
    const { namespace = '' } = release.metadata;
    const found = await this.#client
      .read<ConfigMap>(configMaps, { namespace, name: configMap.name }, { signal })
      .catch(ignoring(isNotFound));
    const data = found?.binaryData?.[configMap.key];
    if (data === undefined)
      throw new BadRelease(`ConfigMap ${namespace}/${configMap.name} has no binaryData ${configMap.key}`);
    const archive = Buffer.from(data, 'base64');
    if (archive.length > maxArchiveBytes) throw new BadRelease(`the chart has more than ${maxArchiveBytes} bytes`);
    const file = join(folder, 'chart.tgz');
    await writeFile(file, archive, { mode: 0o600 });
    return { chart: file, repository: undefined, content: archive };
  }

  /** Later ones win, the release's own last. */
  async #values(release: HelmRelease, signal: AbortSignal): Promise<unknown> {
    const { namespace = '' } = release.metadata;
    let merged: unknown = {};
    for (const { kind, name, key = 'values.yaml', optional = false } of release.spec.valuesFrom ?? []) {
      const place = { namespace, name };
      const text =
        kind === 'Secret'
          ? await this.#client
              .read<Secret>(secrets, place, { signal })
              .then(({ data }) => data?.[key] && Buffer.from(data[key], 'base64').toString('utf8'))
              .catch(ignoring(isNotFound))
          : await this.#client
              .read<ConfigMap>(configMaps, place, { signal })
              .then(({ data }) => data?.[key])
              .catch(ignoring(isNotFound));
      if (text === undefined) {
        if (optional) continue;
        throw new BadRelease(`${kind} ${namespace}/${name} with the key ${key} not found`);
      }
      merged = overlaid(merged, this.#parsed(text, `${kind} ${namespace}/${name} ${key}`));
    }
    return overlaid(merged, release.spec.values ?? {});
  }

  #parsed(text: string, what: string): unknown {
    let value: unknown;
    try {
      value = parse(text, { maxAliasCount: 100 });
    } catch (error) {
      throw new BadRelease(`${what} is not YAML: ${(error as Error).message.split('\n', 1)[0] ?? ''}`);
    }
    if (value === null || value === undefined) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw new BadRelease(`${what} holds no map`);
    return value;
  }
}

/** Follows: helm's `--values`: maps are merged, all else replaced; null stays, since it takes a default of the chart away. */
function overlaid(below: unknown, above: unknown): unknown {
  if (!isMap(below) || !isMap(above)) return above;
  const names = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(
    names.map((name) => [name, name in above ? overlaid(below[name], above[name]) : below[name]]),
  );
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
