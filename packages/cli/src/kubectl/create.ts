import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { KubernetesObject } from '@geobuk/api';
import { serviceAccounts } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import { dryRunOf, forEachTelling, manifestsOf, report, withLastApplied, writing } from './apply.js';
import type { KubectlIo } from './io.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, durationMs, isSet, text, texts, wholeNumber } from './verb.js';

/** Follows: kubectl create: from files, or one of the simple kinds from flags. */
export function addCreate(parent: Command, io: KubectlIo): void {
  writing(
    addVerb(
      parent,
      'create',
      'create objects from files, or: namespace, deployment, configmap, secret, serviceaccount, job, service, token',
      io,
      create,
    ),
  )
    .option('--save-config', 'remember what was created for a later apply')
    .option('--image <image>', 'image of a deployment or job', collect)
    .option('--replicas <count>', 'replicas of a deployment')
    .option('--port <port>', 'container port of a deployment')
    .option('--from-literal <key=value>', 'data of a configmap or secret', collect)
    .option('--from-file <[key=]file>', 'data of a configmap or secret', collect)
    .option('--type <type>', 'type of a secret')
    .option('--tcp <port:targetPort>', 'port of a service', collect)
    .option('--from <cronjob/name>', 'cron job to make a job of')
    .option('--duration <duration>', 'life of a token')
    .option('--audience <audience>', 'audience of a token', collect);
}

async function create(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [kind] = args;
  if (kind === undefined) {
    await forEachTelling(session, await manifestsOf(session, flags), ({ type, object }) =>
      store(session, flags, object, type),
    );
    return;
  }
  if (kind === 'token') {
    await token(session, args, flags);
    return;
  }
  await store(session, flags, await objectFromFlags(session, args, flags));
}

async function store(
  session: Session,
  flags: Flags,
  object: KubernetesObject,
  known?: Parameters<typeof report>[2],
): Promise<void> {
  const type = known ?? (await session.resourceOf(object));
  const wanted = isSet(flags, 'saveConfig') ? withLastApplied(object) : object;
  const dryRun = dryRunOf(flags);
  const options = { dryRun: dryRun === 'server', fieldManager: 'kubectl-create', signal: session.signal };
  await report(
    session,
    flags,
    type,
    dryRun === 'client' ? wanted : await session.client.create(type, wanted, options),
    'created',
  );
}

async function token(session: Session, [, name]: readonly string[], flags: Flags): Promise<void> {
  if (name === undefined) throw new CliError('name the service account: create token NAME', 2);
  const ms = durationMs(flags, 'duration');
  const audiences = texts(flags, 'audience');
  const spec = {
    ...(audiences.length === 0 ? {} : { audiences }),
    ...(ms === undefined ? {} : { expirationSeconds: Math.round(ms / 1000) }),
  };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
  const key = { namespace: session.namespace, name };
  const answer = await session.client.createSubresource<{ readonly status: { readonly token: string } }>(
    serviceAccounts,
    key,
    'token',
    body,
    { signal: session.signal },
  );
  session.print(answer.status.token);
}

async function objectFromFlags(session: Session, args: readonly string[], flags: Flags): Promise<KubernetesObject> {
  const [kind, ...rest] = args;
  // `secret generic NAME` and `service clusterip NAME` have a word more.
  const [variant, name] = kind === 'secret' || kind === 'service' ? [rest[0], rest[1]] : [undefined, rest[0]];
  if (name === undefined) throw new CliError(`exactly one NAME is required: create ${kind ?? ''} NAME`, 2);
  const { namespace } = session;
  const metadata = { name, namespace };
  switch (kind) {
    case 'namespace':
    case 'ns':
      return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    case 'serviceaccount':
    case 'sa':
      return { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
    case 'configmap':
    case 'cm':
      return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...(await dataOf(flags)) } as KubernetesObject;
    case 'secret': {
      if (variant !== 'generic')
        throw new CliError('use create secret generic NAME; other secrets are created from files', 2);
      const { data = {}, binaryData = {} } = await dataOf(flags);
      const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
      const secret = { ...Object.fromEntries(encoded), ...binaryData } as Record<string, string>;
      return {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: text(flags, 'type') ?? 'Opaque',
        data: secret,
      } as KubernetesObject;
    }
    case 'deployment':
    case 'deploy':
      return deploymentOf(name, namespace, flags);
    case 'job':
      return jobOf(session, name, args, flags);
    case 'service':
    case 'svc':
      return serviceOf(variant, name, namespace, flags);
    default:
      throw new CliError(`cannot create ${kind ?? ''} from flags; write it into a file and use create -f`, 2);
  }
}

