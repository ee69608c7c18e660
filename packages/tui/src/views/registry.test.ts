import { describe, expect, it } from 'vitest';
import { recordedFleet } from '../testing/recorded-fleet.js';
import { viewRows } from './make-rows.js';
import { views, viewOf } from './registry.js';
import { noFacts } from './view.js';
import { builtInResources } from '@geobuk/api';

const options = { cluster: 'c', showCluster: false, showNamespace: true };

describe('views', () => {
  it.each(views.map((view) => [view.resource.plural, view] as const))(
    '%s has columns of its own, each title once',
    (_, view) => {
      const titles = viewRows(view, options).columns.map(({ title }) => title);
      expect(titles).toContain('NAME');
      expect(titles.at(-1)).toBe('AGE');
      expect(new Set(titles).size).toBe(titles.length);
    },
  );

  it('makes the same row again from what it kept of an object', () => {
    for (const object of recordedFleet) {
      const type = builtInResources.find(
        ({ kind, group }) => kind === object.kind && (object.apiVersion ?? '').startsWith(group),
      );
      const view = type === undefined ? undefined : viewOf(type);
      if (view === undefined) continue;
      const maker = viewRows(view, options);
      const once = maker.row(object, noFacts);
      expect(maker.row(once.object, noFacts).cells).toEqual(once.cells);
    }
  });

  it('has the columns of k9s for pods', () => {
    const columns = viewRows(viewOf(builtInResources.find(({ plural }) => plural === 'pods')!)!, options).columns;
    expect(columns.filter(({ wide, metric }) => wide !== true && metric !== true).map(({ title }) => title)).toEqual([
      'NAMESPACE',
      'NAME',
      'PF',
      'READY',
      'STATUS',
      'RESTARTS',
      'IP',
      'NODE',
      'AGE',
    ]);
  });
});
