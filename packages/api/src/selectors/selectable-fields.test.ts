import { describe, expect, it } from 'vitest';
import { checkFieldRequirements, selectableFields } from './selectable-fields.js';
import { events, jobs, namespaces, nodes, pods, secrets } from '../generated/resources.js';
import { matchesFields, parseFieldSelector } from './field-selector.js';
import type { KubernetesObject } from '../object.js';
import type { ResourceType } from '../resource-type.js';

const metadata = { name: 'x', namespace: 'n' };

describe('fields that objects are selected by', () => {
  it.each<[ResourceType, object, string, boolean]>([
    [pods, { metadata, spec: { nodeName: 'a' } }, 'spec.nodeName=a,spec.host=a', true],
    [pods, { metadata, status: { phase: 'Running' } }, 'status.phase!=Succeeded,status.phase!=Failed', true],
    [pods, { metadata, spec: {} }, 'spec.nodeName=,spec.hostNetwork=false', true],
    [pods, { metadata, status: { podIPs: [{ ip: '1' }, { ip: '2' }] } }, 'status.podIPs=1\\,2', true],
    [pods, { metadata }, 'metadata.name=x,metadata.namespace=n', true],
    [pods, { metadata }, 'metadata.name=y', false],
    [nodes, { metadata: { name: 'a' }, spec: { unschedulable: true } }, 'spec.unschedulable=true', true],
    [namespaces, { metadata: { name: 'a' }, status: { phase: 'Active' } }, 'status.phase=Active,name=a', true],
    [secrets, { metadata, type: 'Opaque' }, 'type=Opaque', true],
    [jobs, { metadata }, 'status.successful=0', true],
    [
      events,
      { metadata, involvedObject: { name: 'p', uid: 'u' }, source: { component: 'c' } },
      'involvedObject.name=p,involvedObject.uid=u,source=c',
      true,
    ],
  ])('%#', (type, object, text, expected) => {
    const fields = selectableFields(type);
    const requirements = parseFieldSelector(text);
    checkFieldRequirements(requirements, fields);
    expect(matchesFields(requirements, (field) => fields.get(field)?.(object as KubernetesObject))).toBe(expected);
  });

  it('refuses others', () => {
    expect(() => checkFieldRequirements(parseFieldSelector('spec.foo=1'), selectableFields(pods))).toThrow(
      'field label not supported: spec.foo',
    );
    expect(selectableFields(nodes).has('metadata.namespace')).toBe(false);
  });
});
