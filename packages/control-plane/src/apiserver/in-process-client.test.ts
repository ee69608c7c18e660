import { ignoring, isAlreadyExists, namespaces, serviceAccounts } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { describeClient } from '@geobuk/client/testing';
import { startTestServer } from '../testing/test-server.js';

/** Stands in for the controller that gives each namespace its account. */
async function giveAccounts(client: Client, signal: AbortSignal): Promise<void> {
  for await (const event of client.watch(namespaces, { signal })) {
    if (event.type !== 'ADDED') continue;
    const account = { metadata: { namespace: event.object.metadata.name, name: 'default' } };
    await client.create(serviceAccounts, account, { signal }).catch(ignoring(isAlreadyExists));
  }
}

describeClient('in process', async () => {
  const server = await startTestServer();
  const client = server.apiServer.clientFor({ name: 'test', groups: ['system:masters'] });
  const accounts = giveAccounts(client, server.signal).catch(ignoring(() => server.signal.aborted));
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await accounts;
    },
  };
});
