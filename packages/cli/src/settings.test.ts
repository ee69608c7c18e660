import { describe, expect, it } from 'vitest';
import { withSettings } from './settings.js';

describe('withSettings', () => {
  it.each<[readonly string[], unknown]>([
    [['ttlSeconds=30'], { kept: 1, ttlSeconds: 30 }],
    [['a.b.c=x'], { kept: 1, a: { b: { c: 'x' } } }],
    [['list=a,b'], { kept: 1, list: ['a', 'b'] }],
    [['list=["a"]'], { kept: 1, list: ['a'] }],
    [['on=true', 'off=false'], { kept: 1, on: true, off: false }],
    [['text=1.2.3.4'], { kept: 1, text: '1.2.3.4' }],
    [['empty='], { kept: 1, empty: '' }],
    [['kept=2'], { kept: 2 }],
  ])('%j', (changes, expected) => expect(withSettings({ kept: 1 }, changes)).toEqual(expected));

  it('refuses what is no setting', () => expect(() => withSettings({}, ['x'])).toThrow('use key=value'));
});
