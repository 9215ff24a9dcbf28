import { create, toBinary } from '@bufbuild/protobuf';

import { SignetError } from '../errors.js';
import type { Precision } from './precision.js';
import { ConfigProtoSchema } from './protos/tensorflow/core/protobuf/config_pb.js';
import { RewriterConfig_Toggle as Toggle } from './protos/tensorflow/core/protobuf/rewriter_config_pb.js';

/** How a session computes. */
export interface SessionConfig {
  /**
   * How many threads an op shares its work among, 1 to 127. Where ops are small, waking and awaiting a second thread takes longer
   * than their work: LeNet classifies an image four times as fast with one. Default: TF_NUM_INTRAOP_THREADS, or as many as there are
   * processors.
   */
  readonly intraOpThreads?: number | undefined;
  /**
   * Whether all ops run in the calling thread, one after the other, which saves waking threads. Has an effect only if `intraOpThreads` is given.
   * Default: false.
   */
  readonly inCallerThread?: boolean | undefined;
  /**
   * Whether TensorFlow rewrites the graph before its first call. Without it the first call of a graph of many branches begins a second sooner, but
   * later ones do not gain from folding and fusing. Default: true.
   */
  readonly rewritesGraph?: boolean | undefined;
  /**
   * Numbers that large ops compute with. For bfloat16 TensorFlow rewrites the graph (docs/decisions/0027), but no part that XLA compiles.
   * Default: `float32`.
   */
  readonly precision?: Precision | undefined;
}

/**
 * Writes a session's configuration as TensorFlow takes it.
 *
 * @returns A serialized ConfigProto; empty for TensorFlow's defaults.
 * @throws SignetError `INVALID_ARGUMENT` for another number of threads.
 */
export function sessionConfig({
  intraOpThreads = 0,
  inCallerThread = false,
  rewritesGraph = true,
  precision = 'float32',
}: SessionConfig): Uint8Array {
  if (!Number.isInteger(intraOpThreads) || intraOpThreads < 0 || intraOpThreads > mostThreads) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `intraOpThreads is a whole number from 0 to ${mostThreads}. Received: ${intraOpThreads}.`,
    );
  }
  const config = create(ConfigProtoSchema, {
    intraOpParallelismThreads: intraOpThreads,
    interOpParallelismThreads: intraOpThreads > 0 && inCallerThread ? -1 : 0,
    ...(!rewritesGraph && { graphOptions: { rewriteOptions: { disableMetaOptimizer: true } } }),
    ...(rewritesGraph && precision === 'bfloat16' && inBfloat16),
  });
  return toBinary(ConfigProtoSchema, config);
}

const mostThreads = 127;

/** Source: auto_mixed_precision.cc of TensorFlow's grappler. */
const inBfloat16 = { graphOptions: { rewriteOptions: { autoMixedPrecisionOnednnBfloat16: Toggle.ON } } };
