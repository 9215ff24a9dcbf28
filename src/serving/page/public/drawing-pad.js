// A canvas to draw on. It keeps strokes, not pixels, so that they can be undone, and moved and thickened to look like the digits that a model knows.

import { frameDrawing, paintStrokes } from './frame-drawing.js';

/** The view while drawing: pixels of the canvas, and the pen's width as a fraction of the side. */
const pixels = 560;
const pen = 0.1;

export class DrawingPad {
  #strokes = [];
  #pointer = null;
  #made = 0;
  #onPaint = () => undefined;

  constructor(canvas) {
    this.canvas = canvas;
    canvas.width = canvas.height = pixels;
    this.context = canvas.getContext('2d');
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#continue(event));
    for (const type of ['pointerup', 'pointercancel']) canvas.addEventListener(type, (event) => this.#end(event));
    // Otherwise a fast stroke is a fling for Chromium, and the next tap only stops the fling.
    canvas.addEventListener('touchmove', (event) => event.preventDefault(), { passive: false });
    this.paint();
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  /** Begins a stroke at [x, y], as fractions of the side. */
  put(point) {
    this.#strokes.push([point]);
    this.paint();
  }

  /** Continues the last stroke. */
  drawTo(point) {
    this.#strokes.at(-1)?.push(point);
    this.paint();
  }

  undo() {
    this.#strokes.pop();
    this.paint();
  }

  clear() {
    this.#strokes = [];
    this.paint();
  }

  /** Sets a function that is called with the context after every change, to paint what is not part of the drawing. */
  set onPaint(paint) {
    this.#onPaint = paint;
    this.paint();
  }

  paint() {
    paintStrokes(this.context, this.#strokes, pen);
    this.#onPaint(this.context);
  }

  /** The drawing as a PNG file with the given number of pixels per side. */
  async toFile(frame, side) {
    const blob = await frameDrawing(this.#strokes, frame, side).convertToBlob();
    this.#made += 1;
    return new File([blob], `drawing-${this.#made}.png`, { type: 'image/png' });
  }

  /** One finger, pen or mouse draws at a time. */
  #begin(event) {
    if (this.#pointer !== null || event.button !== 0) return;
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.put(this.#place(event));
  }

  #continue(event) {
    if (event.pointerId !== this.#pointer) return;
    // A hand is faster than the screen: the points between two frames arrive together.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) this.drawTo(this.#place(each));
  }

  #end(event) {
    if (event.pointerId === this.#pointer) this.#pointer = null;
  }

  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }
}
