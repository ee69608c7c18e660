import { nodes } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { TtlController, ttlAnnotation, ttlStep } from './ttl-controller.js';

describe('TtlController', () => {
  it.each([
    [0, 1, 0],
    [0, 100, 0],
    [0, 101, 1],
    [0, 501, 2],
    [0, 5_000, 4],
    [1, 95, 1],
    [1, 89, 0],
    [4, 1_900, 4],
    [4, 1_799, 3],
    [4, 10, 0],
  ])('5.9.7 from step %i, %i nodes are on step %i', (step, size, expected) => {
    expect(ttlStep(step, size)).toBe(expected);
  });

  it('5.9.7 tells every node, and again when the cluster has grown', async () => {
    const some = Array.from({ length: 100 }, (_, i) => node(`n${i}`));
    await using world = await turnControllers(some, (deps) => [new TtlController(deps)]);
    const told = () => new Set(world.client.stored(nodes).map(({ metadata }) => metadata.annotations?.[ttlAnnotation]));
    await world.settle();
    expect(told()).toEqual(new Set(['0']));
    world.client.seed(node('n100'));
    await world.settle();
    expect(told()).toEqual(new Set(['15']));
  });
});
