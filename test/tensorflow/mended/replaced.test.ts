import { describe, expect, it } from 'vitest';

import { onNewVariable } from '../../../src/tensorflow/mended/new-variables.js';
import { replaced, replacedGradient, replacedKernel } from '../../../src/tensorflow/mended/replaced.js';
import * as tf from '../../../src/tensorflow/tf.js';

class Greeter {
  constructor(readonly name: string) {}

  greet(): string {
    return `Hello ${this.name}`;
  }
}

describe('replaced', () => {
  it('replaces an inherited method of one object, and leaves no member behind', () => {
    const [one, other] = [new Greeter('Ada'), new Greeter('Bo')];
    const undo = replaced(one, 'greet', (greet) => () => `${greet.call(one)}!`);
    expect([one.greet(), other.greet()]).toEqual(['Hello Ada!', 'Hello Bo']);
    undo();
    expect(one.greet()).toBe('Hello Ada');
    expect(Object.keys(one)).toEqual(['name']);
  });

  it('replaces a method of a prototype for all objects, and puts the same one back', () => {
    const greet = Object.getOwnPropertyDescriptor(Greeter.prototype, 'greet');
    const undo = replaced(
      Greeter.prototype,
      'greet',
      (original) =>
        function (this: Greeter) {
          return original.call(this).toUpperCase();
        },
    );
    expect(new Greeter('Ada').greet()).toBe('HELLO ADA');
    undo();
    expect(Object.getOwnPropertyDescriptor(Greeter.prototype, 'greet')).toEqual(greet);
  });

  it('undoes two replacements in reverse order', () => {
    const one = { value: 1 };
    const undos = [replaced(one, 'value', (value) => value + 1), replaced(one, 'value', (value) => value * 10)];
    expect(one.value).toBe(20);
    undos.reverse().forEach((undo) => undo());
    expect(one).toEqual({ value: 1 });
  });

  it('says where to look when TF.js has no such member any more', () => {
    const changed = {} as { greet?: () => string };
    expect(() => replaced(changed, 'greet', (greet) => greet)).toThrow(
      'TF.js has no member "greet": see src/tensorflow/mended/README.md for what replaces it, and why.',
    );
  });
});

describe('replacedKernel and replacedGradient', () => {
  it('replace what TF.js has registered, and put it back', () => {
    const double = (x: number) =>
      tf.tidy(
        () =>
          tf
            .grad((y) => tf.square(y))(tf.scalar(x))
            .dataSync()[0],
      );
    const undos = [
      replacedKernel('Square', (square) => (params) => {
        const { x } = params.inputs as unknown as { x: tf.Tensor };
        return square({ ...params, inputs: { x: tf.add(x, 1) } });
      }),
      replacedGradient('Square', (config) => ({ ...config, gradFunc: (dy) => ({ x: () => dy as tf.Tensor }) })),
    ];
    expect(tf.tidy(() => tf.square(2).dataSync()[0])).toBe(9);
    expect(double(2)).toBe(1);
    undos.forEach((undo) => undo());
    expect(tf.tidy(() => tf.square(2).dataSync()[0])).toBe(4);
    expect(double(2)).toBe(4);
  });

  it('say which kernel is missing', () => {
    expect(() => replacedKernel('Nothing', (original) => original)).toThrow('TF.js has no kernel "Nothing"');
    expect(() => replacedGradient('Nothing', (original) => original)).toThrow('TF.js has no gradient "Nothing"');
  });
});

describe('onNewVariable', () => {
  it('reports variables until it is stopped', () => {
    const seen: string[] = [];
    const stop = onNewVariable(({ name }) => seen.push(name));
    const first = tf.variable(tf.scalar(1), true, 'seen');
    stop();
    const second = tf.variable(tf.scalar(1), true, 'unseen');
    expect(seen).toEqual(['seen']);
    tf.dispose([first, second]);
  });
});
