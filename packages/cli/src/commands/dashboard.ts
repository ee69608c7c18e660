import type { Command } from 'commander';
import type { ResourceType } from '@geobuk/api';
import { addons, isNotFound, namespaces, serviceAccounts } from '@geobuk/api';
import { hostPort } from '@geobuk/addon-sdk';
import { CliError } from '../cli-error.js';
import { connect } from '../connect.js';
import { dataDirectory } from '../data-directory.js';

interface Flags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly serviceAccount: string;
}

interface TokenRequest {
  readonly status?: { readonly token?: string };
}

/** The token lives as long as a working day; the code in the address two minutes. */
const tokenSeconds = 8 * 3600;
/** Which of the cluster's ports on the host the dashboard has. */
const portOffset = 6;

export function addDashboardCommand(program: Command): void {
  program
    .command('dashboard')
    .description('print an address that logs a browser in to the web dashboard, once, as a ServiceAccount')
    .option('--data-dir <dir>', 'where the cluster lives')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster')
    .requiredOption('--service-account <namespace/name>', 'whom to log in as: the dashboard can do what it may do')
    .action(async (flags: Flags) => {
      const [namespace = '', name = ''] = flags.serviceAccount.split('/');
      if (namespace === '' || name === '')
        throw new CliError(`--service-account ${flags.serviceAccount}: use namespace/name`, 2);
      await using client = await connect(
        dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0),
        flags,
        process.env,
      );
      const signal = AbortSignal.timeout(15_000);
      const addon = await client.read(addons, { name: 'dashboard' }, { signal }).catch((error: unknown) => {
        throw isNotFound(error) ? new CliError('this cluster knows no dashboard addon: geobuk addon list') : error;
      });
      if (!addon.spec.enabled) throw new CliError('the dashboard is switched off: geobuk addon enable dashboard');
      const system = await client.read(namespaces, { name: 'kube-system' }, { signal });
      const configured = addon.spec.config?.['port'];
      const id = (system.metadata.uid ?? '').slice(0, 8);
      const port = typeof configured === 'number' && configured !== 0 ? configured : hostPort(id, portOffset);
      const body = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: tokenSeconds },
      };
      const request = await client
        .createSubresource<TokenRequest>(serviceAccounts as ResourceType, { namespace, name }, 'token', body, {
          signal,
        })
        .catch((error: unknown) => {
          throw isNotFound(error)
            ? new CliError(
                `no ServiceAccount ${flags.serviceAccount}: kubectl create serviceaccount ${name} -n ${namespace}`,
              )
            : error;
        });
      console.log(await oneTimeAddress(`http://127.0.0.1:${port}`, request.status?.token ?? '', signal));
    });
}

/** @throws {CliError} the dashboard does not answer, or takes no code for this token. */
async function oneTimeAddress(base: string, token: string, signal: AbortSignal): Promise<string> {
  let reply: Response;
  try {
    reply = await fetch(`${base}/session/codes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-geobuk-dashboard': '1' },
      body: JSON.stringify({ token }),
      signal,
    });
  } catch (error) {
    throw new CliError(
      `the dashboard does not answer at ${base}: run this on its node, and see geobuk addon info dashboard`,
      1,
      { cause: error },
    );
  }
  if (reply.status !== 201)
    throw new CliError(`the dashboard gave no code (HTTP ${reply.status}): ${(await reply.text()).slice(0, 200)}`);
  const { path } = (await reply.json()) as { readonly path: string };
  return `${base}${path}`;
}
