import { checkNumber, SignetError } from '../../errors.js';
import { canUpdateInPlace, updateInPlace } from '../../ops/update-in-place.js';
import { instancesByClass } from '../../tensorflow/mended/instances-by-class.js';
import * as tf from '../../tensorflow/tf.js';
import { attr } from '../../tracing/attr-value.js';
import { LearningRateSchedule } from '../schedules/learning-rate-schedule.js';
import { clipGradients } from './clip-gradients.js';
import { checkOptimizerOptions, type OptimizerOptions } from './optimizer-options.js';
import type { FusedOp, UpdateRule } from './update-rule.js';

/** Gradients as TF.js gives them: by the names of the variables, or in their order. */
type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];

/** A variable of the model with the gradient of the loss. */
interface Pair {
  readonly variable: tf.Variable;
  readonly gradient: tf.Tensor;
}

/** A variable, of the model or a slot, with its value after the step. */
type NewValue = readonly [variable: tf.Variable, value: tf.Tensor];

/** A variable of the optimizer, with a descriptive name. */
export interface OptimizerVariable {
  /** Name of the variable, such as `momentum` of a kernel; unique within the optimizer. */
  readonly name: string;
  /** The variable, which the optimizer owns. */
  readonly variable: tf.Variable;
}

/**
 * An optimizer whose whole state is in variables, the learning rate and the count of steps included: in a compiled step they
 * are variables of the session, so that a callback can change the learning rate between two steps.
 *
 * Any `model.compile` takes it. A subclass defines its slots and its rule. The caller disposes of it.
 *
 * Source: keras/src/optimizers/base_optimizer.py of Keras 3: gradients are averaged, then clipped; weights decay, then move.
 */
export abstract class Optimizer extends tf.Optimizer {
  readonly #options: OptimizerOptions;
  /** The learning rate; null when a schedule gives it. */
  readonly #learningRate: tf.Variable | null;
  /** Number of calls of `applyGradients`: with accumulation, more than the number of times that weights have changed. */
  readonly #iterations: tf.Variable;
  readonly #slots = new Map<string, tf.Variable>();

  static {
    instancesByClass(this);
  }

  /** @throws SignetError `INVALID_ARGUMENT`. */
  protected constructor(options: OptimizerOptions & Required<Pick<OptimizerOptions, 'learningRate'>>) {
    super();
    checkOptimizerOptions(options);
    this.#options = options;
    const { learningRate } = options;
    this.#learningRate = typeof learningRate === 'number' ? newVariable(() => tf.scalar(learningRate)) : null;
    this.#iterations = newVariable(() => tf.scalar(0, 'int32'));
  }

  /** Names of the tensors that are kept for each variable, all zero at first. */
  protected abstract readonly slotNames: readonly string[];

  /**
   * The rule of one step, for all variables.
   *
   * @param learningRate float32 scalar.
   * @param step float32 scalar: number of this change of the weights, from 1.
   */
  protected abstract rule(learningRate: tf.Tensor, step: tf.Tensor): UpdateRule;

  /** The op that replaces the rule in a compiled step; takes what `rule` takes. Null if there is none. */
  protected abstract fusedOp(learningRate: tf.Tensor, step: tf.Tensor): FusedOp | null;

