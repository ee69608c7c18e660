import { describeAddon } from '@geobuk/addon-sdk/testing';
import dashboard from './index.js';

describeAddon(dashboard, {
  packageRoot: new URL('..', import.meta.url),
  configs: [
    {
      bind: '0.0.0.0',
      port: 8443,
      hosts: ['cluster.example'],
      tls: { certFile: '/etc/dashboard/tls.crt', keyFile: '/etc/dashboard/tls.key' },
      session: { idleMinutes: 5, maxHours: 1 },
    },
  ],
});
