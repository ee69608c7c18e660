import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { posix } from 'node:path';
import { PassThrough } from 'node:stream';
import { pods } from '@geobuk/api';
import type { ObjectKey } from '@geobuk/api';
import { execInPod } from '@geobuk/client';
import type { Connection } from '../cluster/connection.js';
import type { TablePage } from '../pages/table-page.js';
import { rowName } from '../pages/table-page.js';
import { containerOf } from './sessions.js';

/** How much a container may say about what went wrong. */
const mostComplaint = 4_096;

export interface Transfer {
  readonly pod: ObjectKey;
  readonly container: string;
  /** Into the container, or out of it. */
  readonly upload: boolean;
  readonly from: string;
  readonly to: string;
}

/** `t` on a pod: a file or folder from the container to here, or from here into the container. */
export async function transferFiles(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services } = page;
  await services.act(async (signal) => {
    const connection = await page.clusterOf(row).connection(signal);
    const pod = await connection.read(pods, row.key, { signal });
    const container = await containerOf(pod, services);
    if (container === undefined) return;
    const answer = await services.dialogs.form(
      `Transfer files: ${rowName(row)}, container ${container}`,
      [
        { name: 'way', label: 'Direction', value: 'download', choices: ['download', 'upload'] },
        { name: 'from', label: 'From', value: '' },
        { name: 'to', label: 'To', value: '' },
      ],
      'Transfer',
    );
    if (answer === undefined) return;
    const { from = '', to = '' } = answer;
    if (from === '' || to === '') {
      services.flash('alert', 'a transfer needs a path to come from and one to go to');
      return;
    }
    const upload = answer['way'] === 'upload';
    services.flash('info', `${upload ? 'uploading' : 'downloading'} ${from}`);
    await transfer(connection, { pod: row.key, container, upload, from, to }, signal);
    services.flash('info', `${from} is at ${to}${upload ? ` of ${row.key.name}` : ''}`);
  });
}

/**
 * Carries a file or folder by `tar` on both sides. Follows: kubectl cp: the container has to have tar; `to` becomes what
 * `from` is, or a folder that holds it when it ends with a slash.
 * @throws {Error} what tar, here or there, says of it.
 */
export async function transfer(connection: Connection, wish: Transfer, signal: AbortSignal): Promise<void> {
  if (wish.upload) await upload(connection, wish, signal);
  else await download(connection, wish, signal);
}

async function download(connection: Connection, { pod, container, from, to }: Transfer, signal: AbortSignal) {
  const target = await localTarget(to, posix.basename(from));
  const name = posix.basename(from);
  const command = ['tar', 'cf', '-', '-C', posix.dirname(from), '--', name];
  // Neither a path with dots nor an absolute one leaves the folder: tar refuses both.
  const local = runTar([
    '-x',
    '-f',
    '-',
    '-C',
    target.folder,
    '--no-same-owner',
    '--transform',
    renaming(name, target.name),
  ]);
  const complaint = new Complaint();
  const stdout = new PassThrough();
  stdout.pipe(local.process.stdin);
  const code = await execInPod(connection, pod, {
    container,
    command,
    stdout,
    stderr: complaint.stream,
    signal,
  }).finally(() => stdout.end());
  // What went wrong over there is the cause, whatever tar over here makes of it.
  if (code !== 0) throw new Error(complaint.or(`tar in the container ended with code ${code}`));
  await local.done;
}

async function upload(connection: Connection, { pod, container, from, to }: Transfer, signal: AbortSignal) {
  const source = resolve(from);
  await stat(source); // a path that is not there is told before anything is opened
  const name = to.endsWith('/') ? basename(source) : posix.basename(to);
  const folder = to.endsWith('/') ? to : posix.dirname(to);
  const local = runTar([
    '-c',
    '-f',
    '-',
    '-C',
    dirname(source),
    '--transform',
    renaming(basename(source), name),
    '--',
    basename(source),
  ]);
  // Read from now on: of a program that has ended Node throws away what nobody reads, and the way to the pod takes time.
  const stdin = local.process.stdout.pipe(new PassThrough());
  const complaint = new Complaint();
  const command = ['tar', 'xmf', '-', '-C', folder];
  const code = await execInPod(connection, pod, {
    container,
    command,
    stdin,
    stdout: complaint.stream,
    stderr: complaint.stream,
    signal,
  });
  await local.done;
  if (code !== 0) throw new Error(complaint.or(`tar in the container ended with code ${code}`));
}

/** Where a download goes: into an existing folder under its own name, else to that very path. */
async function localTarget(to: string, name: string): Promise<{ readonly folder: string; readonly name: string }> {
  const path = resolve(to);
  const isFolder =
    to.endsWith('/') ||
    (await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    ));
  return isFolder ? { folder: path, name } : { folder: dirname(path), name: basename(path) };
}

/** tar's way to give the top of what it carries another name. */
const renaming = (from: string, to: string): string =>
  `s,^${from.replace(/[\\.*[\]^$,+?(){}|]/g, '\\$&')}(/.*)?$,${to.replace(/[\\&,]/g, '\\$&')}\\1,x`;

function runTar(args: readonly string[]): {
  readonly process: ChildProcessWithoutNullStreams;
  readonly done: Promise<void>;
} {
  const process = spawn('tar', args);
  const complaint = new Complaint();
  process.stderr.pipe(complaint.stream);
  process.stdin.on('error', () => process.stdin.destroy());
  const done = new Promise<void>((fulfil, reject) => {
    process.once('error', (error) => reject(new Error(`cannot run tar: ${error.message}`, { cause: error })));
    process.once('close', (code) => {
      if (code === 0) fulfil();
      else reject(new Error(complaint.or(`tar ended with code ${code ?? 'a signal'}`)));
    });
  });
  // Looked at after the other side is done; it may fail before.
  done.catch(() => undefined);
  return { process, done };
}

/** What a program says on its way to failing. */
class Complaint {
  readonly stream = new PassThrough();
  #text = '';

  constructor() {
    this.stream.on('data', (data: Buffer) => {
      if (this.#text.length < mostComplaint) this.#text += data.toString('utf8');
    });
  }

  or(otherwise: string): string {
    const text = this.#text.trim().split('\n')[0];
    return text === undefined || text === '' ? otherwise : text;
  }
}
