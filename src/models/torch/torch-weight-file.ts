import { readFile, stat } from 'node:fs/promises';

import { SignetError } from '../../errors.js';
import { type KerasLayer, type KerasWeight, type KerasWeightFile, mostWeightBytes } from '../keras/keras-layer.js';
import { readStateDict, type TorchTensor } from './read-state-dict.js';

/** A layer's tensors in Keras's order. Integers, such as batch normalization's `num_batches_tracked`, are not weights. */
const order = ['weight', 'bias', 'running_mean', 'running_var'];

/**
 * Opens a state dict that `torch.save` wrote, `.pth`, as the weights of Keras's layers: convolutions and dense layers transposed, modules in
 * the file's order under PyTorch's names. Needs no torch, and runs nothing that is in the file.
 *
 * @throws SignetError `INVALID_WEIGHTS` when it is not such a file, or damaged.
 */
export async function openTorchWeightFile(path: string): Promise<KerasWeightFile> {
  try {
    const { size } = await stat(path);
    if (size > mostWeightBytes) throw new Error(`it has ${size} bytes; at most ${mostWeightBytes} are read`);
    const layers = layersOf(readStateDict(await readFile(path)));
    if (layers.length === 0) throw new Error('it holds no layers');
    return { layers, isOrdered: true, close: () => undefined };
  } catch (error) {
    throw new SignetError(
      'INVALID_WEIGHTS',
      `${path} cannot be used: ${error instanceof Error ? error.message : String(error)}. ` +
        'Give a state dict of this architecture, as torch.save wrote it before torch 1.6, or a weight file of Keras.',
      { cause: error },
    );
  }
}

function layersOf(tensors: ReadonlyMap<string, TorchTensor>): KerasLayer[] {
  const modules = new Map<string, Map<string, TorchTensor>>();
  for (const [path, tensor] of tensors) {
    const dot = path.lastIndexOf('.');
    const [module, name] = [path.slice(0, Math.max(dot, 0)), path.slice(dot + 1)];
    if (!order.includes(name)) throw new Error(`its ${JSON.stringify(path)} is none of a layer's ${order.join(', ')}`);
    const tensorsOfModule = modules.get(module) ?? new Map<string, TorchTensor>();
    modules.set(module, tensorsOfModule.set(name, tensor));
  }
  return [...modules].map(([module, named]) => ({
    name: module,
    weights: order.flatMap((name) => {
      const tensor = named.get(name);
      return tensor ? [transposed(`${module}.${name}`, tensor)] : [];
    }),
  }));
}

/**
 * PyTorch's kernels are [outputs, inputs, height, width] and [outputs, inputs], Keras's [height, width, inputs, outputs] and [inputs, outputs].
 * One input per output is a depthwise convolution, which Keras writes as [height, width, channels, 1].
 */
function transposed(path: string, { shape, read }: TorchTensor): KerasWeight {
  const [outputs = 0, inputs = 0, height = 1, width = 1] = shape;
  if (shape.length !== 2 && shape.length !== 4) return { path, shape, read };
  const isDepthwise = shape.length === 4 && inputs === 1;
  const channels = isDepthwise ? [outputs, 1] : [inputs, outputs];
  return {
    path,
    shape: shape.length === 2 ? channels : [height, width, ...channels],
    read: () => pixelsFirst(read(), outputs, inputs, height * width),
  };
}

/** [outputs, inputs, pixels] to [pixels, inputs, outputs]. */
function pixelsFirst(values: Float32Array, outputs: number, inputs: number, pixels: number): Float32Array {
  const moved = new Float32Array(values.length);
  let from = 0;
  for (let output = 0; output < outputs; output += 1) {
    for (let input = 0; input < inputs; input += 1) {
      for (let pixel = 0; pixel < pixels; pixel += 1, from += 1) {
        moved[(pixel * inputs + input) * outputs + output] = values[from] ?? NaN;
      }
    }
  }
  return moved;
}
