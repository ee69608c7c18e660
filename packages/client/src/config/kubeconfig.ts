import { readFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { onDemand } from '../on-demand.js';
import type { ClusterConfig } from './cluster-config.js';
import { ConfigError } from './cluster-config.js';
import type { Credentials } from './credentials.js';
import { anonymous, basicAuth, bearerToken, clientCertificate, tokenFile } from './credentials.js';
import { execCredentials } from './exec-credential.js';

type Fields = Readonly<Record<string, unknown>>;

/** One named part of a kubeconfig, and the folder that its relative paths start from. */
export interface KubeconfigEntry {
  readonly name: string;
  readonly fields: Fields;
  readonly folder: string;
}

/** One or several kubeconfig files, merged. */
export interface Kubeconfig {
  readonly currentContext?: string | undefined;
  readonly contexts: readonly KubeconfigContext[];
  readonly clusters: readonly KubeconfigEntry[];
  readonly users: readonly KubeconfigEntry[];
}

export interface KubeconfigContext {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string | undefined;
}

/** Follows: kubectl: the flag alone, else every file in $KUBECONFIG, else ~/.kube/config. */
export function kubeconfigPaths(from: {
  readonly flag?: string | undefined;
  readonly variable?: string | undefined;
  readonly home: string;
}): readonly string[] {
  if (from.flag !== undefined && from.flag !== '') return [from.flag];
  const listed = (from.variable ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? [...new Set(listed)] : [join(from.home, '.kube', 'config')];
}

/**
 * Reads and merges kubeconfig files; where several name the same thing, the first counts. Files that do not exist are
 * passed over when there are several.
 * @throws {ConfigError} no file at all, or one that is no kubeconfig.
 */
export async function readKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const texts = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw new ConfigError(`cannot read kubeconfig ${path}: ${error.message}`, { cause: error });
      });
      return { path, text };
    }),
  );
  const found = texts.flatMap(({ path, text }) => (text === undefined ? [] : [parseKubeconfig(text, path)]));
  if (found.length === 0) {
    throw new ConfigError(`no kubeconfig at ${paths.join(', ')}; name one with --kubeconfig or $KUBECONFIG`);
  }
  return {
    currentContext: found.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    contexts: firstOfEach(found.flatMap(({ contexts }) => contexts)),
    clusters: firstOfEach(found.flatMap(({ clusters }) => clusters)),
    users: firstOfEach(found.flatMap(({ users }) => users)),
  };
}

function firstOfEach<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  const seen = new Map<string, T>();
  for (const entry of entries) if (!seen.has(entry.name)) seen.set(entry.name, entry);
  return [...seen.values()];
}

/** @throws {ConfigError} text that is no kubeconfig. */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  let document: unknown;
  try {
    document = onDemand.yaml.parse(text, { version: '1.1' });
  } catch (error) {
    throw new ConfigError(`kubeconfig ${path} is no YAML: ${(error as Error).message.split('\n')[0] ?? ''}`, {
      cause: error,
    });
  }
  if (document === null || document === undefined) document = {};
  if (typeof document !== 'object' || Array.isArray(document))
    throw new ConfigError(`kubeconfig ${path} is no kubeconfig`);
  const folder = dirname(resolve(path));
  const fields = document as Fields;
  const entries = (list: string, part: string): readonly KubeconfigEntry[] => {
    const items = fields[list] ?? [];
    if (!Array.isArray(items)) throw new ConfigError(`kubeconfig ${path}: ${list} is no list`);
    return (items as readonly Fields[]).map((item) => ({
      name: stringIn(item, 'name') ?? '',
      fields: (item[part] ?? {}) as Fields,
      folder,
    }));
  };
  const currentContext = stringIn(fields, 'current-context');
  return {
    ...(currentContext === undefined || currentContext === '' ? {} : { currentContext }),
    contexts: entries('contexts', 'context').map(({ name, fields: context }) => ({
      name,
      cluster: stringIn(context, 'cluster') ?? '',
      user: stringIn(context, 'user') ?? '',
      namespace: stringIn(context, 'namespace'),
    })),
    clusters: entries('clusters', 'cluster'),
    users: entries('users', 'user'),
  };
}

export interface KubeconfigOverrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

