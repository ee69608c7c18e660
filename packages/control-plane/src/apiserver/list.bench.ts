/**
 * How long lists hold up the event loop: CPU time of the main thread between two turns, so that neighbours on the
 * machine do not count, client and server in one process, store in memory. Linux only. Run it by
 * `node --import tsx --conditions=@geobuk/source src/apiserver/list.bench.ts [objects]`.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startTestServer } from '../testing/test-server.js';

const count = Number(process.argv[2] ?? 10_000);
const inFlight = 32;
const collection = '/api/v1/namespaces/default/configmaps';
const data = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key-${i}`, 'x'.repeat(80)]));
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const metadata = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const gzip = { 'accept-encoding': 'gzip' };
const lists: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  json: {},
  'json, gzip': gzip,
  Table: { accept: table },
  'Table, gzip': { accept: table, ...gzip },
  metadata: { accept: metadata },
  protobuf: { accept: 'application/vnd.kubernetes.protobuf' },
};

await using server = await startTestServer();
const { ca, admin } = server.pki;
const agent = new Agent({ keepAlive: true, ca: ca.certPem, key: admin.keyPem, cert: admin.certPem });

let next = 0;
const lane = async (): Promise<void> => {
  while (next < count) {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${next++}` }, data };
    await server.call(collection, { body });
  }
};
await Promise.all(Array.from({ length: inFlight }, lane));

/** CPU milliseconds of this thread. */
const cpu = (): number => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

const open = (headers: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(server.url + collection, { agent, headers }, resolve).on('error', reject));

async function measure(what: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const begun = cpu();
  let longest = 0;
  let isOver = false;
  const watchTurns = async (): Promise<void> => {
    for (let last = cpu(); !isOver;) {
      await nextTurn();
      const now = cpu();
      longest = Math.max(longest, now - last);
      last = now;
    }
  };
  const turns = watchTurns();
  const response = await open(headers);
  let first: number | undefined;
  for await (const _ of response) first ??= cpu() - begun;
  const whole = cpu() - begun;
  isOver = true;
  await turns;
  const ms = (value = 0): string => `${value.toFixed(0)} ms`.padStart(8);
  console.log(what.padEnd(12), 'longest turn', ms(longest), 'first byte', ms(first), 'whole', ms(whole));
}

for (let round = 1; round <= 3; round++)
  for (const [what, headers] of Object.entries(lists)) await measure(what, headers);
agent.destroy();
