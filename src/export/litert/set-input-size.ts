import { ByteBuffer } from 'flatbuffers';

/** Offsets of fields in their tables' lists; source: tensorflow/compiler/mlir/lite/schema/schema.fbs. */
const subgraphsOfModel = 8;
const subgraph = { tensors: 4, inputs: 6 };
const shapeOfTensor = 4;

/**
 * Changes the size that pictures have in a LiteRT model unless the app asks for another: one that is not known is 1 for the converter,
 * and MediaPipe shrinks each picture to a single pixel then. Its `shape_signature` still says that any size is taken.
 *
 * @param model Content of a file with one input, [pictures, height, width, channels]; it is changed in place.
 * @param size Height and width in pixels.
 */
export function setInputSize(model: Uint8Array, [height, width]: readonly [height: number, width: number]): void {
  const buffer = new ByteBuffer(model);
  const field = (table: number, place: number) => table + buffer.__offset(table, place);
  const item = (list: number, i: number) => buffer.__vector(list) + i * 4;
  const root = buffer.readInt32(0);
  const main = buffer.__indirect(item(field(root, subgraphsOfModel), 0));
  const input = buffer.readInt32(item(field(main, subgraph.inputs), 0));
  const tensor = buffer.__indirect(item(field(main, subgraph.tensors), input));
  const shape = field(tensor, shapeOfTensor);
  for (const [i, pixels] of [
    [1, height],
    [2, width],
  ] as const)
    if (buffer.readInt32(item(shape, i)) === 1) buffer.writeInt32(item(shape, i), pixels);
}
