import { describe, expect, it } from 'vitest';

import type { EvalServedModelResult } from '../../../src/commands/eval-served-model/run.js';
import { evalServedModelText } from '../../../src/commands/eval-served-model/print.js';
import { ClassificationMetrics } from '../../../src/evaluation/classification-metrics.js';
import type { TransportEvaluation } from '../../../src/evaluation/transport-run.js';

const classNames = ['cat', 'dog', 'guinea pig'];

/** Of two cats and a dog, all right. */
function transport(more: Partial<TransportEvaluation> = {}): TransportEvaluation {
  const metrics = new ClassificationMetrics(classNames);
  metrics.add(Float32Array.of(100, 0, 0, 100, 0, 0, 0, 100, 0), [0, 0, 1]);
  const latency = { p50: 1.25, p95: 10.5, p99: 123.4 };
  return { ...metrics.result(), requests: 3, latency, imagesPerSecond: 512.4, bytesPerImage: 7123, ...more };
}

const result: EvalServedModelResult = {
  host: '10.0.0.5',
  grpcPort: 8500,
  restPort: 8501,
  modelName: 'animals',
  modelVersion: 7,
  testDatasetPath: 'data/test',
  directory: 'data/test',
  classNames,
  classNamesTold: 'all',
  batchSize: 2,
  concurrency: 1,
  transports: {
    grpcBytes: transport(),
    grpcNumpy: transport(),
    restBytes: transport({ bytesPerImage: 812 }),
    restNumpy: transport(),
  },
  problems: [],
  agreement: { maxLogitDifference: 1.5e-7, differing: [] },
  images: 3,
  skipped: [],
  interrupted: false,
};
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

describe('evalServedModelText', () => {
  it('prints the transports, what they agree on, and the classes', () => {
    expect(evalServedModelText(result, 80)).toBe(`
model    animals, version 7, at 10.0.0.5
images   3 of 3 classes, 2 per request, 1 request at a time

transport   accuracy   top-2    loss  images/s  p50   p95  p99    sent
gRPC bytes    1.0000  1.0000  0.0000       512  1.3  10.5  123  7.1 kB
gRPC numpy    1.0000  1.0000  0.0000       512  1.3  10.5  123  7.1 kB
REST bytes    1.0000  1.0000  0.0000       512  1.3  10.5  123   812 B
REST numpy    1.0000  1.0000  0.0000       512  1.3  10.5  123  7.1 kB
p50, p95, p99: milliseconds in which that share of the requests was answered
sent: size of a request, per image

largest difference between the transports' logits: 1.50e-7
every image has the same class over all transports

class             precision  recall      f1  images
cat                  1.0000  1.0000  1.0000       2
dog                  1.0000  1.0000  1.0000       1
guinea pig                –       –       –       0
macro average        1.0000  1.0000  1.0000       3
weighted average     1.0000  1.0000  1.0000       3

confusion matrix: rows are the true classes, columns the predicted ones
            cat  dog  guinea pig
cat           2    .           .
dog           .    1           .
guinea pig    .    .           .

expected calibration error 0.0000
by chance alone 0.0000, up to 0.0000 in 19 of 20 cases
confidence from  answered  accuracy
0.00               1.0000    1.0000
0.30               1.0000    1.0000
0.40               1.0000    1.0000
0.50               1.0000    1.0000
0.60               1.0000    1.0000
0.70               1.0000    1.0000
0.80               1.0000    1.0000
0.90               1.0000    1.0000
0.95               1.0000    1.0000
0.99               1.0000    1.0000
`);
  });

  it('names images of which the transports disagree, and fits 80 columns with the largest numbers', () => {
    const large = transport({
      latency: { p50: 12345.6, p95: 23456.7, p99: 59999.9 },
      imagesPerSecond: 12345,
      bytesPerImage: 36_000_000,
      loss: 12.34567,
    });
    const predicted = { grpcBytes: 0, grpcNumpy: 1, restBytes: 2, restNumpy: 3 };
    const names = ['cat', 'dog', 'guinea pig of Peru', 'no\nname'];
    const folder = 'a folder with a long name '.repeat(4);
    const text = evalServedModelText(
      {
        ...result,
        classNames: names,
        transports: { grpcBytes: large, grpcNumpy: large, restBytes: large, restNumpy: large },
        agreement: {
          maxLogitDifference: 12.5,
          differing: Array.from({ length: 12 }, (_, i) => ({ path: `data/test/${folder}/${i}.png`, predicted })),
        },
      },
      80,
    );
    expect(text).toContain(`
largest difference between the transports' logits: 12.5
images whose class differs by transport: 12
image                         gRPC bytes  gRPC numpy   REST bytes  REST numpy
…der with a long name /0.png         cat         dog  guinea pig…    no\\nname
`);
    expect(text).toContain('  guinea pig…    no\\nname\n');
    expect(text).toContain('\n… and 2 more (--json lists them)\n');
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it('says plainly which transports there are not, and why', () => {
    const { grpcBytes = transport() } = result.transports;
    const problem = { kind: 'unreachable', message: 'Asked for it.\nNobody there.', path: null } as const;
    const text = evalServedModelText({
      ...{ ...result, transports: { grpcBytes } },
      problems: [
        { transport: 'restBytes', ...problem },
        { transport: 'restNumpy', ...problem },
        { transport: 'grpcNumpy', kind: 'failed', message: 'It broke.', path: 'data/test/cat/\u001b.png' },
      ],
    });
    expect(text).toContain(`
REST bytes, REST numpy left out: Asked for it.
  Nobody there.
gRPC numpy failed at cat/\\x1b.png: It broke.
If that is as it should be, ask for the other protocol alone: --protocol GRPC

agreement: there are no two transports to compare
`);
  });

  it('tells what else is worth knowing', () => {
    const text = evalServedModelText({
      ...result,
      classNamesTold: 'none',
      modelVersion: null,
      interrupted: true,
      transports: { grpcBytes: transport({ nonFinite: 2 }), restBytes: transport() },
      skipped: [{ path: 'x', kind: 'corrupt', message: 'is cut off' }],
    });
    expect(text).toContain('\nmodel    animals, at 10.0.0.5\n');
    expect(text).toContain(`
The server does not name its classes: the folders of the test set, in order, are taken for them.
1 images do not decode and were left out (--json lists them)
2 images have logits that are not finite
Interrupted: this is what was done until then.
`);
    expect(evalServedModelText({ ...result, classNamesTold: 'some' })).toContain(
      'The server names only some of its classes; those agree with the folders of the test set.\n',
    );
  });

  it('prints dashes where nothing was measured', () => {
    const empty = new ClassificationMetrics(classNames).result();
    const latency = { p50: NaN, p95: NaN, p99: NaN };
    const nothing = { ...empty, requests: 0, latency, imagesPerSecond: NaN, bytesPerImage: NaN };
    const text = evalServedModelText({ ...result, images: 0, interrupted: true, transports: { grpcBytes: nothing } });
    expect(text).toContain('gRPC bytes         –      –     –         –    –    –    –     –\n');
    expect(text).not.toContain('confusion matrix');
  });
});
