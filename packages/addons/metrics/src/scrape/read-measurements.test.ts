import { describe, expect, it } from 'vitest';
import { parseExposition } from './parse-exposition.js';
import { readMeasurements } from './read-measurements.js';

const text = `# HELP node_cpu_usage_seconds_total Cumulative cpu time
# TYPE node_cpu_usage_seconds_total counter
node_cpu_usage_seconds_total 12.5 1700000000500
node_memory_working_set_bytes 1.048576e+09 1700000000500
container_cpu_usage_seconds_total{container="app",namespace="default",pod="web"} 3.25 1700000000400
container_memory_working_set_bytes{container="app",namespace="default",pod="web"} 4096 1700000000400
container_start_time_seconds{container="app",namespace="default",pod="web"} 1699999000.5
container_cpu_usage_seconds_total{container="half",namespace="default",pod="web"} 1
other_series{a="b"} 1
`;

describe('readMeasurements', () => {
  it('reads the node and each container that is fully known, at the time of their measurement', () => {
    expect(readMeasurements(text, 1)).toEqual({
      node: { timestampMs: 1700000000500, cpuSeconds: 12.5, workingSetBytes: 1048576000, startTimeMs: undefined },
      containers: [
        {
          namespace: 'default',
          pod: 'web',
          container: 'app',
          timestampMs: 1700000000400,
          cpuSeconds: 3.25,
          workingSetBytes: 4096,
          startTimeMs: 1699999000500,
        },
      ],
    });
  });

  it('takes the time of the question where the kubelet does not say when it measured', () => {
    const { node } = readMeasurements('node_cpu_usage_seconds_total 1\nnode_memory_working_set_bytes 2\n', 77);
    expect(node?.timestampMs).toBe(77);
  });

  it('knows no node where one of its numbers is missing or no number', () => {
    expect(readMeasurements('node_cpu_usage_seconds_total 1\n', 0).node).toBeUndefined();
    const nan = 'node_cpu_usage_seconds_total NaN\nnode_memory_working_set_bytes 2\n';
    expect(readMeasurements(nan, 0).node).toBeUndefined();
  });
});

describe('parseExposition', () => {
  const parsed = (line: string) => [...parseExposition(line, new Set(['m']))];

  it.each([
    ['m{a="x\\"y\\\\z\\n"} 1', { a: 'x"y\\z\n' }],
    ['m{a="1,2",b="}{"} 1', { a: '1,2', b: '}{' }],
    ['m{a="1",} 1', { a: '1' }],
    ['m{} 1', {}],
  ])('reads the labels of %s', (line, labels) => {
    expect(parsed(line)[0]?.labels).toEqual(labels);
  });

  it.each(['m{a="1" 1', 'm', 'm{a=1} 1', '{a="b"} 1'])('refuses %s', (line) => {
    expect(() => parsed(line)).toThrow(SyntaxError);
  });

  it('reads infinities', () => {
    expect(parsed('m +Inf\nm -Inf').map(({ value }) => value)).toEqual([Infinity, -Infinity]);
  });
});
