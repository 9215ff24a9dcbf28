import { describe, expect, it } from 'vitest';

import { SignetError } from '../../../src/errors.js';
import { checkSameClasses } from '../../../src/data/scan/check-same-classes.js';
import { similarNames } from '../../../src/data/scan/similar-names.js';

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

  it.each([
    ['upper and lower case', 'Cat', 'cat', '"cat" and "Cat" differ only in upper and lower case.'],
    [
      'a ligature',
      '\ufb01sh',
      'fish',
      '"fish" and "\ufb01sh" look alike and differ from character 1 on: U+0066 and U+FB01.',
    ],
    ['full width', '\uff21', 'A', '"A" and "\uff21" look alike and differ from character 1 on: U+0041 and U+FF21.'],
    [
      'a letter of another script',
      'b\u0435e',
      'bee',
      '"bee" and "b\u0435e" look alike and differ from character 2 on: U+0065 and U+0435.',
    ],
    [
      'a character that is not seen',
      'cat\u200b',
      'cat',
      '"cat" and "cat\\u200b" look alike and differ from character 4 on: nothing and U+200B.',
    ],
    [
      'another space',
      'red\u00a0fox',
      'red fox',
      '"red fox" and "red\u00a0fox" look alike and differ from character 4 on: U+0020 and U+00A0.',
    ],
    [
      'another dash',
      'x\u2013ray',
      'x-ray',
      '"x-ray" and "x\u2013ray" look alike and differ from character 2 on: U+002D and U+2013.',
    ],
  ])('says of names that look alike where they differ: %s', (_, ours, theirs, message) => {
    expect(() => checkSameClasses([ours, 'z'], [theirs, 'z'])).toThrow(`\n${message}\nEvery class needs`);
    expect(similarNames([theirs, 'z', ours])).toEqual([message]);
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
