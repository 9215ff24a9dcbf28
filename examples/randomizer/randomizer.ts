import { assertThat, randomUniform, Servable, tensorSpec, tf, tfFunction } from '../../src/index.js';

/** Draws random numbers while it is served: different ones in each call, as many as the call asks for. */
export class Randomizer extends Servable {
  /** `N`: int32 scalar. Returns float32 [N], each in [0, 1). */
  readonly funRunif = tfFunction(
    (n: tf.Tensor) => {
      assertThat(tf.logicalAnd(tf.greaterEqual(n, 0), tf.lessEqual(n, 1_000_000)), 'N is 0 to 1,000,000.', [n]);
      return randomUniform([n]);
    },
    { inputSignature: { N: tensorSpec('int32', []) } },
  );

  async export(directory: string): Promise<void> {
    await this.save(directory, { signatures: { serving_default: this.funRunif, fun_runif: this.funRunif } });
  }
}
