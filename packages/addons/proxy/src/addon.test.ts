import { describeAddon } from '@geobuk/addon-sdk/testing';
import proxy from './index.js';

describeAddon(proxy, { packageRoot: new URL('..', import.meta.url), configs: [{ healthPort: 10256 }] });
