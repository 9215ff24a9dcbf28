import { create } from '@bufbuild/protobuf';
import { describe, expect, it, vi } from 'vitest';

import type { GrpcCall } from '../../../src/serving/grpc/add-methods.js';
import { predict } from '../../../src/serving/grpc/predict.js';
import { MemoryBudget } from '../../../src/serving/limits/memory-budget.js';
import type { ModelServer, ServedVersion } from '../../../src/serving/model-server.js';
import { ServingError } from '../../../src/serving/serving-error.js';
import { AnswerWriter } from '../../../src/serving/writer/answer-writer.js';
import { PredictRequestSchema } from '../../../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';

/** A model of two inputs and an output, none of which has rows. */
const version = {
  name: 'm',
  version: 1,
  signatures: {
    serving_default: {
      inputs: { a: { spec: { dtype: 'float32', sizes: null } }, b: { spec: { dtype: 'float32', sizes: null } } },
      outputs: { y: { spec: { dtype: 'float32', sizes: null } } },
    },
  },
} as unknown as ServedVersion;
const models = { find: () => version } as unknown as ModelServer;

const readInThread = vi.fn<GrpcCall['readInThread']>(() =>
  Promise.reject(new ServingError('UNAVAILABLE', 'In a thread.')),
);

function predictWith(sizes: readonly bigint[]) {
  const tensorOf = (dim: readonly bigint[]) => ({
    dtype: 1,
    tensorShape: { dim: dim.map((size) => ({ size })) },
    floatVal: [1],
  });
  const inputs = { a: tensorOf([1n, 2n ** 20n]), b: tensorOf(sizes) };
  const call = { claim: new MemoryBudget().open(), isAbout: () => undefined, readInThread } as unknown as GrpcCall;
  const request = create(PredictRequestSchema, { modelSpec: { name: 'm' }, inputs });
  return predict(models, request, call, { limits: {}, tensorContent: false, writer: new AnswerWriter() });
}

describe('a small message whose tensors become large', () => {
  it.each<[string, readonly bigint[]]>([
    ['one value', [1n]],
    ['fewer than none', [-1n, 2n ** 20n]],
    ['infinitely many times none', [...Array<bigint>(18).fill(2n ** 62n), 0n]],
  ])('is read in a thread and charged to the budget, even next to a tensor of %s', async (_, sizes) => {
    readInThread.mockClear();
    await expect(predictWith(sizes)).rejects.toThrow('In a thread.');
    expect(readInThread).toHaveBeenCalledOnce();
  });
});
