import { createGrpcServer, type GrpcServerOptions } from '../../../src/serving/grpc/create-grpc-server.js';
import type { ModelServer } from '../../../src/serving/model-server.js';
import { RequestReader } from '../../../src/serving/reader/request-reader.js';
import { createRestServer } from '../../../src/serving/rest/create-rest-server.js';
import { servingRoutes } from '../../../src/serving/rest/serving-routes.js';

/** Addresses of a ModelServer on loopback. */
export interface ServedModelServer {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly end: () => Promise<unknown>;
}

/** Serves over gRPC and REST on free ports. */
export async function serveModelServer(
  models: ModelServer,
  options: Pick<GrpcServerOptions, 'token' | 'tls'> = {},
): Promise<ServedModelServer> {
  const grpc = createGrpcServer(models, { ...options, drainMilliseconds: 2000 });
  const rest = createRestServer(servingRoutes(models, new RequestReader()), { ...options, drainMilliseconds: 2000 });
  return {
    grpcPort: await grpc.start('127.0.0.1', 0),
    restPort: await rest.start('127.0.0.1', 0),
    end: () => Promise.all([grpc.drain(), rest.drain()]),
  };
}
