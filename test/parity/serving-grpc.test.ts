import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../src/models/lenet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import { createGrpcServer, type GrpcServer } from '../../src/serving/grpc/create-grpc-server.js';
import { LocalModelServer } from '../helpers/servers/local-model-server.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** The client of TensorFlow Serving as its documentation uses it. */
const script = `
import base64, json, sys
import grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, get_model_status_pb2, model_service_pb2_grpc, predict_pb2, prediction_service_pb2_grpc
given = json.load(sys.stdin)
images = [base64.b64decode(image) for image in given['images']]
pixels = np.array(given['pixels'], dtype=np.float32)
channel = grpc.insecure_channel('127.0.0.1:%d' % given['port'])
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
answer = {}

def ask(signature, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = 'lenet'
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    response = stub.Predict(request, timeout=30)
    answer['spec'] = [response.model_spec.name, response.model_spec.version.value, response.model_spec.signature_name]
    return {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}

answer['bytes'] = ask('serving_bytes', image_bytes_string=images)['output_0'].tolist()
answer['one of bytes'] = ask('serving_bytes', image_bytes_string=images[0])['output_0'].tolist()
answer['numpy'] = ask('serving_default', input_tensor=pixels)['output_0'].tolist()
answer['uint8'] = ask('serving_uint8', examples=pixels.astype(np.uint8))['output_0'].tolist()
request = predict_pb2.PredictRequest()
request.model_spec.name = 'lenet'
request.inputs['input_tensor'].CopyFrom(tf.make_tensor_proto(7.0, dtype=tf.float32, shape=[1, 28, 28, 3]))
answer['one value for a shape'] = tf.make_ndarray(stub.Predict(request, timeout=30).outputs['output_0']).tolist()
labels = ask('serving_labels', image_bytes_string=images)
answer['labels'] = [[name.decode() for name in row] for row in labels['class_name']]

metadata = get_model_metadata_pb2.GetModelMetadataRequest()
metadata.model_spec.name = 'lenet'
metadata.metadata_field.append('signature_def')
signatures = get_model_metadata_pb2.SignatureDefMap()
stub.GetModelMetadata(metadata, timeout=30).metadata['signature_def'].Unpack(signatures)
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    loaded = tf.compat.v1.saved_model.loader.load(session, ['serve'], given['model']).signature_def
answer['signatures'] = sorted(signatures.signature_def)
def described(signature):
    tensors = lambda infos: sorted([name, info.name, info.dtype, [d.size for d in info.tensor_shape.dim], info.tensor_shape.unknown_rank] for name, info in infos.items())
    return [tensors(signature.inputs), tensors(signature.outputs), signature.method_name]
answer['signatures differ'] = [key for key, signature in signatures.signature_def.items() if described(signature) != described(loaded[key])]
answer['signatures missing'] = [key for key in loaded if key not in signatures.signature_def]

status = get_model_status_pb2.GetModelStatusRequest()
status.model_spec.name = 'lenet'
[version] = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status, timeout=30).model_version_status
answer['status'] = [version.version, get_model_status_pb2.ModelVersionStatus.State.Name(version.state), version.status.error_code]

classify = classification_pb2.ClassificationRequest()
classify.model_spec.name = 'lenet'
classify.model_spec.signature_name = 'serving_classify'
for image in images:
    example = tf.train.Example()
    example.features.feature['image/encoded'].bytes_list.value.append(image)
    classify.input.example_list.examples.append(example)
answer['classify'] = [[[c.label, c.score] for c in row.classes] for row in stub.Classify(classify, timeout=30).result.classifications]

status.model_spec.name = 'nobody'
try:
    model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status, timeout=30)
except grpc.RpcError as error:
    answer['error'] = [error.code().name, error.details()]
print(json.dumps(answer))
`;

interface Answer extends Record<string, unknown> {
  readonly classify: [string, number][][];
}

describe.skipIf(!hasPython())('the Python client of TensorFlow Serving', () => {
  const classNames = ['ape', 'bee', 'cat', 'dog'];
  let models: LocalModelServer;
  let server: GrpcServer;
  let answer: Answer;
  let ofBytes: number[][];
  let ofPixels: number[][];
  let ofSevens: number[][];

  beforeAll(async () => {
    const directory = path.join(await temporaryFolderForAll(), '3');
    const model = new LenetModel({ classNames, seed: 5 });
    await model.save(directory);
    const images = await encodedImages();
    const pixels = tf.tensor4d(Array.from({ length: 2 * 30 * 31 * 3 }, (_, i) => (i * 7) % 256), [2, 30, 31, 3]); // prettier-ignore
    ofBytes = (model.predictBytesImage(stringVector(images)) as tf.Tensor2D).arraySync();
    ofPixels = (model.predictNumpyImage(pixels) as tf.Tensor2D).arraySync();
    ofSevens = (model.predictNumpyImage(tf.fill([1, 28, 28, 3], 7)) as tf.Tensor2D).arraySync();
    models = await LocalModelServer.load(directory, 'lenet', 3);
    server = createGrpcServer(models);
    answer = (await runPython(script, {
      port: await server.start('127.0.0.1', 0),
      model: directory,
      images: images.map((image) => Buffer.from(image).toString('base64')),
      pixels: pixels.arraySync(),
    })) as Answer;
  });
  afterAll(async () => {
    await server.drain();
    models.dispose();
  });

  it('gets the same logits from bytes, numpy and one value that fills a shape', () => {
    expectClose(answer.bytes, ofBytes);
    expectClose(answer['one of bytes'], ofBytes.slice(0, 1));
    expectClose(answer.numpy, ofPixels);
    expectClose(answer.uint8, ofPixels);
    expectClose(answer['one value for a shape'], ofSevens);
    expect(answer.spec).toEqual(['lenet', 3, 'serving_labels']);
  });

  it('gets classes with scores', () => {
    const probabilities = tf.tidy(() => tf.softmax(tf.tensor2d(ofBytes)).arraySync());
    const inOrder = answer.classify.map((row) => classNames.map((name) => row.find(([label]) => label === name)?.[1]));
    expectClose(inOrder, probabilities);
    const bestFirst = answer.classify.map((row) => row.toSorted(([, a], [, b]) => b - a));
    expect(answer.labels).toEqual(bestFirst.map((row) => row.map(([label]) => label)));
  });

  it('gets the signatures as Python reads them from the model', () => {
    expect(answer.signatures).toContain('serving_bytes');
    expect(answer['signatures differ']).toEqual([]);
    // Nobody can call it; TensorFlow Serving tells of it all the same.
    expect(answer['signatures missing']).toEqual(['__saved_model_init_op']);
  });

  it('gets states and errors', () => {
    expect(answer.status).toEqual([3, 'AVAILABLE', 0]);
    expect(answer.error).toEqual(['NOT_FOUND', 'Could not find any versions of model nobody']);
  });
});

function expectClose(actual: unknown, expected: readonly number[][]): void {
  const rows = actual as number[][];
  expect(rows.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  expected.flat().forEach((value, i) => expect(Math.abs((rows.flat()[i] ?? NaN) - value)).toBeLessThan(1e-5));
}
