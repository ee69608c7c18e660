import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { ObjectKey, Pod } from '@geobuk/api';
import { keyOf, pods } from '@geobuk/api';
import type { LogOptions } from '@geobuk/client';
import { allSettledOrThrow, linesOf, openLogs } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import type { KubectlIo } from './io.js';
import { podFor } from './pod-of.js';
import { parseOne } from './resource-args.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, durationMs, isSet, text, wholeNumber } from './verb.js';

/** Follows: kubectl logs. */
export function addLogs(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'logs', 'print what containers said', io, logs)
    .option('-c, --container <name>', 'container')
    .option('-f, --follow', 'go on as it comes')
    .option('-p, --previous', 'of the container before the last restart')
    .option('-l, --selector <labels>', 'pods by labels')
    .option('--all-containers', 'all containers of the pod')
    .option('--timestamps', 'times before lines')
    .option('--tail <lines>', 'the last lines')
    .option('--since <duration>', 'not older than')
    .option('--since-time <time>', 'not older than, RFC 3339')
    .option('--limit-bytes <bytes>', 'the first bytes')
    .option('--prefix', 'pod and container before lines')
    .option('--max-log-requests <count>', 'streams at once with -f', '5')
    .option('--ignore-errors', 'go on when a stream breaks');
}

interface Source {
  readonly pod: ObjectKey;
  readonly container: string | undefined;
}

async function logs(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const sources = await sourcesOf(session, args, flags);
  const options = logOptions(session, flags);
  if (isSet(flags, 'follow') && sources.length > (wholeNumber(flags, 'maxLogRequests') ?? 5)) {
    throw new CliError(
      `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${text(flags, 'maxLogRequests') ?? ''}, use --max-log-requests to increase the limit`,
    );
  }
  const print = (source: Source): Promise<void> => printLog(session, source, options, isSet(flags, 'prefix'));
  if (isSet(flags, 'follow')) await allSettledOrThrow(sources.map(print));
  else for (const source of sources) await print(source);
}

function logOptions(session: Session, flags: Flags): LogOptions {
  const sinceMs = durationMs(flags, 'since');
  const tail = wholeNumber(flags, 'tail') ?? (text(flags, 'selector') === undefined ? -1 : 10);
  return {
    follow: isSet(flags, 'follow') ? true : undefined,
    previous: isSet(flags, 'previous') ? true : undefined,
    timestamps: isSet(flags, 'timestamps') ? true : undefined,
    tailLines: tail < 0 ? undefined : tail,
    sinceSeconds: sinceMs === undefined ? undefined : Math.ceil(sinceMs / 1000),
    sinceTime: text(flags, 'sinceTime'),
    limitBytes: wholeNumber(flags, 'limitBytes'),
    signal: session.signal,
  };
}

async function sourcesOf(session: Session, args: readonly string[], flags: Flags): Promise<readonly Source[]> {
  const labelSelector = text(flags, 'selector');
  if (labelSelector !== undefined) {
    const { items } = await session.client.list(pods, {
      namespace: session.namespace,
      labelSelector,
      signal: session.signal,
    });
    if (items.length === 0) session.note(`No resources found in ${session.namespace} namespace.`);
    return items.flatMap((pod) => containersOf(session, pod, flags, undefined, items.length > 1));
  }
  const [first, second] = args;
  if (first === undefined) throw new CliError('expected POD, TYPE/NAME or a selector', 2);
  const pod = await podFor(session, await parseOne(session, [first], 'pods'));
  return containersOf(session, pod, flags, second, false);
}

function containersOf(
  session: Session,
  pod: Pod,
  flags: Flags,
  named: string | undefined,
  several: boolean,
): readonly Source[] {
  const key = keyOf(pod);
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  if (isSet(flags, 'allContainers')) {
    return [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => ({
      pod: key,
      container: name,
    }));
  }
  const chosen = text(flags, 'container') ?? named;
  if (chosen !== undefined) return [{ pod: key, container: chosen }];
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  const [first] = containers;
  if (containers.length > 1 && preferred === undefined && !several) {
    const all = [...containers, ...initContainers].map(({ name }) => name).join(', ');
    session.note(`Defaulted container "${first?.name ?? ''}" out of: ${all}`);
  }
  return [{ pod: key, container: preferred ?? first?.name }];
}

async function printLog(
  session: Session,
  { pod, container }: Source,
  options: LogOptions,
  prefix: boolean,
): Promise<void> {
  const body = await openLogs(session.client, pod, { ...options, container });
  try {
    if (prefix) {
      for await (const line of linesOf(body)) {
        await write(session.stdout, `[pod/${pod.name}/${container ?? ''}] ${line.toString('utf8')}\n`);
      }
    } else for await (const chunk of body as AsyncIterable<Buffer>) await write(session.stdout, chunk);
  } finally {
    body.on('error', () => undefined);
    body.destroy();
  }
}

/** Waits for a slow reader, such as a pager. */
async function write(to: Writable, chunk: string | Buffer): Promise<void> {
  if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve));
}
