import type { Addon, Node, Pod } from '@geobuk/api';
import { addons, nodes, pods } from '@geobuk/api';
import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import type { ResourceType, KubernetesObject } from '@geobuk/api';
import type { Canvas } from '../screen/frame.js';
import type { Health } from '../screen/paint.js';
import { nodeProblem, nodeStatus } from '../views/cluster-kinds.js';
import { addonHealth } from '../views/addons.js';
import { podHealth } from '../views/pod-status.js';
import { cpuOf, memoryOf, podAmounts } from '../views/resource-amounts.js';
import type { MousePress } from '../terminal/terminal.js';
import { drawFleet, shipAt } from './draw-fleet.js';
import type { Ship } from './draw-fleet.js';
import { showOne } from './object-actions.js';
import type { Page } from './page.js';
import { TablePage } from './table-page.js';

/** What the map needs of a pod. */
interface Sailor {
  readonly node: string;
  readonly health: Health;
  readonly cpuRequest: number;
  readonly memoryRequest: number;
  readonly addon: string | undefined;
}

/** `:fleet`: a ship for each node, its crew of pods by state, its cargo of requests, addons on board. */
export class FleetPage implements Page {
  readonly crumb = 'fleet';
  readonly cluster: Cluster;
  readonly #services: Services;
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Sailor>();
  readonly #addons = new Map<string, Addon>();
  #focus = 0;
  #columns = 1;
  #synced = false;
  #hasAddons = true;

  constructor(cluster: Cluster, services: Services) {
    this.cluster = cluster;
    this.#services = services;
  }

  start(signal: AbortSignal): void {
    const { cluster } = this;
    const services = this.#services;
    const feed = <T extends KubernetesObject>(
      type: ResourceType<T>,
      into: { set(id: string, object: T): void; delete(id: string): void },
      refused: () => void,
    ): void => {
      const seen = new Set<string>();
      const known = new Set<string>();
      const sink = {
        relisting: () => seen.clear(),
        set: (object: T) => {
          const id = object.metadata.uid ?? object.metadata.name ?? '';
          seen.add(id);
          known.add(id);
          into.set(id, object);
          services.invalidate();
        },
        removed: (object: T) => {
          into.delete(object.metadata.uid ?? object.metadata.name ?? '');
          services.invalidate();
        },
        synced: () => {
          for (const id of known) if (!seen.has(id)) into.delete(id);
          this.#synced = true;
          services.invalidate();
        },
      };
      void services.act(() =>
        cluster.follow<T>((connection) => objectSource(connection, type, {}), sink, refused, signal),
      );
    };
    const tell = (what: string) => (): void => services.flash('warn', `not allowed to see ${what}`);
    feed(
      nodes,
      { set: (id, node) => void this.#nodes.set(id, node), delete: (id) => void this.#nodes.delete(id) },
      tell('nodes'),
    );
    feed(
      pods,
      { set: (id, pod) => void this.#pods.set(id, sailorOf(pod)), delete: (id) => void this.#pods.delete(id) },
      tell('pods'),
    );
    const noAddons = (): void => {
      this.#hasAddons = false;
    };
    feed(
      addons,
      { set: (id, addon) => void this.#addons.set(id, addon), delete: (id) => void this.#addons.delete(id) },
      noAddons,
    );
  }

  draw(canvas: Canvas): void {
    const ships = this.#ships();
    this.#focus = Math.max(0, Math.min(this.#focus, ships.length - 1));
    const onAddons = [...this.#addons.values()]
      .filter(({ spec }) => spec.enabled)
      .map((addon) => ({ name: addon.metadata.name ?? '', health: addonHealth(addon) }));
    const waiting = [...this.#pods.values()].filter(({ node }) => node === '').length;
    const state = {
      ships,
      focus: this.#focus,
      waiting,
      addons: this.#hasAddons ? onAddons : [],
      loading: !this.#synced,
    };
    this.#columns = drawFleet(canvas, state, this.#services.language);
  }

  actions(): Actions {
    const services = this.#services;
    const move = (by: number) => (): void => {
      this.#focus = Math.max(0, Math.min(this.#ships().length - 1, this.#focus + by));
      services.invalidate();
    };
    return {
      open: () => this.#board(),
      describe: () => {
        const ship = this.#ships()[this.#focus];
        if (ship !== undefined) showOne(services, this.cluster, nodes as ResourceType, { name: ship.name });
      },
      up: move(-this.#columns),
      down: move(this.#columns),
      scrollLeft: move(-1),
      scrollRight: move(1),
      top: move(-Infinity),
      bottom: move(Infinity),
    };
  }

  mouse({ action, x, y }: MousePress): void {
    const index = action === 'down' ? shipAt(x, y, this.#columns, this.#ships().length) : undefined;
    if (index === undefined) return;
    if (index === this.#focus) this.#board();
    this.#focus = index;
    this.#services.invalidate();
  }

  /** Enter: the pods on the ship. */
  #board(): void {
    const ship = this.#ships()[this.#focus];
    if (ship === undefined) return;
    const options = {
      clusters: [this.cluster],
      type: pods as ResourceType,
      namespaces: { kind: 'all' } as const,
      fieldSelector: `spec.nodeName=${ship.name}`,
      of: `ship ${ship.name}`,
    };
    this.#services.open(new TablePage(options, this.#services));
  }

  #ships(): readonly Ship[] {
    const crews = new Map<string, Sailor[]>();
    for (const sailor of this.#pods.values()) crews.set(sailor.node, [...(crews.get(sailor.node) ?? []), sailor]);
    return [...this.#nodes.values()]
      .map((node): Ship => {
        const crew = crews.get(node.metadata.name ?? '') ?? [];
        const working = crew.filter(({ health }) => health !== 'done');
        const { allocatable } = node.status ?? {};
        return {
          name: node.metadata.name ?? '',
          status: nodeStatus(node),
          health: nodeStatus(node).startsWith('Ready')
            ? nodeProblem(node) === '' && node.spec.unschedulable !== true
              ? 'ok'
              : 'pending'
            : 'error',
          crew: crew.map(({ health }) => health),
          cpu: {
            used: working.reduce((sum, { cpuRequest }) => sum + cpuRequest, 0),
            capacity: cpuOf(allocatable?.['cpu']),
          },
          memory: {
            used: working.reduce((sum, { memoryRequest }) => sum + memoryRequest, 0),
            capacity: memoryOf(allocatable?.['memory']),
          },
          berths: { used: working.length, capacity: Number(allocatable?.['pods'] ?? 110) },
          addons: [...new Set(crew.flatMap(({ addon }) => addon ?? []))].sort(),
        };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function sailorOf(pod: Pod): Sailor {
  const { cpuRequest, memoryRequest } = podAmounts(pod);
  return {
    node: pod.spec.nodeName ?? '',
    health: podHealth(pod),
    cpuRequest,
    memoryRequest,
    addon: pod.metadata.labels?.['addons.geobuk.dev/addon'],
  };
}
