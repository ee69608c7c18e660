import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import type { Channels } from '@geobuk/client';
import type { Connection } from '../cluster/connection.js';
import { FakeConnection } from './fake-connection.js';

/** A recorded cluster whose commands run on this machine: what goes through an exec is real. */
export class LocalPodConnection extends FakeConnection {
  override async openChannels(path: string): ReturnType<Connection['openChannels']> {
    // The way to a pod takes time; what was started meanwhile goes on.
    await new Promise((resolve) => setTimeout(resolve, 200));
    this.seen.push({ verb: 'connect', what: path });
    const [command = '', ...args] = new URL(path, 'https://pod').searchParams.getAll('command');
    const child = spawn(command, args);
    child.stdin.on('error', () => child.stdin.destroy());
    const status = new PassThrough();
    child.once('close', (code) => {
      const failure = {
        status: 'Failure',
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
      };
      status.end(JSON.stringify(code === 0 ? { status: 'Success' } : failure));
    });
    const incoming: readonly Readable[] = [new PassThrough(), child.stdout, child.stderr, status];
    const channels: Channels = {
      protocol: 'v5.channel.k8s.io',
      incoming: (channel) => incoming[channel]!,
      send: (_, data) =>
        new Promise((resolve) => {
          child.stdin.write(data, () => resolve());
        }),
      end: () => {
        child.stdin.end();
        return Promise.resolve();
      },
      closed: new Promise(() => undefined),
      [Symbol.dispose]: () => void child.kill(),
    };
    return channels;
  }
}
