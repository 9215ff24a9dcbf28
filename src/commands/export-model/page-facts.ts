import type { ExportedAgreement } from '../../export/compare-exported.js';
import type { ModelDescription } from '../../models/classifier/model-description.js';
import { modelNameOf } from '../../saved-model/describe/describe-saved-model.js';
import type { OfflinePageFacts } from '../../serving/page/offline-page-files.js';
import { imagesText } from '../shared/report-facts.js';

/** How the page's model was compared with the SavedModel. */
export interface PageProof {
  readonly images: number;
  readonly isTestSet: boolean;
  readonly agreement: ExportedAgreement | null;
}

/** What the command has read of the model. */
export interface KnownModel {
  /** What it was made from; null where it does not say so. */
  readonly description: ModelDescription | null;
  readonly classNames: readonly string[] | null;
  /** Thresholds of a multi-label model; null for a single-label model. */
  readonly thresholds: Float32Array | null;
}

const asTensorFlowDoes = { exif: 'ignore', decode: 'full', resize: 'squash', antialias: false } as const;

/** Gathers what a page that needs no server knows and tells about a model. */
export function pageFacts(
  modelPath: string,
  { description, classNames, thresholds }: KnownModel,
  proof: PageProof,
): OfflinePageFacts {
  const { modelName, version } = modelNameOf(modelPath);
  const { exif, decode, resize, antialias } = description ?? asTensorFlowDoes;
  return {
    name: modelName,
    classNames,
    inputSize: description ? [description.inputHeight, description.inputWidth] : null,
    resize,
    antialias,
    exif,
    decode,
    // Models of Signet give logits; others may end in a softmax.
    gives: description ? 'logits' : 'either',
    thresholds: thresholds && [...thresholds],
    temperature: description?.confidence?.temperature ?? 1,
    sureFrom: description?.confidence?.sure?.threshold ?? null,
    about: [
      ...(version === null ? [] : [['Version', version] as const]),
      ...(description ? [['Class', description.modelType] as const] : []),
      ...(description ? [['Pictures are', imagesText(description)] as const] : []),
      ...(classNames ? [['Classes', `${classNames.length}: ${classNames.join(', ')}`] as const] : []),
      ['Checked', proofText(proof)],
    ],
  };
}

function proofText({ images, isTestSet, agreement }: PageProof): string {
  if (!agreement) return 'not compared with the SavedModel';
  const { accuracy, agree, maxDifference } = agreement;
  const right = accuracy === null ? '' : `${(accuracy * 100).toFixed(1)} % of them right, `;
  const what = isTestSet ? 'test images' : 'pictures of noise';
  return `on ${images} ${what}: ${right}${agree} the same class as the SavedModel, probabilities differ by at most ${maxDifference.toExponential(1)}`;
}
