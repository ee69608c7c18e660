import { describe, expect, it } from 'vitest';
import { upstreamsOf } from './resolv-conf.js';

describe('upstreamsOf', () => {
  it.each<[string, string, readonly string[], readonly string[]]>([
    [
      'name servers in order',
      'search x\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n',
      [],
      ['192.0.2.1', '2001:db8::1'],
    ],
    [
      'DNS 60 not those that are ourselves',
      'nameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.9\nnameserver 192.0.2.1',
      ['192.0.2.9'],
      ['192.0.2.1'],
    ],
    ['zones of link-local addresses are cut', 'nameserver fe80::1%eth0', [], ['fe80::1']],
    ['nonsense is passed over', 'nameserver\nnameserver x\n# nameserver 192.0.2.1', [], []],
  ])('%s', (_title, text, own, expected) => expect(upstreamsOf(text, own)).toEqual(expected));
});
