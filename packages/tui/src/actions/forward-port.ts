import type { Pod, Service } from '@geobuk/api';
import { pods } from '@geobuk/api';
import type { ForwardTarget } from '../app/port-forwards.js';
import type { Cluster } from '../cluster/cluster.js';
import type { TablePage } from '../pages/table-page.js';
import { podChoiceOf, selectorsOf } from './open-row.js';

interface PortChoice {
  readonly label: string;
  readonly port: number;
}

function portsOf(pod: Pod, service: Service | undefined): readonly PortChoice[] {
  const declared = pod.spec.containers.flatMap(({ name, ports = [] }) =>
    ports.map(({ containerPort, name: portName }) => ({
      label: `${name} ${portName ?? ''} ${containerPort}`,
      port: containerPort,
      name: portName,
    })),
  );
  if (service === undefined) return declared;
  return (service.spec.ports ?? []).map(({ port, targetPort, name }) => {
    const target = targetPort ?? port;
    const number = typeof target === 'number' ? target : (declared.find((one) => one.name === target)?.port ?? port);
    return { label: `${name ?? ''} ${port} → ${number}`, port: number };
  });
}

/** Ports a pod asks to be forwarded. Follows: k9s' annotations, `container::[local:]port`, with commas between. */
const wishAnnotation = 'k9scli.io/port-forwards';
const autoAnnotation = 'k9scli.io/auto-port-forwards';

interface Wish {
  readonly port: number;
  readonly local: number | undefined;
}

/** @returns the first port of an annotation that is one of the pod's; undefined: there is none to understand. */
export function wishOf(pod: Pod, annotation: string): Wish | undefined {
  for (const part of (pod.metadata.annotations?.[annotation] ?? '').split(',')) {
    const [, container = '', local, port = ''] = /^(?:([\w-]*)::)?(?:(\d+):)?([\w-]+)$/.exec(part.trim()) ?? [];
    const containers = pod.spec.containers.filter(({ name }) => container === '' || name === container);
    const named = containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port)?.containerPort;
    const number = named ?? Number(port);
    if (Number.isInteger(number) && number > 0 && number < 65_536)
      return { port: number, local: local === undefined ? undefined : Number(local) };
  }
  return undefined;
}

/** A port below 1024 is not ours to take: any free one then. */
const localFor = (port: number | undefined): number => (port !== undefined && port >= 1024 ? port : 0);

/** `Shift-F`: a local port into the pod; from a workload or service into whichever of its pods is ready. */
export async function forwardPort(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services } = page;
  await services.act(async (signal) => {
    const cluster = page.clusterOf(row);
    const choice = podChoiceOf(page, row);
    if (choice === undefined) {
      services.flash('warn', `${row.key.name} selects no pods`);
      return;
    }
    const connection = await cluster.connection(signal);
    const namespace = row.key.namespace ?? '';
    const selectors = selectorsOf(choice, row);
    const { items } = await connection.list(pods, { namespace, ...selectors, signal });
    const pod = items[0];
    if (pod === undefined) {
      services.flash('warn', `${row.key.name} has no pods`);
      return;
    }
    const target = {
      cluster,
      namespace,
      name: `${page.type.singular}/${row.key.name}`,
      ...(choice.by === 'name' ? { pod: row.key.name } : { labelSelector: selectors.labelSelector ?? '' }),
    };
    const auto = wishOf(pod, autoAnnotation);
    const usual = services.personal.k9s.portForwardAddress ?? '127.0.0.1';
    if (auto !== undefined) {
      await open(page, { ...target, port: auto.port }, auto.local ?? localFor(auto.port), usual, '');
      return;
    }
    const service = page.type.plural === 'services' ? (row.object as Service) : undefined;
    const ports = portsOf(pod, service);
    const wish = wishOf(pod, wishAnnotation);
    const first = wish?.port ?? ports[0]?.port;
    const known = ports.length === 0 ? '' : ` (${ports.map(({ label }) => label.trim()).join(', ')})`;
    const answer = await services.dialogs.form(
      `Port-forward to ${target.name}`,
      [
        { name: 'port', label: `Pod port${known}`, value: String(first ?? '') },
        { name: 'local', label: 'Local port', value: String(wish?.local ?? localFor(first)) },
        { name: 'address', label: 'Address', value: usual },
        { name: 'name', label: 'Keep under the name', value: '' },
      ],
      'Forward',
    );
    if (answer === undefined) return;
    const port = Number(answer['port']);
    const local = Number(answer['local']);
    if (
      !Number.isInteger(port) ||
      port < 1 ||
      port > 65_535 ||
      !Number.isInteger(local) ||
      local < 0 ||
      local > 65_535
    ) {
      services.flash(
        'alert',
        `not a port: ${Number.isInteger(port) ? (answer['local'] ?? '') : (answer['port'] ?? '')}`,
      );
      return;
    }
    await open(page, { ...target, port }, local, answer['address'] ?? usual, (answer['name'] ?? '').trim());
  });
}

async function open(
  { services }: TablePage,
  target: ForwardTarget & { readonly cluster: Cluster },
  local: number,
  address: string,
  name: string,
): Promise<void> {
  const forward = await services.forwards.open(target, local, address, services.clock.now(), name);
  services.flash('info', `forwarding ${forward.address}:${forward.localPort} to ${target.name}:${target.port}`);
  if (name === '') return;
  const { context } = target.cluster.identity;
  const others = (services.memory.of(context).forwards ?? []).filter((saved) => saved.name !== name);
  const { namespace, port, pod, labelSelector } = target;
  const saved = {
    name,
    namespace,
    target: target.name,
    port,
    localPort: forward.localPort,
    address,
    pod,
    labelSelector,
  };
  services.memory.keep(context, { forwards: [...others, saved] });
}
