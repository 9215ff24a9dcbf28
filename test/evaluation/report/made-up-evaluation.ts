import { ClassificationMetrics, type ClassificationResult } from '../../../src/evaluation/classification-metrics.js';
import { mulberry32 } from '../../helpers/data/mulberry32.js';

/** An evaluation of a classifier that is right four times of five, and mostly takes a class for the next one. */
export function madeUpEvaluation(classNames: readonly string[], imagesPerClass = 12): ClassificationResult {
  const classes = classNames.length;
  const random = mulberry32(7);
  const metrics = new ClassificationMetrics(classNames);
  for (let label = 0; label < classes; label += 1) {
    for (let i = 0; i < imagesPerClass; i += 1) {
      const next = random() < 0.6 ? (label + 1) % classes : Math.floor(random() * classes);
      const logits = new Float32Array(classes);
      logits[random() < 0.8 ? label : next] = 3;
      metrics.add(logits, [label]);
    }
  }
  return metrics.result();
}
