import { describe, expect, it } from 'vitest';
import { english, korean, translator } from '../i18n/texts.js';
import { formatRoute, objectRoute, parseRoute } from '../state/route.js';
import { quantityOf } from '../views/quantity.js';
import { layOut } from '../views/topology.js';
import { mentionsOf, relationsOf, selectorText } from './relations.js';

describe('what belongs to an object', () => {
  it('is found by owner and by selector', () => {
    const spec = { selector: { matchLabels: { app: 'web' } } };
    const found = relationsOf({ kind: 'Deployment', metadata: { name: 'web' }, spec });
    expect(found).toEqual([
      { group: 'apps', plural: 'replicasets', query: '', ownedOnly: true },
      { group: '', plural: 'pods', query: 'labelSelector=app%3Dweb', ownedOnly: false },
    ]);
    expect(relationsOf({ kind: 'Service', metadata: { name: 's' }, spec: {} }).map(({ plural }) => plural)).toEqual([
      'endpointslices',
    ]);
    expect(relationsOf({ kind: 'Node', metadata: { name: 'n' } })[0]?.query).toBe('fieldSelector=spec.nodeName%3Dn');
  });

  it.each([
    [{ app: 'web', tier: 'a' }, 'app=web,tier=a'],
    [
      { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }] },
      'a=b,k in (x,y)',
    ],
    [
      {
        matchExpressions: [
          { key: 'k', operator: 'DoesNotExist' },
          { key: 'l', operator: 'Exists' },
        ],
      },
      '!k,l',
    ],
    [{}, undefined],
    [undefined, undefined],
  ])('has selectors: %j', (selector, text) => {
    expect(selectorText(selector)).toBe(text);
  });

  it('is what a template names, each once', () => {
    const container = {
      envFrom: [{ configMapRef: { name: 'c' } }],
      env: [{ valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
    };
    const volumes = [{ secret: { secretName: 's' } }, { persistentVolumeClaim: { claimName: 'd' } }];
    const template = { spec: { containers: [container], volumes } };
    const found = mentionsOf({ kind: 'Deployment', metadata: { name: 'x' }, spec: { template } });
    expect(found.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'ConfigMap/c',
      'Secret/s',
      'PersistentVolumeClaim/d',
    ]);
  });
});

describe('the map', () => {
  it('joins Services, pods and nodes', () => {
    const pod = { name: 'p', namespace: 'd', status: 'Running', node: 'n', labels: { app: 'web' } };
    const services = [
      { name: 's', namespace: 'd', selector: { app: 'web' } },
      { name: 'none', namespace: 'd', selector: {} },
    ];
    const { edges, nodes } = layOut(services, [pod, { ...pod, name: 'q', namespace: 'e', node: undefined }]);
    expect(edges.map(([from, to]) => `${from.id} ${to.id}`)).toEqual(['service/d/s pod/d/p', 'pod/d/p node//n']);
    expect(nodes).toHaveLength(5);
  });
});

describe('addresses of pages', () => {
  it.each([
    '#/overview',
    '#/addons',
    '#/list/apps/deployments',
    '#/object/core/pods/default/web/logs',
    '#/object/core/nodes/_/n',
  ])('%s', (hash) => {
    expect(formatRoute(parseRoute(hash))).toBe(hash);
  });

  it('hold any name', () => {
    const route = objectRoute({ group: 'g', plural: 'p' }, undefined, 'a:b/c');
    expect(parseRoute(route)).toMatchObject({ page: 'object', name: 'a:b/c', namespace: undefined });
  });
});

describe('texts', () => {
  it('fill the same places in both languages', () => {
    const places = (text: string): readonly string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(english))
      expect([key, places(korean[key as keyof typeof english])]).toEqual([key, places(text)]);
    expect(translator('ko')('lines', { count: 3 })).toBe('3줄');
  });

  it.each([
    ['250m', 0.25],
    ['2', 2],
    ['64Mi', 67_108_864],
    ['1500n', 0.0000015],
    ['1G', 1e9],
  ])('have quantities: %s', (text, value) => {
    expect(quantityOf(text)).toBeCloseTo(value, 9);
    expect(quantityOf('much')).toBeNaN();
  });
});
