import { metricsApiVersion, metricsGroup, metricsVersion } from './metrics-objects.js';

const groupVersion = { groupVersion: metricsApiVersion, version: metricsVersion };

export const apiGroup = {
  kind: 'APIGroup',
  apiVersion: 'v1',
  name: metricsGroup,
  versions: [groupVersion],
  preferredVersion: groupVersion,
};

export const apiGroupList = {
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [{ name: metricsGroup, versions: [groupVersion], preferredVersion: groupVersion }],
};

/** Follows: metrics-server; get and list only, for there is nothing to watch. */
export const apiResourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: metricsApiVersion,
  resources: [
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ],
};
