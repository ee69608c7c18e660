import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { apiVersionOf } from '@geobuk/api';
import type { Clock, Discovery, HttpClient } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import type { Input, KubectlIo, Output } from './io.js';

/** What one run of a verb works with. */
export class Session {
  readonly client: HttpClient;
  /** From the flag, else the context, else `default`. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly io: KubectlIo;
  #discovery: Promise<Discovery> | undefined;

  constructor(parts: {
    readonly client: HttpClient;
    readonly namespace: string;
    readonly signal: AbortSignal;
    readonly io: KubectlIo;
  }) {
    this.client = parts.client;
    this.namespace = parts.namespace;
    this.signal = parts.signal;
    this.io = parts.io;
  }

  get stdin(): Input {
    return this.io.stdin;
  }

  get stdout(): Output {
    return this.io.stdout;
  }

  get clock(): Clock {
    return this.io.clock;
  }

  print(text: string): void {
    this.io.stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  }

  /** For what is not the answer itself. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /** Says what failed and goes on with the rest; the command ends with 1. */
  complain(line: string): void {
    this.note(line);
    this.io.setExitCode(1);
  }

  discovery(): Promise<Discovery> {
    this.#discovery ??= this.client.discover({ signal: this.signal });
    return this.#discovery;
  }

  /** Follows: kubectl's names of resources: plural, singular, short, kind; with group, or version and group, behind a dot. */
  async resourceNamed(name: string): Promise<ResourceType> {
    const { resources } = await this.discovery();
    const found = findResource(resources, name);
    if (found === undefined) throw new CliError(`the server doesn't have a resource type "${name}"`);
    return found;
  }

  /** Resources that a word stands for: one, or all of a category such as `all`. */
  async resourcesNamed(word: string): Promise<readonly ResourceType[]> {
    const { resources } = await this.discovery();
    const found = findResource(resources, word);
    if (found !== undefined) return [found];
    const inCategory = preferredOnly(resources.filter(({ categories }) => categories.includes(word)));
    if (inCategory.length > 0) return inCategory;
    throw new CliError(`the server doesn't have a resource type "${word}"`);
  }

  async resourceOf(object: KubernetesObject): Promise<ResourceType> {
    const { resources } = await this.discovery();
    const { apiVersion, kind } = object;
    const found = resources.find(
      (type) => apiVersionOf(type) === apiVersion && type.kind === kind && type.verbs.length > 0,
    );
    if (found !== undefined) return found;
    throw new CliError(
      `no matches for kind "${kind ?? ''}" in version "${apiVersion ?? ''}"; ensure CRDs are installed first`,
    );
  }

  /** The namespace of an object of this type: none for cluster-scoped ones. */
  namespaceFor(type: ResourceType, given?: string): string | undefined {
    return type.namespaced ? (given ?? this.namespace) : undefined;
  }
}

/** The first in the server's order of preference. */
export function findResource(resources: readonly ResourceType[], name: string): ResourceType | undefined {
  const lower = name.toLowerCase();
  const [word = '', ...rest] = lower.split('.');
  const candidates = resources.filter(({ verbs }) => verbs.length > 0);
  const called = (type: ResourceType): boolean =>
    type.plural === word ||
    type.singular === word ||
    type.kind.toLowerCase() === word ||
    type.shortNames.includes(word);
  if (rest.length === 0) {
    return candidates.find(({ plural, singular }) => plural === word || singular === word) ?? candidates.find(called);
  }
  const group = rest.join('.');
  const [version, ...versionless] = rest;
  return (
    candidates.find((type) => called(type) && type.group === group) ??
    candidates.find((type) => called(type) && type.version === version && type.group === versionless.join('.')) ??
    candidates.find((type) => called(type) && type.group.startsWith(`${group}.`))
  );
}

/** One version of each resource. */
export function preferredOnly(resources: readonly ResourceType[]): readonly ResourceType[] {
  const seen = new Set<string>();
  return resources.filter(({ group, plural }) => {
    const id = `${plural}.${group}`;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

/** `pod/web` or `deployment.apps/web`, as verbs name what they did. */
export const shownName = (type: ResourceType, name: string): string =>
  `${type.singular}${type.group === '' ? '' : `.${type.group}`}/${name}`;
