import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { RequestEvent } from './request-event.js';
import type { PrecisionEvent, ShadowEvent, StoreEvent } from './store/store-event.js';

/** TensorFlow Serving's buckets for times in microseconds: 10 * 1.8^k. Source: tensorflow_serving/servables/tensorflow/util.cc. */
const buckets = Array.from({ length: 33 }, (_, k) => 10 * 1.8 ** k);
const batchBuckets = Array.from({ length: 11 }, (_, k) => 2 ** k);

/** TensorFlow Serving's labels for methods. */
const apis: Readonly<Record<string, string>> = {
  Predict: 'predict',
  Classify: 'classify',
  Regress: 'regress',
  MultiInference: 'multi_inference',
  ClassifyImage: 'classify_image',
  ExplainImage: 'explain_image',
  Infer: 'infer',
  GetModelMetadata: 'get_model_metadata',
  GetModelStatus: 'get_model_status',
};

/**
 * Metrics for Prometheus: TensorFlow Serving's under their names, those of batching, and Node.js's own.
 *
 * A model's name is a label only if there is such a model: clients could make up names, and each would be kept forever.
 */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #requests;
  readonly #requestLatency;
  readonly #runtimeLatency;
  readonly #warmupLatency;
  readonly #batchSizes;
  readonly #padding;
  readonly #versions;
  readonly #precision;
  readonly #precisionTime;
  readonly #precisionDifference;
  readonly #shadowRequests;
  readonly #shadowRows;
  readonly #shadowDifference;
  /** The largest difference seen so far, for each shadow version. */
  readonly #largest = new Map<string, number>();

  constructor(private readonly isModel: (name: string) => boolean) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: ':tensorflow:serving:request_count',
      help: 'The total number of requests.',
      registers,
      labelNames: ['model_name', 'status'],
    });
    this.#requestLatency = new Histogram({
      name: ':tensorflow:serving:request_latency',
      help: 'Time to answer a request, in microseconds.',
      registers,
      labelNames: ['model_name', 'API', 'entrypoint'],
      buckets,
    });
    this.#runtimeLatency = new Histogram({
      name: ':tensorflow:serving:runtime_latency',
      help: 'Time in TensorFlow, in microseconds.',
      registers,
      labelNames: ['model_name', 'API', 'runtime'],
      buckets,
    });
    this.#warmupLatency = new Histogram({
      name: ':tensorflow:serving:model_warmup_latency',
      help: 'Time of a warmup, in microseconds.',
      registers,
      labelNames: ['model_path', 'status'],
      buckets,
    });
    this.#batchSizes = new Histogram({
      name: ':tensorflow:serving:batching_session:input_batch_size',
      help: 'Rows computed together.',
      registers,
      labelNames: ['model_name'],
      buckets: batchBuckets,
    });
    this.#padding = new Counter({
      name: ':tensorflow:serving:batching_session:padding_size',
      help: 'Rows added to batches.',
      registers,
      labelNames: ['model_name'],
    });
    this.#versions = new Gauge({
      name: ':signet:model_version_available',
      help: '1 while a version answers.',
      registers,
      labelNames: ['model_name', 'version'],
    });
    this.#precision = new Gauge({
      name: ':signet:model_precision',
      help: '1 for the numbers that the large ops of a version compute with.',
      registers,
      labelNames: ['model_name', 'version', 'precision'],
    });
    this.#precisionTime = new Gauge({
      name: ':signet:precision_trial_latency',
      help: 'Time of the requests that a version was measured with, in microseconds.',
      registers,
      labelNames: ['model_name', 'version', 'precision'],
    });
    this.#precisionDifference = new Gauge({
      name: ':signet:precision_trial_difference',
      help: 'The largest difference between outputs in float32 and in bfloat16, as a share of the largest number.',
      registers,
      labelNames: ['model_name', 'version'],
    });
    this.#shadowRequests = new Counter({
      name: ':signet:shadow_request_count',
      help: 'Copies of requests for a shadow version: compared, dropped (too many waited), skipped (too large), failed (an error, or other outputs).',
      registers,
      labelNames: ['model_name', 'version', 'result'],
    });
    this.#shadowRows = new Counter({
      name: ':signet:shadow_row_count',
      help: 'Rows whose answer, such as the class, a shadow version was compared in.',
      registers,
      labelNames: ['model_name', 'version', 'same'],
    });
    this.#shadowDifference = new Gauge({
      name: ':signet:shadow_largest_difference',
      help: 'The largest difference between outputs of a shadow version and of the one that answered, as a share of the largest number.',
      registers,
      labelNames: ['model_name', 'version'],
    });
    collectDefaultMetrics({ register: this.#registry });
  }

  onRequest({ api, method, model, status, milliseconds }: RequestEvent): void {
    const name = this.isModel(model) ? model : '';
    this.#requests.inc({ model_name: name, status });
    const labels = { model_name: name, API: apis[method] ?? 'other', entrypoint: api.toUpperCase() };
    this.#requestLatency.observe(labels, milliseconds * 1000);
  }

  onStoreEvent(event: StoreEvent): void {
    switch (event.type) {
      case 'version': {
        const labels = { model_name: event.model, version: event.version };
        if (event.state === 'AVAILABLE') this.#versions.set(labels, 1);
        else this.#remove(labels);
        break;
      }
      case 'precision':
        this.#setPrecision(event);
        break;
      case 'shadow':
        this.#addShadow(event);
        break;
      case 'warmup':
        this.#warmupLatency.observe(
          { model_path: `${event.model}/${event.version}`, status: 'OK' },
          event.seconds * 1e6,
        );
        break;
      case 'batch':
        this.#runtimeLatency.observe({ model_name: event.model, API: 'predict', runtime: 'TF2' }, event.seconds * 1e6);
        this.#batchSizes.observe({ model_name: event.model }, event.rows);
        this.#padding.inc({ model_name: event.model }, event.padding);
        break;
    }
  }

  #setPrecision({ model, version, precision, trial }: PrecisionEvent): void {
    const labels = { model_name: model, version };
    this.#precision.set({ ...labels, precision }, 1);
    if (!trial) return;
    for (const [each, milliseconds] of Object.entries(trial.milliseconds)) {
      this.#precisionTime.set({ ...labels, precision: each }, milliseconds * 1000);
    }
    this.#precisionDifference.set(labels, trial.largestDifference);
  }

  #addShadow({ model, version, result, rows, sameRows, largestDifference }: ShadowEvent): void {
    const labels = { model_name: model, version };
    this.#shadowRequests.inc({ ...labels, result });
    if (result !== 'compared') return;
    this.#shadowRows.inc({ ...labels, same: 'true' }, sameRows);
    this.#shadowRows.inc({ ...labels, same: 'false' }, rows - sameRows);
    const key = `${model}/${version}`;
    const largest = Math.max(this.#largest.get(key) ?? 0, largestDifference);
    this.#largest.set(key, largest);
    this.#shadowDifference.set(labels, largest);
  }

  /** Removes the metrics of a version that no longer answers. */
  #remove(labels: { readonly model_name: string; readonly version: number }): void {
    this.#versions.remove(labels);
    this.#precisionDifference.remove(labels);
    this.#shadowDifference.remove(labels);
    this.#largest.delete(`${labels.model_name}/${labels.version}`);
    for (const precision of ['float32', 'bfloat16']) {
      this.#precision.remove({ ...labels, precision });
      this.#precisionTime.remove({ ...labels, precision });
    }
  }

  /** All metrics in Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The media type of `text`. */
  get type(): string {
    return this.#registry.contentType;
  }
}
