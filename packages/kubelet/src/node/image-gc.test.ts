import type { ImageState } from '../runtime/runtime.js';
import { describe, expect, it } from 'vitest';
import { imagesToRemove } from './image-gc.js';

const image = (id: string, changes: Partial<ImageState> = {}): ImageState => ({
  id,
  tags: [id],
  digests: [],
  sizeBytes: 100,
  uid: undefined,
  username: '',
  pinned: false,
  ...changes,
});
const now = 1_000_000;

describe('7.5.2 images to remove', () => {
  it.each([
    ['the longest unused first, and no more than needed', 150, ['old', 'older'], ['older', 'old']],
    ['nothing when nothing has to be freed', 0, ['old'], []],
  ])('%s', (_title, bytes, names, expected) => {
    const ages = new Map([
      ['older', 100],
      ['old', 200],
      ['rest', 300],
    ]);
    const images = [...names, 'rest'].map((name) => image(name));
    expect(imagesToRemove(images, new Set(), ages, bytes, now).map(({ id }) => id)).toEqual(expected);
  });

  it('never those in use, pinned, or younger than two minutes', () => {
    const images = [image('used'), image('pause', { pinned: true }), image('young')];
    const ages = new Map([
      ['used', 0],
      ['pause', 0],
      ['young', now - 60_000],
    ]);
    expect(imagesToRemove(images, new Set(['used']), ages, 1e9, now)).toEqual([]);
  });
});
