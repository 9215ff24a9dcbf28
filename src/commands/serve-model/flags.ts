import { precisionFlag, tensorflowFlags } from '../shared/common-flags.js';
import { defineCommand } from '../shared/flag-table.js';

const port = { min: 0, max: 65_535 } as const;
const day = 86_400;

/** Everything about `serve-model`'s flags. */
export const serveModelCommand = defineCommand({
  name: 'serve-model',
  describe:
    "Serves models over TensorFlow Serving's REST and gRPC APIs, with a web page; picks up new versions while it runs.",
  flags: {
    modelFolder: {
      type: 'path',
      help: "Folder of models (models/NAME/1), or one model's folder of versions",
      conflicts: { modelConfigFile: 'Give --model-folder or --model-config-file, not both.' },
    },
    modelName: { type: 'string', defaultText: 'all', help: 'The only model of the folder to serve' },
    modelConfigFile: { type: 'path', help: "TensorFlow Serving's configuration file, instead of a folder" },
    modelConfigFilePollSeconds: {
      type: 'number',
      range: { min: 0, max: day },
      default: 0,
      help: 'Seconds between checks of the configuration file; 0 reads it only at the start',
    },
    host: { type: 'string', default: '127.0.0.1', help: "Address to listen on; 0.0.0.0 for all of this machine's" },
    restPort: { type: 'integer', range: port, default: 8501, help: 'Port for REST and the page; 0 picks a free one' },
    grpcPort: { type: 'integer', range: port, default: 8500, help: 'Port for gRPC; 0 picks a free one' },
    healthPort: {
      type: 'integer',
      range: port,
      help: 'Port for /healthz and /readyz only, answered immediately by a separate thread; 0 picks a free one',
    },
    restSocketPath: { type: 'path', help: 'UNIX socket for REST, in addition to the port; without TLS' },
    grpcSocketPath: { type: 'path', help: 'UNIX socket for gRPC, in addition to the port; without TLS' },
    corsOrigin: {
      type: 'words',
      help: 'Origins of other web pages that may use the server, such as https://app.example; * for all',
    },
    pollSeconds: {
      type: 'number',
      range: { min: 0, max: day },
      default: 1,
      help: 'Seconds between checks for new versions; 0 checks only at the start',
    },
    workers: {
      type: 'integer',
      range: { min: 1, max: 256 },
      default: 1,
      help: 'Threads per version, each with its own session and memory',
    },
    warmupIterations: {
      type: 'integer',
      range: { min: 0, max: 1000 },
      default: 1,
      help: "How many times a version's warm-up requests are replayed",
    },
    maxBatchSize: {
      type: 'integer',
      range: { min: 1, max: 65_536 },
      defaultText: '32',
      help: 'Maximum number of rows computed together; 1 turns batching off',
    },
    batchTimeoutMicros: {
      type: 'integer',
      range: { min: 0, max: 60e6 },
      defaultText: '0',
      help: 'Microseconds that a batch waits for more requests',
    },
    allowedBatchSizes: { type: 'numbers', help: 'Batch sizes; batches are padded up to the next one' },
    maxEnqueuedBatches: {
      type: 'integer',
      range: { min: 1, max: 1e6 },
      defaultText: '64',
      help: 'Batches that may wait for a version',
    },
    maxRequestSize: {
      type: 'number',
      // A gRPC message is shorter than 2 GiB.
      range: { min: 0.001, max: 2047 },
      default: 64,
      help: 'Maximum size of a body or message, in MiB',
    },
    maxPixels: {
      type: 'integer',
      range: { min: 1, max: 2 ** 31 },
      defaultText: '50000000',
      help: 'Maximum size of an image, width times height',
    },
    maxRows: {
      type: 'integer',
      range: { min: 1, max: 2 ** 24 },
      defaultText: '4096',
      help: 'Maximum number of rows of a request',
    },
    restTimeout: {
      type: 'number',
      range: { min: 0.001, max: day },
      default: 30,
      help: 'Seconds after which REST answers 504',
    },
    tokenFile: {
      type: 'path',
      defaultText: '$SIGNET_TOKEN',
      help: 'File with the bearer token that clients must send',
    },
    tlsCertificate: {
      type: 'path',
      needs: ['tlsKey'],
      help: 'PEM file with the certificate; with --tls-key both protocols use TLS',
    },
    tlsKey: { type: 'path', needs: ['tlsCertificate'], help: 'PEM file with the private key' },
    tlsClientCa: {
      type: 'path',
      needs: ['tlsCertificate'],
      help: 'PEM file of the authority that must have signed client certificates',
    },
    accessLog: { type: 'path', words: ['-'], help: 'File for one line of JSON per request; - for standard output' },
    otlpEndpoint: {
      type: 'string',
      help: 'Address of an OpenTelemetry collector (OTLP over HTTP) that receives a trace of each request, such as http://localhost:4318',
    },
    shadowVersion: {
      type: 'words',
      help: 'Version that receives copies of requests; its answers are compared, not sent: 3, or NAME=3 for one of several models',
    },
    shadowShare: {
      type: 'number',
      range: { min: 0.0001, max: 1 },
      default: 0.1,
      help: 'Fraction of the requests copied to --shadow-version',
    },
    allowConfigReload: {
      type: 'boolean',
      default: false,
      help: 'Let gRPC clients with the token choose the models, below --reload-root',
    },
    reloadRoot: { type: 'words', defaultText: '--model-folder', help: 'Folders below which clients may choose models' },
    allowedHost: {
      type: 'words',
      help: 'Host names, in addition to localhost, under which browsers may call a server on 127.0.0.1',
    },
    precision: { ...precisionFlag, onlyWith: { runtime: ['tensorflow'] } },
    runtime: {
      type: 'choice',
      choices: ['tensorflow', 'onnx'],
      default: 'tensorflow',
      help: 'Runtime of the networks: onnx is faster for single pictures and small networks (npm install onnxruntime-node); its results are checked when a version is loaded',
    },
    trustModels: {
      type: 'boolean',
      default: false,
      help: 'Also load models that read or write files; a model is a program',
    },
    allowVersionLabelsForUnavailableModels: {
      type: 'boolean',
      default: false,
      help: 'Let labels point at versions that do not exist yet',
    },
    tensorContent: { type: 'boolean', default: false, help: 'Answer over gRPC with tensor_content' },
    drainTimeout: {
      type: 'number',
      range: { min: 0, max: day },
      default: 30,
      help: 'Seconds that running requests have to finish when the server stops',
    },
    ...tensorflowFlags,
  },
  examples: [
    ['--model-folder models', 'every model in models/'],
    ['--model-folder models --model-name LenetModel --host 0.0.0.0', 'one of them, for other machines too'],
    ['--model-config-file deploy/models.config', "with TensorFlow Serving's configuration"],
  ],
});
