import { SignetError } from '../../errors.js';
import type { TfFunction } from '../../tracing/tf-function.js';
import type { SaveServableOptions } from '../../signatures/save-servable.js';
import { type ModelDescription, modelDescriptionFile } from './model-description.js';

/** The tf functions of an image classifier that its signatures expose. */
export interface ClassifierFunctions {
  /** `input_tensor` float32 [n, h, w, 3] to logits float32 [n, classes]. */
  readonly predictNumpyImage: TfFunction;
  /** `image_bytes_string` string [n] to logits float32 [n, classes]. */
  readonly predictBytesImage: TfFunction;
  /** `examples` uint8 [n, h, w, 3] to logits float32 [n, classes]. */
  readonly predictUint8Image: TfFunction;
  /** `image` string [n], base64 text, to the label, string [n]. */
  readonly predictBase64Image: TfFunction;
  /** `image_bytes_string` string [n] to `class_name`, `class_index`, `probability`, each [n, k], best first; of a multi-label classifier `threshold` and `present` too. */
  readonly predictLabels: TfFunction;
  /** `image_bytes_string` string [n] to `embedding` float32 [n, d]; null for a network that has none. */
  readonly embedImage: TfFunction | null;
  /** `image_bytes_string` string [n] and `class_index` int32 [n] to `heatmap` and more; null for a network that has none. */
  readonly explainImage: TfFunction<never> | null;
  /** Whether the heat map is a signature. */
  readonly withHeatmap: boolean;
  /** `image_bytes_string` string [n] to what `predictLabels` gives, with `confidence` [n], `distance` [n], `known_score` [n], `is_known` [n] and `is_sure` [n], as far as thresholds were chosen; null without any. */
  readonly recognizeImage: TfFunction | null;
  /** `inputs` string [n], serialized tf.Examples, to `classes` and `scores`, [n, classes]. */
  readonly classifyExamples: TfFunction;
}

/**
 * Returns what is saved with a classifier in addition to its functions: its signatures, and files for `assets.extra/`, its description among them, by
 * name.
 */
export function classifierParts(
  model: { readonly signatures: Signatures; readonly description: ModelDescription },
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Required<Pick<SaveServableOptions, 'signatures' | 'assetsExtra'>> {
  const description = `${JSON.stringify(model.description, null, 2)}\n`;
  return { signatures: model.signatures, assetsExtra: { ...files, [modelDescriptionFile]: description } };
}

/** Functions by SignatureDef key. */
export type Signatures = SaveServableOptions['signatures'];

/**
 * The signatures of an image classifier, one line per signature; `serving_embedding` only where the network has an embedding, `serving_heatmap` where
 * it is asked for, `serving_known` where thresholds were chosen.
 *
 * @param own Signatures of a subclass.
 * @throws SignetError `INVALID_SIGNATURE` when one of them has the name of one of Signet's, even if this model lacks it: clients know what to expect
 *   under these names.
 */
export function classifierSignatures(model: ClassifierFunctions, own: Signatures): Signatures {
  const signatures: Readonly<Record<string, Signatures[string] | null>> = {
    serving_default: model.predictNumpyImage,
    serving_bytes: model.predictBytesImage,
    serving_uint8: model.predictUint8Image,
    serving_base64: model.predictBase64Image,
    serving_labels: model.predictLabels,
    serving_embedding: model.embedImage,
    serving_heatmap: model.withHeatmap ? model.explainImage : null,
    serving_known: model.recognizeImage,
    serving_classify: { function: model.classifyExamples, method: 'classify' },
  };
  const taken = Object.keys(own).find((key) => Object.hasOwn(signatures, key));
  if (taken !== undefined) {
    throw new SignetError(
      'INVALID_SIGNATURE',
      `ownSignatures() gives ${taken}, which is a signature of every classifier. Give it another name. Taken: ${Object.keys(signatures).join(', ')}.`,
    );
  }
  const all = Object.entries({ ...signatures, ...own });
  return Object.fromEntries(all.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}
