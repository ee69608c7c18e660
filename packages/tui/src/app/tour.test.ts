import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';

/** What lies between header and crumbs. */
const content = (screen: string): string =>
  screen
    .split('\n')
    .slice(4)
    .filter((line) => !/^│ *│$/.test(line))
    .join('\n');

describe('a tour through every view at 80x24', () => {
  it('pods', async () => {
    await using board = new Dashboard();
    expect(await board.shows('web-5d8f-c')).toMatchInlineSnapshot(`
      "Context: geobuk [RW]           <0> all          <d> Describe  <p>  Previous logs
      Cluster: geobuk                <1> default      <y> YAML      <W>  Why?
      K8s:     v1.34.1+geobuk        <2> kube-system  <X> Related   <e>  Edit
      ● connected                    <3> 훈련소       <l> Logs      <^d> Delete
      ┌─ pods(default)[5] ───────────────────────────────────────────────────────────┐
      │   NAME↑      PF   READY STATUS            RESTARTS IP        NODE     AGE    │
      │ ◐ big-0             0/1 Pending                  0 <none>    <none>   65s    │
      │ ○ migrate-1         0/1 Succeeded                0 10.42.0.7 geobuk-1 13h    │
      │ ● web-5d8f-a        1/1 Running                  0 10.42.0.7 geobuk-1 60m    │
      │ ● web-5d8f-b        2/2 Running                  0 10.42.0.7 geobuk-2 60m    │
      │ ✖ web-5d8f-c        0/1 CrashLoopBackOff         4 10.42.0.7 geobuk-1 5m     │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      └─ 1/5 ────────────────────────────────────────────────────────────────────────┘
       <pods> "
    `);
  });

  it('containers of a pod', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-b');
    board.filter('5d8f-b');
    board.press('enter');
    expect(content(await board.shows('proxy'))).toMatchInlineSnapshot(`
      "┌─ containers(default/web-5d8f-b)[2] ──────────────────────────────────────────┐
      │   IDX  NAME  READY  STATE    RESTARTS  CPU  MEM PORTS  IMAGE       AGE       │
      │ ● M1   main  true   Running         0  n/a  n/a 8080   local/web:1 59m       │
      │ ● M2   proxy true   Running         0  n/a  n/a 8080   local/web:1 59m       │
      └──────────────────────────────────────────────────────────────────────────────┘
       <pods>   <containers> "
    `);
  });

  it.each([
    ['namespaces', '훈련소'],
    ['nodes', 'geobuk-2'],
    ['deployments', '2/3'],
    ['replicasets', 'web-5d8f'],
    ['services', '10.43.7.7'],
    ['secrets', 'web-password'],
    ['events', 'FailedScheduling'],
    ['addons', 'Degraded'],
    ['loops', 'replicaset'],
    ['aliases', 'apiservices'],
    ['contexts', 'geobuk(*)'],
    ['portforwards', 'Shift-F'],
    ['journal', 'nothing was changed'],
    ['workloads', 'DEGRADED'],
    ['xray', 'container main'],
    ['xray svc', 'service web'],
    ['helm', 'no Helm releases'],
    ['users', 'no binding'],
    ['can u:a.b@c.d', 'no binding names a.b@c.d'],
    ['statefulsets', 'no statefulsets in default'],
    ['daemonsets', 'no daemonsets in default'],
    ['jobs', 'no jobs in default'],
    ['cronjobs', 'no cronjobs in default'],
    ['configmaps', 'no configmaps in default'],
    ['serviceaccounts', 'no serviceaccounts in default'],
    ['endpointslices', 'no endpointslices in default'],
    ['ingresses', 'no ingresses in default'],
    ['pvc', 'no persistentvolumeclaims in default'],
    ['pv', 'no persistentvolumes here'],
    ['sc', 'no storageclasses here'],
    ['clusterroles', 'no clusterroles here'],
    ['clusterrolebindings', 'no clusterrolebindings here'],
    ['crds', 'no customresourcedefinitions here'],
  ])(':%s', async (command, shown) => {
    await using board = new Dashboard();
    await board.shows('connected');
    board.command(command);
    expect(content(await board.shows(shown))).toMatchSnapshot();
  });

  it(':fleet', async () => {
    await using board = new Dashboard({ command: 'fleet' });
    expect(content(await board.shows('dns'))).toMatchInlineSnapshot(`
      "┌─ fleet[2 ships, 6 crew] ─────────────────────────────────────────────────────┐
      │ Addons: ✖ dns  ● network  ◐ 1 waiting ashore                                 │
      │▸ ● geobuk-1 Ready                      ● geobuk-2 Ready                      │
      │  ▁▂▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▂▁ ◢    ▁▂▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▂▁ ◢    │
      │ ▕✖●●○                             ▏   ▕●●                               ▏    │
      │ ▕                                 ▏   ▕                                 ▏    │
      │  CPU █░░░░░░░░░░░░░░░ 0.3/4.0          CPU █░░░░░░░░░░░░░░░ 0.3/4.0          │
      │  MEM ░░░░░░░░░░░░░░░░ 0.2G/8.0G        MEM ░░░░░░░░░░░░░░░░ 0.2G/8.0G        │
      │  POD ░░░░░░░░░░░░░░░░ 3/110            POD ░░░░░░░░░░░░░░░░ 2/110            │
      │≈◥█ network ██████████████████████◤≈≈ ≈◥████████████████████████████████◤≈≈   │
      └─ <Enter> board  <arrows> steer ──────────────────────────────────────────────┘
       <fleet> "
    `);
  });

  it(':pulses', async () => {
    await using board = new Dashboard({ command: 'pulses', height: 30 });
    const screen = await board.shows('✖ 2');
    expect(screen).toContain('━ not well');
    expect(screen).toContain('no metrics API here');
  });

  it('describe, with what happened', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-c');
    board.filter('5d8f-c');
    board.press('d');
    await board.shows('describe pod');
    board.press('S-g');
    expect(content(await board.shows('BackOff'))).toMatchInlineSnapshot(`
      "┌─ describe pod default/web-5d8f-c ────────────────────────────────────────────┐
      │        Waiting:                                                              │
      │          Reason: CrashLoopBackOff                                            │
      │          Message: back-off 20s restarting failed container                   │
      │      Last State:                                                             │
      │        Terminated:                                                           │
      │          Exit Code: 127                                                      │
      │          Reason: Error                                                       │
      │          Finished At: 2026-03-01T11:59:30Z                                   │
      │  Conditions:                                                                 │
      │    PodScheduled  True                                                        │
      │    Ready         False                                                       │
      │Events:                                                                       │
      │  4m50s  Normal  Pulled               Container image "local/web:1" already pr│
      │esent on machine                                                              │
      │  20s    Warning BackOff              Back-off restarting failed container mai│
      │n in pod web-5d8f-c                                                           │
      └─ 49/49 ──────────────────────────────────────────────────────────────────────┘
       <pods>   <describe> "
    `);
  });

  it('YAML without managed fields', async () => {
    await using board = new Dashboard({ command: 'services' });
    await board.shows('10.43.7.7');
    board.press('y');
    expect(content(await board.shows('clusterIP'))).toMatchInlineSnapshot(`
      "┌─ yaml service default/web ───────────────────────────────────────────────────┐
      │apiVersion: v1                                                                │
      │kind: Service                                                                 │
      │metadata:                                                                     │
      │  name: web                                                                   │
      │  namespace: default                                                          │
      │  uid: uid-svc/web                                                            │
      │  creationTimestamp: "2026-03-01T10:00:00Z"                                   │
      │  generation: 1                                                               │
      │  resourceVersion: "9"                                                        │
      │spec:                                                                         │
      │  type: NodePort                                                              │
      │  clusterIP: 10.43.7.7                                                        │
      │  selector:                                                                   │
      │    app: web                                                                  │
      │  ports:                                                                      │
      │    - name: http                                                              │
      │      port: 80                                                                │
      └─ 17/20 ──────────────────────────────────────────────────────────────────────┘
       <services>   <yaml> "
    `);
  });

  it('logs, their errors told apart', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.filter('5d8f-a');
    board.press('l');
    expect(content(await board.shows('listening'))).toMatchInlineSnapshot(`
      "┌─ logs pod default/web-5d8f-a[3] ─────────────────────────────────────────────┐
      │ Autoscroll:On  Timestamps:Off  Wrap:Off  JSON:Off  Since:tail                │
      │listening on :8080                                                            │
      │ERROR cannot reach the database                                               │
      │{"level":30,"time":1772362802000,"msg":"안녕하세요","port":8080}              │
      └──────────────────────────────────────────────────────────────────────────────┘
       <pods>   <logs> "
    `);
    board.press('S-j', 't');
    expect(content(await board.shows('info'))).toContain('안녕하세요');
  });

  it('explains why a pod does not run', async () => {
    await using board = new Dashboard();
    await board.shows('big-0');
    board.press('S-w');
    expect(content(await board.shows('Insufficient cpu'))).toMatchInlineSnapshot(`
      "┌─ why: pod default/big-0 ─────────────────────────────────────────────────────┐
      │✖ big-0: Pending — Scheduled: 0/2 nodes are available: 2 Insufficient cpu.    │
      │  ✖ Scheduled  0/2 nodes are available: 2 Insufficient cpu.                   │
      │      → lower its requests, or add room: see :fleet for what nodes have left  │
      │  What happened, in order:                                                    │
      │  60s    Warning FailedScheduling     0/2 nodes are available: 2 Insufficient │
      │cpu.                                                                          │
      └─ 6/6 ────────────────────────────────────────────────────────────────────────┘
       <pods>   <why> "
    `);
  });

  it('a secret, decoded', async () => {
    await using board = new Dashboard({ command: 'secrets' });
    await board.shows('web-password');
    board.press('x');
    const screen = await board.shows('거북선-1592');
    expect(screen).toContain('3 bytes, no text');
  });

  it('one addon with its dependencies', async () => {
    await using board = new Dashboard({ command: 'addons' });
    await board.shows('dns');
    board.press('down', 'enter');
    expect(content(await board.shows('Dependencies'))).toMatchInlineSnapshot(`
      "┌─ addon dns ──────────────────────────────────────────────────────────────────┐
      │✖ Degraded  switched on                                                       │
      │Names for Services and pods                                                   │
      │Version:      0.1.0                                                           │
      │Progress:                                                                     │
      │  ✓ Applied           Applied                                                 │
      │  ✖ Ready             Unavailable: Deployment dns has 0 of 1 pods             │
      │Dependencies:                                                                 │
      │  ● pod-network by network (Ready)                                            │
      │Brought (2):                                                                  │
      │  ● Service              kube-system/dns                                      │
      │  ✖ Deployment           kube-system/dns                                      │
      └──────────────────────────────────────────────────────────────────────────────┘
       <addons>   <addon> "
    `);
  });

  it('what is related to an object', async () => {
    await using board = new Dashboard({ command: 'replicasets' });
    await board.shows('web-5d8f');
    board.press('S-x');
    expect(content(await board.shows('owned'))).toMatchInlineSnapshot(`
      "┌─ related to replicaset default/web-5d8f[4] ──────────────────────────────────┐
      │   RELATION    KIND         NAME                 NOTE               AGE       │
      │ ● ▲ owner     Deployment   default/web                                       │
      │ ● ▼ owned     Pod          default/web-5d8f-a                      60m       │
      │ ● ▼ owned     Pod          default/web-5d8f-b                      60m       │
      │ ✖ ▼ owned     Pod          default/web-5d8f-c   CrashLoopBackOff   5m        │
      └──────────────────────────────────────────────────────────────────────────────┘
       <replicasets>   <related> "
    `);
  });

  it('drills down from a deployment to its pods and back', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('2/3');
    board.press('enter');
    expect(await board.shows('pods(default) of web[3]')).toContain('<deployments>   <pods>');
    board.press('escape');
    expect(await board.shows('deployments(default)[1]')).not.toContain('<pods>');
  });

  it('help in English and Korean, from the table of keys', async () => {
    await using english = new Dashboard();
    await english.shows('web-5d8f-a');
    english.press('?');
    expect(await english.shows('Describe')).toContain('RESOURCE');
    await using korean = new Dashboard({ language: 'ko' });
    await korean.shows('web-5d8f-a');
    korean.press('?');
    expect(await korean.shows('도움말: pods')).toContain('리소스');
  });
});
