import type { Command } from 'commander';
import type { Kubeconfig } from '@geobuk/client';
import { readKubeconfig } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { failureLine } from './failure-line.js';
import type { ClusterFlags, KubectlIo } from './io.js';
import { jsonText, yamlText } from './printing/documents.js';
import { textColumns } from './printing/text-columns.js';

const secretFields = ['token', 'password', 'client-key-data', 'client-certificate-data', 'certificate-authority-data'];

/** Follows: kubectl config view, get-contexts, current-context. Reads only: nothing here writes a kubeconfig. */
export function addConfig(parent: Command, io: KubectlIo): void {
  parent
    .command('config')
    .description('view, get-contexts or current-context of the kubeconfig')
    .argument('<action>')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--data-dir <dir>', 'data directory of the cluster')
    .option('--raw', 'secrets too')
    .option('--minify', 'the current context alone')
    .option('-o, --output <format>', 'yaml|json|name', 'yaml')
    .action(async (action: string, flags: ClusterFlags & ViewFlags) => {
      try {
        const kubeconfig = await readKubeconfig(io.kubeconfigPaths(flags));
        io.stdout.write(answer(action, kubeconfig, flags));
      } catch (error) {
        const { line, exitCode } = failureLine(error);
        io.stderr.write(`${line}\n`);
        io.setExitCode(exitCode);
      }
    });
}

interface ViewFlags {
  readonly raw?: boolean | undefined;
  readonly minify?: boolean | undefined;
  readonly output?: string | undefined;
}

function answer(action: string, kubeconfig: Kubeconfig, flags: ViewFlags): string {
  const { currentContext = '', contexts } = kubeconfig;
  switch (action) {
    case 'view': {
      const view = viewOf(kubeconfig, flags);
      return flags.output === 'json' ? jsonText(view) : yamlText(view);
    }
    case 'current-context':
      if (currentContext === '') throw new CliError('current-context is not set');
      return `${currentContext}\n`;
    case 'get-contexts': {
      if (flags.output === 'name') return contexts.map(({ name }) => `${name}\n`).join('');
      const rows = contexts.map(({ name, cluster, user, namespace = '' }) => [
        name === currentContext ? '*' : '',
        name,
        cluster,
        user,
        namespace,
      ]);
      return textColumns([['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE'], ...rows]);
    }
    default:
      throw new CliError('use config view, config get-contexts or config current-context', 2);
  }
}

function viewOf({ currentContext = '', contexts, clusters, users }: Kubeconfig, { raw, minify }: ViewFlags): unknown {
  const used = contexts.filter(({ name }) => minify !== true || name === currentContext);
  const isUsed = (part: 'cluster' | 'user', name: string): boolean =>
    minify !== true || used.some((context) => context[part] === name);
  const shown = (fields: Readonly<Record<string, unknown>>): unknown =>
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        key,
        raw === true || !secretFields.includes(key) ? value : key.endsWith('-data') ? 'DATA+OMITTED' : 'REDACTED',
      ]),
    );
  return {
    apiVersion: 'v1',
    clusters: clusters
      .filter(({ name }) => isUsed('cluster', name))
      .map(({ name, fields }) => ({ cluster: shown(fields), name })),
    contexts: used.map(({ name, ...context }) => ({ context: JSON.parse(JSON.stringify(context)) as unknown, name })),
    'current-context': currentContext,
    kind: 'Config',
    preferences: {},
    users: users.filter(({ name }) => isUsed('user', name)).map(({ name, fields }) => ({ name, user: shown(fields) })),
  };
}
