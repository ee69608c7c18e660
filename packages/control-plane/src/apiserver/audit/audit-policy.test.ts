import { describe, expect, it } from 'vitest';
import { parseRequestInfo } from '../filters/request-info.js';
import { parseAuditPolicy } from './audit-policy.js';

const of = (rules: string) => parseAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${rules}`, 'p.yaml');
const info = (method: string, path: string) => parseRequestInfo(method, path, new URLSearchParams());
const bob = { name: 'bob', groups: ['dev'] };

describe('an audit policy', () => {
  it.each([
    ['resources: [{group: "", resources: [pods]}]', 'GET', '/api/v1/namespaces/n/pods/p', true],
    ['resources: [{group: "", resources: [pods]}]', 'GET', '/api/v1/namespaces/n/pods/p/log', false],
    ['resources: [{group: "", resources: [pods/*]}]', 'GET', '/api/v1/namespaces/n/pods/p/log', true],
    ['resources: [{group: "", resources: ["*/log"]}]', 'GET', '/api/v1/namespaces/n/pods/p/log', true],
    ['resources: [{group: "", resources: [pods], resourceNames: [q]}]', 'GET', '/api/v1/namespaces/n/pods/p', false],
    ['resources: [{group: apps}]', 'GET', '/apis/apps/v1/deployments', true],
    ['resources: [{group: apps}]', 'GET', '/api/v1/pods', false],
    ['namespaces: [""]', 'GET', '/api/v1/nodes/a', true],
    ['namespaces: [ns]', 'GET', '/api/v1/nodes/a', false],
    ['userGroups: [dev]', 'GET', '/version', true],
    ['users: [alice]', 'GET', '/version', false],
    ['verbs: [create]', 'POST', '/api/v1/namespaces/n/pods', true],
    ['nonResourceURLs: [/healthz*]', 'GET', '/healthz/ping', true],
    ['nonResourceURLs: [/healthz*]', 'GET', '/api/v1/pods', false],
  ])('1.17.4 %s and %s %s: %s', (rule, method, path, fits) => {
    const policy = of(`  - level: Request\n    ${rule}`);
    expect(policy.decide(bob, info(method, path)).level).toBe(fits ? 'Request' : 'None');
  });

  it.each([
    ['  - level: Loud', 'rules[0].level'],
    ['  - level: None\n    user: [a]', 'unknown field "user"'],
    ['  - level: None\n    omitStages: [Later]', '"Later"'],
    ['  - level: None\n    resources: [{resources: [pods]}]\n    nonResourceURLs: [/a]', 'both'],
    ['  - level: None\n    nonResourceURLs: [/a*/b]', '/a*/b'],
  ])('refuses what nobody understands: %j', (rules, why) => {
    expect(() => of(rules)).toThrow(why);
  });
});
