import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
const ns = '/api/v1/namespaces/lists';
const maps = `${ns}/configmaps`;
const version = (reply: Reply) => String(reply.at('metadata', 'resourceVersion'));
const names = ({ json }: Reply) => (json.items ?? []).map(({ metadata }) => metadata.name);
const token = (reply: Reply) => encodeURIComponent(String(reply.at('metadata', 'continue')));

beforeAll(async () => {
  await api.start();
  await api.namespace('lists');
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await api.make(maps, { metadata: { name, labels: { half: name < 'c' ? 'first' : 'second' } }, data: { n: '0' } });
  }
});
afterAll(api.stop);

/** The lists of the rest are made of these five objects; each test that changes one puts it back. */
describe('reads', () => {
  it('1.8.1 a get is the most recent state, or at least as new as was asked for', async () => {
    const changed = await api.patch(`${maps}/a`, 'merge', { data: { n: '1' } });
    expect(version(await api.get(`${maps}/a`))).toBe(version(changed));
    expect((await api.get(`${maps}/a?resourceVersion=0`)).status).toBe(200);
    expect(version(await api.get(`${maps}/a?resourceVersion=${version(changed)}`))).toBe(version(changed));
    expect(version(await api.get(`${maps}/a?resourceVersion=1`))).toBe(version(changed));
    await api.patch(`${maps}/a`, 'merge', { data: { n: '0' } });
  });

  it('1.8.2 each row and column of the table of list semantics', async () => {
    const before = version(await api.get(maps));
    const changed = await api.patch(`${maps}/b`, 'merge', { data: { n: 'new' } });
    const value = async (query: string) => {
      const reply = await api.get(`${maps}?${query}`);
      if (reply.status !== 200) return reply.status;
      const found = (reply.json.items ?? []).find(({ metadata }) => metadata.name === 'b');
      return (found as unknown as { data: { n: string } }).data.n;
    };
    const rows: readonly (readonly [string, string | number])[] = [
      ['', 'new'],
      ['limit=2', 'new'],
      ['resourceVersionMatch=Exact', 422],
      ['resourceVersionMatch=NotOlderThan', 422],
      ['resourceVersion=0', 'new'],
      ['resourceVersion=0&limit=2', 'new'],
      ['resourceVersion=0&resourceVersionMatch=Exact', 422],
      ['resourceVersion=0&resourceVersionMatch=NotOlderThan', 'new'],
      [`resourceVersion=${before}`, 'new'],
      [`resourceVersion=${before}&limit=2`, '0'],
      [`resourceVersion=${before}&resourceVersionMatch=Exact`, '0'],
      [`resourceVersion=${before}&resourceVersionMatch=Exact&limit=2`, '0'],
      [`resourceVersion=${before}&resourceVersionMatch=NotOlderThan`, 'new'],
      [`resourceVersion=${before}&resourceVersionMatch=NotOlderThan&limit=2`, 'new'],
    ];
    for (const [query, expected] of rows) expect([query, await value(query)]).toEqual([query, expected]);
    const exact = await api.get(`${maps}?resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect(version(exact)).toBe(before);
    expect(Number(version(changed))).toBeGreaterThan(Number(before));
    await api.patch(`${maps}/b`, 'merge', { data: { n: '0' } });
  });

  it('1.8.3 a version from the future is waited for, then Timeout with its cause', async () => {
    const now = Number(version(await api.get(maps)));
    const waiting = api.get(`${maps}?resourceVersion=${now + 1}`);
    await api.patch(`${maps}/c`, 'merge', { data: { n: '1' } });
    expect((await waiting).status).toBe(200);
    const reply = await api.get(`${maps}?resourceVersion=${now + 1000}`);
    expect(reply.json).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: expect.stringMatching(
        new RegExp(`^Too large resource version: ${now + 1000}, current: \\d+$`),
      ) as unknown,
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    await api.patch(`${maps}/c`, 'merge', { data: { n: '0' } });
  });

  it('1.8.4 an exact version that is forgotten is Expired', async () => {
    const before = version(await api.get(maps));
    await api.patch(`${maps}/a`, 'merge', { data: { n: '1' } });
    await api.server.compact(Number(version(await api.patch(`${maps}/a`, 'merge', { data: { n: '0' } }))));
    const { status, json } = await api.get(`${maps}?resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect([status, json.reason]).toEqual([410, 'Expired']);
    expect((await api.get(`${maps}?resourceVersion=${before}`)).status).toBe(200);
  });

  it('1.8.5 options that contradict each other are Invalid ListOptions', async () => {
    const first = await api.get(`${maps}?limit=1`);
    for (const [query, message] of [
      ['resourceVersionMatch=Exact', 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
      [
        `resourceVersion=0&resourceVersionMatch=Exact&continue=${token(first)}`,
        'resourceVersionMatch is forbidden when continue is provided',
      ],
      ['resourceVersion=1&resourceVersionMatch=Latest', 'Unsupported value: "Latest"'],
      [
        'resourceVersion=0&resourceVersionMatch=Exact',
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ],
    ] as const) {
      const { json } = await api.get(`${maps}?${query}`);
      expect(json).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'ListOptions' } });
      expect(json.message).toContain(message);
    }
    expect((await api.get(`${maps}?resourceVersion=abc`)).status).toBe(400);
  });

  it('1.8.6 pages show the snapshot of the first, and say how many are left', async () => {
    const first = await api.get(`${maps}?limit=2`);
    expect(names(first)).toEqual(['a', 'b']);
    const all = (await api.get(maps)).json.items?.length ?? 0;
    expect(first.at('metadata', 'remainingItemCount')).toBe(all - 2);
    await api.make(maps, { metadata: { name: 'bb' } });
    await api.delete(`${maps}/d`);
    const second = await api.get(`${maps}?limit=2&continue=${token(first)}`);
    expect([names(second), version(second)]).toEqual([['c', 'd'], version(first)]);
    const last = await api.get(`${maps}?limit=200&continue=${token(second)}`);
    expect(names(last)[0]).toBe('e');
    expect([last.at('metadata', 'continue'), last.at('metadata', 'remainingItemCount')]).toEqual([
      undefined,
      undefined,
    ]);
    expect((await api.get(`${maps}?limit=2&labelSelector=half`)).at('metadata', 'remainingItemCount')).toBeUndefined();
    await api.delete(`${maps}/bb`);
    await api.make(maps, { metadata: { name: 'd', labels: { half: 'second' } }, data: { n: '0' } });
  });

  it('1.8.7 items stand by namespace, then name', async () => {
    const { json } = await api.get('/api/v1/configmaps');
    const keys = (json.items ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(keys).toEqual([...keys].sort());
    const paged: string[] = [];
    for (let query = 'limit=3'; ;) {
      const page = await api.get(`/api/v1/configmaps?${query}`);
      paged.push(...(page.json.items ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
      if (page.at('metadata', 'continue') === undefined) break;
      query = `limit=3&continue=${token(page)}`;
    }
    expect(paged).toEqual(keys);
  });

  it('1.8.8 a token goes with no resourceVersion but 0, and has to be one', async () => {
    const first = await api.get(`${maps}?limit=1`);
    const { status, json } = await api.get(`${maps}?limit=1&resourceVersion=5&continue=${token(first)}`);
    expect([status, json.message]).toEqual([400, 'specifying resource version is not allowed when using continue']);
    expect((await api.get(`${maps}?limit=1&resourceVersion=0&continue=${token(first)}`)).status).toBe(200);
    for (const made of ['abc', 'eyJ2IjoxfQ', encodeURIComponent('{}')]) {
      expect((await api.get(`${maps}?continue=${made}`)).status).toBe(400);
    }
  });

  it('1.8.9 an expired token comes with one for the rest at the newest version', async () => {
    const first = await api.get(`${maps}?limit=2`);
    await api.patch(`${maps}/a`, 'merge', { data: { n: '1' } });
    await api.server.compact(Number(version(await api.patch(`${maps}/a`, 'merge', { data: { n: '0' } }))));
    const expired = await api.get(`${maps}?limit=2&continue=${token(first)}`);
    expect([expired.status, expired.json.reason]).toEqual([410, 'Expired']);
    expect(expired.json.message).toContain('The provided continue parameter is too old');
    const rest = await api.get(`${maps}?continue=${token(expired)}`);
    expect(rest.status).toBe(200);
    expect(names(rest).slice(0, 3)).toEqual(['c', 'd', 'e']);
    expect(Number(version(rest))).toBeGreaterThanOrEqual(Number(version(first)));
  });

  it('1.8.10 a page is filled with what the selectors let through', async () => {
    const first = await api.get(`${maps}?limit=2&labelSelector=half%3Dsecond`);
    expect(names(first)).toEqual(['c', 'd']);
    const rest = await api.get(`${maps}?limit=2&labelSelector=half%3Dsecond&continue=${token(first)}`);
    expect([names(rest), rest.at('metadata', 'continue')]).toEqual([['e'], undefined]);
  });

  it('1.8.11 a list takes no sendInitialEvents', async () => {
    const { status, json } = await api.get(`${maps}?sendInitialEvents=true`);
    expect([status, json.details?.causes?.[0]]).toEqual([
      422,
      {
        reason: 'FieldValueForbidden',
        message: 'Forbidden: sendInitialEvents is forbidden for list',
        field: 'sendInitialEvents',
      },
    ]);
  });

  it('1.8.12 what was written is in every later list', async () => {
    for (let round = 0; round < 30; round++) {
      const made = await api.make(maps, { metadata: { name: `seen-${round}`, labels: { seen: 'y' } } });
      const [list, one] = await Promise.all([api.get(`${maps}?labelSelector=seen`), api.get(`${maps}/seen-${round}`)]);
      expect(list.json.items).toHaveLength(round + 1);
      expect(version(one)).toBe(version(made));
    }
    expect((await api.delete(`${maps}?labelSelector=seen`)).status).toBe(200);
    expect((await api.get(`${maps}?labelSelector=seen`)).json.items).toEqual([]);
  });
});