async function dataOf(flags: Flags): Promise<{ data?: Record<string, string>; binaryData?: Record<string, string> }> {
  const data: Record<string, string> = {};
  const binaryData: Record<string, string> = {};
  for (const literal of texts(flags, 'fromLiteral')) {
    const equals = literal.indexOf('=');
    if (equals < 1) throw new CliError(`invalid literal source ${literal}, expected key=value`, 2);
    data[literal.slice(0, equals)] = literal.slice(equals + 1);
  }
  for (const source of texts(flags, 'fromFile')) {
    const equals = source.indexOf('=');
    const [key, path] = equals < 0 ? [undefined, source] : [source.slice(0, equals), source.slice(equals + 1)];
    const folder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
    const files = folder ? (await readdir(path)).map((name) => join(path, name)) : [path];
    for (const file of files) {
      const bytes = await readFile(file).catch((error: Error) => {
        throw new CliError(`error reading ${file}: ${error.message}`, 1, { cause: error });
      });
      const content = bytes.toString('utf8');
      const name = key ?? basename(file);
      if (Buffer.from(content).equals(bytes)) data[name] = content;
      else binaryData[name] = bytes.toString('base64');
    }
  }
  return {
    ...(Object.keys(data).length === 0 ? {} : { data }),
    ...(Object.keys(binaryData).length === 0 ? {} : { binaryData }),
  };
}

/** A container's name from its image: `registry/app:1` is `app`. */
const containerName = (image: string): string =>
  (image.split('/').at(-1) ?? image).replace(/[@:].*$/, '').replace(/[^a-z0-9-]/g, '-');

function imagesOf(flags: Flags): readonly string[] {
  const images = texts(flags, 'image');
  if (images.length === 0) throw new CliError('required flag(s) "image" not set', 2);
  return images;
}

function deploymentOf(name: string, namespace: string, flags: Flags): KubernetesObject {
  const port = wholeNumber(flags, 'port');
  const labels = { app: name };
  const containers = imagesOf(flags).map((image) => ({
    name: containerName(image),
    image,
    ...(port === undefined ? {} : { ports: [{ containerPort: port }] }),
  }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: wholeNumber(flags, 'replicas') ?? 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  } as KubernetesObject;
}

async function jobOf(session: Session, name: string, args: readonly string[], flags: Flags): Promise<KubernetesObject> {
  const metadata = { name, namespace: session.namespace };
  const from = text(flags, 'from');
  if (from === undefined) {
    const [image = ''] = imagesOf(flags);
    const command = args.slice(2);
    const container = { name, image, ...(command.length === 0 ? {} : { command }) };
    const spec = { template: { spec: { containers: [container], restartPolicy: 'Never' } } };
    return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec } as KubernetesObject;
  }
  const [word = '', cronName = ''] = from.split('/');
  const type = await session.resourceNamed(word);
  interface CronJobLike extends KubernetesObject {
    readonly spec: { readonly jobTemplate: { readonly metadata?: object; readonly spec: object } };
  }
  const cron = (await session.client.read(
    type,
    { namespace: session.namespace, name: cronName },
    session,
  )) as CronJobLike;
  const { jobTemplate } = cron.spec;
  const annotations = { 'cronjob.kubernetes.io/instantiate': 'manual' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...jobTemplate.metadata, ...metadata, annotations },
    spec: jobTemplate.spec,
  } as KubernetesObject;
}

function serviceOf(variant: string | undefined, name: string, namespace: string, flags: Flags): KubernetesObject {
  const kinds: Readonly<Record<string, string>> = {
    clusterip: 'ClusterIP',
    nodeport: 'NodePort',
    loadbalancer: 'LoadBalancer',
  };
  const kind = kinds[variant ?? ''];
  if (kind === undefined)
    throw new CliError('use create service clusterip|nodeport|loadbalancer NAME --tcp=port:targetPort', 2);
  const ports = texts(flags, 'tcp').map((each) => {
    const [port = '', target = port] = each.split(':');
    const targetPort = /^\d+$/.test(target) ? Number(target) : target;
    return { name: each.replace(':', '-'), port: Number(port), protocol: 'TCP', targetPort };
  });
  if (ports.length === 0) throw new CliError('at least one --tcp=port:targetPort is required', 2);
  const labels = { app: name };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels },
    spec: { type: kind, selector: labels, ports },
  } as KubernetesObject;
}
