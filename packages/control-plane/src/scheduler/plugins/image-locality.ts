import type { ClusterSnapshot, SchedulerPlugin } from '../plugin.js';
import { maxScore } from '../plugin.js';

const megabyte = 1024 * 1024;
/** Below it an image is as good as absent. */
const smallestBytes = 23 * megabyte;
/** Above it, for each container, more makes no difference. */
const largestBytesEach = 1_000 * megabyte;

interface ImageState {
  readonly images: readonly { readonly name: string; readonly share: number }[];
  readonly containers: number;
}

/** A name without tag means `:latest`. Follows: normalizedImageName. */
export const imageName = (image: string): string =>
  image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;

/**
 * Prefers nodes that have the images already, the larger the better; an image that few nodes have weighs less, so that
 * its pods do not all go to the same ones.
 * Follows: ImageLocality.
 */
export const imageLocality: SchedulerPlugin<ImageState> = {
  name: 'ImageLocality',

  preScore({ pod }, _nodes, cluster: ClusterSnapshot) {
    const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const images: { name: string; share: number }[] = [];
    for (const { image } of all) {
      const name = imageName(image ?? '');
      const share = cluster.nodesWithImage(name) / cluster.nodes.length;
      if (share > 0) images.push({ name, share });
    }
    return images.length === 0 ? 'skip' : { state: { images, containers: all.length } };
  },

  score(_pod, node, { images, containers }) {
    let bytes = 0;
    for (const { name, share } of images) bytes += Math.floor((node.images.get(name) ?? 0) * share);
    const largest = largestBytesEach * containers;
    const within = Math.min(largest, Math.max(smallestBytes, bytes));
    return Math.floor((maxScore * (within - smallestBytes)) / (largest - smallestBytes));
  },
};
