import { SignetError } from '../../../errors.js';
import type * as tf from '../../../tensorflow/tf.js';
import { Optimizer } from '../../optimizers/optimizer.js';

/**
 * The optimizer of a model in training, for a callback that sets the learning rate or keeps the state.
 *
 * @throws SignetError `INVALID_ARGUMENT` for an optimizer of TF.js, whose learning rate is a constant of the compiled step.
 */
export function trainedOptimizer(model: tf.LayersModel | null, callback: string): Optimizer {
  const optimizer = model?.optimizer as unknown;
  if (optimizer instanceof Optimizer) return optimizer;
  const received = (optimizer as tf.Optimizer | undefined)?.getClassName() ?? 'none';
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${callback} needs an optimizer of Signet, such as compile({ optimizer: new Adam() }): the learning rate of TF.js's own is a ` +
      `constant once a step is compiled. Received: ${received} of TF.js.`,
  );
}
