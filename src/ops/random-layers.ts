/** Makes TF.js's layers of dropout and noise draw by ops that can be traced, as Signet's `Dropout` does. */
import { drawByOps } from '../tensorflow/mended/random-layers.js';
import { randomNormal, randomUniform } from './random.js';

drawByOps({ uniform: randomUniform, normal: randomNormal });
