import type { Command } from 'commander';
import type { SelfSubjectAccessReview, SelfSubjectReview } from '@geobuk/api';
import { selfSubjectAccessReviews, selfSubjectReviews } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import type { KubectlIo } from './io.js';
import { textColumns } from './printing/text-columns.js';
import { findResource } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, isSet, text } from './verb.js';

/** Follows: kubectl auth can-i, auth whoami. */
export function addAuth(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'auth', 'can-i VERB RESOURCE, or whoami', io, auth)
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--subresource <name>', 'a subresource')
    .option('-q, --quiet', 'only the exit code');
}

async function auth(session: Session, [action, ...args]: readonly string[], flags: Flags): Promise<void> {
  switch (action) {
    case 'can-i':
      return canI(session, args, flags);
    case 'whoami':
      return whoAmI(session);
    default:
      throw new CliError('use auth can-i VERB RESOURCE, or auth whoami', 2);
  }
}

async function canI(session: Session, [verb, what, name]: readonly string[], flags: Flags): Promise<void> {
  if (verb === undefined || what === undefined)
    throw new CliError('you must specify two arguments: verb resource or verb /path', 2);
  const review: SelfSubjectAccessReview = {
    metadata: {},
    spec: what.startsWith('/')
      ? { nonResourceAttributes: { path: what, verb } }
      : { resourceAttributes: await attributesOf(session, verb, what, name, flags) },
  };
  const { status } = await session.client.create(selfSubjectAccessReviews, review, { signal: session.signal });
  const allowed = status?.allowed === true;
  if (!isSet(flags, 'quiet')) {
    const why = status?.reason === undefined || status.reason === '' ? '' : ` - ${status.reason}`;
    session.print(allowed ? 'yes' : `no${why}`);
  }
  if (!allowed) session.io.setExitCode(1);
}

async function attributesOf(session: Session, verb: string, what: string, named: string | undefined, flags: Flags) {
  const [word = '', slashed] = what.split('/');
  const name = slashed ?? named;
  const { resources } = await session.discovery();
  const type = word === '*' ? undefined : findResource(resources, word);
  if (word !== '*' && type === undefined) session.note(`Warning: the server doesn't have a resource type '${word}'`);
  const namespace = isSet(flags, 'allNamespaces') || type?.namespaced === false ? undefined : session.namespace;
  const [plural = word, ...group] = word.split('.');
  return {
    verb,
    group: type?.group ?? (word === '*' ? '*' : group.join('.')),
    resource: type?.plural ?? plural,
    subresource: text(flags, 'subresource'),
    namespace,
    name,
  };
}

async function whoAmI(session: Session): Promise<void> {
  const review: SelfSubjectReview = { metadata: {} };
  const { status } = await session.client.create(selfSubjectReviews, review, { signal: session.signal });
  const { username = '', uid, groups = [], extra = {} } = status?.userInfo ?? {};
  session.print(
    textColumns([
      ['ATTRIBUTE', 'VALUE'],
      ['Username', username],
      ...(uid === undefined || uid === '' ? [] : [['UID', uid]]),
      ['Groups', `[${groups.join(' ')}]`],
      ...Object.entries(extra).map(([key, values]) => [`Extra: ${key}`, `[${values.join(' ')}]`]),
    ]),
  );
}
