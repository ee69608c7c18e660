import { describe, expect, it } from 'vitest';
import { columns } from './columns.js';

describe('columns', () => {
  it('aligns to the widest cell and leaves no blanks at the end', () => {
    expect(
      columns(
        ['NAME', 'STATE'],
        [
          ['dns', 'Ready'],
          ['network', ''],
        ],
      ),
    ).toBe('NAME      STATE\ndns       Ready\nnetwork');
  });
});
