import { describe, expect, it } from 'vitest';

import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { matchClasses } from '../../../src/data/source/match-classes.js';

const notes = { strayFiles: [], unusedDirectories: [], repeatedDirectories: [] };

/** A scan of one image of each class. */
function scanOf(classNames: readonly string[], list?: string): ImageScan {
  const facts = { format: 'png' as const, width: 8, height: 8, sizeBytes: 127 };
  const files = classNames.map((name, label) => ({ path: `${name}.png`, label, ...facts }));
  return { directory: 'data', classNames, files, problems: [], notes, ...(list !== undefined && { list }) };
}

describe('matchClasses', () => {
  it('takes the two Unicode forms of a name for one, in a list and in the class names of a model', () => {
    const { files, classNames } = matchClasses(scanOf(['caf\u00e9'], 'test.csv'), ['b', 'cafe\u0301'], {});
    expect([files.map(({ label }) => label), classNames]).toEqual([[1], ['b', 'cafe\u0301']]);
    expect(matchClasses(scanOf(['b', 'cafe\u0301']), ['b', 'caf\u00e9'], {}).files).toHaveLength(2);
  });

  it('says where the names of a list differ from those that they look like', () => {
    expect(() => matchClasses(scanOf(['Cat', '\ufb01sh'], 'test.csv'), ['cat', 'fish'], {}))
      .toThrowErrorMatchingInlineSnapshot(`
        [SignetError: The classes of the test set are not those of the training set.
        Unexpected: "Cat", "ﬁsh".
        "cat" and "Cat" differ only in upper and lower case.
        "fish" and "ﬁsh" look alike and differ from character 1 on: U+0066 and U+FB01.
        A list may name these classes alone: "cat", "fish".]
      `);
  });
});
