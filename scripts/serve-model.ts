#!/usr/bin/env node
import { runCommand } from './run-command.js';
import { serveDefaults, serveUntilSignal } from './serve-until-signal.js';

await runCommand({
  name: 'serve-model',
  describe:
    "Serves models over TensorFlow Serving's REST and gRPC, with a web page; new versions are picked up while it runs.",
  options: {
    'model-folder': { type: 'string', describe: "Folder of models (models/NAME/1), or one model's folder of versions" },
    'model-name': { type: 'string', describe: 'The only model of the folder to serve [default: all]' },
    'model-config-file': { type: 'string', describe: "TensorFlow Serving's configuration, instead of a folder" },
    'model-config-file-poll-seconds': {
      type: 'number',
      default: serveDefaults.modelConfigFilePollSeconds,
      describe: 'Between two looks at it; 0: one look',
    },
    host: {
      type: 'string',
      default: serveDefaults.host,
      describe: 'Address to listen on; 0.0.0.0 for all of this machine',
    },
    'rest-port': {
      type: 'number',
      default: serveDefaults.restPort,
      describe: 'Port for REST and the page; 0 takes any',
    },
    'grpc-port': { type: 'number', default: serveDefaults.grpcPort, describe: 'Port for gRPC; 0 takes any' },
    'poll-seconds': {
      type: 'number',
      default: serveDefaults.pollSeconds,
      describe: 'Between two looks for new versions; 0: one look',
    },
    workers: {
      type: 'number',
      default: serveDefaults.workers,
      describe: 'Threads a version, each with a session and memory of its own',
    },
    'warmup-iterations': {
      type: 'number',
      default: serveDefaults.warmupIterations,
      describe: 'How often warmup requests are replayed',
    },
    'max-batch-size': { type: 'number', describe: 'Most rows computed together; 1: no batching [default: 32]' },
    'batch-timeout-micros': { type: 'number', describe: 'How long a batch waits for more requests [default: 0]' },
    'allowed-batch-sizes': { type: 'number', array: true, describe: 'Batches are padded up to these sizes' },
    'max-enqueued-batches': { type: 'number', describe: 'Batches that may wait for a version [default: 64]' },
    'max-request-size': {
      type: 'number',
      default: serveDefaults.maxRequestSize,
      describe: 'Largest body or message, in MiB',
    },
    'max-pixels': { type: 'number', describe: 'Largest image, width times height [default: 50000000]' },
    'max-rows': { type: 'number', describe: 'Most rows of one request [default: 4096]' },
    'rest-timeout': {
      type: 'number',
      default: serveDefaults.restTimeout,
      describe: 'Seconds after which REST answers 504',
    },
    'token-file': { type: 'string', describe: 'Clients must bring the bearer token in it [default: $SIGNET_TOKEN]' },
    'tls-certificate': { type: 'string', describe: 'PEM file; with --tls-key, both protocols speak TLS' },
    'tls-key': { type: 'string', describe: 'PEM file of the private key' },
    'tls-client-ca': { type: 'string', describe: 'PEM file; clients must show certificates signed by it' },
    'access-log': { type: 'string', describe: 'File for a line of JSON a request; - for standard output' },
    'allow-config-reload': {
      type: 'boolean',
      describe: 'gRPC clients with the token may choose the models, below --reload-root [default: no]',
    },
    'reload-root': {
      type: 'string',
      array: true,
      describe: 'Folders below which clients may choose models [default: --model-folder]',
    },
    'allowed-host': {
      type: 'string',
      array: true,
      describe: 'Names that browsers may call a server on 127.0.0.1 by, besides localhost',
    },
    'trust-models': {
      type: 'boolean',
      describe: 'Load models that read or write files: they are programs [default: no]',
    },
    'allow-version-labels-for-unavailable-models': {
      type: 'boolean',
      default: serveDefaults.allowVersionLabelsForUnavailableModels,
      describe: 'Labels may point at versions that are not there yet',
    },
    'tensor-content': {
      type: 'boolean',
      default: serveDefaults.tensorContent,
      describe: 'gRPC answers with tensor_content',
    },
    'drain-timeout': {
      type: 'number',
      default: serveDefaults.drainTimeout,
      describe: 'Seconds that running requests have at the end',
    },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    ['--model-folder models', 'every model in models/'],
    ['--model-folder models --model-name LenetModel --host 0.0.0.0', 'one of them, for other machines too'],
    ['--model-config-file deploy/models.config', 'as TensorFlow Serving is configured'],
  ],
  handler: async ({ verbose, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    await serveUntilSignal(options);
  },
});
