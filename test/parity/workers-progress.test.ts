import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const script = `
import json, os, shutil, sys
sys.path.insert(0, os.path.join(os.getcwd(), 'deploy/distributed'))
from training_state import Progress, TrainingState
request = json.load(sys.stdin)

def problem(value):
    try:
        Progress.parse(value)
    except (TypeError, ValueError) as error:
        return str(error)

state = TrainingState(request['model'], request['output'])
progress = Progress.parse(request['good'])
state.write_model(progress)
print(json.dumps([problem(value) for value in request['bad']]))
`;

const good = {
  parts: 1,
  epochs: 1,
  best_epoch: 1,
  wait: 0,
  is_stopped: false,
  images: '',
  history: [[0, 1, 0.5, 1, 2]],
};
const bad: [change: object, problem: RegExp][] = [
  [{ parts: '=1' }, /^parts is a whole number\. Received: '=1'\.$/],
  [{ epochs: true }, /^epochs is a whole number/],
  [{ wait: 1.5 }, /^wait is a whole number/],
  [{ parts: 0 }, /^parts is a whole number/],
  [{ best_epoch: 2 }, /one of them is the best/],
  [{ history: [['=cmd|calc', 1, 1, 1, 1]] }, /^A row of the history has a number for each of epoch, accuracy/],
  [{ history: [[1, 1]] }, /^A row of the history/],
  [{ is_stopped: 'no' }, /^is_stopped is true or false/],
  [{ model: '/etc' }, /unexpected keyword argument 'model'/],
];

describe.skipIf(!hasPython())('what workers keep', () => {
  it('is looked at before it is believed, and OUTPUT.new of somebody else stays', async () => {
    const folder = await temporaryFolder();
    const [model, output] = [path.join(folder, 'model'), path.join(folder, 'output')];
    for (const name of [path.join(model, 'variables'), path.join(model, 'assets.extra'), `${output}.training`, `${output}.new`]) {
      mkdirSync(name, { recursive: true });
    }
    writeFileSync(path.join(`${output}.new`, 'thesis.txt'), 'the only copy');
    for (const ending of ['index', 'data-00000-of-00001']) writeFileSync(path.join(`${output}.training`, `epoch-1.${ending}`), '');
    const request = { model, output, good, bad: bad.map(([change]) => ({ ...good, ...change })) };
    const problems = (await runPython(script, request)) as string[];
    bad.forEach(([, expected], i) => expect(problems[i]).toMatch(expected));
    expect(readFileSync(path.join(`${output}.new`, 'thesis.txt'), 'utf8')).toBe('the only copy');
    expect(existsSync(path.join(output, 'variables', 'variables.index'))).toBe(true);
    expect(readFileSync(path.join(output, 'assets.extra', 'history.csv'), 'utf8')).toContain('\n0,1,0.5,1,2\n');
  });
}); // prettier-ignore
