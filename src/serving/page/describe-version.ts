import { canClassifyImages } from '../../client/classify-images.js';
import { canExplainImages } from '../../client/explain-images.js';
import type { Signature, SignatureTensor } from '../../saved-model/read/read-saved-model.js';
import { signatureExamples } from '../../saved-model/describe/signature-examples.js';
import type { ModelServer, ModelSpec, ShadowReport } from '../model-server.js';

/** Names of classes that the page shows. */
const mostNames = 12;

/**
 * `/page/version.json`: what the page shows about a version: its signatures as in `show-model`, whether it accepts pictures, the size to which they
 * are resized, and the classes.
 *
 * @throws ServingError `NOT_FOUND`.
 */
export function describeVersion(models: ModelServer, spec: ModelSpec) {
  const { name, version, signatures, inputSize, classNames, precision, shadow } = models.find(spec);
  return {
    name,
    version,
    takesPictures: canClassifyImages(signatures),
    hasHeatmaps: canExplainImages(signatures),
    inputSize: inputSize ?? null,
    precision: precision ?? null,
    shadow: shadow ? shadowText(shadow) : null,
    classNames: classNames ? { first: classNames.slice(0, mostNames), count: classNames.length } : null,
    signatures: Object.entries(signatures).map(([key, signature]) => describeSignature(name, key, signature)),
  };
}

/** A sentence that continues the model's name. */
function shadowText({ share, results, rows, sameRows, largestDifference }: ShadowReport): string {
  const { compared, dropped, skipped, failed } = results;
  const left = [`${dropped} dropped`, `${skipped} too large`, `${failed} failed`].join(', ');
  const start = `gets copies of ${percent(share)} of the requests, and nobody sees its answers: ${compared} compared, ${left}.`;
  if (compared === 0) return start;
  const same = rows === 0 ? '' : `${percent(sameRows / rows)} of ${rows} answers are the same; `;
  return `${start} ${same}numbers are at most ${percent(largestDifference)} of the largest apart.`;
}

function percent(part: number): string {
  return `${Number((100 * part).toPrecision(3))} %`;
}

function describeSignature(modelName: string, key: string, { inputs, outputs, method }: Signature) {
  const call = { directory: '', modelName, tags: ['serve'], isOneOfSeveral: false, key, method, features: null };
  const { curl } = signatureExamples({ ...call, inputs: exampleTensors(inputs), outputs: exampleTensors(outputs) });
  return {
    key,
    method,
    inputs: tensors(inputs),
    outputs: tensors(outputs),
    // Only the graph could tell what other methods read from a tf.Example.
    curl: method === 'tensorflow/serving/predict' ? curl : null,
  };
}

function tensors(all: Signature['inputs']) {
  return Object.entries(all).map(([name, { spec, tensor }]) => ({ name, type: String(spec), tensor }));
}

function exampleTensors(all: Readonly<Record<string, SignatureTensor>>) {
  return Object.entries(all).map(([name, { spec }]) => ({
    name,
    dtype: spec.dtype,
    isDense: true,
    shape: spec.sizes?.map((size) => (size < 0 ? null : size)) ?? null,
  }));
}
