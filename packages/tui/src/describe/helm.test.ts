import { gzipSync } from 'node:zlib';
import type { Secret } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { parseHelmRelease } from './helm.js';

const stored = (release: unknown): Secret => ({
  metadata: { name: 'sh.helm.release.v1.web.v2', namespace: 'default' },
  type: 'helm.sh/release.v1',
  data: { release: Buffer.from(gzipSync(JSON.stringify(release)).toString('base64')).toString('base64') },
});

describe('Helm releases', () => {
  it('are read from their Secret', () => {
    const release = parseHelmRelease(
      stored({
        name: 'web',
        namespace: 'default',
        version: 2,
        config: { replicas: 3 },
        manifest: 'kind: Service',
        info: { status: 'deployed', notes: 'hello' },
        chart: { metadata: { name: 'web', version: '1.2.3', appVersion: '9' } },
      }),
    );
    expect(release).toMatchObject({
      name: 'web',
      revision: 2,
      status: 'deployed',
      chart: 'web-1.2.3',
      appVersion: '9',
      values: { replicas: 3 },
    });
  });

  it('are nothing else', () => {
    expect(parseHelmRelease({ metadata: { name: 's' }, type: 'Opaque', data: { release: 'x' } })).toBeUndefined();
  });
});
