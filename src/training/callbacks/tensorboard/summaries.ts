import type { MessageInitShape } from '@bufbuild/protobuf';
import sharp from 'sharp';

import {
  DataClass,
  type Summary_ValueSchema,
} from '../../../tensorflow/protos/tensorflow/core/framework/summary_pb.js';
import { DataType } from '../../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type * as tf from '../../../tensorflow/tf.js';
import { shapeProto } from '../../../tracing/attr-value.js';
import { histogram } from './histogram.js';

/** A value that TensorBoard shows under a tag. */
export type SummaryValue = MessageInitShape<typeof Summary_ValueSchema>;

/** A number over the steps. Source: tensorboard/plugins/scalar/summary_v2.py. */
export function scalarSummary(tag: string, value: number): SummaryValue {
  const tensor = { dtype: DataType.DT_FLOAT, tensorShape: shapeProto([]), floatVal: [value] };
  return { tag, metadata: metadata('scalars', DataClass.SCALAR), value: { case: 'tensor', value: tensor } };
}

/** How values are distributed, in 30 buckets. Source: tensorboard/plugins/histogram/summary_v2.py. */
export function histogramSummary(tag: string, values: Iterable<number>): SummaryValue {
  const buckets = histogram(values);
  const tensor = { dtype: DataType.DT_DOUBLE, tensorShape: shapeProto([buckets.length, 3]), doubleVal: buckets.flat() };
  return { tag, metadata: metadata('histograms', DataClass.TENSOR), value: { case: 'tensor', value: tensor } };
}

/**
 * Pictures side by side.
 *
 * Source: tensorboard/plugins/image/summary_v2.py: width and height as text, then a PNG file each.
 *
 * @param images [n, height, width, 1, 3 or 4], pixels 0 to 255; the caller keeps them.
 */
export async function imageSummary(tag: string, images: tf.Tensor4D): Promise<SummaryValue> {
  const files = await pngFiles(images);
  const [, height, width] = images.shape;
  const stringVal = [Buffer.from(String(width)), Buffer.from(String(height)), ...files];
  const tensor = { dtype: DataType.DT_STRING, tensorShape: shapeProto([stringVal.length]), stringVal };
  return { tag, metadata: metadata('images', DataClass.BLOB_SEQUENCE), value: { case: 'tensor', value: tensor } };
}

function pngFiles(images: tf.Tensor4D): Promise<Uint8Array[]> {
  const [count, height, width, channels] = images.shape;
  const pixels = Uint8ClampedArray.from(images.dataSync());
  const size = height * width * channels;
  const raw = { height, width, channels: channels as 3 };
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      sharp(pixels.subarray(i * size, (i + 1) * size), { raw })
        .png()
        .toBuffer(),
    ),
  );
}

function metadata(pluginName: string, dataClass: DataClass) {
  return { pluginData: { pluginName }, dataClass };
}
