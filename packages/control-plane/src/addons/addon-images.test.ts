import type { KubernetesObject, Node } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { AddonImages, canonical } from './addon-images.js';

const { signal } = new AbortController();
const node = { status: { images: [{ names: ['docker.io/library/busybox:1'], sizeBytes: 5 }] } } as unknown as Node;
const podOf = (image: string, rest: object = {}) =>
  [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ image, ...rest }] } },
  ] as unknown as readonly KubernetesObject[];
const imagesOf = (nodes: readonly Node[], reachable: readonly string[] = []): AddonImages =>
  new AddonImages({
    nodeLister: { list: () => nodes } as never,
    registryAnswers: (host) => Promise.resolve(reachable.includes(host)),
  });

describe('images of an addon (A9)', () => {
  const cases: readonly (readonly [string, AddonImages, readonly KubernetesObject[], readonly string[]])[] = [
    ['one that a node has is there', imagesOf([node]), podOf('busybox:1'), []],
    [
      'one that no node has and no registry gives is missing',
      imagesOf([node]),
      podOf('example.test/a:1'),
      ['example.test/a:1'],
    ],
    ['one whose registry answers may be pulled', imagesOf([node], ['example.test']), podOf('example.test/a:1'), []],
    [
      'one that must not be pulled is missing',
      imagesOf([node], ['registry-1.docker.io']),
      podOf('a:1', { imagePullPolicy: 'Never' }),
      ['a:1'],
    ],
    ['programs of the host runtime are packages, not images', imagesOf([node]), podOf('npm:x@1.0.0'), []],
    ['nothing is known before a node has said what it has', imagesOf([]), podOf('a:1'), []],
  ];
  for (const [title, images, objects, expected] of cases)
    it(title, async () => expect(await images.missing(objects, signal)).toEqual(expected));

  it('are counted once, whatever the name they go by', () => {
    expect(imagesOf([node, node]).sizeOf([...podOf('busybox:1'), ...podOf('docker.io/library/busybox:1')])).toBe(5);
  });
});

it('canonical completes the names of images', () => {
  expect(canonical('busybox')).toEqual({ name: 'docker.io/library/busybox:latest', host: 'registry-1.docker.io' });
  expect(canonical('a/b:1')).toEqual({ name: 'docker.io/a/b:1', host: 'registry-1.docker.io' });
  expect(canonical('localhost:5000/a@sha256:12')).toEqual({
    name: 'localhost:5000/a@sha256:12',
    host: 'localhost:5000',
  });
});
