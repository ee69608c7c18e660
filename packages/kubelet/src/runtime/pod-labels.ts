/** Labels and annotations by which a kubelet, crictl and log shippers know whose a container is. Follows: kubelet. */
export const podLabels = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
  container: 'io.kubernetes.container.name',
} as const;
export const restartCountAnnotation = 'io.kubernetes.container.restartCount';
