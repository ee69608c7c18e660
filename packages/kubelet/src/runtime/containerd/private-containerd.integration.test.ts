import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCriRuntime } from '../cri/cri-runtime.js';
import { processIdentity } from '../process-identity.js';
import { busyboxImage } from '../testing/busybox-image.js';
import { openContainerdUnderTest } from '../testing/containerd-under-test.js';
import type { ContainerdUnderTest } from '../testing/containerd-under-test.js';
import { containerSpec, sandboxSpec } from '../testing/specs.js';
import { findCniBinDir } from './containerd-host.js';
import { PrivateContainerd } from './private-containerd.js';

// Needs root, containerd, runc, the loopback plugin of CNI, ip, nsenter and busybox-static.

const options = { signal: new AbortController().signal };
const silent = { info: () => undefined, warn: () => undefined };
const patienceMs = 20_000;

/** A pod network of one pod: both ends of its wire are inside the pod's own network namespace. */
const networkPlugin = `#!/bin/sh
case "$CNI_COMMAND" in
ADD)
  exec 3>&1 1>&2
  enter="nsenter --net=$CNI_NETNS"
  $enter ip link add eth0 type veth peer name far0
  $enter ip address add 10.99.0.2/24 dev eth0
  $enter ip link set eth0 up
  echo "{\\"cniVersion\\":\\"0.4.0\\",\\"interfaces\\":[{\\"name\\":\\"eth0\\",\\"sandbox\\":\\"$CNI_NETNS\\"}],\\"ips\\":[{\\"version\\":\\"4\\",\\"address\\":\\"10.99.0.2/24\\",\\"interface\\":0}]}" >&3 ;;
VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.4.0"]}' ;;
esac
`;

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const giveUp = Date.now() + patienceMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > giveUp) throw new Error(`not in time: ${look.toString()}`);
    await sleep(50);
  }
}

