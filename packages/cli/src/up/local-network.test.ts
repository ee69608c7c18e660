import { describe, expect, it } from 'vitest';
import { chooseNodeSubnet, planLocalNetwork } from './local-network.js';

describe('planLocalNetwork', () => {
  it('numbers nodes from two: the machine itself is the first', () => {
    expect(planLocalNetwork('1a2b', '10.251.0.0/24', 'box', 2)).toEqual({
      address: '10.251.0.1',
      nodes: [
        { name: 'box-2', namespace: 'geobuk-1a2b-2', address: '10.251.0.2' },
        { name: 'box-3', namespace: 'geobuk-1a2b-3', address: '10.251.0.3' },
      ],
    });
  });
});

describe('chooseNodeSubnet', () => {
  it('takes the first that no route names', () => {
    expect(chooseNodeSubnet('')).toBe('10.251.0.0/24');
    expect(chooseNodeSubnet('gbn1\t0000FB0A\t00000000\n')).toBe('10.251.1.0/24');
  });
});
