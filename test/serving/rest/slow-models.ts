import type { ModelServer, PredictRequest } from '../../../src/serving/model-server.js';
import { modelServerWith } from '../../helpers/servers/model-server-with.js';

/** Models that answer no sooner than they are told to, and remember what they were asked. */
export interface SlowModels {
  readonly slow: ModelServer;
  readonly asked: PredictRequest[];
  readonly answer: () => void;
  /** Settles when they have been asked for the first time. */
  readonly isAsked: Promise<void>;
}

export function slowModels(models: ModelServer): SlowModels {
  const asked: PredictRequest[] = [];
  let answer: () => void = () => undefined;
  let hear: () => void = () => undefined;
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  const isAsked = new Promise<void>((resolve) => (hear = resolve));
  const slow = modelServerWith(models, {
    predict: async (given) => {
      asked.push(given);
      hear();
      await mayAnswer;
      return models.predict(given);
    },
  });
  return { slow, asked, answer: () => answer(), isAsked };
}
