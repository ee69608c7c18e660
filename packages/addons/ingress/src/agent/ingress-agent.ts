import type { Clock, EventRecorder, HttpClient } from '@geobuk/client';
import { isConnectionError } from '@geobuk/client';
import type { Logger } from 'pino';
import type { IngressConfig } from '../config.js';
import type { Applied, HaproxyEngine } from '../haproxy/haproxy-engine.js';
import type { ClusterObjects } from './cluster-objects.js';
import { compileRouting } from './compile-routing.js';
import type { Compiled } from './compile-routing.js';
import { portProblem } from './port-probe.js';
import { nothingStands, writeStatuses } from './statuses.js';

export interface IngressAgentDeps {
  readonly client: HttpClient;
  readonly objects: ClusterObjects;
  readonly engine: HaproxyEngine;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly config: IngressConfig;
  readonly selfSigned: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Changes that come together are one change for the proxy. */
const gatherMs = 50;
/** Two configurations are at least so far apart: each costs a worker that lives until its connections end. */
const reloadGapMs = 1_000;
/** A port that somebody else has may become free; nobody tells. A failure is tried again as often. */
const tryAgainMs = 15_000;
/** Several changes of endpoints are cheap, but not free. */
const endpointsGapMs = 20;
/** After a write of a status that met another one: the news of it is on its way. */
const statusGapMs = 500;

/** check (all objects, from memory) → diff (with what the proxy does) → act, for the proxy of one node. */
export class IngressAgent {
  readonly #deps: IngressAgentDeps;
  readonly #services = new Set<string>();
  #routesDue = true;
  #statusDue = false;
  #leads = false;
  #wake: (() => void) | undefined;
  #compiled: Compiled | undefined;
  #takenPorts: ReadonlyMap<number, string> = new Map();
  #failure: string | undefined;
  #told = new Map<string, string>();

  constructor(deps: IngressAgentDeps) {
    this.#deps = deps;
  }

  /** Why this node does not serve what the cluster says; undefined when it does. */
  get problem(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#deps.engine.running && this.#compiled !== undefined ? undefined : 'the proxy has not started yet';
  }

