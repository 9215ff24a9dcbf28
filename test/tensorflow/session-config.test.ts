import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { ConfigProtoSchema } from '../../src/tensorflow/protos/tensorflow/core/protobuf/config_pb.js';
import { RewriterConfig_Toggle } from '../../src/tensorflow/protos/tensorflow/core/protobuf/rewriter_config_pb.js';
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

  it('has TensorFlow rewrite the graph in bfloat16, unless it rewrites nothing', () => {
    const toggleOf = (config: SessionConfig) =>
      written(config).graphOptions?.rewriteOptions?.autoMixedPrecisionOnednnBfloat16;
    expect(toggleOf({ precision: 'bfloat16' })).toBe(RewriterConfig_Toggle.ON);
    expect(toggleOf({ precision: 'bfloat16', rewritesGraph: false })).toBe(RewriterConfig_Toggle.DEFAULT);
    expect(sessionConfig({ precision: 'float32' })).toHaveLength(0);
  });
});
