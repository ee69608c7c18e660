import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient, loadKubeconfig } from '@geobuk/client';
import type { HttpClient } from '@geobuk/client';
import { eventually, freePort, geobuk, geobukScript } from './cluster.js';

/** The control plane alone on a small disk of its own, so that the disk can be filled. */
const disk = mkdtempSync(join(tmpdir(), 'geobuk-e2e-disk-'));
const dataDir = join(disk, 'data');
const signal = new AbortController().signal;
let port: number;
let controlPlane: ChildProcess;
let client: HttpClient;

const mount = (...args: readonly string[]): void => {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
};

interface Answer {
  readonly httpStatus: number;
  readonly reason?: string;
  readonly message?: string;
}

/** What the server answers to raw bytes, refusal or not. */
async function send(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { code, reason, message } = await client
    .request({ method: 'POST', path, body, headers: { 'content-type': 'application/json', ...headers }, signal })
    .then(
      async (answer) => ({ code: answer.status, ...((await answer.json()) as object) }) as Record<string, unknown>,
      (error: unknown) => (error as { readonly status: Record<string, unknown> }).status,
    );
  return { httpStatus: Number(code), reason: String(reason), message: String(message) };
}

/** What kubectl makes of a 401. */
const unauthorized = 'You must be logged in to the server';

/** As somebody with `token` and no certificate. */
const asBearer = (token: string): string =>
  spawnSync(
    'kubectl',
    ['--server', `https://127.0.0.1:${port}`, '--certificate-authority', join(dataDir, 'pki/ca.crt')].concat([
      '--kubeconfig',
      '/dev/null',
      '--token',
      token,
      'get',
      'namespaces',
    ]),
    { encoding: 'utf8' },
  ).stderr;

beforeAll(async () => {
  mount('-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk);
  port = await freePort();
  const args = [geobukScript, 'control-plane', '--data-dir', dataDir, '--port', String(port), '--bind', '127.0.0.1'];
  controlPlane = spawn(process.execPath, args, { stdio: 'ignore' });
  const kubeconfig = join(dataDir, 'kubeconfig');
  await eventually(
    () => existsSync(kubeconfig),
    (there) => there,
  );
  client = createHttpClient(await loadKubeconfig({ paths: [kubeconfig] }));
  await eventually(
    () =>
      client.request({ path: '/readyz', signal }).then(
        () => true,
        () => false,
      ),
    (ready) => ready,
  );
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  controlPlane.kill('SIGKILL');
  await new Promise((resolve) => controlPlane.once('exit', resolve));
  spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

describe('bad input', () => {
  const path = '/api/v1/namespaces/default/configmaps';

  it('malformed JSON is a BadRequest', async () => {
    expect(await send(path, '{"kind": ')).toMatchObject({ httpStatus: 400, reason: 'BadRequest' });
  });

  it('an unknown field is named where the client asked for strictness', async () => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, dta: {} });
    expect(await send(`${path}?fieldValidation=Strict`, body)).toMatchObject({
      httpStatus: 400,
      reason: 'BadRequest',
      message: expect.stringContaining('unknown field "dta"') as string,
    });
  });

  it('a wrong manifest lists every cause', async () => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'Not_A_Name' }, spec: {} });
    const answer = await send('/api/v1/namespaces/default/pods', body);
    expect(answer).toMatchObject({ httpStatus: 422, reason: 'Invalid' });
    expect(answer.message).toContain('metadata.name: Invalid value: "Not_A_Name"');
    expect(answer.message).toContain('spec.containers: Required value');
  });

  it('an unknown path is NotFound', async () => {
    expect(await send('/apis/nothing.example/v1/things', '{}')).toMatchObject({ httpStatus: 404 });
  });

  it('a wrong token and an expired one are Unauthorized', async () => {
    expect(asBearer('wrong')).toContain(unauthorized);
    const token = geobuk('token', 'create', '--ttl', '15s', '--data-dir', dataDir).stdout;
    const joinToken = /[a-z0-9]{6}\.[a-z0-9]{16}/.exec(token)?.[0] ?? '';
    // A bootstrap token may join a node, not list namespaces; who it is, is known as long as it lives.
    expect(asBearer(joinToken)).toContain('User "system:bootstrap:');
    await eventually(
      () => asBearer(joinToken),
      (stderr) => stderr.includes(unauthorized),
      60_000,
      1000,
    );
  });
});

describe('bad starts', () => {
  it('a busy port is one line', () => {
    const other = mkdtempSync(join(tmpdir(), 'geobuk-e2e-'));
    const { status, stderr } = geobuk('control-plane', '--data-dir', other, '--port', String(port));
    expect(status).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(String(port));
    rmSync(other, { recursive: true, force: true });
  });

  it('a data directory that is in use is one line', async () => {
    const { status, stderr } = geobuk('control-plane', '--data-dir', dataDir, '--port', String(await freePort()));
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('a read-only data directory is one line', async () => {
    const readOnly = mkdtempSync(join(tmpdir(), 'geobuk-e2e-ro-'));
    mount('-t', 'tmpfs', '-o', 'ro', 'tmpfs', readOnly);
    try {
      const { status, stderr } = geobuk('control-plane', '--data-dir', readOnly, '--port', String(await freePort()));
      expect(status).toBe(1);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(/EROFS|read-only/i);
    } finally {
      spawnSync('umount', [readOnly]);
      rmSync(readOnly, { recursive: true, force: true });
    }
  });
});

it('a full disk refuses writes with a Status, loses nothing, and is left behind when there is room', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const made: string[] = [];
  const fill = async (): Promise<Answer> => {
    for (let i = 0; ; i++) {
      const name = `big-${i}`;
      const data = { x: 'x'.repeat(900_000) };
      const answer = await send(
        path,
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }),
      );
      if (answer.httpStatus !== 201) return answer;
      made.push(name);
    }
  };
  const refused = await fill();
  expect(refused.httpStatus).toBeGreaterThanOrEqual(500);
  expect(refused.message).toContain('no space left on device');
  expect(made.length).toBeGreaterThan(3);
  for (const name of made) expect((await client.request({ path: `${path}/${name}`, signal })).status).toBe(200);

  mount('-o', 'remount,size=64m', disk);
  await eventually(
    () => send(path, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'after-' } })),
    ({ httpStatus }) => httpStatus === 201,
    20_000,
  );
  expect((await client.request({ path: '/readyz', signal })).status).toBe(200);
  for (const name of made) expect((await client.request({ path: `${path}/${name}`, signal })).status).toBe(200);
  expect(readFileSync('/proc/mounts', 'utf8')).toContain(disk);
});