  /** The learning rate of the next step, a float32. While a compiled step trains, a schedule's is as of the last reading. */
  get learningRate(): number {
    return tf.tidy(() => this.#currentLearningRate().dataSync()[0] ?? NaN);
  }

  /** @throws SignetError `INVALID_ARGUMENT` when it is not a number from 0, or when a schedule gives the learning rate. */
  set learningRate(value: number) {
    const variable = this.#learningRate;
    if (!variable) {
      throw new SignetError(
        'INVALID_ARGUMENT',
        'This optimizer was created with a LearningRateSchedule as its learningRate, hence its learning rate is not settable. If ' +
          'you need it to be settable, by a callback for instance, create the optimizer with a number as its learningRate.',
      );
    }
    checkNumber('learningRate', value, '0 or more', (rate) => rate >= 0);
    tf.tidy(() => variable.assign(tf.scalar(value)));
  }

  /** Number of times that the weights have changed. While a compiled step trains, as of the last time its variables were read. */
  override get iterations(): number {
    return Math.floor((this.#iterations.dataSync()[0] ?? 0) / (this.#options.gradientAccumulationSteps ?? 1));
  }

  /** Number of times that it was given gradients, an int32 scalar that the optimizer owns: a step that depends on its own number reads it. */
  get iterationsVariable(): tf.Variable {
    return this.#iterations;
  }

  /** Its whole state: the count of steps, the learning rate unless a schedule gives it, then the slots of each variable. */
  get variables(): OptimizerVariable[] {
    const slots = [...this.#slots].map(([name, variable]) => ({ name, variable }));
    const own = [{ name: 'iterations', variable: this.#iterations }];
    const rate = this.#learningRate ? [{ name: 'learning_rate', variable: this.#learningRate }] : [];
    return [...own, ...rate, ...slots];
  }

  /** The moving average of a variable, which stays the optimizer's; null unless `useEma`. */
  averageOf(variable: tf.Variable): tf.Variable | null {
    return this.#options.useEma === true ? this.#slot(variable, averageName) : null;
  }

  /** Makes the slots of variables, in their order; otherwise the first step does it. */
  build(variables: readonly tf.Variable[]): void {
    for (const variable of variables) for (const name of this.#allSlotNames) this.#slot(variable, name);
  }

  /** Takes one step: gives every variable its new value. */
  override applyGradients(gradients: Gradients): void {
    tf.tidy(() => {
      const pairs = pairsOf(gradients);
      this.build(pairs.map(({ variable }) => variable));
      const { gradientAccumulationSteps: steps } = this.#options;
      const values = steps === undefined ? this.#updatedInPlace(pairs) : this.#accumulated(pairs, steps);
      for (const [variable, value] of values) variable.assign(value);
      if (this.#options.useEma === true) for (const { variable } of pairs) this.#average(variable);
      this.#iterations.assign(tf.add(this.#iterations, tf.scalar(1, 'int32')));
    });
  }

  /** Its variables with their names; they stay its own. */
  override async getWeights(): ReturnType<tf.Optimizer['getWeights']> {
    return Promise.resolve(this.variables.map(({ name, variable }) => ({ name, tensor: variable })));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { learningRate, ...options } = this.#options;
    const rate = learningRate instanceof LearningRateSchedule ? learningRate.getConfig() : this.learningRate;
    // A function has no place in a configuration.
    return {
      ...options,
      learningRateMultiplier: undefined,
      learningRate: rate,
    } as unknown as tf.serialization.ConfigDict;
  }

  override dispose(): void {
    tf.dispose(this.variables.map(({ variable }) => variable));
  }

  get #allSlotNames(): readonly string[] {
    const { gradientAccumulationSteps, useEma } = this.#options;
    const accumulator = gradientAccumulationSteps === undefined ? [] : [accumulatorName];
    return [...this.slotNames, ...accumulator, ...(useEma === true ? [averageName] : [])];
  }

  #currentLearningRate(): tf.Tensor {
    const { learningRate } = this.#options;
    if (this.#learningRate) return this.#learningRate;
    if (!(learningRate instanceof LearningRateSchedule)) throw new Error('unreachable: a number has a variable');
    return learningRate.call(tf.cast(this.#iterations, 'float32'));
  }

  /** Number of the next change of the weights, from 1. */
  #step(): tf.Tensor {
    const { gradientAccumulationSteps: steps } = this.#options;
    const changes = steps === undefined ? this.#iterations : tf.floorDiv(this.#iterations, tf.scalar(steps, 'int32'));
    return tf.cast(tf.add(changes, tf.scalar(1, 'int32')), 'float32');
  }

  #updated(pairs: readonly Pair[], learningRate = this.#currentLearningRate()): NewValue[] {
    const step = this.#step();
    const ruleAt = this.#byRate(learningRate, (rate) => this.rule(rate, step));
    const gradients = clipGradients(
      pairs.map(({ gradient }) => gradient),
      this.#options,
    );
    return pairs.flatMap(({ variable }, i): NewValue[] => {
      const slots = Object.fromEntries(this.slotNames.map((name) => [name, this.#slot(variable, name)]));
      const { rate, made: rule } = ruleAt(variable);
      const { change, slots: newSlots } = rule(gradients[i] ?? tf.zerosLike(variable), slots);
      const moved = tf.add(this.#decayed(variable, rate), change);
      return [
        ...Object.entries(slots).map(([name, slot]): NewValue => [slot, newSlots[name] ?? slot]),
        [variable, moved],
      ];
    });
  }

  /** Updates what it can by the fused op, in a compiled step. @returns The new values of the rest. */
  #updatedInPlace(pairs: readonly Pair[]): NewValue[] {
    const variables = pairs.flatMap(({ variable }) => [
      variable,
      ...this.slotNames.map((name) => this.#slot(variable, name)),
    ]);
    if (!canUpdateInPlace(variables)) return this.#updated(pairs);
    const learningRate = this.#currentLearningRate();
    const step = this.#step();
    const fusedAt = this.#byRate(learningRate, (rate) => this.fusedOp(rate, step));
    const [first] = pairs;
    if (!first || !fusedAt(first.variable).made) return this.#updated(pairs, learningRate);
    const gradients = clipGradients(
      pairs.map(({ gradient }) => gradient),
      this.#options,
    );
    for (const [i, { variable }] of pairs.entries()) {
      const { rate, made: fused } = fusedAt(variable);
      if (!fused) throw new Error('unreachable: an optimizer has a fused op for all variables or for none');
      this.#decayInPlace(variable, rate);
      const slots = fused.slots.map((name) => this.#slot(variable, name));
      updateInPlace(fused.op, fused.attributes, [variable, ...slots], fused.inputs(gradients[i] ?? variable));
    }
    return [];
  }

  /**
   * Sums up gradients, and takes a step with their mean every `steps` times.
   *
   * The step is computed each time and chosen in the graph: its cost is small compared with the gradients, and a branch would have to take and return
   * every weight.
   */
  #accumulated(pairs: readonly Pair[], steps: number): NewValue[] {
    const count = tf.add(this.#iterations, tf.scalar(1, 'int32'));
    const isUpdateStep = tf.equal(tf.mod(count, tf.scalar(steps, 'int32')), tf.scalar(0, 'int32'));
    const sums = pairs.map(({ variable, gradient }): NewValue => {
      const accumulator = this.#slot(variable, accumulatorName);
      return [accumulator, tf.add(gradient, accumulator)];
    });
    const means = pairs.map(({ variable }, i) => ({ variable, gradient: tf.div(sums[i]?.[1] ?? variable, steps) }));
    return [
      ...this.#updated(means).map(([variable, value]): NewValue => [variable, tf.where(isUpdateStep, value, variable)]),
      ...sums.map(([variable, sum]): NewValue => [variable, tf.where(isUpdateStep, tf.zerosLike(sum), sum)]),
    ];
  }

  /** Makes something once for each learning rate that variables have. */
  #byRate<Made>(learningRate: tf.Tensor, make: (rate: tf.Tensor) => Made) {
    const { learningRateMultiplier } = this.#options;
    const known = new Map<number, { readonly rate: tf.Tensor; readonly made: Made }>();
    return ({ name }: tf.Variable) => {
      const factor = learningRateMultiplier?.(name) ?? 1;
      const before = known.get(factor);
      if (before) return before;
      const rate = factor === 1 ? learningRate : tf.mul(learningRate, factor);
      const now = { rate, made: make(rate) };
      known.set(factor, now);
      return now;
    };
  }

  /** Moves a variable's average towards its new value; the first value is the first average. */
  #average(variable: tf.Variable): void {
    const { emaMomentum = 0.99, gradientAccumulationSteps: steps = 1 } = this.#options;
    const average = this.#slot(variable, averageName);
    const taken = tf.cast(this.#iterations, 'float32');
    const isFirst = tf.cast(tf.less(taken, steps), 'float32');
    // Between two changes of the weights with accumulation, nothing moves.
    const isChange = steps === 1 ? 1 : tf.cast(tf.equal(tf.mod(tf.add(taken, 1), steps), 0), 'float32');
    const share = tf.mul(tf.maximum(isFirst, 1 - emaMomentum), isChange);
    if (!canUpdateInPlace([average])) {
      average.assign(tf.add(average, tf.mul(tf.sub(variable, average), share)));
      return;
    }
    const inputs = [share, tf.sub(average, variable)];
    updateInPlace('ResourceApplyGradientDescent', { use_locking: attr.bool(false) }, [average], inputs);
  }

  #decayed(variable: tf.Variable, learningRate: tf.Tensor): tf.Tensor {
    const decay = this.#decayOf(variable);
    return decay === null ? variable : tf.sub(variable, tf.mul(tf.mul(variable, decay), learningRate));
  }

  #decayInPlace(variable: tf.Variable, learningRate: tf.Tensor): void {
    const decay = this.#decayOf(variable);
    if (decay === null) return;
    const inputs = [tf.mul(learningRate, decay), variable];
    updateInPlace('ResourceApplyGradientDescent', { use_locking: attr.bool(false) }, [variable], inputs);
  }

  #decayOf({ name }: tf.Variable): number | null {
    const { weightDecay = null, excludeFromWeightDecay = [] } = this.#options;
    return excludeFromWeightDecay.some((word) => name.includes(word)) ? null : weightDecay;
  }

  #slot(variable: tf.Variable, slot: string): tf.Variable {
    const name = `${variable.name}/${slot}`;
    const known = this.#slots.get(name);
    if (known && !known.isDisposed) return known;
    const made = newVariable(() => tf.zerosLike(variable));
    this.#slots.set(name, made);
    return made;
  }
}

const accumulatorName = 'gradient_accumulator';
const averageName = 'average';

function newVariable(value: () => tf.Tensor): tf.Variable {
  return tf.tidy(() => tf.variable(value(), false));
}

/** TF.js passes gradients by the names of the variables; a variable on which the loss does not depend has none. */
function pairsOf(gradients: Gradients): Pair[] {
  const named = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  const known = tf.engine().registeredVariables;
  return named.flatMap(([name, gradient]) => {
    const variable = known[name];
    return variable && (gradient as tf.Tensor | null | undefined) ? [{ variable, gradient }] : [];
  });
}
