import { execFile } from 'node:child_process';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { serviceMethods } from '../../grpc/service-methods.js';
import { csiTables, registrationTables } from '../schema.js';
import type { NodeCapability } from '../schema.js';

const run = promisify(execFile);

export interface CsiDriverOptions {
  /** The kubelet's root: sockets go below it. */
  readonly root: string;
  readonly name?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly capabilities?: readonly NodeCapability[] | undefined;
  readonly topology?: Readonly<Record<string, string>> | undefined;
  readonly maxVolumes?: number | undefined;
  readonly versions?: readonly string[] | undefined;
  readonly type?: string | undefined;
  /** Directory whose subdirectories are the volumes, bind-mounted as root; absent: bare directories are made. */
  readonly volumes?: string | undefined;
}

export interface CsiCall {
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
}

/** A CSI driver with a node plugin, as a kubelet meets it: two sockets and volumes that are directories. */
export class CsiDriverUnderTest implements AsyncDisposable {
  readonly calls: CsiCall[] = [];
  /** What the kubelet said last about the registration. */
  registration: { readonly pluginRegistered: boolean; readonly error: string } | undefined;
  /** Calls that fail, by method, until they are taken out. */
  readonly failing = new Map<string, { readonly code: status; readonly message: string }>();
  readonly #options: CsiDriverOptions;
  readonly #registrationSocket: string;
  readonly #socket: string;
  #servers: readonly Server[] = [];

  private constructor(options: CsiDriverOptions) {
    this.#options = options;
    this.#registrationSocket = join(options.root, 'plugins_registry', `${this.name}-reg.sock`);
    this.#socket = join(options.root, 'plugins', this.name, 'csi.sock');
  }

  static async start(options: CsiDriverOptions): Promise<CsiDriverUnderTest> {
    const driver = new CsiDriverUnderTest(options);
    await driver.#listen();
    return driver;
  }

  get name(): string {
    return this.#options.name ?? 'disk.example.com';
  }

  /** Names of the methods that were called for volumes, in order. */
  get story(): readonly string[] {
    return this.calls.map(({ method }) => method).filter((method) => /Stage|Publish|Expand/i.test(method));
  }

  last(method: string): Readonly<Record<string, unknown>> | undefined {
    return this.calls.findLast((call) => call.method === method)?.request;
  }

  /** Ends as a pod of a driver does: its sockets vanish, what it has mounted stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.forceShutdown();
    this.#servers = [];
    await rm(this.#registrationSocket, { force: true });
    await rm(this.#socket, { force: true });
  }

  async #listen(): Promise<void> {
    await mkdir(join(this.#options.root, 'plugins_registry'), { recursive: true });
    await mkdir(join(this.#options.root, 'plugins', this.name), { recursive: true });
    const tables = serviceMethods(csiTables);
    const csi = new Server();
    for (const service of ['Identity', 'Node']) csi.addService(tables[service] as ServiceDefinition, this.#serve());
    const registration = new Server();
    registration.addService(serviceMethods(registrationTables)['Registration'] as ServiceDefinition, this.#serve());
    this.#servers = [csi, registration];
    await bind(csi, this.#socket);
    await bind(registration, this.#registrationSocket);
  }

  #serve(): UntypedServiceImplementation {
    return new Proxy(
      {},
      {
        get:
          (_, method: string) => (call: { request: object }, reply: (error: object | null, value?: object) => void) => {
            this.#answer(method, call.request as CsiCall['request']).then(
              (value) => reply(null, value),
              (error: unknown) => reply(error as object),
            );
          },
      },
    ) as UntypedServiceImplementation;
  }

  async #answer(method: string, request: CsiCall['request']): Promise<object> {
    this.calls.push({ method, request });
    const failure = this.failing.get(method);
    if (failure !== undefined)
      throw Object.assign(new Error(failure.message), { code: failure.code, details: failure.message });
    const {
      capabilities = [],
      nodeId = 'node-of-driver',
      topology,
      maxVolumes = 0,
      versions = ['1.0.0'],
      type = 'CSIPlugin',
      volumes,
    } = this.#options;
    switch (method) {
      case 'GetInfo':
        return { type, name: this.name, endpoint: this.#socket, supportedVersions: versions };
      case 'NotifyRegistrationStatus':
        this.registration = request as unknown as { pluginRegistered: boolean; error: string };
        return {};
      case 'NodeGetInfo':
        return {
          nodeId,
          maxVolumesPerNode: maxVolumes,
          ...(topology === undefined ? {} : { accessibleTopology: { segments: topology } }),
        };
      case 'NodeGetCapabilities':
        return { capabilities: capabilities.map((type) => ({ rpc: { type } })) };
      case 'NodeStageVolume':
        if (volumes !== undefined)
          await bindOnce(join(volumes, String(request['volumeId'])), String(request['stagingTargetPath']));
        return {};
      case 'NodePublishVolume': {
        const source = String(request['stagingTargetPath']) || join(volumes ?? '', String(request['volumeId']));
        const target = String(request['targetPath']);
        await mkdir(target, { recursive: true });
        if (volumes !== undefined) await bindOnce(source, target);
        return {};
      }
      case 'NodeUnpublishVolume': {
        const target = String(request['targetPath']);
        if (volumes !== undefined) await run('umount', [target]).catch(() => undefined);
        await rmdir(target).catch(() => undefined);
        return {};
      }
      case 'NodeUnstageVolume':
        if (volumes !== undefined) await run('umount', [String(request['stagingTargetPath'])]).catch(() => undefined);
        return {};
      case 'NodeExpandVolume':
        return { capacityBytes: (request['capacityRange'] as { requiredBytes: number }).requiredBytes };
      case 'NodeGetVolumeStats':
        return {
          usage: [
            { available: 700, total: 1000, used: 300, unit: 'BYTES' },
            { available: 90, total: 100, used: 10, unit: 'INODES' },
          ],
          volumeCondition: { abnormal: false, message: 'fine' },
        };
      default:
        throw Object.assign(new Error(method), { code: status.UNIMPLEMENTED });
    }
  }
}

async function bindOnce(source: string, target: string): Promise<void> {
  await mkdir(source, { recursive: true });
  await mkdir(target, { recursive: true });
  const mounted = await run('mountpoint', ['-q', target]).then(
    () => true,
    () => false,
  );
  if (!mounted) await run('mount', ['--bind', source, target]);
}

const bind = (server: Server, socket: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
