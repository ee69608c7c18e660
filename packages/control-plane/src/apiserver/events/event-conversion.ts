import type { KubernetesObject } from '@geobuk/api';
import type { StoredConversion } from '../resources/served-resource.js';

/** The same fields under the names of core/v1 and of events.k8s.io/v1. */
const names: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const toCore = new Map(names.map(([core, events]) => [events, core]));
const toEvents = new Map(names);

function renamed(object: KubernetesObject, apiVersion: string, by: ReadonlyMap<string, string>): KubernetesObject {
  const entries = Object.entries(object).map(([name, value]) => [by.get(name) ?? name, value as unknown] as const);
  return { ...(Object.fromEntries(entries) as unknown as KubernetesObject), apiVersion };
}

/** The name of a field of events.k8s.io/v1 as it is stored. */
export const storedEventField = (path: string): string => {
  const [first = '', ...rest] = path.split('.');
  return [toCore.get(first) ?? first, ...rest].join('.');
};

/** One event, seen from both groups: it is stored as core/v1 has it. Follows: conversion of events.k8s.io, checklist 4.2.16. */
export const eventConversion: StoredConversion = {
  fromStored: (object) => renamed(object, 'events.k8s.io/v1', toEvents),
  toStored: (object) => renamed(object, 'v1', toCore),
};
