import { Servable, tensorSpec, tf, tfFunction } from '../../src/index.js';

/** The smallest Servable: arithmetic, no model, no variables. */
export class Adder extends Servable {
  /** `x`: float32 [n, 3]. Returns `x + 2`. */
  readonly sumTwo = tfFunction((x: tf.Tensor) => tf.add(x, 2), {
    inputSignature: { x: tensorSpec('float32', [null, 3]) },
  });

  async export(directory: string): Promise<void> {
    await this.save(directory, { signatures: { serving_default: this.sumTwo, sum_two: this.sumTwo } });
  }
}
