/** Debian packages that the tests use, each with the command that shows it is there. */
export const hostPackages = [
  { name: 'containerd', shownBy: 'containerd' },
  { name: 'runc', shownBy: 'runc' },
  { name: 'containernetworking-plugins', shownBy: '/usr/lib/cni/bridge' },
  { name: 'nftables', shownBy: 'nft' },
  { name: 'iproute2', shownBy: 'ip' },
  { name: 'conntrack', shownBy: 'conntrack' },
  { name: 'busybox-static', shownBy: 'busybox' },
  { name: 'etcd-server', shownBy: 'etcd' },
  { name: 'kubernetes-client', shownBy: 'kubectl' },
  { name: 'tmux', shownBy: 'tmux' },
  { name: 'procps', shownBy: 'ps' },
  { name: 'chromium', shownBy: 'chromium' },
  { name: 'bsdutils', shownBy: 'script' },
  { name: 'iptables', shownBy: 'iptables' },
  { name: 'haproxy', shownBy: 'haproxy' },
  { name: 'docker.io', shownBy: 'dockerd' },
];
