import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';

/** What every optimizer takes; the names and defaults are those of `keras.optimizers.Optimizer`. */
export interface OptimizerOptions {
  /** How far a step goes. Default: the optimizer's own. */
  readonly learningRate?: number;
}

/** What an optimizer keeps for a variable between steps, by Keras's names, such as `momentum`. */
export type Slots = Readonly<Record<string, tf.Tensor>>;

/** What one step does to a variable. */
export interface Update {
  /** Added to the variable; of its shape. */
  readonly change: tf.Tensor;
  /** The new values of its slots. */
  readonly slots: Slots;
}

/** Computes the update of a variable from its gradient and its slots; assigns nothing. */
export type UpdateRule = (gradient: tf.Tensor, slots: Slots) => Update;

/** Gradients as TF.js gives them: by the names of the variables, or in their order. */
type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];

/** A variable of the optimizer with a name that is the same in every process. */
export interface OptimizerVariable {
  readonly name: string;
  readonly variable: tf.Variable;
}

/**
 * An optimizer whose whole state is in variables, the learning rate and the count of steps included: in a compiled step they
 * are variables of the session, so that a callback can change the learning rate between two steps.
 *
 * Any `model.compile` takes it. A subclass gives its slots and its rule. Whoever made it disposes of it.
 *
 * Source: keras/src/optimizers/base_optimizer.py of Keras 3.
 */
export abstract class Optimizer extends tf.Optimizer {
  readonly #learningRate: tf.Variable;
  readonly #iterations: tf.Variable;
  readonly #slots = new Map<string, tf.Variable>();

  /** `tf.Optimizer` takes for an instance whatever has its methods: an optimizer of TF.js would be one of these. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(this, value);
  }

  protected constructor(learningRate: number) {
    super();
    checkLearningRate(learningRate);
    this.#learningRate = tf.tidy(() => tf.variable(tf.scalar(learningRate), false));
    this.#iterations = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
  }

  /** Names of what is kept for each variable, all zero at first. */
  protected abstract readonly slotNames: readonly string[];

  /**
   * The rule of one step, for all variables.
   *
   * @param learningRate float32 scalar.
   * @param step float32 scalar, 1 in the first step.
   */
  protected abstract rule(learningRate: tf.Tensor, step: tf.Tensor): UpdateRule;

  /** The learning rate, a float32; while it trains, the value that the next step takes. */
  get learningRate(): number {
    return this.#learningRate.dataSync()[0] ?? NaN;
  }

  /** @throws SignetError `INVALID_ARGUMENT` when it is no positive number. */
  set learningRate(value: number) {
    checkLearningRate(value);
    tf.tidy(() => this.#learningRate.assign(tf.scalar(value)));
  }

  /** How many steps it has taken. While a compiled step trains, as of the last time its variables were read. */
  override get iterations(): number {
    return this.#iterations.dataSync()[0] ?? 0;
  }

  /** Its whole state: the count of steps, the learning rate, then the slots of each variable. */
  get variables(): OptimizerVariable[] {
    const slots = [...this.#slots].map(([name, variable]) => ({ name, variable }));
    const own = [
      { name: 'iterations', variable: this.#iterations },
      { name: 'learning_rate', variable: this.#learningRate },
    ];
    return [...own, ...slots];
  }

  /** Makes the slots of variables, in their order; the first step does it otherwise. */
  build(variables: readonly tf.Variable[]): void {
    for (const variable of variables) this.#slotsOf(variable);
  }

  /** Takes one step: gives every variable its new value. */
  override applyGradients(gradients: Gradients): void {
    tf.tidy(() => {
      const step = tf.cast(tf.add(this.#iterations, tf.scalar(1, 'int32')), 'float32');
      const rule = this.rule(this.#learningRate, step);
      for (const { variable, gradient } of variablesWithGradients(gradients)) {
        const slots = this.#slotsOf(variable);
        const { change, slots: newSlots } = rule(gradient, slots);
        for (const [name, slot] of Object.entries(slots)) slot.assign(newSlots[name] ?? slot);
        variable.assign(tf.add(variable, change));
      }
      this.#iterations.assign(tf.add(this.#iterations, tf.scalar(1, 'int32')));
    });
  }

  override async getWeights(): ReturnType<tf.Optimizer['getWeights']> {
    return Promise.resolve(this.variables.map(({ name, variable }) => ({ name, tensor: variable })));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.learningRate };
  }

  override dispose(): void {
    tf.dispose(this.variables.map(({ variable }) => variable));
  }

  #slotsOf(variable: tf.Variable): Record<string, tf.Variable> {
    return Object.fromEntries(this.slotNames.map((name) => [name, this.#slot(`${variable.name}/${name}`, variable)]));
  }

  #slot(name: string, variable: tf.Variable): tf.Variable {
    const known = this.#slots.get(name);
    if (known && !known.isDisposed) return known;
    const made = tf.variable(tf.zerosLike(variable), false);
    this.#slots.set(name, made);
    return made;
  }
}

function checkLearningRate(value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new SignetError('INVALID_ARGUMENT', `learningRate is a number, 0 or more. Received: ${value}.`);
}

/** TF.js gives gradients by the names of the variables; a variable on which the loss does not depend has none. */
function variablesWithGradients(gradients: Gradients) {
  const named = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  const known = tf.engine().registeredVariables;
  return named.flatMap(([name, gradient]) => {
    const variable = known[name];
    return variable && (gradient as tf.Tensor | null | undefined) ? [{ variable, gradient }] : [];
  });
}
