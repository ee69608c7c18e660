import { namespaces } from '@geobuk/api';
import { describeClient } from '@geobuk/client/testing';
import { startTestServer } from '../testing/test-server.js';

describeClient('in process', async () => {
  const server = await startTestServer();
  const client = server.apiServer.clientFor({ name: 'test', groups: ['system:masters'] });
  await client.create(namespaces, { metadata: { name: 'contract' } }, { signal: server.signal });
  return { client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});
