import type { ResourceType } from '@geobuk/api';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';
import { views } from '../views/registry.js';
import type { ActionId } from './action-table.js';
import { actionIds, actionInfo } from './action-table.js';
import { KeyMap, keyLabel, unknownActions } from './key-map.js';

describe('keys', () => {
  it('no view has two actions on one key', async () => {
    const keyMap = new KeyMap();
    await using board = new Dashboard();
    for (const { resource } of views as readonly { readonly resource: ResourceType }[]) {
      board.app.command(resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`);
      const ids = Object.keys(board.app.page?.actions() ?? {}) as ActionId[];
      expect({ view: resource.plural, conflicts: keyMap.conflicts(ids) }).toEqual({
        view: resource.plural,
        conflicts: [],
      });
    }
  });

  it('tells of ids in a key file that no action has', () => {
    expect(unknownActions({ yaml: ['f5'], yammel: ['f6'] })).toEqual(['yammel']);
  });

  it('finds conflicts of a person’s own keys', () => {
    expect(new KeyMap({ yaml: ['d'] }).conflicts(['yaml', 'describe'])).toEqual([
      { key: 'd', ids: ['yaml', 'describe'] },
    ]);
  });

  it('has words in both languages for every action', () => {
    for (const id of actionIds) {
      expect(actionInfo(id).en).not.toBe('');
      expect(actionInfo(id).ko).toMatch(/[가-힣]|YAML|JSON/);
    }
  });

  it('writes keys as people read them', () => {
    expect(['C-d', 'S-n', 'escape', 'S-left', '/'].map(keyLabel)).toEqual(['^d', 'N', 'Esc', 'Shift-←', '/']);
  });

  it('stands in the documentation as it is in the code', async () => {
    const text = await readFile(new URL('../../../../docs/tui.md', import.meta.url), 'utf8');
    for (const id of actionIds) expect(text).toContain(`\`${id}\``);
  });
});
