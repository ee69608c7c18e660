import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon, ClusterRoleBinding, ServiceAccount, TokenRequest } from '@geobuk/api';
import { addons, clusterRoleBindings, configMaps, deployments, pods, serviceAccounts } from '@geobuk/api';
import type { HttpClient } from '@geobuk/client';
import { createHttpClient, systemClock } from '@geobuk/client';
import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from 'vite';
import { DashboardServer } from './server/dashboard-server.js';
import { loadStaticFiles } from './server/static-files.js';
import { startControlPlane } from './testing/real-control-plane.js';
import { createSampleWorkloads } from './testing/sample-workloads.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const stop = new AbortController();
const { signal } = stop;
const cleanUps: (() => PromiseLike<unknown>)[] = [];

let client: HttpClient;
let address = '';
let admin = '';
let viewer = '';
let context: BrowserContext;
let page: Page;

/** A token of a new ServiceAccount that has a role. */
async function tokenOf(name: string, role: string): Promise<string> {
  const account: ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'default', name },
  };
  const binding: ClusterRoleBinding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `test-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
  };
  await client.create(serviceAccounts, account, { signal });
  await client.create(clusterRoleBindings, binding, { signal });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const key = { namespace: 'default', name };
  const answer = await client.createSubresource<TokenRequest>(serviceAccounts, key, 'token', request, { signal });
  return answer.status?.token ?? '';
}

const shot = (name: string): Promise<Buffer> => page.screenshot({ path: join(root, 'test-output', `${name}.png`) });
const open = (hash: string): Promise<unknown> => page.goto(`${address}/${hash}`);

beforeAll(async () => {
  const web = await mkdtemp(join(tmpdir(), 'geobuk-web-'));
  cleanUps.unshift(() => rm(web, { recursive: true, force: true }));
  await build({
    root: join(root, 'src/web'),
    configFile: join(root, 'vite.config.mjs'),
    logLevel: 'error',
    build: { outDir: web },
  });
  const controlPlane = await startControlPlane();
  cleanUps.unshift(() => controlPlane[Symbol.asyncDispose]());
  client = createHttpClient(controlPlane.config);
  cleanUps.unshift(() => client[Symbol.asyncDispose]());
  await createSampleWorkloads(client, signal);
  admin = await tokenOf('ann', 'cluster-admin');
  viewer = await tokenOf('vic', 'view');
  const dashboard = new DashboardServer({
    api: { server: controlPlane.config.server, ca: controlPlane.config.ca },
    bind: '127.0.0.1',
    port: 0,
    hosts: [],
    session: { idleMs: 600_000, maxMs: 3_600_000 },
    cluster: { id: '0a1b2c3d', version: 'v1.34.0' },
    files: await loadStaticFiles(web),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  const ran = new Promise<void>((resolve, reject) => {
    const ended = dashboard.run(signal, resolve).catch(reject);
    cleanUps.unshift(async () => {
      stop.abort();
      await ended;
    });
  });
  await ran;
  address = dashboard.url ?? '';
  const profile = await mkdtemp(join(tmpdir(), 'geobuk-chromium-'));
  cleanUps.unshift(() => rm(profile, { recursive: true, force: true }));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    colorScheme: 'dark',
  });
  cleanUps.unshift(() => context.close());
  page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(15_000);
}, 600_000);

afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

describe('the dashboard in a browser', () => {
  const problems: string[] = [];

  it('asks who is there, refuses a wrong token, and lets a right one in', async () => {
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) problems.push(message.text());
    });
    await open('');
    await page.getByLabel('Bearer token').fill('no-such-token');
    await shot('login');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Bearer token').fill(admin);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('system:serviceaccount:default:ann').waitFor();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(admin);
  });

  it('shows the cluster: nodes as ships, pods by state', async () => {
    await page.getByText('turtle-1').first().waitFor();
    await page.getByRole('link', { name: 'default/broken: ImagePullBackOff' }).waitFor();
    await shot('overview');
    expect(await page.locator('.ship').count()).toBe(2);
  });

  it('lists a kind live, filters it and sorts it', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByRole('link', { name: 'web-00', exact: true }).waitFor();
    await shot('pods');
    await page.keyboard.press('/');
    await page.keyboard.type('web-1');
    await page.getByText('10 of', { exact: false }).waitFor();
    expect(await page.getByRole('link', { name: 'broken', exact: true }).count()).toBe(0);
    await client.delete(pods, { namespace: 'default', name: 'web-10' }, { gracePeriodSeconds: 0, signal });
    await page.getByText('9 of', { exact: false }).waitFor();
    await page.getByLabel('Filter', { exact: false }).fill('');
    await page.getByRole('button', { name: 'Name', exact: true }).click();
    expect(await page.locator('tbody tr a').first().textContent()).toBe('web-23');
  });

  it('says why a pod does not run, in one sentence and in the words of the cluster', async () => {
    await open('#/object/core/pods/default/broken');
    const why = page.locator('[data-why]');
    await why.getByText('The image registry.example/web:1 of container web cannot be pulled.').waitFor();
    await why.getByText('Back-off pulling image', { exact: false }).waitFor();
    await shot('why');
    await open('#/object/core/pods/default/too-large');
    await why.getByText('No node can take it.').waitFor();
    await why.getByText('Insufficient cpu', { exact: false }).waitFor();
  });

  it('edits YAML: what the server would make of it is shown, and nothing changes before that is accepted', async () => {
    const key = { namespace: 'default', name: 'greeting' };
    await open('#/object/core/configmaps/default/greeting/yaml');
    const line = page.locator('.cm-line', { hasText: 'hello' });
    await line.click();
    await page.keyboard.press('End');
    await page.keyboard.type(' of ships');
    await page.getByRole('button', { name: 'Review changes' }).click();
    await page.locator('[data-diff] .added', { hasText: 'hello: world of ships' }).waitFor();
    await shot('diff');
    expect((await client.read(configMaps, key, { signal })).data).toEqual({ hello: 'world' });
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied.').waitFor();
    expect((await client.read(configMaps, key, { signal })).data).toEqual({ hello: 'world of ships' });
  });

  it('refuses to overwrite what somebody else has changed meanwhile', async () => {
    const key = { namespace: 'default', name: 'greeting' };
    await client.patch(configMaps, key, { type: 'merge', body: { data: { other: 'hand' } } }, { signal });
    await page.getByRole('button', { name: 'Review changes' }).click();
    await page.getByText('Somebody changed it meanwhile', { exact: false }).waitFor();
    expect((await client.read(configMaps, key, { signal })).data).toMatchObject({ other: 'hand' });
  });

  it('scales a Deployment after asking', async () => {
    await open('#/object/apps/deployments/default/web');
    await page.getByRole('button', { name: 'Scale' }).click();
    await page.getByLabel('Replicas').fill('1');
    await shot('scale');
    await page.getByRole('dialog').getByRole('button', { name: 'Scale' }).click();
    await page.getByText('Done: Scale web').waitFor();
    expect((await client.read(deployments, { namespace: 'default', name: 'web' }, { signal })).spec.replicas).toBe(1);
  });

  it('switches an addon', async () => {
    await open('#/addons');
    const card = page.locator('[data-addon=dashboard]');
    await card.getByRole('switch').waitFor();
    expect(await card.getByRole('switch').isChecked()).toBe(false);
    await shot('addons');
    await card.getByRole('switch').click({ force: true });
    await expect
      .poll(async () => (await client.read<Addon>(addons, { name: 'dashboard' }, { signal })).spec.enabled, {
        timeout: 10_000,
      })
      .toBe(true);
    await card.getByRole('switch').click({ force: true });
    await expect
      .poll(async () => (await client.read<Addon>(addons, { name: 'dashboard' }, { signal })).spec.enabled, {
        timeout: 10_000,
      })
      .toBe(false);
  });

  it('draws the way from Services over pods to nodes', async () => {
    await open('#/map');
    await page.locator('.box.node', { hasText: 'turtle-2' }).waitFor();
    await shot('map');
    expect(await page.locator('.edge').count()).toBeGreaterThan(40);
  });

  it('speaks Korean, in the light too', async () => {
    await open('#/overview');
    await page.getByRole('button', { name: '한국어' }).click();
    await page.getByRole('heading', { name: '함대' }).waitFor();
    await page.getByRole('button', { name: '밝게' }).click();
    await page.locator('html[data-theme=light][lang=ko]').waitFor();
    await shot('overview-ko-light');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
  });

  it('shows its keys, and goes back by Escape', async () => {
    await open('#/object/apps/deployments/default/web');
    await page.getByRole('heading', { name: 'web' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await shot('keys');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Deployment' }).waitFor();
  });

  it('keeps ten thousand rows fluent: only those in sight are drawn', async () => {
    const { metadata } = await client.list(configMaps, { signal });
    const rows = Array.from({ length: 10_000 }, (_, index) => ({
      cells: [`many-${index}`, 1],
      object: {
        metadata: { uid: `uid-${index}`, name: `many-${index}`, namespace: 'default', creationTimestamp: null },
      },
    }));
    const columnDefinitions = [
      { name: 'Name', type: 'string', priority: 0 },
      { name: 'Data', type: 'string', priority: 0 },
    ];
    const isList = (url: URL): boolean => url.pathname === '/k8s/api/v1/configmaps' && !url.searchParams.has('watch');
    const table = { kind: 'Table', metadata: { resourceVersion: metadata?.resourceVersion }, columnDefinitions, rows };
    await page.route(isList, (route) => route.fulfill({ json: table }));
    await open('#/list/core/configmaps');
    await page.getByText('10000 of 10000').waitFor();
    expect(await page.locator('.table-box tbody tr').count()).toBeLessThan(100);
    await page.locator('.table-box').press('End');
    await page.getByRole('link', { name: 'many-9999', exact: true }).waitFor();
    // A change that the real API reports joins them.
    await client.create(configMaps, { metadata: { namespace: 'default', name: 'zz-last' } }, { signal });
    await page.getByText('10001 of 10001').waitFor();
    await page.unroute(isList);
  });

  it('lets somebody in by a code, once, and shows only what they may', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Bearer token').waitFor();
    const answer = await fetch(`${address}/session/codes`, {
      method: 'POST',
      headers: { 'x-geobuk-dashboard': '1' },
      body: JSON.stringify({ token: viewer }),
    });
    const { path } = (await answer.json()) as { readonly path: string };
    await page.goto('about:blank');
    await page.goto(`${address}${path}`);
    await page.getByText('system:serviceaccount:default:vic').waitFor();
    expect(page.url()).not.toContain('code=');
    await open('#/object/apps/deployments/default/web');
    await expect.poll(() => page.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
    await open('#/list/core/secrets');
    await page.getByRole('alert').getByText('forbidden', { exact: false }).waitFor();
    await shot('forbidden');
    const again = await fetch(`${address}/session`, {
      method: 'POST',
      headers: { 'x-geobuk-dashboard': '1' },
      body: JSON.stringify({ code: path.replace('/#code=', '') }),
    });
    expect(again.status).toBe(401);
  });

  it('has run without an error of a script or of the content security policy', () => {
    expect(problems).toEqual([]);
  });
});
