import { describe, expect, it } from 'vitest';
import { socketBelow } from '../short-socket.js';
import { containerdConfig, parseContainerdVersion } from './containerd-config.js';

const settings = {
  version: { major: 1, minor: 6 },
  root: '/d/root',
  state: '/d/state',
  socket: '/d/c.sock',
  sandboxImage: 'geobuk.dev/pause:1',
  snapshotter: 'overlayfs',
  cniConfDir: '/d/cni',
  cniBinDir: '/usr/lib/cni',
  restrictOomScoreAdj: true,
  systemdCgroup: false,
  registryConfigDir: '/d/registries',
} as const;

describe('the configuration of containerd', () => {
  it.each([
    ['containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3', { major: 1, minor: 6 }],
    ['containerd github.com/containerd/containerd v1.7.27 05044ec0a9a7', { major: 1, minor: 7 }],
    ['containerd github.com/containerd/containerd/v2 v2.1.3 c787fb98911', { major: 2, minor: 1 }],
  ])('reads the version of "%s"', (text, version) => expect(parseContainerdVersion(text)).toEqual(version));

  it('is version 2 with one CRI section for containerd 1.x', () => {
    const text = containerdConfig(settings);
    expect(text).toMatch(/^version = 2\n/);
    expect(text).toContain('[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "geobuk.dev/pause:1"\n');
    expect(text).toContain('restrict_oom_score_adj = true');
  });

  it('is version 3 with the sections of 2.x from there on', () => {
    const text = containerdConfig({ ...settings, version: { major: 2, minor: 1 } });
    expect(text).toMatch(/^version = 3\n/);
    expect(text).toContain('[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "geobuk.dev/pause:1"\n');
    expect(text).not.toContain('sandbox_image');
  });

  it('puts the socket into a short directory where the path would be too long for one', () => {
    expect(socketBelow('/var/lib/geobuk', 'c.sock')).toBe('/var/lib/geobuk/c.sock');
    const long = socketBelow(`/var/${'long/'.repeat(30)}`, 'c.sock');
    expect(long).toMatch(/^\/run\/geobuk\/[0-9a-f]{12}\/c\.sock$/);
    expect(socketBelow(`/var/${'long/'.repeat(30)}`, 'c.sock')).toBe(long);
  });
});
