import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, processIdentity } from '../process-identity.js';
import type { ContainerSpec, SandboxSpec } from '../runtime.js';
import { openHostUnderTest } from '../testing/host-under-test.js';
import type { HostUnderTest, hostPrograms } from '../testing/host-under-test.js';
import { containerSpec, sandboxSpec } from '../testing/specs.js';

// Needs root: users, control groups.

const options = { signal: new AbortController().signal };
const patienceMs = 15_000;

async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const giveUp = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > giveUp) throw new Error(`not in time: ${look.toString()}`);
    await sleep(20);
  }
}

describe('a pod of the host runtime', () => {
  let under: HostUnderTest;
  let logs: string;
  let count = 0;

  beforeAll(async () => {
    under = await openHostUnderTest();
    logs = mkdtempSync(join(tmpdir(), 'geobuk-logs-'));
  });
  afterAll(async () => {
    await under[Symbol.asyncDispose]();
    rmSync(logs, { recursive: true, force: true });
  });

  async function run(
    program: keyof typeof hostPrograms,
    changes: Partial<ContainerSpec> = {},
    sandboxChanges: Partial<SandboxSpec> = {},
  ): Promise<AsyncDisposable & { uid: string; id: string; lines: () => readonly string[] }> {
    const uid = `host-${process.pid}-${++count}`;
    const sandbox = sandboxSpec(uid, { handler: 'host', logDirectory: join(logs, uid), ...sandboxChanges });
    const sandboxId = await under.runtime.runSandbox(sandbox, options);
    const spec = containerSpec('main', `npm:${program}`, changes);
    const id = await under.runtime.createContainer(sandboxId, spec, sandbox, options);
    await under.runtime.startContainer(id, options);
    const file = join(logs, uid, 'main/0.log');
    return {
      ...{ uid, id },
      lines: () =>
        (existsSync(file) ? readFileSync(file, 'utf8') : '')
          .split('\n')
          .slice(0, -1)
          .map((line) => line.split(' ').slice(3).join(' ')),
      [Symbol.asyncDispose]: () => under.runtime.removeSandbox(sandboxId, options),
    };
  }

  const stateOf = async (uid: string): Promise<string> => {
    const container = (await under.runtime.observe(uid, options))?.containers[0];
    return `${container?.state} ${container?.exitCode} ${container?.reason}`;
  };

  it('gets its environment, arguments and mounts', async () => {
    const source = join(logs, 'token-source');
    mkdirSync(source);
    writeFileSync(join(source, 'token'), 'secret');
    await using pod = await run('environment', {
      args: ['--flag', 'two words'],
      env: [{ name: 'GREETING', value: 'hello $HOME "x"' }],
      mounts: [{ hostPath: source, containerPath: '/var/run/secrets/x', readonly: true, propagation: 'None' }],
    });
    const seen = JSON.parse(await eventually(() => pod.lines()[0])) as Record<string, unknown>;
    expect(seen).toMatchObject({
      GREETING: 'hello $HOME "x"',
      GEOBUK_CLUSTER_ID: 'test',
      args: ['--flag', 'two words'],
    });
    const view = String(seen['CONTAINER_SANDBOX_MOUNT_POINT']);
    expect(readFileSync(join(view, 'var/run/secrets/x/token'), 'utf8')).toBe('secret');
  });

  it('runs as the user and groups of its security context', async () => {
    const { security } = containerSpec('main', '');
    await using pod = await run('environment', {
      security: { ...security, runAsUser: 4321, runAsGroup: 4322, supplementalGroups: [4323], noNewPrivileges: true },
    });
    const seen: unknown = JSON.parse(await eventually(() => pod.lines()[0]));
    expect(seen).toMatchObject({ uid: 4321, gid: 4322, groups: expect.arrayContaining([4323]) as unknown });
  });

  it('dies with its whole process tree, also what left its group', async () => {
    const cgroupParent = `/geobuk-host-tree-${process.pid}`;
    await using pod = await run('family', {}, { cgroupParent });
    const children = await eventually(() => {
      const found = pod.lines().map((line) => Number(line.replace('child ', '')));
      return found.length === 2 ? found : undefined;
    });
    const identities = children.map((pid) => processIdentity(pid));
    expect(identities.every((identity) => identity !== undefined && isAlive(identity))).toBe(true);
    await under.runtime.stopContainer(pod.id, 0, options);
    expect(identities.some((identity) => identity !== undefined && isAlive(identity))).toBe(false);
    rmCgroup(cgroupParent);
  });

  it('is limited by its control group, and tells when it was killed for want of memory', async () => {
    const cgroupParent = `/geobuk-host-oom-${process.pid}`;
    const resources = {
      cpuShares: 100,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitBytes: 96 << 20,
      oomScoreAdj: 500,
    };
    await using pod = await run('greedy', { resources }, { cgroupParent });
    await eventually(async () => ((await stateOf(pod.uid)) === 'exited 137 OOMKilled' ? true : undefined));
    rmCgroup(cgroupParent);
  });

  it('goes on, with the same process and every log line, when the kubelet and then the shim are killed', async () => {
    await using pod = await run('counter');
    await eventually(() => (pod.lines().length > 2 ? true : undefined));
    using kubelet = under.again();
    expect((await kubelet.observe(pod.uid, options))?.containers[0]).toMatchObject({ id: pod.id, state: 'running' });

    const shim = under.shim();
    process.kill(shim.pid, 'SIGKILL');
    await eventually(() => (isAlive(shim) ? undefined : true));
    const before = pod.lines().length;
    // The next call starts a shim, which finds the process and reads what it wrote meanwhile.
    await eventually(async () => {
      const seen = await under.runtime.observe(pod.uid, options).catch(() => undefined);
      return seen?.containers[0]?.state === 'running' ? true : undefined;
    });
    await eventually(() => (pod.lines().length > before + 5 ? true : undefined));
    const numbers = pod.lines().map((line) => Number(line.replace('count ', '')));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));

    await under.runtime.stopContainer(pod.id, 1, options);
    expect(await stateOf(pod.uid)).toBe('exited 137 ContainerStatusUnknown');
  });

  it('gives a terminal with a size to a command', async () => {
    await using pod = await run('sleep');
    const stdout = new PassThrough();
    const output = text(stdout);
    const sizes = async function* (): AsyncGenerator<{ width: number; height: number }> {
      await sleep(300);
      yield { width: 123, height: 45 };
    };
    const command = [
      'sh',
      '-c',
      'test -t 0 && echo "terminal $1"; sleep 1; stty size; exit 4',
      'sh',
      'a "quoted" $word',
    ];
    const stdin = new PassThrough();
    const code = await under.runtime.exec(pod.id, command, { stdin, stdout, tty: true, resize: sizes() }, options);
    expect(code).toBe(4);
    expect((await output).replaceAll('\r', '')).toBe('terminal a "quoted" $word\n45 123\n');
  });

  it('ends a command that takes too long', async () => {
    await using pod = await run('sleep');
    await expect(under.runtime.execSync(pod.id, ['sleep', '100'], 200, options)).rejects.toMatchObject({
      code: 'Timeout',
    });
  });

  it('has what is wrong with an image in the error', async () => {
    await expect(under.runtime.pullImage('docker.io/web', undefined, options)).rejects.toMatchObject({
      code: 'InvalidImageName',
    });
    expect(await under.runtime.image('npm:sleep@^2.0.0', options)).toBeUndefined();
    expect((await under.runtime.image('npm:sleep@^1.2.0', options))?.id).toBe('npm:sleep@1.2.3');
  });
});

/** What the kubelet does with a pod's group after the pod. */
function rmCgroup(parent: string): void {
  for (const controller of ['cpu', 'cpuacct', 'memory', 'pids', '']) {
    const path = join('/sys/fs/cgroup', controller, parent);
    if (existsSync(path)) rmdirSync(path);
  }
}
