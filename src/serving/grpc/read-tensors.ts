import { SignetError } from '../../errors.js';
import { tensorValueOf } from '../../saved-model/read/tensor-proto-value.js';
import type { TensorProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { bytesOf, defaultMaxTensorBytes } from '../limits/check-size.js';
import { ServingError } from '../serving-error.js';

/**
 * Reads the tensors of a request.
 *
 * Source of the text: tensorflow/cc/saved_model/util.cc, `GetInputValues`; the reason after it is Signet's.
 *
 * @param maxBytes Memory that all of them may take.
 * @throws ServingError `INVALID_ARGUMENT` that begins `tensor parsing error: NAME`.
 */
export function readTensors(
  protos: Readonly<Record<string, TensorProto>>,
  maxBytes = defaultMaxTensorBytes,
): Record<string, TensorValue> {
  let left = maxBytes;
  const read = ([name, proto]: [string, TensorProto]) => {
    try {
      const value = tensorValueOf(proto, { maxBytes: left });
      left -= bytesOf(value);
      return [name, value] as const;
    } catch (error) {
      if (!(error instanceof SignetError)) throw error;
      throw new ServingError('INVALID_ARGUMENT', `tensor parsing error: ${name}: ${error.message}`, { cause: error });
    }
  };
  return Object.fromEntries(Object.entries(protos).map(read));
}
