import { describe, expect, it } from 'vitest';
import { hostRoute, RoutingRuntime } from './routing.js';
import { FakeRuntime } from './testing/fake-runtime.js';
import { containerSpec, sandboxSpec } from './testing/specs.js';

const options = { signal: new AbortController().signal };

/** A fake whose ids look like the host runtime's. */
class FakeHost extends FakeRuntime {
  override async runSandbox(...args: Parameters<FakeRuntime['runSandbox']>): Promise<string> {
    return `host-${await super.runSandbox(...args)}`;
  }
  override createContainer(...[id, ...rest]: Parameters<FakeRuntime['createContainer']>): Promise<string> {
    return super.createContainer(id.replace('host-', ''), ...rest);
  }
}

function twoEngines(): { main: FakeRuntime; host: FakeRuntime; routing: RoutingRuntime } {
  const main = new FakeRuntime();
  const host = new FakeHost({ handlers: ['host'] });
  main.addImage('web:1', {}, true);
  host.addImage('npm:dns', {}, true);
  return { main, host, routing: new RoutingRuntime(main, [hostRoute(host)]) };
}

describe('RoutingRuntime', () => {
  it('sends sandboxes by their handler and shows the pods of all engines', async () => {
    const { main, host, routing } = twoEngines();
    const plain = sandboxSpec('a');
    const hosted = sandboxSpec('b', { handler: 'host' });
    await routing.createContainer(
      await routing.runSandbox(plain, options),
      containerSpec('c', 'web:1'),
      plain,
      options,
    );
    const id = await routing.runSandbox(hosted, options);
    await routing.createContainer(id, containerSpec('c', 'npm:dns'), hosted, options);
    expect((await main.observeAll(options)).map(({ pod }) => pod.uid)).toEqual(['a']);
    expect((await host.observeAll(options)).map(({ pod }) => pod.uid)).toEqual(['b']);
    expect((await routing.observeAll(options)).map(({ pod }) => pod.uid)).toEqual(['a', 'b']);
    expect((await routing.observe('b', options))?.containers).toHaveLength(1);
    expect((await routing.status(options)).handlers).toEqual(['', 'host']);
  });

  it('refuses an image of one engine in a sandbox of the other', async () => {
    const { routing } = twoEngines();
    const plain = sandboxSpec('a');
    const id = await routing.runSandbox(plain, options);
    await expect(routing.createContainer(id, containerSpec('c', 'npm:dns'), plain, options)).rejects.toMatchObject({
      code: 'CreateContainer',
    });
  });

  it('does not take the pods of an engine that is down for gone', async () => {
    const { main, routing } = twoEngines();
    main.setUnavailable(true);
    await expect(routing.observeAll(options)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('merges events, and has none when one engine has none', async () => {
    const { host, routing } = twoEngines();
    const stop = new AbortController();
    const uids: string[] = [];
    const heard = (async () => {
      for await (const { podUid } of routing.events(stop) ?? []) {
        uids.push(podUid);
        if (uids.length === 2) stop.abort();
      }
    })();
    await routing.runSandbox(sandboxSpec('a'), options);
    await routing.runSandbox(sandboxSpec('b', { handler: 'host' }), options);
    await heard;
    expect(uids).toEqual(['a', 'b']);
    const deaf = new RoutingRuntime(new FakeRuntime({ events: false }), [hostRoute(host)]);
    expect(deaf.events(options)).toBeUndefined();
  });
});
