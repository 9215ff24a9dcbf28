// Drawing with the keyboard: arrows move a pen over a grid, the space bar puts it down and lifts it.

/** Steps over the drawing area; with Shift, four at once. */
const steps = 28;
const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class DrawingKeys {
  #column = steps / 2;
  #row = steps / 2;
  #isDown = false;
  #hasFocus = false;

  /** @param say Announces a text to screen readers. @param ask Sends the drawing. */
  constructor(pad, { say, ask }) {
    this.pad = pad;
    this.say = say;
    this.keys = { ' ': () => this.#toggle(), Enter: ask, Backspace: () => this.#undo(), Delete: () => this.#clear() };
    pad.onPaint = (context) => this.#paintPen(context);
    pad.canvas.addEventListener('keydown', (event) => this.#press(event));
    // With a pointer, the pen need not be shown.
    pad.canvas.addEventListener('focus', () => this.#show(pad.canvas.matches(':focus-visible')));
    pad.canvas.addEventListener('pointerdown', () => this.#show(false));
    pad.canvas.addEventListener('blur', () => this.#show(false));
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = directions[event.key];
    const run = direction ? () => this.#move(direction, event.shiftKey ? 4 : 1) : this.keys[event.key];
    if (!run) return;
    event.preventDefault();
    this.#hasFocus = true;
    run();
  }

  get #point() {
    return [this.#column / steps, this.#row / steps];
  }

  #move([right, down], by) {
    const within = (value) => Math.min(steps - 1, Math.max(1, value));
    this.#column = within(this.#column + right * by);
    this.#row = within(this.#row + down * by);
    if (this.#isDown) this.pad.drawTo(this.#point);
    else this.pad.paint();
    this.say(`column ${this.#column}, row ${this.#row}`);
  }

  #toggle() {
    this.#isDown = !this.#isDown;
    if (this.#isDown) this.pad.put(this.#point);
    else this.pad.paint();
    this.say(this.#isDown ? 'pen down' : 'pen up');
  }

  #undo() {
    this.#isDown = false;
    this.pad.undo();
    this.say('undone');
  }

  #clear() {
    this.#isDown = false;
    this.pad.clear();
    this.say('cleared');
  }

  #show(hasFocus) {
    this.#hasFocus = hasFocus;
    if (!hasFocus) this.#isDown = false;
    this.pad.paint();
  }

  /** A ring where the pen is, filled while it draws. */
  #paintPen(context) {
    if (!this.#hasFocus) return;
    const { width } = context.canvas;
    const [x, y] = this.#point;
    context.beginPath();
    context.arc(x * width, y * width, width / 28, 0, 2 * Math.PI);
    context.lineWidth = width / 70;
    context.strokeStyle = '#4d94ff';
    context.fillStyle = '#4d94ff';
    context.stroke();
    if (this.#isDown) context.fill();
  }
}