/** @throws {ConfigError} a context, cluster or user that is not there, or a file that cannot be read. */
export async function clusterConfigOf(
  kubeconfig: Kubeconfig,
  overrides: KubeconfigOverrides = {},
): Promise<ClusterConfig> {
  const contextName = overrides.context ?? kubeconfig.currentContext;
  const context = kubeconfig.contexts.find(({ name }) => name === contextName);
  if (contextName !== undefined && context === undefined) {
    throw new ConfigError(`context "${contextName}" does not exist; choose one of: ${namesOf(kubeconfig.contexts)}`);
  }
  const clusterName = overrides.cluster ?? context?.cluster;
  const cluster = kubeconfig.clusters.find(({ name }) => name === clusterName);
  if (cluster === undefined) {
    throw new ConfigError(
      clusterName === undefined
        ? 'the kubeconfig has no current context; choose one with --context'
        : `cluster "${clusterName}" does not exist; choose one of: ${namesOf(kubeconfig.clusters)}`,
    );
  }
  const userName = overrides.user ?? context?.user;
  const user = kubeconfig.users.find(({ name }) => name === userName);
  if (user === undefined && userName !== undefined && userName !== '') {
    throw new ConfigError(`user "${userName}" does not exist; choose one of: ${namesOf(kubeconfig.users)}`);
  }
  const server = stringIn(cluster.fields, 'server');
  if (server === undefined) throw new ConfigError(`cluster "${cluster.name}" has no server`);
  const ca = await pem(cluster, 'certificate-authority');
  return {
    server: server.replace(/\/+$/, ''),
    ca,
    insecureSkipTlsVerify: cluster.fields['insecure-skip-tls-verify'] === true,
    tlsServerName: stringIn(cluster.fields, 'tls-server-name'),
    proxyUrl: stringIn(cluster.fields, 'proxy-url'),
    namespace: overrides.namespace ?? context?.namespace,
    credentials: user === undefined ? anonymous : await credentialsOf(user, cluster, server, ca),
    impersonate: impersonationOf(user),
  };
}

/** Reads, merges and resolves in one step. @throws {ConfigError} whatever stands against it. */
export async function loadKubeconfig(
  options: { readonly paths: readonly string[] } & KubeconfigOverrides,
): Promise<ClusterConfig> {
  return clusterConfigOf(await readKubeconfig(options.paths), options);
}

async function credentialsOf(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  server: string,
  ca: string | undefined,
): Promise<Credentials> {
  const { fields, folder } = user;
  const [cert, key] = [await pem(user, 'client-certificate'), await pem(user, 'client-key')];
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError(`user "${user.name}" has only one of client certificate and key`);
  }
  const certificate = cert === undefined || key === undefined ? anonymous : clientCertificate(cert, key);
  const token = tokenOf(fields, folder);
  if (token !== undefined) return both(certificate, token);
  const exec = fields['exec'] as Fields | undefined;
  if (exec === undefined) return certificate;
  const env = (exec['env'] ?? []) as readonly { readonly name: string; readonly value: string }[];
  const command = stringIn(exec, 'command') ?? '';
  return both(
    certificate,
    execCredentials({
      apiVersion: stringIn(exec, 'apiVersion') ?? '',
      // With a slash it is relative to the kubeconfig's folder; without, the system looks for it.
      command: command.includes('/') ? resolve(folder, command) : command,
      args: (exec['args'] ?? []) as readonly string[],
      env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
      installHint: stringIn(exec, 'installHint'),
      interactive: stringIn(exec, 'interactiveMode') === 'Always',
      cluster:
        exec['provideClusterInfo'] === true
          ? {
              server,
              ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
              ...(cluster.fields['insecure-skip-tls-verify'] === true ? { 'insecure-skip-tls-verify': true } : {}),
            }
          : undefined,
    }),
  );
}

function tokenOf(fields: Fields, folder: string): Credentials | undefined {
  const file = stringIn(fields, 'tokenFile');
  if (file !== undefined) return tokenFile(isAbsolute(file) ? file : join(folder, file));
  const token = stringIn(fields, 'token');
  if (token !== undefined && token !== '') return bearerToken(token);
  const [username, password] = [stringIn(fields, 'username'), stringIn(fields, 'password')];
  return username === undefined ? undefined : basicAuth(username, password ?? '');
}

const both = (first: Credentials, second: Credentials): Credentials => ({
  current: async (options) => ({ ...(await first.current(options)), ...(await second.current(options)) }),
  refused: () => second.refused?.(),
});

function impersonationOf(user: KubeconfigEntry | undefined): ClusterConfig['impersonate'] {
  const name = user === undefined ? undefined : stringIn(user.fields, 'as');
  if (user === undefined || name === undefined) return undefined;
  const groups = (user.fields['as-groups'] ?? []) as readonly string[];
  return { user: name, groups, uid: stringIn(user.fields, 'as-uid') };
}

/** The inline `<name>-data` in base64, else the file. */
async function pem({ fields, folder, name: owner }: KubeconfigEntry, name: string): Promise<string | undefined> {
  const data = stringIn(fields, `${name}-data`);
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = stringIn(fields, name);
  if (file === undefined || file === '') return undefined;
  const path = isAbsolute(file) ? file : join(folder, file);
  return readFile(path, 'utf8').catch((error: Error) => {
    throw new ConfigError(`cannot read ${name} of "${owner}": ${error.message}`, { cause: error });
  });
}

const namesOf = (entries: readonly { readonly name: string }[]): string => entries.map(({ name }) => name).join(', ');

function stringIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ConfigError(`kubeconfig: ${name} must be text`);
}
