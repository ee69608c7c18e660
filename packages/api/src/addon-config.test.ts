import { describe, expect, it } from 'vitest';
import { resolveAddonConfig } from './addon-config.js';

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ttlSeconds: { type: 'integer', minimum: 0, maximum: 3600, default: 30 },
    upstreams: { type: 'array', items: { type: 'string' }, default: [] },
    mode: { enum: ['a', 'b'], default: 'a' },
    cache: { type: 'object', default: {}, properties: { entries: { type: 'integer', default: 10 } } },
  },
};

describe('resolveAddonConfig (A7)', () => {
  it('fills in defaults, nested ones too, and leaves what the user chose alone', () => {
    const chosen = Object.freeze({ ttlSeconds: 5 });
    expect(resolveAddonConfig(schema, chosen)).toEqual({
      valid: true,
      config: { ttlSeconds: 5, upstreams: [], mode: 'a', cache: { entries: 10 } },
    });
    expect(chosen).toEqual({ ttlSeconds: 5 });
  });

  it('names the field of each mistake', () => {
    const wrong = { ttlSeconds: -1, upstreams: ['x', 3], mode: 'c', tll: 1 };
    expect(resolveAddonConfig(schema, wrong)).toEqual({
      valid: false,
      errors: [
        { path: 'config.tll', message: 'no such field' },
        { path: 'config.ttlSeconds', message: 'must be >= 0' },
        { path: 'config.upstreams[1]', message: 'must be string' },
        { path: 'config.mode', message: 'must be one of a, b' },
      ],
    });
  });

  it('names a field that must be set', () => {
    expect(resolveAddonConfig({ type: 'object', required: ['host'] }, undefined)).toEqual({
      valid: false,
      errors: [{ path: 'config.host', message: 'must be set' }],
    });
  });
});
