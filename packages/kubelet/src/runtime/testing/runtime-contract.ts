import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readFile, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerRuntime, ContainerSpec, ContainerState, PodState, SandboxSpec } from '../runtime.js';
import { containerSpec, sandboxSpec } from './specs.js';

/** What a contract container does: sleep until SIGTERM, exit with 3, ignore SIGTERM, or print and sleep. */
export type ContractProgram = 'sleep' | 'exit-3' | 'ignore-term' | 'print';

export interface RuntimeUnderTest extends AsyncDisposable {
  readonly runtime: ContainerRuntime;
  /** Handler of the sandboxes. */
  readonly handler: string;
  /** Below it the logs appear; undefined for a runtime that writes none. */
  readonly logDirectory: string | undefined;
  program(program: ContractProgram): Pick<ContainerSpec, 'image' | 'imageRef' | 'command' | 'args'>;
}

/** Long enough for a busy machine; a broken runtime fails by it, a good one never waits it out. */
const patienceMs = 15_000;
/** Between two looks: runtimes without events cannot be waited for otherwise. */
const lookMs = 20;

/** What each ContainerRuntime has to do. The program `sh` must run in its containers (a fake answers for it). */
export function describeRuntime(
  name: string,
  has: { readonly logs: boolean },
  open: () => Promise<RuntimeUnderTest>,
): void {
  describe(`${name} as a container runtime`, () => {
    let under: RuntimeUnderTest;
    let count = 0;
    const options = { signal: new AbortController().signal };

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under[Symbol.asyncDispose]());

    interface Running extends AsyncDisposable {
      readonly uid: string;
      readonly sandboxId: string;
      readonly containerId: string;
      readonly sandbox: SandboxSpec;
      readonly spec: ContainerSpec;
    }

    async function create(program: ContractProgram, changes: Partial<ContainerSpec> = {}): Promise<Running> {
      const uid = `contract-${process.pid}-${++count}`;
      const logDirectory = join(under.logDirectory ?? '/logs', uid);
      if (under.logDirectory !== undefined) await mkdir(join(logDirectory, 'main'), { recursive: true });
      const sandbox = sandboxSpec(uid, { handler: under.handler, logDirectory });
      const spec = containerSpec('main', '', { ...under.program(program), ...changes });
      const sandboxId = await under.runtime.runSandbox(sandbox, options);
      const containerId = await under.runtime.createContainer(sandboxId, spec, sandbox, options);
      return {
        ...{ uid, sandboxId, containerId, sandbox, spec },
        [Symbol.asyncDispose]: async () => {
          await under.runtime.stopSandbox(sandboxId, options);
          await under.runtime.removeSandbox(sandboxId, options);
        },
      };
    }

    async function start(program: ContractProgram, changes: Partial<ContainerSpec> = {}): Promise<Running> {
      const running = await create(program, changes);
      await under.runtime.startContainer(running.containerId, options);
      return running;
    }

    async function seen(uid: string, wanted: (pod: PodState) => boolean): Promise<PodState> {
      const giveUp = Date.now() + patienceMs;
      for (;;) {
        const pod = await under.runtime.observe(uid, options);
        if (pod !== undefined && wanted(pod)) return pod;
        if (Date.now() > giveUp) throw new Error(`not seen in time; last: ${JSON.stringify(pod)}`);
        await sleep(lookMs);
      }
    }

    const container = async (uid: string, state: ContainerState['state']): Promise<ContainerState> => {
      const pod = await seen(uid, ({ containers }) => containers[0]?.state === state);
      return pod.containers[0] as ContainerState;
    };

    it('says who it is and that it is ready', async () => {
      expect((await under.runtime.version(options)).version).not.toBe('');
      const status = await under.runtime.status(options);
      expect(status.runtimeReady).toBe(true);
      expect(status.handlers).toContain(under.handler);
    });

    it('shows a container created, running and exited', async () => {
      await using pod = await create('sleep', { labels: { tier: 'front' }, annotations: { hash: 'abc' } });
      expect(await container(pod.uid, 'created')).toMatchObject({ name: 'main', attempt: 0, exitCode: undefined });

      await under.runtime.startContainer(pod.containerId, options);
      const running = await container(pod.uid, 'running');
      expect(running.id).toBe(pod.containerId);
      expect(running.sandboxId).toBe(pod.sandboxId);
      expect(running.labels['tier']).toBe('front');
      expect(running.annotations['hash']).toBe('abc');
      expect(Math.abs(Date.now() - (running.startedAt ?? 0))).toBeLessThan(patienceMs);

      await under.runtime.stopContainer(pod.containerId, 5, options);
      const exited = await container(pod.uid, 'exited');
      expect(exited.exitCode).toBe(143);
      expect(exited.finishedAt).toBeGreaterThanOrEqual(running.startedAt ?? Infinity);
    });

    it('tells the exit code of a container that ends by itself', async () => {
      await using pod = await start('exit-3');
      expect(await container(pod.uid, 'exited')).toMatchObject({ exitCode: 3, reason: 'Error' });
    });

    it('kills what ignores SIGTERM when the grace is over', async () => {
      await using pod = await start('ignore-term');
      await container(pod.uid, 'running');
      // The program needs a moment until it has set its signals; until then SIGTERM would still end it.
      await sleep(300);
      const began = Date.now();
      await under.runtime.stopContainer(pod.containerId, 1, options);
      expect(await container(pod.uid, 'exited')).toMatchObject({ exitCode: 137 });
      expect(Date.now() - began).toBeGreaterThanOrEqual(950);
    });

    it('kills at once without a grace', async () => {
      await using pod = await start('ignore-term');
      await under.runtime.stopContainer(pod.containerId, 0, options);
      expect(await container(pod.uid, 'exited')).toMatchObject({ exitCode: 137 });
    });

    it('shows the sandbox with its pod, labels and handler, ready and then not', async () => {
      await using pod = await start('sleep');
      const before = await seen(pod.uid, () => true);
      expect(before.pod).toEqual({ name: `pod-${pod.uid}`, namespace: 'default', uid: pod.uid });
      expect(before.sandboxes).toHaveLength(1);
      expect(before.sandboxes[0]).toMatchObject({ id: pod.sandboxId, state: 'ready', pod: pod.sandbox.pod });
      expect(before.sandboxes[0]?.labels['app']).toBe(pod.uid);
      expect(before.sandboxes[0]?.hostNetwork).toBe(true);

      await under.runtime.stopSandbox(pod.sandboxId, options);
      const after = await seen(pod.uid, ({ sandboxes }) => sandboxes[0]?.state === 'notReady');
      expect(after.containers[0]?.state).toBe('exited');
    });

    it('forgets a pod whose sandbox is removed, with its containers', async () => {
      const pod = await start('sleep');
      await pod[Symbol.asyncDispose]();
      expect(await under.runtime.observe(pod.uid, options)).toBeUndefined();
      expect((await under.runtime.observeAll(options)).some(({ pod: { uid } }) => uid === pod.uid)).toBe(false);
    });

    it('lists the newest attempt of a container first', async () => {
      await using pod = await start('exit-3');
      await container(pod.uid, 'exited');
      const again = { ...pod.spec, attempt: 1, logPath: 'main/1.log' };
      await under.runtime.createContainer(pod.sandboxId, again, pod.sandbox, options);
      const { containers } = await seen(pod.uid, (state) => state.containers.length === 2);
      expect(containers.map(({ attempt }) => attempt)).toEqual([1, 0]);
      await under.runtime.removeContainer(pod.containerId, options);
      expect((await seen(pod.uid, (state) => state.containers.length === 1)).containers[0]?.attempt).toBe(1);
    });

    it('shows all pods at once', async () => {
      await using first = await start('sleep');
      await using second = await start('sleep');
      const uids = (await under.runtime.observeAll(options)).map(({ pod }) => pod.uid);
      expect(uids).toEqual(expect.arrayContaining([first.uid, second.uid]));
    });

    it('takes stop and remove of what is gone for done', async () => {
      const pod = await start('sleep');
      for (let round = 0; round < 2; round++) {
        await under.runtime.stopContainer(pod.containerId, 0, options);
        await under.runtime.removeContainer(pod.containerId, options);
        await under.runtime.stopSandbox(pod.sandboxId, options);
        await under.runtime.removeSandbox(pod.sandboxId, options);
      }
      expect(await under.runtime.observe(pod.uid, options)).toBeUndefined();
    });

    it('refuses to start what it does not know', async () => {
      await expect(under.runtime.startContainer('f'.repeat(64), options)).rejects.toMatchObject({
        name: 'RuntimeError',
      });
    });

    it('runs a command to its end and gives output and exit code', async () => {
      await using pod = await start('sleep');
      expect(await under.runtime.execSync(pod.containerId, ['sh', '-c', 'echo out; exit 3'], 10_000, options)).toEqual({
        exitCode: 3,
        output: 'out\n',
      });
    });

    it('streams a command: stdin until its end, both outputs, exit code', async () => {
      await using pod = await start('sleep');
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      const outputs = Promise.all([text(stdout), text(stderr)]);
      const code = await under.runtime.exec(
        pod.containerId,
        ['sh', '-c', 'cat; echo oops >&2; exit 7'],
        { stdin: Readable.from([Buffer.from('typed\n')]), stdout, stderr, tty: false },
        options,
      );
      expect(code).toBe(7);
      expect(await outputs).toEqual(['typed\n', 'oops\n']);
    });

    it('refuses an image that is not there', async () => {
      await using pod = await create('sleep');
      const spec = { ...pod.spec, name: 'other', image: 'missing.test/no:1', imageRef: 'missing.test/no:1' };
      await expect(under.runtime.createContainer(pod.sandboxId, spec, pod.sandbox, options)).rejects.toMatchObject({
        code: 'CreateContainer',
      });
    });

    it('knows an image by the name that was pulled', async () => {
      const { image } = under.program('sleep');
      const found = await under.runtime.image(image, options);
      expect(found?.tags).toContain(image);
      expect((await under.runtime.images(options)).map(({ id }) => id)).toContain(found?.id);
      expect(await under.runtime.image('missing.test/no:1', options)).toBeUndefined();
    });

    it('measures what runs', async () => {
      await using pod = await start('sleep');
      await container(pod.uid, 'running');
      const giveUp = Date.now() + patienceMs;
      for (;;) {
        const stats = (await under.runtime.stats(options)).find(({ containerId }) => containerId === pod.containerId);
        // Where the kernel counts in ticks, a young process has used none.
        if (stats !== undefined && stats.cpuUsageNanos > 0 && stats.memoryWorkingSetBytes > 0) return;
        if (Date.now() > giveUp) throw new Error(`no measures: ${JSON.stringify(stats)}`);
        await sleep(lookMs);
      }
    });

    it('reports changes as events where it has them', async () => {
      const listening = new AbortController();
      const events = under.runtime.events({ signal: listening.signal });
      if (events === undefined) return;
      const uids = new Set<string>();
      const heard = (async () => {
        for await (const { podUid } of events) uids.add(podUid);
      })();
      await using pod = await start('exit-3');
      const giveUp = Date.now() + patienceMs;
      while (!uids.has(pod.uid) && Date.now() < giveUp) await sleep(lookMs);
      listening.abort();
      await heard;
      expect([...uids]).toContain(pod.uid);
    });

    if (!has.logs) return;
    it('writes logs line by line, and into a new file after a rotation', async () => {
      await using pod = await start('print');
      const { logPath } = await container(pod.uid, 'running');
      expect(logPath).toBe(join(pod.sandbox.logDirectory, pod.spec.logPath));
      const lines = async (file: string, count: number): Promise<readonly string[]> => {
        const giveUp = Date.now() + patienceMs;
        for (;;) {
          const found = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
          if (found.length >= count) return found;
          if (Date.now() > giveUp) throw new Error(`${file} has only ${JSON.stringify(found)}`);
          await sleep(lookMs);
        }
      };
      const first = await lines(logPath, 2);
      const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(Z|[+-]\d\d:\d\d)`;
      expect(first.some((line) => new RegExp(`^${stamp} stdout F to stdout$`).test(line))).toBe(true);
      expect(first.some((line) => new RegExp(`^${stamp} stderr F to stderr$`).test(line))).toBe(true);

      await rename(logPath, `${logPath}.old`);
      await under.runtime.reopenLog(pod.containerId, options);
      // The program prints again each half second.
      expect(await lines(logPath, 2)).not.toEqual([]);
      expect(dirname(logPath)).toBe(join(pod.sandbox.logDirectory, 'main'));
    });
  });
}
