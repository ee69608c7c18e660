import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { processIdentity } from '../../process-identity.js';
import { HostShim } from './host-shim.js';
import { readJsonLines, writeJsonLine } from './json-lines.js';
import type { ShimMethods, ShimReply, ShimRequest, StreamLine } from './protocol.js';
import { ShimError } from './shim-error.js';
import { streamAttach, streamExec } from './shim-streams.js';

/** A shim that holds nothing and that nobody talks to ends after this. */
const idleMs = 60_000;

/**
 * The host-shim: holds the processes of the host runtime, as containerd-shim does for containers, so that they do not
 * depend on the kubelet's life. Arguments: its directory, its socket.
 */
function main(directory: string, socketFile: string): void {
  const connections = new Set<Socket>();
  const subscribers = new Set<Socket>();
  const shim = new HostShim(directory, (podUid) => {
    for (const socket of subscribers) writeJsonLine(socket, { podUid });
  });

  const answer = async (socket: Socket, request: ShimRequest): Promise<ShimReply> => {
    try {
      return { seq: request.seq, result: await handle(socket, request) };
    } catch (error) {
      const code = error instanceof ShimError ? error.code : 'Internal';
      return { seq: request.seq, error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  };

  const streams = new Map<Socket, (line: StreamLine) => void>();
  const handle = async (socket: Socket, { method, params }: ShimRequest): Promise<ShimMethods[typeof method][1]> => {
    const as = <M extends keyof ShimMethods>(_method: M): ShimMethods[M][0] => params as ShimMethods[M][0];
    switch (method) {
      case 'list':
        return shim.list();
      case 'runSandbox':
        return shim.runSandbox(as(method));
      case 'stopSandbox':
        await shim.stopSandbox(as(method).id);
        return null;
      case 'removeSandbox':
        await shim.removeSandbox(as(method).id);
        return null;
      case 'createContainer':
        return shim.createContainer(as(method));
      case 'startContainer':
        shim.container(as(method).id).start();
        return null;
      case 'stopContainer':
        await shim.stopContainer(as(method).id, as(method).graceSeconds);
        return null;
      case 'removeContainer':
        await shim.removeContainer(as(method).id);
        return null;
      case 'updateResources':
        shim.container(as(method).id).update(as(method).resources);
        return null;
      case 'reopenLog':
        shim.container(as(method).id).reopenLog();
        return null;
      case 'stats':
        return shim.stats();
      case 'subscribe':
        subscribers.add(socket);
        return null;
      case 'exec': {
        const { id, argv, tty, stdin } = as(method);
        const child = shim.container(id).exec(argv, tty);
        if (!stdin) child.stdin?.end();
        streams.set(socket, streamExec(socket, child));
        return null;
      }
      case 'attach':
        streams.set(socket, streamAttach(socket, shim.container(as(method).id)));
        return null;
      case 'shutdown':
        if (shim.hasRunning) throw new ShimError('Internal', 'containers are running');
        setImmediate(() => end(0));
        return null;
      default:
        method satisfies never;
        throw new ShimError('Internal', `no method ${String(method)}`);
    }
  };

  const server = createServer((socket) => {
    connections.add(socket);
    clearTimeout(idle);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      connections.delete(socket);
      subscribers.delete(socket);
      streams.delete(socket);
      rest();
    });
    readJsonLines(socket, (value) => {
      const stream = streams.get(socket);
      if (stream !== undefined) stream(value as StreamLine);
      else void answer(socket, value as ShimRequest).then((reply) => writeJsonLine(socket, reply));
    });
  });

  let idle: NodeJS.Timeout | undefined;
  const rest = (): void => {
    clearTimeout(idle);
    if (connections.size === 0 && shim.isEmpty) idle = setTimeout(() => end(0), idleMs);
  };
  const end = (code: number): void => {
    rmSync(socketFile, { force: true });
    process.exit(code);
  };

  // Its containers are in its care until it is told otherwise: a terminal's Ctrl-C or a stopping session is not for it.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined);
  server.listen(socketFile, () => {
    writeFileSync(join(directory, 'shim.pid.json'), JSON.stringify(processIdentity(process.pid)), { mode: 0o600 });
    rest();
  });
}

const [, , directory, socketFile] = process.argv;
if (directory === undefined || socketFile === undefined) {
  process.stderr.write('usage: host-shim <directory> <socket>\n');
  process.exit(2);
}
// What containers make is as readable as elsewhere; files with secrets say their mode themselves.
process.umask(0o022);
if (!existsSync(socketFile)) {
  main(directory, socketFile);
} else {
  // Another shim may live behind it; a socket that nobody answers is left from a dead one.
  const probe = connect(socketFile);
  probe.once('connect', () => process.exit(0));
  probe.once('error', () => {
    rmSync(socketFile, { force: true });
    main(directory, socketFile);
  });
}
