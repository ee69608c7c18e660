import { describe, expect, it } from 'vitest';
import { requestHeaders, responseHeaders, ruleOf } from './proxy-rules.js';
import { refusalOf } from './request-guard.js';

describe('what is passed on to the API', () => {
  it.each([
    ['/k8s/api/v1/pods?limit=5', false, '/api/v1/pods?limit=5', false],
    ['/k8s/apis/apps/v1/deployments?watch=true', false, '/apis/apps/v1/deployments?watch=true', true],
    ['/k8s/api/v1/namespaces/d/pods/p/log?follow=true', false, '/api/v1/namespaces/d/pods/p/log?follow=true', true],
    ['/k8s/api/v1/namespaces/d/pods/p/exec?command=sh', true, '/api/v1/namespaces/d/pods/p/exec?command=sh', true],
    ['/k8s/version', false, '/version', false],
  ])('%s', (url, isUpgrade, path, isStream) => {
    expect(ruleOf(url, isUpgrade)).toEqual({ kind: 'forward', path, isStream });
  });

  it.each([
    ['/api/v1/pods', false],
    ['/k8s/metrics', false],
    ['/k8s/apiserver', false],
    ['/k8s/api/v1/namespaces/d/services/s/proxy/', false],
    ['/k8s/api/v1/namespaces/d/services/s/proxy', false],
    ['/k8s/api/v1/nodes/n/proxy/logs', false],
    ['/k8s/api/v1/../../metrics', false],
    ['/k8s/api/v1/%2e%2e/metrics', false],
    ['/k8s/api//v1/pods', false],
    ['/k8s/api/v1/namespaces/d/pods/p/exec', false],
    ['/k8s/api/v1/pods', true],
  ])('not %s (upgrade: %s)', (url, isUpgrade) => {
    expect(ruleOf(url, isUpgrade).kind).toBe('refuse');
  });

  it('carries the identity of the session and nothing else that the browser says', () => {
    const given = {
      accept: 'application/json',
      cookie: 'geobuk=1',
      authorization: 'Bearer other',
      'impersonate-user': 'admin',
      'x-remote-user': 'admin',
      origin: 'http://localhost',
    };
    expect(requestHeaders(given, 'mine', false)).toEqual({ accept: 'application/json', authorization: 'Bearer mine' });
  });

  it('answers without cookies, in a sandbox', () => {
    const headers = responseHeaders({
      'content-type': 'text/html',
      'set-cookie': ['a=b'],
      location: 'http://elsewhere',
    });
    expect(headers).toMatchObject({ 'content-type': 'text/html', 'x-content-type-options': 'nosniff' });
    expect(headers['content-security-policy']).toContain('sandbox');
    expect(headers).not.toHaveProperty('set-cookie');
    expect(headers).not.toHaveProperty('location');
  });
});

describe('who is answered at all', () => {
  const own = { host: '127.0.0.1:8000' };
  const header = { 'x-geobuk-dashboard': '1' };
  const get = { method: 'GET', isUpgrade: false };
  const post = { method: 'POST', isUpgrade: false };
  const upgrade = { method: 'GET', isUpgrade: true };
  it.each([
    ['a page by its address', { ...get, headers: own }],
    ['localhost, IPv6 and other ports of tunnels', { ...get, headers: { host: '[::1]:1234' } }],
    ['a name that was configured', { ...get, headers: { host: 'cluster.example' } }],
    [
      'a link from elsewhere to the page',
      { ...get, headers: { ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } },
    ],
    ['a write of the page', { ...post, headers: { ...own, ...header, origin: 'http://127.0.0.1:8000' } }],
    ['a websocket of the page', { ...upgrade, headers: { ...own, origin: 'http://127.0.0.1:8000' } }],
  ])('%s', (_, request) => {
    expect(refusalOf(request, ['cluster.example'])).toBeUndefined();
  });

  it.each([
    ['another name that leads here (DNS rebinding)', { ...get, headers: { host: 'evil.example:8000' } }],
    ['no name', { ...get, headers: {} }],
    [
      'a read by another site',
      { ...get, headers: { ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' } },
    ],
    ['a write without the header of the page', { ...post, headers: { ...own, origin: 'http://127.0.0.1:8000' } }],
    ['a write from another origin', { ...post, headers: { ...own, ...header, origin: 'http://evil.example' } }],
    ['a write from another port', { ...post, headers: { ...own, ...header, origin: 'http://127.0.0.1:9' } }],
    ['a websocket from another origin', { ...upgrade, headers: { ...own, origin: 'http://evil.example' } }],
    ['a websocket without an origin', { ...upgrade, headers: own }],
  ])('not %s', (_, request) => {
    expect(refusalOf(request, ['cluster.example'])).toBeTypeOf('string');
  });
});
