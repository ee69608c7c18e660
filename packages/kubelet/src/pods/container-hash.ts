import { createHash } from 'node:crypto';
import type { Container, EphemeralContainer } from '@geobuk/api';

/** Changes when a running container no longer is what the pod asks for. Follows: only the image may change in place. */
export const containerHash = ({ name, image }: Container | EphemeralContainer): string =>
  createHash('sha256')
    .update(JSON.stringify([name, image]))
    .digest('hex')
    .slice(0, 8);
