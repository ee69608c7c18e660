import { describeAddon } from '@geobuk/addon-sdk/testing';
import ingress from './index.js';

describeAddon(ingress, {
  packageRoot: new URL('..', import.meta.url),
  configs: [
    { httpPort: 8080, httpsPort: 8443, gatewayApi: 'off', defaultClass: false, publishAddresses: ['192.0.2.1'] },
    { gatewayApi: 'use', defaultCertificate: 'kube-system/wildcard', accessLog: false },
  ],
});
