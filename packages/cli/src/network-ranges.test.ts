import { describe, expect, it } from 'vitest';
import { chooseNetworkRanges, serviceAddress } from './network-ranges.js';

const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';
const route = (destination: string, mask: string): string =>
  `eth0\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`;

describe('chooseNetworkRanges', () => {
  it('takes the usual networks on a machine that uses neither', () => {
    expect(chooseNetworkRanges(header + route('00000000', '00000000'))).toEqual({
      podCIDR: '10.42.0.0/16',
      serviceCIDR: '10.43.0.0/16',
    });
  });

  it('steps aside for a bridge of another cluster', () => {
    // 10.42.0.0/24
    expect(chooseNetworkRanges(header + route('00002A0A', '00FFFFFF')).podCIDR).toBe('10.44.0.0/16');
  });

  it('steps aside where only the Service network is in use', () => {
    // 10.43.7.0/24
    expect(chooseNetworkRanges(header + route('00072B0A', '00FFFFFF')).podCIDR).toBe('10.44.0.0/16');
  });

  it('steps aside for clusters that have no route yet', () => {
    expect(chooseNetworkRanges(header, ['10.42.0.0/16', '10.44.0.0/16']).podCIDR).toBe('10.46.0.0/16');
  });
});

describe('serviceAddress', () => {
  it('counts from the start of the network', () => {
    expect(serviceAddress('10.43.0.0/16', 10)).toBe('10.43.0.10');
    expect(serviceAddress('10.96.0.0/12', 1)).toBe('10.96.0.1');
  });
});
