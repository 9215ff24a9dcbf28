import { describe, expect, it } from 'vitest';

import { type ExampleSignature, signatureExamples } from '../../../src/saved-model/describe/signature-examples.js';

const serving: ExampleSignature = {
  directory: 'models/M/1',
  modelName: 'M',
  tags: ['serve'],
  isOneOfSeveral: false,
  key: 'serving_base64',
  method: 'tensorflow/serving/predict',
  inputs: [{ name: 'image', dtype: 'string', shape: [null], isDense: true }],
  outputs: [{ name: 'label', dtype: 'string', shape: [null], isDense: true }],
  features: null,
};

describe('signatureExamples', () => {
  it('sends base64 text, web-safe as TensorFlow decodes it, where a name asks for it', () => {
    const { curl, typescript, python } = signatureExamples(serving);
    expect(curl).toBe(
      `printf '{"signature_name": "serving_base64", "instances": ["%s"]}' ` +
        `"$(base64 < image.jpg | tr -d '\\n' | tr '+/' '-_')" | curl -d @- http://localhost:8501/v1/models/M:predict`,
    );
    expect(typescript).toContain('"instances": [readFileSync("image.jpg").toString("base64url")]');
    expect(python?.split('\n')[0]).toBe('import base64');
    expect(python).toContain('image=tf.constant(base64.urlsafe_b64encode(open("image.jpg", "rb").read()), shape=[1])');
  });

  it('sends bytes as REST has them for the features of a tf.Example', () => {
    const { curl, python, notes } = signatureExamples({
      ...serving,
      key: 'serving_classify',
      method: 'tensorflow/serving/classify',
      inputs: [{ name: 'inputs', dtype: 'string', shape: [null], isDense: true }],
      features: [{ name: 'image/encoded', dtype: 'string', shape: [] }],
    });
    expect(curl).toBe(
      `printf '{"signature_name": "serving_classify", "examples": [{"image/encoded": {"b64": "%s"}}]}' ` +
        `"$(base64 < image.jpg | tr -d '\\n')" | curl -d @- http://localhost:8501/v1/models/M:classify`,
    );
    expect(python).toContain('BytesList(value=[open("image.jpg", "rb").read()])');
    expect(notes).toEqual([]);
  });

  it('says that features are made up where the graph does not tell them', () => {
    expect(signatureExamples({ ...serving, method: 'tensorflow/serving/regress' }).notes).toEqual([
      'The features in the example are made up: the graph does not tell them.',
    ]);
  });

  it.each(['serving_default', 'seed'])('has no line for REST where %s has no inputs, and says so', (key) => {
    const { curl, typescript, notes } = signatureExamples({ ...serving, key, inputs: [] });
    expect([curl, typescript]).toEqual([null, null]);
    expect(notes).toEqual(['REST takes no request without inputs: call it in Python.']);
  });
});
