import { describe, expect, it } from 'vitest';

import { SignetError } from '../../../src/errors.js';
import { checkSameClasses } from '../../../src/data/scan/check-same-classes.js';

describe('checkSameClasses', () => {
  it('passes the same classes in the same order', () => {
    expect(() => checkSameClasses(['cat', 'dog'], ['cat', 'dog'])).not.toThrow();
  });

  it('passes names in two Unicode forms, as Linux and macOS write them', () => {
    expect(() => checkSameClasses(['b', 'cafe\u0301'], ['b', 'caf\u00e9'])).not.toThrow();
    expect(() => checkSameClasses(['caf\u00e9', 'b'], ['b', 'cafe\u0301'])).toThrow('in another order');
  });

  it('lists what is missing and what is unexpected', () => {
    expect(() => checkSameClasses(['cat', 'cow', 'd\nog'], ['cat', 'dog', 'fox'])).toThrow(
      new SignetError(
        'CLASSES_DIFFER',
        'The classes of the test set are not those of the training set.\n' +
          'Missing: "dog", "fox".\n' +
          'Unexpected: "cow", "d\\nog".\n' +
          'Every class needs a directory of its name with at least one image, and there may be no others.',
      ),
    );
  });

  it('names the two places', () => {
    const places = { found: 'data/test', expected: 'the model in models/digits/1' };
    expect(() => checkSameClasses(['cat'], ['cat', 'dog'], places)).toThrow(
      'The classes of data/test are not those of the model in models/digits/1.\nMissing: "dog".\nEvery class',
    );
    expect(() => checkSameClasses(['cat', 'dog'], ['cat'], places)).toThrow('models/digits/1.\nUnexpected: "dog".');
  });

  it('refuses another order, under which every label would be wrong', () => {
    expect(() => checkSameClasses(['dog', 'cat'], ['cat', 'dog'])).toThrow(
      expect.objectContaining({
        code: 'CLASSES_DIFFER',
        message:
          'The classes of the test set are those of the training set in another order, so that labels would be confused.\n' +
          'Expected: "cat", "dog".\nReceived: "dog", "cat".',
      }),
    );
  });
});
