import { SignetError } from '../errors.js';
import type { TrackedObject } from '../saved-model/write/saved-model-parts.js';
import * as tf from '../tensorflow/tf.js';
import { variablesOf, weightsInOrder } from '../tensorflow/layer-weights.js';
import { Asset } from '../tracing/asset.js';
import { checkName } from '../tracing/check-name.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';
import { snakeCase } from '../text/case.js';
import { isTfFunction, nameTfFunction, type TfFunction } from '../tracing/tf-function.js';

/** Marks the objects whose fields are exported when another object holds them. */
export const servableMark = Symbol('servable');

/** What the fields of an object hold, sorted; an object that is met twice is tracked once. */
export class Tracker {
  readonly #objects = new Map<object, Fields>();

  /** @throws SignetError `NOT_TRACEABLE`, or `INVALID_SIGNATURE` for a field that cannot be exported. */
  track(object: object): TrackedObject {
    const known = this.#objects.get(object);
    if (known) return known;
    const isModel = object instanceof tf.layers.Layer;
    const fields: Fields = {
      functions: {},
      variables: {},
      assets: {},
      children: {},
      // Read after all functions have been traced, since a layer makes its weights when it is first called.
      get weights() {
        return isModel ? variablesOf(weightsInOrder(object)) : undefined;
      },
    };
    this.#objects.set(object, fields);
    for (const [field, value] of Object.entries(object)) this.#add(fields, field, value, isModel);
    return fields;
  }

  #add(fields: Fields, field: string, value: unknown, ofModel: boolean): void {
    const add = <T>(named: Record<string, T>, tracked: T) => {
      named[checkedName(fields, field)] = tracked;
    };
    if (isTfFunction(value)) {
      // A function without an input signature, such as a helper of others, has no graph to export.
      if (value.inputSignature !== null) add(fields.functions, concrete(value, field));
    } else if (value instanceof Asset) add(fields.assets, value);
    else if (value instanceof tf.Variable) add(fields.variables, value as tf.Variable);
    else if (isServable(value)) add(fields.children, this.track(value));
    // A layers model keeps its layers in fields of its own; its weights have been taken as a list.
    else if (!ofModel && isNested(value)) add(fields.children, this.track(value));
  }
}

interface Fields extends TrackedObject {
  readonly functions: Record<string, ConcreteFunction>;
  readonly variables: Record<string, tf.Variable>;
  readonly assets: Record<string, Asset>;
  readonly children: Record<string, TrackedObject>;
}

function isServable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && servableMark in value;
}

function concrete(fn: TfFunction, field: string): ConcreteFunction {
  nameTfFunction(fn, field);
  return fn.getConcreteFunction();
}

/** Models, layers, and lists and plain objects of what is tracked. */
function isNested(value: unknown): value is object {
  if (value instanceof tf.layers.Layer) return true;
  if (typeof value !== 'object' || value === null) return false;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  const isTracked = (each: unknown) =>
    isTfFunction(each) ||
    each instanceof Asset ||
    each instanceof tf.Variable ||
    isServable(each) ||
    each instanceof tf.layers.Layer;
  return isPlain && Object.values(value).some(isTracked);
}

/** The names that a loaded SavedModel uses itself. */
const reserved = ['signatures', 'variables'];

/** A field's name in the SavedModel. */
function checkedName({ functions, variables, assets, children }: Fields, field: string): string {
  const name = snakeCase(field);
  if (reserved.includes(name)) {
    throw new SignetError(
      'INVALID_SIGNATURE',
      `The field "${field}" cannot be exported: a loaded SavedModel has ${reserved.join(' and ')} of its own. Rename the field.`,
    );
  }
  if ([functions, variables, assets, children].some((named) => Object.hasOwn(named, name))) {
    throw new SignetError(
      'INVALID_SIGNATURE',
      `Two fields are called ${name} in a SavedModel, where names are in snake_case. Rename the field "${field}".`,
    );
  }
  // Elements of lists have numbers for names.
  if (!/^\d+$/.test(name)) checkName('field', name.replace(/^_+/, ''));
  return name;
}