describe('a private containerd', () => {
  let under: ContainerdUnderTest;
  let network: string;

  beforeAll(async () => {
    network = mkdtempSync(join(tmpdir(), 'geobuk-network-'));
    const [cniBinDir, cniConfDir] = [join(network, 'bin'), join(network, 'conf')];
    mkdirSync(cniBinDir);
    mkdirSync(cniConfDir);
    symlinkSync(join(await findCniBinDir(), 'loopback'), join(cniBinDir, 'loopback'));
    writeFileSync(join(cniBinDir, 'one-pod'), networkPlugin);
    chmodSync(join(cniBinDir, 'one-pod'), 0o755);
    const conf = { cniVersion: '0.4.0', name: 'test', plugins: [{ type: 'one-pod' }] };
    writeFileSync(join(cniConfDir, '10-test.conflist'), JSON.stringify(conf));
    under = await openContainerdUnderTest({ cniBinDir, cniConfDir });
  });
  afterAll(async () => {
    await under[Symbol.asyncDispose]();
    rmSync(network, { recursive: true, force: true });
  });

  const reopen = (): Promise<PrivateContainerd> =>
    PrivateContainerd.open(
      { directory: under.directory, cniBinDir: join(network, 'bin'), cniConfDir: join(network, 'conf') },
      { log: silent },
      options,
    );

  it('is adopted by the next kubelet', async () => {
    expect((await reopen()).pid).toBe(under.containerd.pid);
  });

  it('keeps containers running through its death and through its stop, and finds them again', async () => {
    const sandbox = sandboxSpec('survivor', { logDirectory: join(network, 'logs') });
    const sandboxId = await under.runtime.runSandbox(sandbox, options);
    const spec = containerSpec('main', busyboxImage, { command: ['sleep', '1000'] });
    const id = await under.runtime.createContainer(sandboxId, spec, sandbox, options);
    await under.runtime.startContainer(id, options);
    const before = await under.runtime.observe('survivor', options);
    expect(before?.containers[0]?.state).toBe('running');

    const stop = new AbortController();
    const supervised = under.containerd.run(stop.signal);
    const first = under.containerd.pid;
    process.kill(first, 'SIGKILL');
    await eventually(async () => (under.containerd.pid === first ? undefined : true));
    using afterCrash = await eventually(() => openCriRuntime({ socket: under.containerd.socket }, options));
    expect(await afterCrash.observe('survivor', options)).toEqual(before);
    stop.abort();
    await supervised;

    await under.containerd.stop();
    expect(processIdentity(under.containerd.pid)).toBeUndefined();
    const again = await reopen();
    try {
      using afterStop = await openCriRuntime({ socket: again.socket }, options);
      expect(await afterStop.observe('survivor', options)).toEqual(before);
      await afterStop.stopSandbox(sandboxId, options);
      await afterStop.removeSandbox(sandboxId, options);
    } finally {
      await again.stop();
    }
    // The one of the other tests comes back under supervision.
    const resumed = new AbortController();
    const running = under.containerd.run(resumed.signal);
    await eventually(() => under.runtime.status(options));
    resumed.abort();
    await running;
  });

  it('gives pods their own network, whose ports can be forwarded', async () => {
    const namespaces = { hostNetwork: false, hostPID: false, hostIPC: false, sharePID: false };
    const sandbox = sandboxSpec('networked', { namespaces, logDirectory: join(network, 'logs') });
    const sandboxId = await under.runtime.runSandbox(sandbox, options);
    try {
      const { security } = containerSpec('main', '');
      const spec = containerSpec('main', busyboxImage, {
        command: ['sh', '-c', 'while true; do echo "hello from $(hostname)" | nc -l -p 8080; done'],
        security: { ...security, namespaces },
      });
      const id = await under.runtime.createContainer(sandboxId, spec, sandbox, options);
      await under.runtime.startContainer(id, options);
      const pod = await under.runtime.observe('networked', options);
      expect(pod?.sandboxes[0]).toMatchObject({ ips: ['10.99.0.2'], hostNetwork: false });
      expect((await under.runtime.status(options)).networkReady).toBe(true);

      const answer = await eventually(async () => {
        const stream = await under.runtime.portForward(sandboxId, 8080, options);
        const said = await text(stream);
        return said === '' ? undefined : said;
      });
      expect(answer).toBe('hello from pod-networked\n');
    } finally {
      await under.runtime.stopSandbox(sandboxId, options);
      await under.runtime.removeSandbox(sandboxId, options);
    }
  });

  it('carries a megabyte to a command and back, and gives a terminal its size', async () => {
    const sandbox = sandboxSpec('carrier', { logDirectory: join(network, 'logs') });
    const sandboxId = await under.runtime.runSandbox(sandbox, options);
    try {
      const spec = containerSpec('main', busyboxImage, { command: ['sleep', '1000'] });
      const id = await under.runtime.createContainer(sandboxId, spec, sandbox, options);
      await under.runtime.startContainer(id, options);
      const stdout = new PassThrough();
      const received = text(stdout);
      const sent = 'geobuk '.repeat(150_000);
      const streams = { stdin: Readable.from([Buffer.from(sent)]), stdout, tty: false };
      expect(await under.runtime.exec(id, ['cat'], streams, options)).toBe(0);
      expect((await received) === sent).toBe(true);

      const screen = new PassThrough();
      const shown = text(screen);
      const sizes = async function* (): AsyncGenerator<{ width: number; height: number }> {
        yield { width: 123, height: 45 };
      };
      const command = ['sh', '-c', 'sleep 0.5; test -t 0 && stty size; exit 4'];
      const terminal = { stdin: new PassThrough(), stdout: screen, tty: true, resize: sizes() };
      expect(await under.runtime.exec(id, command, terminal, options)).toBe(4);
      expect(await shown).toBe('45 123\r\n');
    } finally {
      await under.runtime.stopSandbox(sandboxId, options);
      await under.runtime.removeSandbox(sandboxId, options);
    }
  });

  it('says in one line what to install where there is none', async () => {
    const nowhere = { directory: join(network, 'none'), searchPath: [join(network, 'conf')] };
    await expect(PrivateContainerd.open(nowhere, { log: silent }, options)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('apt-get install containerd') as unknown,
    });
  });
});
