import { describe, expect, it } from 'vitest';
import { builtInResources } from '@geobuk/api';
import { Catalog } from '../cluster/catalog.js';
import { parseCommand, parseNamespaces } from './parse-command.js';
import { suggest } from './suggest.js';

describe('commands', () => {
  it.each([
    ['po', { name: 'po', args: [], contexts: [] }],
    ['Pods kube-system', { name: 'pods', args: ['kube-system'], contexts: [] }],
    ['pods default /web', { name: 'pods', args: ['default'], filter: 'web', contexts: [] }],
    ['pods /web status:!Running @prod', { name: 'pods', args: [], filter: 'web status:!Running', contexts: ['prod'] }],
    ['pods -f wb', { name: 'pods', args: [], filter: '-f wb', contexts: [] }],
    [
      'pods app=web,tier!=db default',
      { name: 'pods', args: ['default'], labelSelector: 'app=web,tier!=db', contexts: [] },
    ],
    ["pods 'app in (a,b)'", { name: 'pods', args: [], labelSelector: 'app in (a,b)', contexts: [] }],
    ['pods a,b,!kube-* @one,two', { name: 'pods', args: ['a,b,!kube-*'], contexts: ['one', 'two'] }],
    ['deployments.apps/v1', { name: 'deployments.apps/v1', args: [], contexts: [] }],
  ])('%s', (text, expected) => expect(JSON.parse(JSON.stringify(parseCommand(text)))).toEqual(expected));

  it('is nothing when empty', () => expect(parseCommand('  ')).toBeUndefined());

  it.each([
    ['a,b', ['a', 'b']],
    ['!kube-*', ['a', 'b', 'c']],
    ['*,!b', ['a', 'c', 'kube-system']],
    ['kube-*', ['kube-system']],
  ])('namespaces %s', (text, expected) => {
    const choice = parseNamespaces(text);
    const all = ['a', 'b', 'c', 'kube-system'];
    expect(choice.kind === 'some' ? all.filter(choice.includes) : []).toEqual(expected);
  });

  it('knows one namespace and all', () => {
    expect(parseNamespaces('all')).toEqual({ kind: 'all' });
    expect(parseNamespaces('web')).toEqual({ kind: 'one', name: 'web' });
  });
});

describe('suggestions', () => {
  const sources = {
    catalog: new Catalog(builtInResources),
    namespaces: ['default', 'kube-system'],
    contexts: ['prod', 'test'],
    views: [{ name: 'pulses', description: '' }],
    actions: [{ label: 'Describe', key: 'd' }],
    history: ['pods'],
  };
  const commands = (text: string): readonly string[] => suggest(text, sources).map(({ command }) => command);

  it('puts an exact alias first', () => {
    expect(commands('po')[0]).toBe('pods');
    expect(commands('svc')[0]).toBe('services');
    expect(commands('dp')[0]).toBe('deployments');
  });

  it('finds letters in order', () => expect(commands('dply')).toContain('deployments'));
  it('offers views and actions', () => {
    expect(commands('pulse')[0]).toBe('pulses');
    expect(commands('Describe')).toContain('Describe');
  });
  it('offers namespaces after a kind, contexts after @', () => {
    expect(commands('pods kub')).toEqual(['pods kube-system']);
    expect(commands('pods @pr')).toEqual(['pods @prod']);
    expect(commands('pods @prod,te')).toEqual(['pods @prod,test']);
    expect(commands('ctx te')).toEqual(['ctx test']);
  });
  it('offers history for nothing', () => expect(commands('')).toEqual(['pods']));
});

describe('Catalog', () => {
  const catalog = new Catalog(builtInResources);
  it.each([
    ['po', 'pods'],
    ['pod', 'pods'],
    ['Pod', 'pods'],
    ['deploy', 'deployments'],
    ['deployments.apps', 'deployments'],
    ['apps/v1/deployments', 'deployments'],
    ['crd', 'customresourcedefinitions'],
    ['ev', 'events'],
  ])('%s is %s', (name, plural) => expect(catalog.find(name)?.plural).toBe(plural));

  it('prefers the core group', () => expect(catalog.find('events')?.group).toBe(''));
});
