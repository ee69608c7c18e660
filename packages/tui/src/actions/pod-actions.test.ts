import { deployments, nodes, pods } from '@geobuk/api';
import type { Deployment, Pod } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import { parseK9sConfig } from '../config/k9s-config.js';
import { Dashboard } from '../testing/dashboard.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { LocalPodConnection } from '../testing/local-pod.js';
import { podObject, recordedFleet } from '../testing/recorded-fleet.js';
import { wishOf } from './forward-port.js';

const signal = new AbortController().signal;

describe('actions of k9s', () => {
  it('F72 sets images of a deployment, and refuses a pod that belongs to somebody', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('web');
    board.filter('^.*web');
    board.press('i');
    await board.shows('Image of deployment default/web');
    board.press('C-u');
    board.terminal.type('tour/web:2');
    board.press('tab', 'tab', 'enter');
    expect(await board.shows('Set image?')).toContain('→ tour/web:2');
    board.press('tab', 'enter');
    await board.shows('image set');
    const { spec } = await board.connection.read<Deployment>(
      deployments,
      { namespace: 'default', name: 'web' },
      { signal },
    );
    expect(spec.template.spec?.containers[0]?.image).toBe('tour/web:2');
    board.command('pods');
    await board.shows('web-5d8f-a');
    board.filter('5d8f-a');
    board.press('i');
    await board.shows('set the image there');
  });

  it('F68 sanitizes what ended or cannot run, not what waits, after the words are typed', async () => {
    const crashed: Pod = podObject('gone');
    const connection = new FakeConnection({
      objects: [
        ...recordedFleet,
        { ...crashed, status: { ...crashed.status, phase: 'Failed', reason: 'Evicted', containerStatuses: [] } } as Pod,
      ],
    });
    await using board = new Dashboard({ connection });
    await board.shows('gone');
    board.press('z');
    const dialog = await board.shows('that ended or cannot run?');
    expect(dialog).toContain('pod default/gone');
    expect(dialog).toContain('pod default/web-5d8f-c');
    expect(dialog).not.toContain('pod default/big-0');
    board.press('tab', 'enter');
    await board.shows('Type Yes Please!');
    board.terminal.type('Yes Please!');
    board.press('enter');
    await board.hides('Type Yes Please!');
    await board.shows('ending');
    const left = await connection.list(pods, { namespace: 'default', signal });
    expect(left.items.map(({ metadata }) => metadata.name)).toContain('big-0');
    expect(left.items.map(({ metadata }) => metadata.name)).not.toContain('gone');
  });

  it('F93 opens a shell on a node only where settings allow it, in a pod that is gone after', async () => {
    {
      await using board = new Dashboard({ command: 'nodes' });
      await board.shows('geobuk-1');
      board.press('s');
      await board.shows('node shells are off: set nodeShell: true for context geobuk');
      expect(board.connection.seen.some(({ verb }) => verb === 'create')).toBe(false);
    }
    const connection = new LocalPodConnection({ objects: recordedFleet });
    const personal = {
      context: { nodeShell: true },
      k9s: parseK9sConfig({ k9s: { shellPod: { command: ['true'] } } }),
    };
    await using board = new Dashboard({ connection, command: 'nodes', personal });
    await board.shows('geobuk-1');
    const [node] = (await connection.list(nodes, { signal })).items;
    board.press('s');
    await board.shows('Shell on the node?');
    board.press('tab', 'enter');
    await board.shows('waiting for node-shell-');
    const { items } = await connection.list(pods, { namespace: 'default', signal });
    const made = items.find(({ metadata }) => metadata.name?.startsWith('node-shell-') === true)!;
    expect(made.spec).toMatchObject({
      nodeName: node?.metadata.name,
      hostPID: true,
      tolerations: [{ operator: 'Exists' }],
    });
    expect(made.spec.containers[0]).toMatchObject({
      securityContext: { privileged: true },
      volumeMounts: [{ mountPath: '/host', readOnly: true }],
    });
    await connection.updateStatus(pods, { ...made, status: { phase: 'Running' } }, { signal });
    await board.shows('nodes[');
    for (;;) {
      const now = await connection.list(pods, { namespace: 'default', signal });
      if (!now.items.some(({ metadata }) => metadata.uid === made.metadata.uid)) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(board.terminal.handedOver).toBe(1);
  });

  it.each([
    ['web::8080', { port: 8080, local: undefined }],
    ['web::9000:http', { port: 8080, local: 9000 }],
    ['other::1,8081:8080', { port: 1, local: undefined }],
    ['nonsense:', undefined],
  ])('F95 the wish %s of a pod is understood', (text, expected) => {
    const pod: Pod = {
      metadata: { name: 'p', annotations: { 'k9scli.io/port-forwards': text } },
      spec: { containers: [{ name: 'web', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }] },
    };
    expect(wishOf(pod, 'k9scli.io/port-forwards')).toEqual(expected);
  });

  it('G27 a forward with a name is there again after a restart, and opens on demand', async () => {
    const { Memory } = await import('../config/memory.js');
    const memory = new Memory({ clock: systemClock, failed: () => undefined });
    {
      await using board = new Dashboard({ memory });
      await board.shows('web-5d8f-a');
      board.filter('5d8f-a');
      board.press('S-f');
      await board.shows('Port-forward to pod/web-5d8f-a');
      board.press('C-u');
      board.terminal.type('8080');
      board.press('tab', 'C-u');
      board.terminal.type('0');
      board.press('tab', 'tab');
      board.terminal.type('site');
      board.press('enter');
      await board.shows('forwarding 127.0.0.1:');
      board.command('pf');
      expect(await board.shows('portforwards[1]')).toMatch(/● site .* open/);
    }
    const kept = memory.of('geobuk').forwards?.[0];
    expect(kept).toMatchObject({ name: 'site', target: 'pod/web-5d8f-a', pod: 'web-5d8f-a', port: 8080 });
    await using board = new Dashboard({ memory, command: 'portforwards' });
    await board.shows(/○ site .* saved/);
    expect(board.app.forwards.all).toEqual([]);
    board.press('enter');
    await board.shows('1 forward open again');
    await board.shows(/● site .* open/);
    expect(board.app.forwards.all[0]).toMatchObject({ label: 'site', localPort: kept?.localPort });
    board.press('C-d', 'tab', 'enter');
    await board.shows(/○ site .* saved/);
    board.press('C-k', 'tab', 'enter');
    await board.shows('no port-forwards');
  });
});
