import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Routing, ServicePortRef } from '../routing/routing.js';
import { adminSocket, defaultCertificate, haproxyConfig, masterSocket } from './haproxy-config.js';
import type { HaproxyConfig, HaproxySettings } from './haproxy-config.js';
import { HaproxyProcess } from './haproxy-process.js';
import { askHaproxy, commandHaproxy } from './haproxy-socket.js';
import { refilled, slotCommands } from './server-slots.js';
import type { ServerAddress, ServerSlots } from './server-slots.js';

export interface HaproxyEngineDeps {
  readonly program: string;
  readonly settings: HaproxySettings;
  readonly endpointsOf: (service: ServicePortRef) => readonly ServerAddress[];
  readonly log: Logger;
  readonly onLine: (line: string) => void;
}

export type Applied = 'nothing' | 'updated' | 'reloaded' | 'started';

/** Counts since the start. */
export interface EngineCounts {
  reloads: number;
  updates: number;
  failures: number;
}

/**
 * Makes the proxy do what a routing says. Endpoints and the content of certificates are changed in the running worker;
 * everything else by a new worker, and only if the engine has found its configuration good before.
 */
export class HaproxyEngine {
  readonly counts: EngineCounts = { reloads: 0, updates: 0, failures: 0 };
  readonly #deps: HaproxyEngineDeps;
  readonly #process: HaproxyProcess;
  readonly #configFile: string;
  #current: { config: HaproxyConfig; routing: Routing; slots: Map<string, ServerSlots> } | undefined;

  constructor(deps: HaproxyEngineDeps) {
    this.#deps = deps;
    const { directory } = deps.settings;
    this.#configFile = join(directory, 'haproxy.cfg');
    this.#process = new HaproxyProcess({
      program: deps.program,
      configFile: this.#configFile,
      masterSocket: masterSocket(directory),
      log: deps.log,
      onLine: deps.onLine,
    });
  }

  get running(): boolean {
    return this.#process.running;
  }

  /** @throws {Error} it does not take the routing, or cannot start: what was there before goes on. */
  async apply(routing: Routing): Promise<Applied> {
    const { settings, endpointsOf } = this.#deps;
    const current = this.#current;
    try {
      if (current !== undefined && isDeepStrictEqual(withoutPem(current.routing), withoutPem(routing))) {
        const swapped = await this.#swapCertificates(routing);
        current.routing = routing;
        const moved = await this.refreshEndpoints(() => true);
        return swapped || moved === 'updated' ? 'updated' : moved;
      }
      return await this.#load(haproxyConfig(routing, endpointsOf, settings), routing);
    } catch (error) {
      this.counts.failures += 1;
      throw error;
    }
  }

  /** Brings the servers of Services in step with their endpoints. */
  async refreshEndpoints(concerns: (service: ServicePortRef) => boolean): Promise<Applied> {
    const current = this.#current;
    if (current === undefined) return 'nothing';
    const { settings, endpointsOf } = this.#deps;
    const commands: string[] = [];
    const next = new Map<string, ServerSlots>();
    for (const [backend, service] of current.config.services) {
      if (!concerns(service)) continue;
      const before = current.slots.get(backend) ?? [];
      const after = refilled(before, endpointsOf(service));
      if (after === undefined)
        return this.#load(haproxyConfig(current.routing, endpointsOf, settings), current.routing);
      commands.push(...slotCommands(backend, before, after));
      next.set(backend, after);
    }
    if (commands.length === 0) return 'nothing';
    await commandHaproxy(adminSocket(settings.directory), commands);
    for (const [backend, slots] of next) current.slots.set(backend, slots);
    this.counts.updates += 1;
    return 'updated';
  }

  /** Resolves with the reason when the proxy ended by itself. */
  death(): Promise<string> {
    return this.#process.death();
  }

  /** Ends the proxy and takes its files away. */
  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#deps.settings.directory, { recursive: true, force: true });
  }

  async #load(config: HaproxyConfig, routing: Routing): Promise<Applied> {
    const { settings, log } = this.#deps;
    const { directory } = settings;
    await mkdir(join(directory, 'certs'), { recursive: true, mode: 0o700 });
    await put(join(directory, defaultCertificate), routing.defaultCertificate);
    const wanted = { ...config.certificates, ...config.files };
    for (const [name, text] of Object.entries(wanted)) await put(join(directory, name), text);
    const candidate = `${this.#configFile}.new`;
    await writeFile(candidate, config.text, { mode: 0o600 });
    await this.#process.check(candidate);
    await rename(candidate, this.#configFile);
    const wasRunning = this.#process.running;
    if (wasRunning) await this.#process.reload();
    else await this.#process.start();
    this.counts.reloads += wasRunning ? 1 : 0;
    this.#current = { config, routing, slots: new Map(config.slots) };
    await this.#sweep(new Set([...Object.keys(wanted), defaultCertificate]));
    log.info(
      { backends: config.services.size, binds: routing.binds.map(({ port }) => port) },
      wasRunning ? 'reloaded the proxy' : 'started the proxy',
    );
    return wasRunning ? 'reloaded' : 'started';
  }

  /** @returns whether any was changed. */
  async #swapCertificates(routing: Routing): Promise<boolean> {
    const { directory } = this.#deps.settings;
    const before = new Map(certificatesOf(this.#current?.routing));
    let swapped = false;
    for (const [id, pem] of certificatesOf(routing)) {
      if (before.get(id) === pem) continue;
      const file = join(directory, 'certs', `${id}.pem`);
      await put(file, pem);
      const socket = adminSocket(directory);
      // The payload ends with an empty line, so there may be none in it.
      const payload = pem.replace(/\n{2,}/g, '\n').trim();
      const set = await askHaproxy(socket, `set ssl cert ${file} <<\n${payload}\n`);
      const commit = await askHaproxy(socket, `commit ssl cert ${file}`);
      if (!/Success/i.test(commit)) throw new Error(`the proxy refused the certificate ${id}: ${set} ${commit}`);
      swapped = true;
      before.set(id, pem); // the same Secret may serve several ports
    }
    if (swapped) this.counts.updates += 1;
    return swapped;
  }

  async #sweep(wanted: ReadonlySet<string>): Promise<void> {
    const { directory } = this.#deps.settings;
    const names = [
      ...(await readdir(directory)).filter((name) => /\.(map|list)$/.test(name)),
      ...(await readdir(join(directory, 'certs'))).map((name) => `certs/${name}`),
    ];
    for (const name of names.filter((one) => !wanted.has(one))) await rm(join(directory, name), { force: true });
  }
}

const certificatesOf = (routing: Routing | undefined): readonly (readonly [string, string])[] =>
  routing === undefined
    ? []
    : [
        ['default', routing.defaultCertificate],
        ...routing.binds.flatMap(({ certificates }) => certificates.map(({ id, pem }) => [id, pem] as const)),
      ];

const withoutPem = ({ binds }: Routing): unknown =>
  binds.map(({ certificates, ...bind }) => ({
    ...bind,
    certificates: certificates.map(({ id, hosts }) => [id, hosts]),
  }));

/** Whole or not at all; untouched where it is right already. */
async function put(file: string, text: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before === text) return;
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
