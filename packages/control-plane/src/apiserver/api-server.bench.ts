/**
 * Requests a second over HTTPS, client and server in one process, store in memory: to compare one state of the code
 * with another, not with other servers. Run it by
 * `node --import tsx --conditions=@geobuk/source src/apiserver/api-server.bench.ts [objects]`.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startTestServer } from '../testing/test-server.js';

const count = Number(process.argv[2] ?? 2000);
const inFlight = 32;
const rounds = 3;
await using server = await startTestServer();
const { ca, admin } = server.pki;
const agent = new Agent({
  keepAlive: true,
  maxSockets: inFlight,
  ca: ca.certPem,
  key: admin.keyPem,
  cert: admin.certPem,
});
const collection = '/api/v1/namespaces/default/configmaps';
const data = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key-${i}`, 'x'.repeat(80)]));
const objectOf = (i: number) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${i}` }, data });

async function call(method: string, path: string, type?: string, body?: unknown): Promise<void> {
  const sent = request(server.url + path, {
    agent,
    method,
    headers: type === undefined ? {} : { 'content-type': type },
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if ((response.statusCode ?? 0) >= 300) throw new Error(`${method} ${path}: ${response.statusCode}`);
}

async function measure(what: string, each: (i: number) => Promise<void>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begun = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  delay.disable();
  const perSecond = Math.round((count / (performance.now() - begun)) * 1000);
  console.log(
    what.padEnd(20),
    `${perSecond}/s`.padStart(10),
    `longest task ${(delay.max / 1e6).toFixed(0)} ms`.padStart(24),
  );
}

for (let round = 1; round <= rounds; round++) {
  const name = (i: number): string => `${collection}/map-${i}`;
  const patch = { data: { round: String(round) } };
  await measure('create', (i) => call('POST', collection, 'application/json', objectOf(i)));
  await measure('get', (i) => call('GET', name(i)));
  await measure('merge patch', (i) => call('PATCH', name(i), 'application/merge-patch+json', patch));
  await measure('server-side apply', (i) =>
    call('PATCH', `${name(i)}?fieldManager=bench&force=true`, 'application/apply-patch+yaml', objectOf(i)),
  );
  await measure('delete', (i) => call('DELETE', name(i)));
}
agent.destroy();