  /** @throws {Error} the proxy cannot start, or ended by itself. */
  async run(signal: AbortSignal): Promise<void> {
    const { objects, clock, engine } = this.#deps;
    await objects.whenSynced(signal);
    objects.subscribe({
      routes: () => this.#call(() => (this.#routesDue = true)),
      endpoints: (service) => this.#call(() => this.#services.add(service)),
      pods: () => this.#call(() => (this.#statusDue = true)),
    });
    await this.#syncRoutes(); // the first failure is the end: kubelet and addon show why
    await this.#syncStatuses(signal);
    let lastLoad = clock.now();
    let died: string | undefined;
    engine.death().then(
      (reason) => this.#call(() => (died = reason)),
      () => undefined,
    );
    while (!signal.aborted) {
      if (!this.#routesDue && !this.#statusDue && this.#services.size === 0) await this.#change(signal);
      await clock.after(this.#routesDue ? gatherMs : endpointsGapMs, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      if (died !== undefined) throw new Error(died);
      const waitMs = lastLoad + reloadGapMs - clock.now();
      if (this.#routesDue && waitMs <= 0) {
        if ((await this.#try(() => this.#syncRoutes())) === 'reloaded') lastLoad = clock.now();
      }
      // Endpoints do not wait for routes.
      if (this.#services.size > 0) await this.#try(() => this.#syncEndpoints());
      await this.#syncStatuses(signal);
      if (this.#routesDue && waitMs > 0) await this.#changeWithin(waitMs, signal);
    }
  }

  /** Writes statuses from now on, until the signal fires. */
  async lead(signal: AbortSignal): Promise<void> {
    this.#leads = true;
    this.#call(() => (this.#statusDue = true));
    try {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    } finally {
      this.#leads = false;
    }
  }

  /** Takes the addresses out of every status: nobody serves them any more. */
  async clearStatuses(signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#deps;
    await writeStatuses({ ...nothingStands, ingresses: this.#compiled?.ingresses ?? [] }, { client, clock }, signal);
  }

  async #syncRoutes(): Promise<Applied> {
    const { engine, log } = this.#deps;
    this.#routesDue = false;
    this.#services.clear();
    this.#takenPorts = await this.#portProblems();
    const compiled = this.#compile();
    if (compiled.warning !== undefined && compiled.warning !== this.#compiled?.warning) log.warn(compiled.warning);
    const applied = await engine.apply(compiled.routing);
    this.#compiled = compiled;
    this.#statusDue = true;
    if (this.#takenPorts.size > 0) this.#later(tryAgainMs);
    return applied;
  }

  #compile(): Compiled {
    const { config, objects, selfSigned } = this.#deps;
    return compileRouting({ config, objects, selfSigned, portProblem: (port) => this.#takenPorts.get(port) });
  }

  async #syncEndpoints(): Promise<Applied> {
    const changed = new Set(this.#services);
    this.#services.clear();
    return this.#deps.engine.refreshEndpoints(({ namespace, name }) => changed.has(`${namespace}/${name}`));
  }

  async #syncStatuses(signal: AbortSignal): Promise<void> {
    if (!this.#statusDue) return;
    this.#statusDue = false;
    if (!this.#leads || this.#compiled === undefined) return; // who leads next begins with all of them
    const { client, clock, objects, config, events, log } = this.#deps;
    const { gateway, ingresses, problems } = this.#compile(); // of the objects as they are by now
    const addresses = config.publishAddresses.length > 0 ? config.publishAddresses : objects.proxyAddresses;
    try {
      const late = await writeStatuses({ ...gateway, ingresses, addresses }, { client, clock }, signal);
      if (late > 0) this.#later(statusGapMs, () => (this.#statusDue = true));
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, isConnectionError(error) ? 'the API is away: statuses wait' : 'cannot write a status');
      this.#later(tryAgainMs, () => (this.#statusDue = true));
    }
    const told = new Map<string, string>();
    for (const { ingress, message } of problems) {
      const uid = ingress.metadata.uid ?? '';
      told.set(uid, message);
      if (this.#told.get(uid) !== message) events.record(ingress, 'Warning', 'Misconfigured', message);
    }
    this.#told = told;
  }

  /** The proxy goes on with what it had; the pod shows that it is behind. */
  async #try(sync: () => Promise<Applied>): Promise<Applied> {
    try {
      const applied = await sync();
      this.#failure = undefined;
      return applied;
    } catch (error) {
      this.#failure = (error as Error).message;
      this.#deps.log.error({ err: error }, 'the proxy goes on with the routes it had');
      this.#later(tryAgainMs);
      return 'nothing';
    }
  }

  /** Ports that Gateways want and that neither we nor anybody else has yet. */
  async #portProblems(): Promise<ReadonlyMap<number, string>> {
    const { objects, config } = this.#deps;
    const ours = new Set([config.httpPort, config.httpsPort, ...this.#bound()]);
    const wanted = new Set(objects.gateway.gateways.flatMap(({ spec }) => spec.listeners.map(({ port }) => port)));
    const problems = new Map<number, string>();
    for (const port of [...wanted].filter((one) => !ours.has(one))) {
      const problem = await portProblem(port);
      if (problem !== undefined) problems.set(port, problem);
    }
    return problems;
  }

  #bound(): readonly number[] {
    return this.#deps.engine.running ? (this.#compiled?.routing.binds ?? []).map(({ port }) => port) : [];
  }

  #later(ms: number, note: () => unknown = () => (this.#routesDue = true)): void {
    this.#deps.clock.timer(ms, () => this.#call(note));
  }

  #call(note: () => unknown): void {
    note();
    this.#wake?.();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    });
  }

  async #changeWithin(ms: number, signal: AbortSignal): Promise<void> {
    using _timer = this.#deps.clock.timer(ms, () => this.#wake?.());
    await this.#change(signal);
  }
}
