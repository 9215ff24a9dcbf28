import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';

import { ModelService } from '../tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictionService } from '../tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';

/** The methods of a service as `@grpc/grpc-js` takes them, by name in camelCase; messages are protobuf-es's. */
export type GrpcMethods<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Service['method'][Name] extends DescMethod
    ? MethodDefinition<
        MessageInitShape<Service['method'][Name]['input']>,
        MessageShape<Service['method'][Name]['output']>
      >
    : never;
};

/**
 * `tensorflow.serving.PredictionService` for clients of gRPC:
 *
 * ```ts
 * const { path, requestSerialize, responseDeserialize } = predictionMethods.predict;
 * client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }, callback);
 * ```
 */
export const predictionMethods = grpcMethods(PredictionService);
/** `tensorflow.serving.ModelService` for clients of gRPC. */
export const modelMethods = grpcMethods(ModelService);

function grpcMethods<Service extends DescService>(service: Service): GrpcMethods<Service> {
  const methods = service.methods.map((method) => [method.localName, methodDefinition(method)]);
  return Object.fromEntries(methods) as GrpcMethods<Service>;
}

function methodDefinition(method: DescMethod): MethodDefinition<MessageInitShape<DescMessage>, Message> {
  const { input, output } = method;
  return {
    path: grpcPath(method),
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: (message) => serialize(input, create(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => serialize(output, create(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

/** Path of a method in HTTP/2, such as `/tensorflow.serving.PredictionService/Predict`. */
export function grpcPath({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

/** Serializes a message as `@grpc/grpc-js` expects it, in a Buffer. */
export function serialize<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(schema, message);
  return Buffer.from(buffer, byteOffset, byteLength);
}
