import type { BackboneOptions } from '../../../src/models/backbone-model.js';
import { MobileNetModel } from '../../../src/models/mobile-net-model.js';

/** The MobileNetV2 of the fixtures, a small one. */
export class NarrowMobileNetModel extends MobileNetModel {
  constructor(options: BackboneOptions) {
    super({ ...options, alpha: 0.35 });
  }
}
