import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GenericContainer, Network } from 'testcontainers';
import type { StartedNetwork, StartedTestContainer } from 'testcontainers';
import { eventually } from '../cluster.js';
import type { Ran } from '../cluster.js';
import { importBaseImage } from './base-image.js';
import { DockerEngine } from './engine.js';

const nodeImageScript = fileURLToPath(new URL('../../../tools/node-image.mjs', import.meta.url));
const nodeImage = 'geobuk/node:e2e';
const directory = '/var/lib/geobuk';

/** Linux' capabilities by their numbers. */
const capabilities = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ'
).split(' ');

/** All that this machine may give: `--privileged` asks for all there are and fails where one is missing. */
function ownCapabilities(): string[] {
  const bounding = BigInt(`0x${/^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  return capabilities.filter((_, number) => (bounding >> BigInt(number)) & 1n);
}

/**
 * Runs `command` again and again, as a machine's init would, so that a test can kill a process and the machine stays. Where
 * /held lies, it waits: the machine is up, the process is not.
 */
const supervised = (command: string): string[] => [
  '-c',
  `mount -o remount,rw /proc/sys; mount -o remount,rw /sys; while :; do [ -e /held ] || ${command}; sleep 0.3; done`,
];

/** A control plane and nodes, each in a container of its own on one network, by testcontainers. */
export class ContainerFleet implements AsyncDisposable {
  readonly engine: DockerEngine;
  readonly nodes = new Map<string, StartedTestContainer>();
  #network: StartedNetwork | undefined;
  #controlPlane: StartedTestContainer | undefined;

  private constructor(engine: DockerEngine) {
    this.engine = engine;
  }

  /** Builds the image, starts `names` as nodes, and waits until all of them are Ready and the addons are, too. */
  static async start(names: readonly string[]): Promise<ContainerFleet> {
    const fleet = new ContainerFleet(await DockerEngine.start());
    try {
      await fleet.#start(names);
      return fleet;
    } catch (error) {
      const state = fleet.#describe();
      await fleet[Symbol.asyncDispose]();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${state}`, { cause: error });
    }
  }

  get controlPlane(): StartedTestContainer {
    if (this.#controlPlane === undefined) throw new Error('the fleet is not started');
    return this.#controlPlane;
  }

  /** The everyday verbs, run where the control plane is. */
  geobuk(...args: readonly string[]): Ran {
    return this.run(this.controlPlane, 'geobuk', ...args);
  }

  /** A command in a container of the fleet. */
  run(container: StartedTestContainer, ...command: readonly string[]): Ran {
    return this.engine.docker('exec', container.getId(), ...command);
  }

  apply(manifest: object): Ran {
    const { status, stdout, stderr } = spawnSync(
      'docker',
      ['exec', '-i', this.controlPlane.getId(), 'geobuk', 'apply', '-f', '-'],
      { encoding: 'utf8', env: this.engine.environment, input: JSON.stringify(manifest), timeout: 60_000 },
    );
    return { status: status ?? -1, stdout, stderr };
  }

  get<T>(...args: readonly string[]): T {
    const { status, stdout, stderr } = this.geobuk('get', ...args, '-o', 'json');
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  }

  node(name: string): StartedTestContainer {
    const container = this.nodes.get(name);
    if (container === undefined) throw new Error(`no node ${name}`);
    return container;
  }

  /** Takes the process away and keeps it away, or lets it come back. */
  hold(container: StartedTestContainer, part: 'control-plane' | 'kubelet'): void {
    this.run(container, 'touch', '/held');
    this.kill(container, part);
  }

  release(container: StartedTestContainer): void {
    this.run(container, 'rm', '-f', '/held');
  }

  /** kill -9 of the process; its machine starts it again. */
  kill(container: StartedTestContainer, part: 'control-plane' | 'kubelet'): void {
    const { status, stderr } = this.run(container, 'pkill', '-9', '-f', `geobuk.mjs ${part}|bin/geobuk ${part}`);
    if (status !== 0) throw new Error(`pkill of ${part}: ${stderr}`);
  }

  /** Cuts the machine's cable, or puts it back. */
  setCable(name: string, state: 'up' | 'down'): void {
    const container = this.node(name).getId();
    if (state === 'down') {
      this.engine.docker('exec', container, 'sh', '-c', 'ip route show > /routes; ip link set eth0 down');
    } else {
      // The kernel forgets routes with the link.
      const back = 'ip link set eth0 up; while read -r route; do ip route replace $route; done < /routes';
      this.engine.docker('exec', container, 'sh', '-c', back);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.nodes.values()) await container.stop({ timeout: 0 }).catch(() => undefined); // some were killed
    await this.#controlPlane?.stop({ timeout: 0 });
    await this.#network?.stop();
    await this.engine[Symbol.asyncDispose]();
  }

  /** For a failure's message: what the cluster says of itself, and the ends of the logs. */
  #describe(): string {
    if (this.#controlPlane === undefined) return 'no control plane was started';
    const said = [
      this.geobuk('get', 'nodes', '-o', 'wide'),
      this.geobuk('get', 'pods', '-A', '-o', 'wide'),
      ...[...this.nodes.values()].map((node) => this.run(node, 'tail', '-n', '5', '/kubelet.log')),
    ];
    return said.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  }

  async #start(names: readonly string[]): Promise<void> {
    const { environment } = this.engine;
    importBaseImage('geobuk/base:e2e', environment);
    const build = spawnSync(process.execPath, [nodeImageScript, '--tag', nodeImage, '--base', 'geobuk/base:e2e'], {
      encoding: 'utf8',
      env: environment,
    });
    if (build.status !== 0) throw new Error(build.stdout + build.stderr);
    // testcontainers reads these when it first looks for an engine.
    process.env['DOCKER_HOST'] = environment['DOCKER_HOST'];
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    this.#network = await new Network().start();
    this.#controlPlane = await this.#machine(
      'admiral',
      `geobuk control-plane --data-dir ${directory} --log-level warn`,
    );
    await eventually(
      () => this.geobuk('get', 'namespaces', 'default').status,
      (status) => status === 0,
    );
    const line = this.geobuk('token', 'create').stdout;
    const join = /geobuk (kubelet --server .*)/.exec(line)?.[1];
    if (join === undefined) throw new Error(`no line to join with in: ${line}`);
    for (const name of names) {
      const command = `geobuk ${join} --node-name ${name} --data-dir ${directory} --log-level warn >> /kubelet.log 2>&1`;
      this.nodes.set(name, await this.#machine(name, command));
    }
    await eventually(
      () => this.geobuk('wait', '--for=condition=Ready', 'nodes', ...names, '--timeout=5s').status,
      (status) => status === 0,
      240_000,
    );
    await eventually(
      () => this.geobuk('get', 'pods', '-A', '--no-headers').stdout.trim().split('\n'),
      (pods) => pods.length >= 3 * names.length + 2 && pods.every((line) => /\s1\/1\s+Running\s/.test(line)),
      240_000,
    );
  }

  #machine(name: string, command: string): Promise<StartedTestContainer> {
    const network = this.#network;
    if (network === undefined) throw new Error('no network yet');
    return new GenericContainer(nodeImage)
      .withName(`geobuk-e2e-${name}`)
      .withHostname(name)
      .withNetwork(network)
      .withDroppedCapabilities('ALL')
      .withAddedCapabilities(...ownCapabilities())
      .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
      .withBindMounts([{ source: '/sys/fs/cgroup', target: '/sys/fs/cgroup', mode: 'rw' }])
      .withEntrypoint(['/bin/sh'])
      .withCommand(supervised(command))
      .start();
  }
}
