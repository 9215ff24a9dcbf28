// Cards with the model's answer for each picture.

import { classesIn, doubtOf, isSeveral, nameOf, percent } from './class-words.js';
import { comparisonOf, isSame, verdictOf } from './compared-answer.js';
import { element, made, say } from './elements.js';
import { barOf, numberOf, share } from './probability-bar.js';

/** Maximum number of cards; older ones are removed, since a browser keeps every picture of a card decoded. */
const maxCards = 200;
const list = element('answers');

/** Asks about pictures and shows a card for each. */
export class Answers {
  #made = 0;
  #pending = 0;
  #stop = new AbortController();

  /**
   * @param asker Gives the answers: `ask(file, target, signal)` resolves to the classes, a line about the time, and if it is wanted, the class that
   *   was `explained` with its `overlay`, a PNG in base64; `label(target)` names the one that answers; `curl(file, target)` is a line for a shell, if
   *   there is one.
   */
  constructor(asker) {
    this.asker = asker;
    element('stop').onclick = () => this.#stop.abort();
    element('clear-answers').onclick = () => this.#clear();
    this.#show();
  }

  /**
   * Asks about files one by one, so that each has its own time and its own error.
   *
   * @param target What the asker needs to know.
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
      said.push(await this.#answer(card, asked[i], target, signal));
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

  #makeCard(file, target) {
    const card = element('answer').content.firstElementChild.cloneNode(true);
    const title = card.querySelector('h3');
    title.textContent = file.name;
    title.id = `answer-${(this.#made += 1)}`;
    card.setAttribute('aria-labelledby', title.id);
    card.classList.toggle('compared', target.other !== undefined);
    showPicture(card, file);
    showCurl(card, this.asker.curl?.(file, target));
    return card;
  }

  /** @returns The sentence for screen readers. */
  async #answer(card, file, target, signal) {
    const time = card.querySelector('.time');
    time.textContent = 'asking …';
    card.ariaBusy = 'true';
    try {
      signal.throwIfAborted();
      await checkReadable(file);
      if (target.other) return await this.#compare(card, file, target, signal);
      const { classes, isKnown, isSure, took, explained, overlay } = await this.asker.ask(file, target, signal);
      time.textContent = took;
      if (overlay) showHeatmap(card, explained, overlay);
      const doubt = doubtOf(isKnown, isSure);
      showDoubt(card, doubt);
      showClasses(card.querySelector('.classes'), classes);
      return `${file.name}: ${doubt === '' ? '' : `${doubt} `}${inWords(classes)}.`;
    } catch (error) {
      time.textContent = this.asker.label(target);
      return showProblem(card, file, signal.aborted ? 'Stopped.' : error.message);
    } finally {
      card.ariaBusy = 'false';
    }
  }

  /** Asks one version after the other, so that neither slows the other down. */
  async #compare(card, file, target, signal) {
    const sides = [];
    for (const each of [target, target.other]) {
      try {
        sides.push({ label: each.label, answer: await this.asker.ask(file, each, signal) });
      } catch (error) {
        throw signal.aborted ? error : new Error(`${each.label}: ${error.message}`, { cause: error });
      }
    }
    card.querySelector('.time').textContent = sides.map(({ answer }) => answer.took).join(', ');
    for (const { label, answer } of sides)
      if (answer.overlay) showHeatmap(card, answer.explained, answer.overlay, label);
    const verdict = card.querySelector('.verdict');
    Object.assign(verdict, { textContent: verdictOf(sides), hidden: false });
    verdict.classList.toggle('differs', !isSame(sides));
    card.querySelector('.classes').replaceWith(made('div', { className: 'scroll-table' }, comparisonOf(sides)));
    return `${file.name}: ${verdict.textContent}`;
  }
}

