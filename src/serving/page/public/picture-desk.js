// Connects the sources of pictures with the answers; the same with a server and without one.

import { Answers } from './answers.js';
import { watchCamera } from './camera.js';
import { DrawingKeys } from './drawing-keys.js';
import { DrawingPad } from './drawing-pad.js';
import { element, say } from './elements.js';
import { watchForPictures } from './picture-files.js';

/** Drawings are for models of small pictures; for others the pad is there, but folded. */
const smallSide = 64;
const drawingHint = 'With the mouse, a pen or a finger. The model gets it small, white on black.';

export class PictureDesk {
  #answers;
  #pad = new DrawingPad(element('canvas'));
  #target;

  /**
   * @param asker Gives the answers; see `Answers`.
   * @param target Returns what to ask, to which `topK` and `withHeatmap` are added, and in `other` what it is compared with, if anything.
   */
  constructor(asker, target) {
    this.#answers = new Answers(asker);
    this.#target = target;
    const ask = (files) => this.#ask(files);
    const askDrawing = () => this.#askDrawing();
    new DrawingKeys(this.#pad, { say, ask: askDrawing });
    watchForPictures(ask);
    watchCamera(ask);
    element('drawing-hint').textContent = drawingHint;
    element('send').onclick = askDrawing;
    element('undo').onclick = () => this.#pad.undo();
    element('clear').onclick = () => this.#pad.clear();
  }

  /** @param isThere Whether the model that is asked has heat maps. */
  offerHeatmaps(isThere) {
    element('heatmap-field').hidden = !isThere;
  }

  /** @param inputSize Height and width of the model's pictures; null if unknown. */
  arrange(inputSize) {
    const side = inputSize === null ? 28 : Math.max(...inputSize);
    element('drawing').open = side <= smallSide;
    element('side').value = Math.min(280, Math.max(8, side));
  }

  async #ask(files) {
    const [workplace, asking] = [element('workplace'), element('asking')];
    if (workplace.hidden || asking.inert || asking.hidden || !isValid('top-k')) return;
    const withHeatmap = !element('heatmap-field').hidden && element('with-heatmap').checked;
    const wanted = { topK: Number(element('top-k').value), withHeatmap };
    const { other, ...target } = this.#target();
    await this.#answers.ask(files, { ...target, ...wanted, ...(other && { other: { ...other, ...wanted } }) });
  }

  async #askDrawing() {
    const { isEmpty } = this.#pad;
    element('drawing-hint').textContent = isEmpty ? 'Nothing is drawn yet.' : drawingHint;
    if (isEmpty) return say('Nothing is drawn yet.');
    if (!isValid('side')) return;
    await this.#ask([await this.#pad.toFile(element('frame').value, Number(element('side').value))]);
  }
}

/** @returns Whether the number makes sense; if not, the browser says so. */
function isValid(id) {
  return element(id).reportValidity();
}
