import type { Command } from 'commander';
import type { KubernetesObject, Pod, Service } from '@geobuk/api';
import { keyOf, pods, services } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import { dryRunOf, report } from './apply.js';
import { attachTo } from './exec.js';
import type { KubectlIo } from './io.js';
import { parseOne } from './resource-args.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, isSet, text, texts, wholeNumber } from './verb.js';

/** Follows: kubectl run, expose. */
export function addRun(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'run', 'run an image in a pod: run NAME --image=IMAGE [-- ARGS]', io, run)
    .option('--image <image>', 'image')
    .option('--port <port>', 'container port')
    .option('--env <name=value>', 'environment', collect)
    .option('-l, --labels <labels>', 'labels of the pod')
    .option('--restart <policy>', 'Always, OnFailure or Never', 'Always')
    .option('--image-pull-policy <policy>', 'Always, IfNotPresent or Never')
    .option('--command', 'the arguments are the command')
    .option('-i, --stdin', 'attach standard input')
    .option('-t, --tty', 'with a terminal')
    .option('--attach', 'wait for the pod and attach')
    .option('--rm', 'delete the pod when detached')
    .option('-q, --quiet', 'only what the pod says')
    .option('-o, --output <format>', 'yaml|json|name')
    .option('--dry-run [mode]', 'none, server or client', 'none');
  addVerb(parent, 'expose', 'make a service for a workload, pod or service', io, expose)
    .option('--port <port>', 'port of the service')
    .option('--target-port <port>', 'port of the container, number or name')
    .option('--name <name>', 'name of the service')
    .option('--type <type>', 'ClusterIP, NodePort or LoadBalancer')
    .option('--protocol <protocol>', 'TCP, UDP or SCTP')
    .option('--selector <labels>', 'pods the service is for')
    .option('--cluster-ip <address>', 'address of the service, or None')
    .option('-o, --output <format>', 'yaml|json|name')
    .option('--dry-run [mode]', 'none, server or client', 'none');
}

async function run(session: Session, [name, ...words]: readonly string[], flags: Flags): Promise<void> {
  const image = text(flags, 'image');
  if (name === undefined) throw new CliError('NAME is required for run', 2);
  if (image === undefined) throw new CliError('required flag(s) "image" not set', 2);
  const pod = podFromFlags(session.namespace, name, image, words, flags);
  const dryRun = dryRunOf(flags);
  const interactive = isSet(flags, 'stdin') || isSet(flags, 'attach');
  if (isSet(flags, 'rm') && !interactive) throw new CliError('--rm should only be used for attached containers', 2);
  const created =
    dryRun === 'client'
      ? pod
      : await session.client.create(pods, pod, { dryRun: dryRun === 'server', signal: session.signal });
  if (!interactive || dryRun !== 'none') {
    await report(session, flags, pods, created, 'created');
    return;
  }
  try {
    await untilStarted(session, created);
    await attachTo(session, keyOf(created), name, flags);
  } finally {
    if (isSet(flags, 'rm')) {
      // Also after an interruption, when our own signal has fired already.
      await session.client.delete(pods, keyOf(created), { signal: AbortSignal.timeout(10_000) });
      if (!isSet(flags, 'quiet')) session.print(`pod "${name}" deleted`);
    }
  }
}

function podFromFlags(namespace: string, name: string, image: string, words: readonly string[], flags: Flags): Pod {
  const port = wholeNumber(flags, 'port');
  const env = texts(flags, 'env').map((each) => {
    const equals = each.indexOf('=');
    if (equals < 1) throw new CliError(`invalid env: ${each}, use name=value`, 2);
    return { name: each.slice(0, equals), value: each.slice(equals + 1) };
  });
  const interactive = isSet(flags, 'stdin');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: text(flags, 'labels') === undefined ? { run: name } : labelsOf(text(flags, 'labels') ?? ''),
    },
    spec: {
      containers: [
        {
          name,
          image,
          ...(words.length === 0 ? {} : isSet(flags, 'command') ? { command: words } : { args: words }),
          ...(env.length === 0 ? {} : { env }),
          ...(port === undefined ? {} : { ports: [{ containerPort: port }] }),
          ...(text(flags, 'imagePullPolicy') === undefined ? {} : { imagePullPolicy: text(flags, 'imagePullPolicy') }),
          ...(interactive ? { stdin: true, stdinOnce: true } : {}),
          ...(isSet(flags, 'tty') ? { tty: true } : {}),
        },
      ],
      restartPolicy: text(flags, 'restart') ?? 'Always',
    },
  };
}

