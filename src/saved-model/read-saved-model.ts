import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { SignetError } from '../errors.js';
import { dtypeOf } from '../tensorflow/data-type.js';
import { type SignatureDef, type TensorInfo } from '../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from '../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { type TensorSpec, tensorSpec } from '../tracing/tensor-spec.js';

/** An input or output of a signature. */
export interface SignatureTensor {
  /** The tensor's name in the graph, such as `serving_bytes_image_bytes_string:0`. */
  readonly tensor: string;
  readonly spec: TensorSpec;
}

/** What a signature takes and gives, by name. */
export interface Signature {
  readonly inputs: Readonly<Record<string, SignatureTensor>>;
  readonly outputs: Readonly<Record<string, SignatureTensor>>;
  readonly method: string;
}

/**
 * The signatures of a SavedModel, Signet's or another's, read without TensorFlow.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when the directory is none.
 */
export async function readSignatures(directory: string): Promise<Readonly<Record<string, Signature>>> {
  const bytes = await readFile(path.join(directory, 'saved_model.pb')).catch((error: unknown) => {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} is no SavedModel: it has no readable saved_model.pb. Give the directory of a version, such as models/LenetModel/1.`,
      { cause: error },
    );
  });
  const metaGraph = parse(directory, bytes).metaGraphs.find(({ metaInfoDef }) => metaInfoDef?.tags.includes('serve'));
  if (!metaGraph) throw new SignetError('INVALID_SAVED_MODEL', `${directory} has no meta graph with the tag "serve".`);
  const named = Object.entries(metaGraph.signatureDef).filter(([key]) => !key.startsWith('__'));
  return Object.fromEntries(named.map(([key, definition]) => [key, signatureOf(definition)]));
}

function parse(directory: string, bytes: Uint8Array) {
  try {
    return fromBinary(SavedModelSchema, bytes);
  } catch (error) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory}/saved_model.pb is damaged. Copy or save the model again.`,
      {
        cause: error,
      },
    );
  }
}

function signatureOf({ inputs, outputs, methodName }: SignatureDef): Signature {
  const all = (tensors: Record<string, TensorInfo>) =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([name, info]) => {
        const tensor = tensorOf(info);
        return tensor ? [[name, tensor]] : [];
      }),
    );
  return { inputs: all(inputs), outputs: all(outputs), method: methodName };
}

function tensorOf({ encoding, dtype, tensorShape }: TensorInfo): SignatureTensor | null {
  const known = dtypeOf(dtype);
  if (known === null || encoding.case !== 'name') return null;
  const sizes = tensorShape?.unknownRank ? null : (tensorShape?.dim ?? []).map(({ size }) => Number(size));
  return { tensor: encoding.value, spec: tensorSpec(known, sizes?.map((size) => (size < 0 ? null : size)) ?? null) };
}
