import { describe, expect, it } from 'vitest';
import { CelBudget, compileExpression } from './expression.js';
import { kubernetesEnvironment } from './kubernetes-environment.js';
import { withoutMessageLiterals } from './mutation-literals.js';

const environment = kubernetesEnvironment(['object']);
const evaluate = (text: string) => compileExpression(environment, text).evaluate({ object: {} }, new CelBudget(1e6));

describe('the libraries of Kubernetes in CEL', () => {
  it.each([
    'sets.contains([1, 2], [2])',
    '!sets.contains([1, 2], [3])',
    'sets.intersects(["a"], ["b", "a"])',
    'sets.equivalent([1, 2, 2], [2, 1])',
    '!format.dns1123Label().validate("web-1").hasValue()',
    'format.dns1123Label().validate("Web").hasValue()',
    'format.named("uuid").value().validate("x").hasValue()',
    '!format.named("nothing").hasValue()',
    'isSemver("1.2.3-rc.1") && !isSemver("v1.2")',
    'semver("1.10.0").isGreaterThan(semver("1.9.9"))',
    'semver("1.0.0-rc.1").isLessThan(semver("1.0.0"))',
    'semver("v1.2", true).minor() == 2',
    '[1, 2, 3].slice(1, 3) == [2, 3]',
    '[[1], [2, 3]].flatten() == [1, 2, 3]',
    '[1, 1, 2].distinct() == [1, 2]',
    '[3, 1, 2].sort() == [1, 2, 3]',
    '"abc".charAt(1) == "b"',
    'strings.quote("a\\"b") == "\\"a\\\\\\"b\\""',
    'jsonpatch.escapeKey("a/b~c") == "a~1b~0c"',
    'quantity("1Gi").isGreaterThan(quantity("1Mi"))',
    'ip("10.0.0.1").family() == 4 && cidr("10.0.0.0/8").containsIP("10.1.2.3")',
    'url("https://a.test:8443/b").getHostname() == "a.test"',
    'object.?none.orValue(1) == 1',
    '"a1b22".findAll("[0-9]+") == ["1", "22"]',
  ])('2.9.2 %s', (text) => {
    expect(evaluate(text)).toBe(true);
  });

  it.each([
    ['Object{spec: Object.spec{replicas: 3}}', '{"spec": {"replicas": 3}}'],
    ['[JSONPatch{op: "add", path: "/a", value: {"b": c}}]', '[{"op": "add", "path": "/a", "value": {"b": c}}]'],
    ['"Object{a: 1}" + x', '"Object{a: 1}" + x'],
    ["'it\\'s JSONPatch{'", "'it\\'s JSONPatch{'"],
    ['myObject{', 'myObject{'],
    ['Object{a: b ? {"k": c} : d, e: [f]}', '{"a": b ? {"k": c} : d, "e": [f]}'],
  ])('2.9.6 reads %s', (text, plain) => {
    expect(withoutMessageLiterals(text)).toBe(plain);
  });
});
