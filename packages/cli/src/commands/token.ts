import type { Command } from 'commander';
import type { Secret } from '@geobuk/api';
import type { HttpClient } from '@geobuk/client';
import { configMaps, isNotFound, secrets } from '@geobuk/api';
import { bootstrapTokenSecret, formatBootstrapToken, newBootstrapToken, parseDuration } from '../bootstrap-token.js';
import { CliError } from '../cli-error.js';
import { connect } from '../connect.js';
import { dataDirectory } from '../data-directory.js';
import { columns } from '../columns.js';
import { parseClusterInfo } from '../cluster-info.js';
import type { ClusterInfo } from '../cluster-info.js';
import { caHash } from '../up/part-processes.js';

interface Flags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly ttl: string;
  readonly description: string;
}

const decode = (secret: Secret, field: string): string => Buffer.from(secret.data?.[field] ?? '', 'base64').toString();
const never = new AbortController().signal;

export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('tokens with which machines join the cluster');
  const withCluster = (command: Command): Command =>
    command
      .option('--data-dir <dir>', 'where the cluster lives')
      .option('--kubeconfig <file>', 'kubeconfig of the cluster');

  withCluster(token.command('create'))
    .description('make a token and print the line to type on the other machine')
    .option('--ttl <duration>', 'life of the token, such as 30m or 24h', '1h')
    .option('--description <text>', 'what it is for', 'made by geobuk token create')
    .action(async (flags: Flags) => {
      const ttlMs = parseDuration(flags.ttl);
      if (ttlMs === undefined || ttlMs === 0)
        throw new CliError(`--ttl ${flags.ttl}: use a duration such as 30m, 1h or 24h`, 2);
      const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
      const client = await connect(directory, flags, process.env);
      const made = newBootstrapToken();
      await client.create(secrets, bootstrapTokenSecret(made, Date.now() + ttlMs, flags.description), {
        signal: never,
      });
      const { server, ca } = await clusterInfo(client);
      console.log(`geobuk kubelet --server ${server} --token ${formatBootstrapToken(made)} --ca-hash ${caHash(ca)}`);
      await client[Symbol.asyncDispose]();
    });

  withCluster(token.command('list'))
    .description('tokens that there are, without their secret halves')
    .action(async (flags: Flags) => {
      const client = await connect(
        dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0),
        flags,
        process.env,
      );
      const { items } = await client.list(secrets, {
        namespace: 'kube-system',
        fieldSelector: 'type=bootstrap.kubernetes.io/token',
        signal: never,
      });
      const rows = items.map((secret) => [
        decode(secret, 'token-id'),
        decode(secret, 'expiration') || '<never>',
        decode(secret, 'description'),
      ]);
      console.log(columns(['ID', 'EXPIRES', 'DESCRIPTION'], rows));
      await client[Symbol.asyncDispose]();
    });

  withCluster(token.command('delete <id>'))
    .description('revoke a token')
    .action(async (id: string, flags: Flags) => {
      const tokenId = id.split('.')[0] ?? '';
      const client = await connect(
        dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0),
        flags,
        process.env,
      );
      try {
        await client.delete(
          secrets,
          { namespace: 'kube-system', name: `bootstrap-token-${tokenId}` },
          { signal: never },
        );
      } catch (error) {
        if (isNotFound(error)) throw new CliError(`no token ${tokenId}: geobuk token list shows those there are`);
        throw error;
      } finally {
        await client[Symbol.asyncDispose]();
      }
      console.log(`token ${tokenId} deleted`);
    });
}

/** The address that the control plane tells nodes, from the cluster's own `cluster-info`. */
async function clusterInfo(client: Pick<HttpClient, 'read'>): Promise<ClusterInfo> {
  const info = await client.read(configMaps, { namespace: 'kube-public', name: 'cluster-info' }, { signal: never });
  return parseClusterInfo(info.data?.['kubeconfig'] ?? '');
}
