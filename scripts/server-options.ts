import type { CommandOptions } from './run-command.js';

/** Flags of the commands that call a model server. */
export const serverOptions = {
  host: { type: 'string', default: '127.0.0.1', describe: 'Where the server is: a name or address, without a port' },
  'grpc-port': { type: 'number', default: 8500, describe: 'Its port for gRPC' },
  'rest-port': { type: 'number', default: 8501, describe: 'Its port for REST' },
  'model-version': { type: 'number', describe: 'A version of the model [default: the latest]' },
  'model-label': { type: 'string', describe: 'A label of a version, such as canary' },
  timeout: { type: 'number', default: 60, describe: 'Seconds to wait for an answer' },
  'token-file': { type: 'string', describe: "File with the server's bearer token [default: $SIGNET_TOKEN]" },
  tls: { type: 'boolean', default: false, describe: 'Speak TLS' },
  'tls-ca': { type: 'string', describe: "PEM file of who signed the server's certificate; implies --tls" },
  'tls-certificate': { type: 'string', describe: 'PEM file, for a server that asks for one; with --tls-key' },
  'tls-key': { type: 'string', describe: 'PEM file of its private key' },
} as const satisfies CommandOptions;
