/**
 * What a kubelet writes on the containers it makes, so that it, or the next one, knows them again.
 * Follows: kubelet's container labels and annotations; the last one is our own.
 */
export const containerAnnotations = {
  hash: 'io.kubernetes.container.hash',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  podGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  /** Milliseconds this start had to wait because of crashes before it. */
  crashDelay: 'kubelet.geobuk.dev/crash-delay-ms',
} as const;
