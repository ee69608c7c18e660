import { canonicalQuantity } from '@geobuk/api';

/** Bytes as people write them, whole kibibytes and more: `50Mi`. */
export const bytesText = (bytes: number): string =>
  bytes >= 1024 ? canonicalQuantity(`${Math.floor(bytes / 1024)}Ki`) : String(bytes);
