import { withRandomStep } from '../../ops/random-step.js';
import { CompiledFunctions } from '../../saved-model/run/compile.js';
import type { Precision } from '../../tensorflow/precision.js';
import * as tf from '../../tensorflow/tf.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import { tfFunction } from '../../tracing/tf-function.js';
import type { Augmentation } from '../augmentation/augmentation.js';
import type { FrozenPrefix } from './frozen-prefix.js';

/** Options of a FeatureNetwork. */
export interface FeatureNetworkOptions {
  /** Changes to images before they enter it. Default: none. */
  readonly augmentation?: Augmentation | undefined;
  /** Numbers that it computes with. Default: `float32`. */
  readonly precision?: Precision | undefined;
}

/** The frozen part of a model as a separate graph. */
export class FeatureNetwork {
  #compiled: Promise<CompiledFunctions> | null = null;
  #ready: CompiledFunctions | null = null;

  constructor(
    private readonly model: tf.LayersModel,
    private readonly prefix: FrozenPrefix,
    private readonly options: FeatureNetworkOptions = {},
  ) {}

  /** Compiles it with the weights that the model has now, at the first call: a resumed training has restored them by then. */
  async open(): Promise<void> {
    this.#compiled ??= this.#compile();
    this.#ready = await this.#compiled;
  }

  /**
   * Computes features. Blocks the thread meanwhile.
   *
   * @param images float32 [n, height, width, channels].
   * @returns float32 [n, ...shape]; the caller owns them.
   */
  run(images: tf.Tensor): tf.Tensor {
    const { features } = this.#ready?.call('features', [images]) ?? {};
    // A callback may evaluate the model before the first batch.
    return features ?? tf.tidy(() => this.model.execute(images, this.prefix.output.name) as tf.Tensor);
  }

  /** Augments images; the same images with the same number give the same result. Call `open` first. */
  augment(images: tf.Tensor, number: number): tf.Tensor {
    const step = tf.scalar(number, 'int32');
    try {
      const { augmented } = this.#ready?.call('augment', [images, step]) ?? {};
      if (!augmented) throw new Error('unreachable: the network is opened with an augmentation before');
      return augmented;
    } finally {
      step.dispose();
    }
  }

  dispose(): void {
    this.#ready?.dispose();
  }

  #compile(): Promise<CompiledFunctions> {
    const { model, prefix } = this;
    const { augmentation, precision } = this.options;
    const images = tensorSpec('float32', model.inputs[0]?.shape ?? []);
    const features = tfFunction(
      (input: tf.Tensor) => ({ features: model.execute(input, prefix.output.name) as tf.Tensor }),
      { inputSignature: { images }, name: 'features' },
    );
    if (!augmentation) return compileFrozen({ features: features.getConcreteFunction() }, precision);
    const change = (input: tf.Tensor) => augmentation.call(input as tf.Tensor4D).images;
    const augment = tfFunction(
      (input: tf.Tensor, step: tf.Tensor) => ({ augmented: withRandomStep(step, () => change(input)) }),
      { inputSignature: { images, step: tensorSpec('int32', []) }, name: 'augment' },
    );
    return compileFrozen(
      { features: features.getConcreteFunction(), augment: augment.getConcreteFunction() },
      precision,
    );
  }
}

/** Compiles functions of weights that do not change: TensorFlow computes ahead whatever depends only on them. */
function compileFrozen(
  functions: Readonly<Record<string, ConcreteFunction>>,
  precision?: Precision,
): Promise<CompiledFunctions> {
  return CompiledFunctions.compile(functions, { areVariablesConstant: true, precision });
}
