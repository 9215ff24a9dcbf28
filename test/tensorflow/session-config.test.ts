import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { ConfigProtoSchema } from '../../src/tensorflow/protos/tensorflow/core/protobuf/config_pb.js';
import { type SessionConfig, sessionConfig } from '../../src/tensorflow/session-config.js';

const written = (config: SessionConfig) => fromBinary(ConfigProtoSchema, sessionConfig(config));

describe('sessionConfig', () => {
  it("is empty for TensorFlow's defaults", () => {
    expect(sessionConfig({ inCallerThread: true, rewritesGraph: true })).toHaveLength(0);
  });

  it('says how many threads an op has, and whether ops run in the thread that calls', () => {
    expect(written({ intraOpThreads: 3 })).toMatchObject({
      intraOpParallelismThreads: 3,
      interOpParallelismThreads: 0,
    });
    expect(written({ intraOpThreads: 1, inCallerThread: true }).interOpParallelismThreads).toBe(-1);
    expect(() => sessionConfig({ intraOpThreads: 128 })).toThrow('from 0 to 127. Received: 128.');
  });

  it('leaves the graph as it is', () => {
    const { graphOptions } = written({ rewritesGraph: false });
    expect(graphOptions?.rewriteOptions?.disableMetaOptimizer).toBe(true);
  });
});
