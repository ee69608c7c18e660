import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostContainer } from './host-container.js';
import type { ShimMethods, ShimSandbox } from './protocol.js';
import { ShimError } from './shim-error.js';

/** By this prefix the ids of the host runtime are known among those of other engines. */
const idPrefix = 'host-';

const newId = (): string => idPrefix + randomBytes(28).toString('hex');

/** All sandboxes and containers of the host runtime on this node, in memory and on disk. */
export class HostShim {
  readonly #directory: string;
  readonly #sandboxes = new Map<string, ShimSandbox>();
  readonly #containers = new Map<string, HostContainer>();
  readonly #changed: (podUid: string) => void;

  /** Takes over whatever an earlier shim left below `directory`. */
  constructor(directory: string, changed: (podUid: string) => void) {
    this.#directory = directory;
    this.#changed = changed;
    for (const kind of ['sandboxes', 'containers']) mkdirSync(join(directory, kind), { recursive: true, mode: 0o711 });
    for (const file of readdirSync(join(directory, 'sandboxes')).filter((name) => name.endsWith('.json'))) {
      const sandbox = JSON.parse(readFileSync(join(directory, 'sandboxes', file), 'utf8')) as ShimSandbox;
      this.#sandboxes.set(sandbox.id, sandbox);
    }
    for (const id of readdirSync(join(directory, 'containers'))) {
      this.#containers.set(
        id,
        HostContainer.adopt(this.#containerDirectory(id), () => this.#changedContainer(id)),
      );
    }
  }

  get isEmpty(): boolean {
    return this.#sandboxes.size === 0 && this.#containers.size === 0;
  }

  get hasRunning(): boolean {
    return [...this.#containers.values()].some(({ state }) => state.state === 'running');
  }

  list(): ShimMethods['list'][1] {
    return {
      sandboxes: [...this.#sandboxes.values()],
      containers: [...this.#containers.values()].map(({ state }) => state),
    };
  }

  runSandbox(params: ShimMethods['runSandbox'][0]): { readonly id: string } {
    // Repeated after a lost answer: the same attempt of the same pod is the same sandbox.
    for (const { id, pod, state } of this.#sandboxes.values()) {
      if (pod.uid === params.pod.uid && pod.attempt === params.pod.attempt && state === 'ready') return { id };
    }
    const sandbox: ShimSandbox = { ...params, id: newId(), state: 'ready', createdAt: Date.now() };
    this.#saveSandbox(sandbox);
    return { id: sandbox.id };
  }

  async stopSandbox(id: string): Promise<void> {
    await Promise.all(this.#containersOf(id).map((container) => container.stop(0)));
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.state === 'ready') this.#saveSandbox({ ...sandbox, state: 'notReady' });
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id);
    for (const container of this.#containersOf(id)) await this.removeContainer(container.state.id);
    const sandbox = this.#sandboxes.get(id);
    rmSync(this.#sandboxFile(id), { force: true });
    this.#sandboxes.delete(id);
    if (sandbox !== undefined) this.#changed(sandbox.pod.uid);
  }

  createContainer(spec: ShimMethods['createContainer'][0]): { readonly id: string } {
    const sandbox = this.#sandboxes.get(spec.sandboxId);
    if (sandbox?.state !== 'ready') {
      throw new ShimError('CreateContainer', `sandbox ${spec.sandboxId} is not running`);
    }
    for (const { state } of this.#containersOf(spec.sandboxId)) {
      if (state.name !== spec.name || state.attempt !== spec.attempt) continue;
      if (state.state === 'created') return { id: state.id };
      throw new ShimError('CreateContainer', `attempt ${spec.attempt} of container ${spec.name} exists already`);
    }
    const id = newId();
    const changed = (): void => this.#changedContainer(id);
    const directory = this.#containerDirectory(id);
    const logged = { ...spec, logPath: join(sandbox.logDirectory, spec.logPath) };
    this.#containers.set(id, HostContainer.create(directory, id, logged, sandbox.cgroupParent, changed));
    this.#changedContainer(id);
    return { id };
  }

  container(id: string): HostContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new ShimError('NotFound', `no container ${id}`);
    return container;
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    await this.#containers.get(id)?.stop(graceSeconds);
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    await container.remove();
    this.#changedContainer(id);
    this.#containers.delete(id);
  }

  stats(): ShimMethods['stats'][1] {
    const all = [...this.#containers.values()].map((container) => container.stats());
    return { stats: all.filter((stats) => stats !== undefined) };
  }

  #containersOf(sandboxId: string): readonly HostContainer[] {
    return [...this.#containers.values()].filter(({ spec }) => spec.sandboxId === sandboxId);
  }

  #changedContainer(id: string): void {
    const sandboxId = this.#containers.get(id)?.spec.sandboxId ?? '';
    const uid = this.#sandboxes.get(sandboxId)?.pod.uid;
    if (uid !== undefined) this.#changed(uid);
  }

  #containerDirectory(id: string): string {
    return join(this.#directory, 'containers', id);
  }

  #sandboxFile(id: string): string {
    return join(this.#directory, 'sandboxes', `${id}.json`);
  }

  #saveSandbox(sandbox: ShimSandbox): void {
    const file = this.#sandboxFile(sandbox.id);
    writeFileSync(`${file}.new`, JSON.stringify(sandbox), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#sandboxes.set(sandbox.id, sandbox);
    this.#changed(sandbox.pod.uid);
  }
}
