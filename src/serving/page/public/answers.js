// Cards with what the model says of each picture.

import { curlLine } from './curl-line.js';
import { element, made, say } from './elements.js';
import { hasToken, request } from './server.js';

/** Older ones go: a browser keeps every picture of a card decoded. */
const maxCards = 200;
const list = element('answers');

/** Sends pictures and shows a card for each. */
export class Answers {
  #made = 0;
  #pending = 0;
  #stop = new AbortController();

  constructor() {
    element('stop').onclick = () => this.#stop.abort();
    element('clear-answers').onclick = () => this.#clear();
    this.#show();
  }

  /**
   * Sends files one by one, so that each has its own time and its own error.
   *
   * @param target What is asked: `path`, `label`, and `topK`.
   */
  async ask(files, target) {
    const { signal } = this.#stop;
    const asked = files.slice(0, maxCards);
    const cards = asked.map((file) => this.#makeCard(file, target));
    list.prepend(...cards);
    while (list.children.length > maxCards) list.lastElementChild.remove();
    this.#pending += cards.length;
    this.#show(files.length - asked.length);
    const said = [];
    for (const [i, card] of cards.entries()) {
      said.push(await answer(card, asked[i], target, signal));
      if (i === 0) card.scrollIntoView({ block: 'nearest' });
      this.#pending -= 1;
      this.#show(files.length - asked.length);
    }
    say(said.length > 3 ? `${said.length} pictures are answered.` : said.join(' '));
  }

  #show(left = 0) {
    const { length } = list.children;
    element('no-answers').hidden = length > 0;
    element('clear-answers').hidden = length === 0 || this.#pending > 0;
    element('stop').hidden = this.#pending < 2;
    const many = left === 0 ? '' : `The first ${maxCards} pictures are asked, ${left} more are not. `;
    element('progress').textContent = many + (this.#pending > 1 ? `${this.#pending} to go` : '');
    if (this.#pending === 0) this.#stop = new AbortController();
  }

  #clear() {
    for (const link of list.querySelectorAll('.download')) URL.revokeObjectURL(link.href);
    list.replaceChildren();
    this.#show();
    // The button is gone; the keyboard stays where it was.
    element('answers-title').focus();
  }

  #makeCard(file, { path, topK }) {
    const card = element('answer').content.firstElementChild.cloneNode(true);
    const title = card.querySelector('h3');
    title.textContent = file.name;
    title.id = `answer-${(this.#made += 1)}`;
    card.setAttribute('aria-labelledby', title.id);
    showPicture(card, file);
    const curl = curlLine(file.name, `${location.origin}${url(path, topK)}`, hasToken());
    card.querySelector('code').textContent = curl;
    card.querySelector('.copy').onclick = ({ target }) => copy(curl, card.querySelector('code'), target);
    return card;
  }
}

function url(path, topK) {
  return `${path}:classify-image${topK === 5 ? '' : `?top_k=${topK}`}`;
}

/** A picture, or where the browser knows none, the ending of the file's name. */
function showPicture(card, file) {
  const picture = card.querySelector('img');
  const link = card.querySelector('.download');
  const address = URL.createObjectURL(file);
  picture.src = address;
  const isDrawing = file.name.startsWith('drawing-');
  if (isDrawing) Object.assign(link, { href: address, download: file.name, hidden: false });
  const drop = () => {
    if (!isDrawing) URL.revokeObjectURL(address);
  };
  picture.onload = drop;
  picture.onerror = () => {
    drop();
    const ending = /\.(\w{1,5})$/.exec(file.name)?.[1] ?? 'file';
    picture.replaceWith(made('div', { className: 'no-picture', ariaHidden: 'true' }, ending));
  };
}

/** @returns What a screen reader is told. */
async function answer(card, file, { path, label, topK }, signal) {
  const time = card.querySelector('.time');
  time.textContent = 'asking …';
  card.ariaBusy = 'true';
  try {
    signal.throwIfAborted();
    await checkReadable(file);
    const form = new FormData();
    form.append('image', file, file.name);
    const start = performance.now();
    const text = await request(url(path, topK), { method: 'POST', body: form, signal });
    const milliseconds = performance.now() - start;
    const { classes } = JSON.parse(text).predictions[0];
    time.textContent = `${label} · ${milliseconds.toFixed(1)} ms round trip`;
    showClasses(card.querySelector('.classes'), classes);
    const [best] = classes;
    return best ? `${file.name}: ${nameOf(best)}, ${percent(best.probability)}.` : `${file.name}: no classes.`;
  } catch (error) {
    time.textContent = label;
    return showProblem(card, file, signal.aborted ? 'Stopped.' : error.message);
  } finally {
    card.ariaBusy = 'false';
  }
}

/** A folder is dropped like a file, and then cannot be read. */
async function checkReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error('The browser cannot read this: it is a folder, or the file is gone. Drop files.');
  }
}

function showProblem(card, file, message) {
  const problem = card.querySelector('.problem');
  problem.textContent = message;
  problem.hidden = false;
  return `${file.name}: ${message}`;
}

function nameOf({ name, index }) {
  return name ?? `class ${index}`;
}

function percent(probability) {
  return `${(probability * 100).toFixed(1)} %`;
}

/** Characters of a name beside which there is place for a bar. */
const shortName = 12;

function showClasses(list, classes) {
  list.classList.toggle(
    'long',
    classes.some((each) => nameOf(each).length > shortName),
  );
  list.append(...classes.map(item));
}

function item(best) {
  const part = made('span', { className: 'part' });
  part.style.inlineSize = percent(best.probability).replace(' ', '');
  const bar = made('span', { className: 'bar', ariaHidden: 'true' }, part);
  const number = made('span', { className: 'number' }, percent(best.probability));
  return made('li', {}, made('span', { className: 'name' }, nameOf(best)), ' ', bar, number);
}

/** Without TLS, a browser gives no clipboard to a page from another machine: then the text is selected, to be copied by hand. */
async function copy(text, shown, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    say('Copied.');
  } catch {
    getSelection().selectAllChildren(shown);
    button.textContent = 'Selected';
    say('The browser does not let this page copy. The line is selected.');
  }
  setTimeout(() => (button.textContent = 'Copy'), 2000);
}