/** Shows the curl command of a request. A page without a server has none, so only the link that saves a picture remains. */
function showCurl(card, curl) {
  if (curl === undefined) return card.querySelector('details').replaceWith(card.querySelector('.download'));
  card.querySelector('code').textContent = curl;
  card.querySelector('.copy').onclick = ({ target }) => copy(curl, card.querySelector('code'), target);
}

/** Whether the page has made the picture, so that nobody else has it. */
function isMade({ name }) {
  return /^(drawing|photo)-\d+\.png$/.test(name);
}

/** Shows a picture, or the extension of the file's name if the browser cannot show it. */
function showPicture(card, file) {
  const picture = card.querySelector('img');
  const link = card.querySelector('.download');
  const address = URL.createObjectURL(file);
  picture.src = address;
  if (isMade(file)) Object.assign(link, { href: address, download: file.name, hidden: false });
  const drop = () => {
    if (!isMade(file)) URL.revokeObjectURL(address);
  };
  picture.onload = drop;
  picture.onerror = () => {
    drop();
    const ending = /\.(\w{1,5})$/.exec(file.name)?.[1] ?? 'file';
    picture.replaceWith(made('div', { className: 'no-picture', ariaHidden: 'true' }, ending));
  };
}

/**
 * Shows where a class was seen.
 *
 * @param overlay The picture with its heat map, a PNG in base64.
 * @param by The version that saw it, if several are asked.
 */
function showHeatmap(card, explained, overlay, by) {
  const picture = emptyHeatmap(card);
  const bytes = Uint8Array.from(atob(overlay), (character) => character.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: 'image/png' }));
  picture.onload = picture.onerror = () => URL.revokeObjectURL(address);
  const name = nameOf(explained);
  Object.assign(picture, { src: address, alt: `Where “${name}” was seen${by ? ` by ${by}` : ''}`, hidden: false });
  if (by) picture.after(made('p', { className: 'hint' }, by));
  const line = card.querySelector('.explained');
  const text = `Brighter areas speak more for “${name}”.`;
  line.textContent = by ? 'Brighter areas speak more for the best class of each version.' : text;
  line.hidden = false;
}

/** The place of a heat map; a card of two versions has two. */
function emptyHeatmap(card) {
  const [first] = card.querySelectorAll('.heatmap');
  if (first.hidden) return first;
  const second = made('img', { className: 'heatmap', alt: '' });
  card.querySelector('.pictures').append(second);
  return second;
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

/** The classes stay, but paler: knowing what the picture resembles most may still be useful. */
function showDoubt(card, doubt) {
  const line = card.querySelector('.doubt');
  line.textContent = doubt;
  line.hidden = doubt === '';
  card.classList.toggle('doubtful', doubt !== '');
}

/** The best class or, if a picture may have several, all that it has. */
function inWords(classes) {
  if (classes.length === 0) return 'no classes';
  const words = classesIn(classes).map((each) => `${nameOf(each)}, ${percent(each.probability)}`);
  return words.join('; ') || 'none of the classes';
}

/** Maximum length of a name with room for a bar next to it, in characters. */
const shortName = 12;

function showClasses(list, classes) {
  list.classList.toggle(
    'long',
    classes.some((each) => nameOf(each).length > shortName),
  );
  list.classList.toggle('several', classes.some(isSeveral));
  list.append(...classes.map(item));
}

function item(best) {
  const bar = barOf(best.probability);
  const name = made('span', { className: 'name' }, `${best.present ? '✓ ' : ''}${nameOf(best)}`);
  if (isSeveral(best)) bar.append(thresholdOf(best));
  return made('li', { className: best.present ? 'present' : '' }, name, ' ', bar, numberOf(best.probability));
}

/** A line at the probability from which a picture has the class. */
function thresholdOf({ threshold }) {
  const line = made('span', { className: 'threshold' });
  line.style.insetInlineStart = share(threshold);
  return line;
}

/** Without TLS, a browser does not give a page from another machine access to the clipboard: then the text is selected, to be copied by hand. */
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
