import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ObjectKey, Pod, Service } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import { portForward } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import type { KubectlIo } from './io.js';
import { podFor } from './pod-of.js';
import { parseOne } from './resource-args.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, text } from './verb.js';

/** Follows: kubectl port-forward. */
export function addPortForward(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'port-forward', 'reach ports of a pod from here', io, forward)
    .option('--address <addresses>', 'addresses to listen on', 'localhost')
    .option('--pod-running-timeout <duration>', 'the longest wait for the pod', '1m');
}

const idleAfterEndMs = 10_000;

export interface PortPair {
  readonly local: number;
  readonly remote: number;
}

async function forward(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [target, ...specs] = args;
  if (target === undefined || specs.length === 0) {
    throw new CliError('TYPE/NAME and a list of ports are required for port-forward: port-forward pod/web 8080:80', 2);
  }
  const named = await parseOne(session, [target], 'pods');
  const pod = await podFor(session, named);
  if (pod.status?.phase !== 'Running') {
    throw new CliError(
      `unable to forward port because pod is not running. Current status=${pod.status?.phase ?? 'Pending'}`,
    );
  }
  const service =
    named.type.plural === 'services'
      ? ((await session.client.read(named.type, named.key, session)) as Service)
      : undefined;
  const pairs = specs.map((spec) => portPair(spec, pod, service));
  const hosts = (text(flags, 'address') ?? 'localhost')
    .split(',')
    .flatMap((host) => (host === 'localhost' ? ['127.0.0.1', '::1'] : [host]));
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  try {
    for (const pair of pairs) {
      const before = servers.length;
      for (const host of hosts) {
        const server = await listen(session, keyOf(pod), pair, host, sockets);
        if (server !== undefined) servers.push(server);
      }
      if (servers.length === before) throw new CliError(`unable to listen on port ${pair.local}: is it in use?`);
    }
    await new Promise<void>((resolve) => {
      if (session.signal.aborted) resolve();
      else session.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** `8080:80`, `80`, `:80`, and names of ports; ports of a service lead to its pods' ports. @throws {CliError} usage. */
export function portPair(spec: string, pod: Pod, service: Service | undefined): PortPair {
  const [first = '', second] = spec.split(':');
  const remoteText = second ?? first;
  const remote = service === undefined ? containerPort(remoteText, pod) : servicePort(remoteText, service, pod);
  const local =
    second === undefined ? (/^\d+$/.test(first) ? Number(first) : remote) : first === '' ? 0 : Number(first);
  for (const port of [local, remote]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new CliError(`invalid port ${spec}; use LOCAL:REMOTE`, 2);
  }
  return { local, remote };
}

function containerPort(port: string, pod: Pod): number {
  if (/^\d+$/.test(port)) return Number(port);
  const found = pod.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port);
  if (found === undefined) throw new CliError(`pod ${pod.metadata.name ?? ''} does not have a named port '${port}'`);
  return found.containerPort;
}

function servicePort(port: string, service: Service, pod: Pod): number {
  const wanted = service.spec?.ports?.find((each) => String(each.port) === port || each.name === port);
  if (wanted === undefined)
    throw new CliError(`service ${service.metadata.name ?? ''} does not have a service port ${port}`);
  return containerPort(String(wanted.targetPort ?? wanted.port), pod);
}

async function listen(
  session: Session,
  pod: ObjectKey,
  { local, remote }: PortPair,
  host: string,
  sockets: Set<Socket>,
): Promise<Server | undefined> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    session.print(`Handling connection for ${(server.address() as AddressInfo).port}`);
    carry(session, pod, remote, socket).catch((error: Error) => {
      if (!session.signal.aborted) session.note(`error: ${error.message}`);
      socket.destroy();
    });
  });
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(local, host, () => resolve(true));
  });
  if (!listening) return undefined;
  const { port } = server.address() as AddressInfo;
  session.print(`Forwarding from ${host.includes(':') ? `[${host}]` : host}:${port} -> ${remote}`);
  return server;
}

async function carry(session: Session, pod: ObjectKey, remote: number, socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  // The far end cannot be told that we are done sending, so it may go on; but not for ever.
  socket.once('end', () => socket.setTimeout(idleAfterEndMs, () => socket.destroy()));
  const far = await portForward(session.client, pod, remote, { signal: session.signal });
  try {
    await Promise.all([pipeline(socket, far, { end: false }), pipeline(far, socket)]);
  } catch (error) {
    // A peer that hangs up in the middle is everyday life; what the pod's side says is not.
    if ((error as { readonly code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE' && !socket.destroyed) throw error;
  } finally {
    far.destroy();
  }
}
