import * as tf from '../../tensorflow/tf.js';

/** A layer's call in a network: a layer that is used twice has two, and a model that is used as a layer has one. */
export interface LayerCall {
  readonly layer: tf.layers.Layer;
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly outputs: readonly tf.SymbolicTensor[];
}

/** Finds the call that makes a tensor. @returns null for an input of the network. */
export function callOf({ sourceLayer, nodeIndex }: tf.SymbolicTensor): LayerCall | null {
  const node = sourceLayer.inboundNodes[nodeIndex];
  if (!node || node.inboundLayers.length === 0) return null;
  return { layer: sourceLayer, inputs: node.inputTensors, outputs: node.outputTensors };
}

/** Lists the calls that a model's outputs need, from the inputs on; the calls within a model that is used as a layer follow its own call. */
export function callsWithin(model: tf.LayersModel): LayerCall[] {
  const calls = new Set<LayerCall>();
  const seen = new Set<tf.SymbolicTensor>();
  const visit = (tensor: tf.SymbolicTensor) => {
    const call = seen.has(tensor) ? null : callOf(tensor);
    if (!call) return;
    for (const output of call.outputs) seen.add(output);
    call.inputs.forEach(visit);
    calls.add(call);
  };
  model.outputs.forEach(visit);
  return [...calls].flatMap((call) =>
    call.layer instanceof tf.LayersModel ? [call, ...callsWithin(call.layer)] : [call],
  );
}

/** Layers that hold others: models, wrappers such as `bidirectional` and `timeDistributed`, and recurrent layers with their cells. */
interface Holder {
  readonly layers?: readonly tf.layers.Layer[];
  readonly layer?: tf.layers.Layer;
  readonly forwardLayer?: tf.layers.Layer;
  readonly backwardLayer?: tf.layers.Layer;
  readonly cell?: tf.layers.Layer;
  readonly cells?: readonly tf.layers.Layer[];
}

/**
 * Lists a model's layers and those inside them, at any depth, each once, with a path of names that tells them apart. The path is the same for every
 * model of one class: where TF.js generates a name, which counts all layers of a process, the layer's class and position are used instead.
 */
export function layersWithin(model: tf.LayersModel): Map<tf.layers.Layer, string> {
  const found = new Map<tf.layers.Layer, string>();
  const add = (holder: object, prefix: string) => {
    const { layers = [], layer, forwardLayer, backwardLayer, cell, cells = [] } = holder as Holder;
    const inner = [...layers, layer, forwardLayer, backwardLayer, cell, ...cells].filter((each) => each !== undefined);
    const ofClass = new Map<string, number>();
    for (const each of inner) {
      if (found.has(each)) continue;
      const className = each.getClassName();
      const place = (ofClass.get(className) ?? 0) + 1;
      ofClass.set(className, place);
      const path = `${prefix}${hasMadeName(each) ? `${className} ${place}` : each.name}`;
      found.set(each, path);
      add(each, `${path}/`);
    }
  };
  add(model, '');
  return found;
}

/** Checks whether TF.js made a layer's name by counting: `dense_Dense3`, `model2`, `sequential_2`; see `getUid` in tfjs-layers. */
function hasMadeName(layer: tf.layers.Layer): boolean {
  const className = layer.getClassName();
  const counted = layer.name.replace(/(?<!\d)\d+$/, '');
  if (counted === layer.name) return false;
  return counted.endsWith(`_${className}`) || counted === className.toLowerCase() || counted === 'sequential_';
}
