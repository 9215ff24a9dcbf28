import { canExplainImages } from '../../client/explain-images.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { DType } from '../../tensorflow/data-type.js';
import type { TensorSpec } from '../../tracing/tensor-spec.js';
import { type ModelServer, statusesOrNone } from '../model-server.js';
import { json, type Route } from './rest-call.js';

/** `GET /openapi.json`: a description of the server's API, with its current models. */
export function openApiRoute(models: ModelServer, version: string): Route {
  return {
    method: 'GET',
    path: '/openapi.json',
    name: 'OpenApi',
    isQuiet: true,
    handle: () => json(describeServer(models, version)),
  };
}

function describeServer(models: ModelServer, version: string) {
  const ofModels = models.modelNames.flatMap((name) => Object.entries(pathsOfModel(models, name)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Signet model server',
      version,
      description:
        "TensorFlow Serving's REST API, image uploads and the Open Inference Protocol. Versions and labels may be named: /v1/models/NAME/versions/1, /v1/models/NAME/labels/stable.",
    },
    paths: { ...Object.fromEntries(ofModels), ...serverPaths },
    components: {
      schemas: { Error: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } } },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Where the server asks for a token.' } },
    },
  };
}

const get = (summary: string, type = 'application/json') => ({
  get: { summary, responses: { 200: { description: summary, content: { [type]: {} } } } },
});

const serverPaths = {
  '/healthz': get('Whether the process answers'),
  '/readyz': get('Whether every model answers; 503 while not'),
  '/monitoring/prometheus/metrics': get("Metrics in Prometheus's format", 'text/plain'),
  '/v2': get('Open Inference Protocol: the server'),
  '/v2/health/live': get('Open Inference Protocol: whether the process answers'),
  '/v2/health/ready': get('Open Inference Protocol: whether every model answers'),
};

function pathsOfModel(models: ModelServer, name: string): Record<string, unknown> {
  const path = `/v1/models/${encodeURIComponent(name)}`;
  const v2 = `/v2/models/${encodeURIComponent(name)}`;
  const isAvailable = statusesOrNone(models, name).some(({ state }) => state === 'AVAILABLE');
  const signatures = isAvailable ? models.find({ name }).signatures : {};
  const common = {
    [path]: get('The versions and their states'),
    [`${path}/metadata`]: get('The signatures'),
    [v2]: get('Open Inference Protocol: the model'),
    [`${v2}/ready`]: get('Open Inference Protocol: whether the model answers'),
    [`${v2}/infer`]: post('Open Inference Protocol: calls a signature', { type: 'object' }),
    [`${path}:classify-image`]: uploads('Names and probabilities of uploaded images', [topK]),
    ...(canExplainImages(signatures) && { [`${path}:explain-image`]: uploads(explains, [topK, ...whichClass]) }),
  };
  const calls = Object.entries(signatures).reduce<Record<string, unknown[]>>((all, [key, signature]) => {
    const method = methods[signature.method] ?? 'predict';
    (all[method] ??= []).push(method === 'predict' ? predictSchema(key, signature) : examplesSchema(key));
    return all;
  }, {});
  const called = Object.entries(calls).map(([method, schemas]) => {
    return [`${path}:${method}`, post(`Calls a signature (${method})`, { oneOf: schemas })] as const;
  });
  return { ...common, ...Object.fromEntries(called) };
}

const methods: Readonly<Record<string, string>> = {
  'tensorflow/serving/classify': 'classify',
  'tensorflow/serving/regress': 'regress',
};

const errorResponse = {
  description: 'What was wrong',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

function post(summary: string, schema: unknown) {
  return {
    post: {
      summary,
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: { 200: { description: 'The outputs', content: { 'application/json': {} } }, default: errorResponse },
    },
  };
}

const explains =
  'Uploaded images with the part that speaks for a class marked, and the names and probabilities of their classes';
const topK = { name: 'top_k', in: 'query', schema: { type: 'integer', minimum: 1, default: 5 } };
const whichClass = [
  { name: 'class', in: 'query', schema: { type: 'string' } },
  { name: 'class_index', in: 'query', schema: { type: 'integer', minimum: 0 } },
];

const uploads = (summary: string, parameters: readonly object[]) => ({
  post: {
    summary,
    parameters,
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: { image: { type: 'array', items: { type: 'string', format: 'binary' } } },
          },
        },
        'image/*': { schema: { type: 'string', format: 'binary' } },
      },
    },
    responses: {
      200: {
        description: 'The best classes of each image, and whether the model knows such images and is sure',
        content: { 'application/json': {} },
      },
      default: errorResponse,
    },
  },
});

function predictSchema(key: string, { inputs }: Signature) {
  const entries = Object.entries(inputs);
  const object = (schemas: readonly (readonly [string, unknown])[]) => ({
    type: 'object',
    required: schemas.map(([name]) => name),
    properties: Object.fromEntries(schemas),
  });
  const rows = entries.map(([name, { spec }]) => [name, valueSchema(spec, 1)] as const);
  const columns = entries.map(([name, { spec }]) => [name, valueSchema(spec, 0)] as const);
  const bare = (schemas: typeof rows) =>
    schemas.length === 1 ? { anyOf: [schemas[0]?.[1], object(schemas)] } : object(schemas);
  return {
    title: key,
    type: 'object',
    properties: {
      signature_name: { const: key },
      instances: { type: 'array', minItems: 1, items: bare(rows) },
      inputs: bare(columns),
    },
    ...(key !== 'serving_default' && { required: ['signature_name'] }),
    oneOf: [{ required: ['instances'] }, { required: ['inputs'] }],
  };
}

function examplesSchema(key: string) {
  return {
    title: key,
    type: 'object',
    required: ['examples', ...(key === 'serving_default' ? [] : ['signature_name'])],
    properties: {
      signature_name: { const: key },
      examples: { type: 'array', minItems: 1, items: { type: 'object' } },
      context: { type: 'object' },
    },
  };
}

/** Nested lists of elements, without the first dimensions; an unknown rank may be anything. */
function valueSchema({ dtype, shape }: TensorSpec, from: number): unknown {
  if (shape === null) return {};
  return shape.slice(from).reduceRight<unknown>((items, size) => {
    return { type: 'array', items, ...(size !== null && { minItems: size, maxItems: size }) };
  }, elementSchema(dtype));
}

function elementSchema(dtype: DType): unknown {
  if (dtype === 'bool') return { type: 'boolean' };
  if (dtype === 'string') {
    const base64 = {
      type: 'object',
      required: ['b64'],
      properties: { b64: { type: 'string', contentEncoding: 'base64' } },
    };
    return { anyOf: [{ type: 'string' }, base64] };
  }
  return { type: dtype.includes('float') ? 'number' : 'integer' };
}