function labelsOf(words: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.split(',').map((each) => {
      const [key = '', value = '', ...more] = each.split('=');
      if (key === '' || more.length > 0) throw new CliError(`invalid labels: ${words}, use key=value,key=value`, 2);
      return [key, value];
    }),
  );
}

/** There is something to attach to when the container runs, or has run already. */
async function untilStarted({ client, signal }: Session, pod: Pod): Promise<void> {
  const { name, namespace } = keyOf(pod);
  const fieldSelector = `metadata.name=${name}`;
  for (;;) {
    const { items, metadata } = await client.list(pods, { namespace, fieldSelector, signal });
    const [now] = items;
    if (now === undefined) throw new CliError(`pod "${name}" was deleted before it started`);
    if (isStarted(now)) return;
    for await (const event of client.watch(pods, {
      namespace,
      fieldSelector,
      resourceVersion: metadata.resourceVersion,
      signal,
    })) {
      if (event.type === 'DELETED') throw new CliError(`pod "${name}" was deleted before it started`);
      if (event.type !== 'BOOKMARK' && isStarted(event.object)) return;
    }
  }
}

const isStarted = ({ status }: Pod): boolean => status?.phase !== undefined && status.phase !== 'Pending';

interface Exposable extends KubernetesObject {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>> & { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
    readonly containers?: readonly PortHolder[];
    readonly template?: { readonly spec?: { readonly containers?: readonly PortHolder[] } };
  };
}
interface PortHolder {
  readonly ports?: readonly { readonly containerPort: number; readonly protocol?: string }[];
}

async function expose(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const target = await parseOne(session, args);
  const object = (await session.client.read(target.type, target.key, { signal: session.signal })) as Exposable;
  const given = text(flags, 'selector');
  const selector = given === undefined ? selectorFor(target.type.kind, object) : labelsOf(given);
  const port = wholeNumber(flags, 'port');
  const found = portsOf(object);
  if (port === undefined && found.length === 0)
    throw new CliError("couldn't find port via --port flag or introspection", 2);
  const targetPort = text(flags, 'targetPort');
  const protocol = text(flags, 'protocol');
  const ports = (port === undefined ? found : [{ port, protocol: protocol ?? 'TCP' }]).map((each, index, all) => ({
    ...(all.length > 1 ? { name: `port-${index + 1}` } : {}),
    port: each.port,
    protocol: protocol ?? each.protocol,
    targetPort: targetPort === undefined ? each.port : /^\d+$/.test(targetPort) ? Number(targetPort) : targetPort,
  }));
  const clusterIP = text(flags, 'clusterIp');
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: text(flags, 'name') ?? target.key.name,
      namespace: session.namespace,
      labels: object.metadata.labels,
    },
    spec: {
      selector,
      ports,
      ...(text(flags, 'type') === undefined ? {} : { type: text(flags, 'type') }),
      ...(clusterIP === undefined ? {} : { clusterIP }),
    },
  };
  const dryRun = dryRunOf(flags);
  const options = { dryRun: dryRun === 'server', signal: session.signal };
  await report(
    session,
    flags,
    services,
    dryRun === 'client' ? service : await session.client.create(services, service, options),
    'exposed',
  );
}

function selectorFor(kind: string, object: Exposable): Readonly<Record<string, string>> {
  const { selector } = object.spec ?? {};
  const labels = kind === 'Pod' ? object.metadata.labels : (selector?.matchLabels ?? selector);
  if (labels === undefined || Object.keys(labels).length === 0)
    throw new CliError(`cannot expose a ${kind}: it selects no pods; use --selector`);
  return labels as Readonly<Record<string, string>>;
}

function portsOf({ spec }: Exposable): readonly { readonly port: number; readonly protocol: string }[] {
  if (spec?.ports !== undefined) return spec.ports.map(({ port, protocol = 'TCP' }) => ({ port, protocol }));
  const holders = spec?.containers ?? spec?.template?.spec?.containers ?? [];
  return holders.flatMap(({ ports = [] }) =>
    ports.map(({ containerPort: port, protocol = 'TCP' }) => ({ port, protocol })),
  );
}
