import { describe, expect, it } from 'vitest';
import { celValue } from './cel-value.js';
import { CelBudget, CelError, compileExpression } from './expression.js';
import { kubernetesEnvironment } from './kubernetes-environment.js';

const environment = kubernetesEnvironment(['self', 'oldSelf']);
const run = (text: string, self: unknown, budget = new CelBudget(1_000_000)) =>
  compileExpression(environment, text).evaluate({ self: celValue(self as never) }, budget);

describe('CEL as Kubernetes has it', () => {
  it.each([
    ['quantity("1Gi").isGreaterThan(quantity("1000Mi"))', true],
    ['quantity("500m").add(quantity("500m")).compareTo(quantity("1")) == 0', true],
    ['isQuantity("1x")', false],
    ['url("https://example.com:8443/a?b=c").getHost()', 'example.com:8443'],
    ['isURL("nowhere")', false],
    ['ip("10.0.0.1").family() == 4', true],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3")', true],
    ['cidr("10.0.0.0/8").containsIP(ip("11.0.0.1"))', false],
    ['cidr("fd00::/8").containsIP("fd12::1")', true],
    ['"%s has %d of %.2f".format(["a", 3, 1.5])', 'a has 3 of 1.50'],
    ['"abc123".find("[0-9]+")', '123'],
    ['"a1b2".findAll("[0-9]") == ["1", "2"]', true],
    ['[1, 2, 2].isSorted() && [1, 2].sum() == 3 && [4, 9].max() == 9', true],
    ['self.?missing.orValue("none")', 'none'],
    ['has(self.a) && self.a + 1 == 3', true],
  ])('2.9.2 %s', (text, expected) => {
    expect(run(text, { a: 2 })).toBe(expected);
  });

  it('2.8.11 a text that is no CEL, or names what is not there, does not compile', () => {
    expect(() => compileExpression(environment, 'self.')).toThrow(/^compilation failed/);
    expect(() => compileExpression(environment, 'nobody == 1')).toThrow(/nobody/);
  });

  it('2.9.5 what would cost too much is not begun', () => {
    const list = Array.from({ length: 1000 }, (_, i) => i);
    const text = 'self.all(a, self.all(b, self.all(c, a + b + c >= 0)))';
    expect(() => run(text, list)).toThrow(CelError);
    expect(run('self.all(a, self.exists(b, b >= a))', list.slice(0, 20))).toBe(true);
  });
});
