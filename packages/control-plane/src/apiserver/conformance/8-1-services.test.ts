import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const path = '/api/v1/namespaces/default/services';
const ip = (reply: Reply) => reply.at('spec', 'clusterIP');
const nodePort = (reply: Reply) => reply.at('spec', 'ports', 0, 'nodePort');

describe('Services', () => {
  it('8.1.2 a change of type keeps or frees addresses and ports', async () => {
    const made = await api.make(path, { metadata: { name: 'changing' }, spec: { ports: [{ port: 80 }] } });
    const address = ip(made);
    const change = async (spec: object) => {
      const reply = await api.patch(`${path}/changing`, 'merge', { spec });
      expect(reply.status, reply.text).toBe(200);
      return reply;
    };
    const node = await change({ type: 'NodePort' });
    expect([ip(node), Number(nodePort(node)) >= 30_000]).toEqual([address, true]);
    const plain = await change({ type: 'ClusterIP' });
    expect([ip(plain), nodePort(plain)]).toEqual([address, undefined]);
    const again = { type: 'NodePort', ports: [{ port: 81, nodePort: nodePort(node) }] };
    expect((await api.post(path, { metadata: { name: 'other' }, spec: again })).status).toBe(201); // it was freed
    const named = await change({ type: 'ExternalName', externalName: 'a.example', clusterIP: null, clusterIPs: null });
    expect(ip(named)).toBeUndefined();
    const taken = await api.post(path, {
      metadata: { name: 'taker' },
      spec: { clusterIP: address, ports: [{ port: 80 }] },
    });
    expect(taken.status, taken.text).toBe(201);
    const back = await change({ type: 'ClusterIP', externalName: null });
    expect(ip(back)).toMatch(/^10\.43\./);
    expect(ip(back)).not.toBe(address);
  });
});
