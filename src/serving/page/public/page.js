// The page of serve-model: no build step, no library, nothing from another host.

import { Answers } from './answers.js';
import { DrawingKeys } from './drawing-keys.js';
import { DrawingPad } from './drawing-pad.js';
import { element, say, tell } from './elements.js';
import { ModelChoice } from './model-choice.js';
import { watchForPictures } from './picture-files.js';
import { hasToken, request, setToken } from './server.js';
import { showSignatures } from './signature-table.js';
import { askForToken, hideTokenForm, watchTokenForm } from './token-form.js';

/** Milliseconds between two looks at what is served. */
const interval = 3000;
/** Drawings are for models of small pictures; for others the pad is there, but folded. */
const smallSide = 64;
const drawingHint = 'With the mouse, a pen or a finger. The model gets it small, white on black.';

const answers = new Answers();
const choice = new ModelChoice(() => void showVersion());
const pad = new DrawingPad(element('canvas'));
/** What the table of signatures shows. */
let shown = '';
/** Whether the drawing's side and fold have been set for a model; then they are the user's. */
let arrangedFor = null;

async function look() {
  try {
    const text = await request('/page/models.json');
    showWorkplace(text);
  } catch (error) {
    failed(error);
  } finally {
    element('loading').hidden = true;
  }
}

function showWorkplace(text) {
  hideTokenForm();
  tell('problem', text === '[]' ? 'No model is served yet. It appears here when there is one.' : '');
  element('workplace').hidden = element('choice').hidden = false;
  element('forget').hidden = !hasToken();
  const news = choice.update(text);
  if (news.length > 0) say(news.join(' '));
}

function failed({ status, message }) {
  if (status === 401) return lockUp();
  return tell('problem', status === 0 ? `${message} Trying again every few seconds.` : message);
}

function lockUp() {
  const wasRefused = hasToken();
  setToken(null);
  element('workplace').hidden = element('choice').hidden = true;
  askForToken(wasRefused);
}

async function showVersion() {
  const { modelName: model, answering: version, path } = choice;
  const wanted = JSON.stringify([model, version, path]);
  if (wanted === shown) return;
  shown = wanted;
  element('asking').inert = element('signatures').hidden = version === null;
  if (version === null) return;
  try {
    const text = await request(`/page/version.json?${new URLSearchParams({ model, version })}`);
    if (shown === wanted) arrange(JSON.parse(text), path);
  } catch (error) {
    // The next look tries again.
    shown = '';
    failed(error);
  }
}

function arrange(version, path) {
  showSignatures(version, path, hasToken());
  const { name, takesPictures, inputSize } = version;
  element('asking').hidden = !takesPictures;
  tell(
    'no-pictures',
    takesPictures ? '' : `${name} takes no picture files; it can be called by its signatures, below.`,
  );
  if (arrangedFor === name) return;
  arrangedFor = name;
  const side = inputSize === null ? 28 : Math.max(...inputSize);
  element('drawing').open = side <= smallSide;
  element('side').value = Math.min(280, Math.max(8, side));
}

/** @returns Whether the numbers make sense; the browser tells which does not. */
function isValid(...inputs) {
  return inputs.every((id) => element(id).reportValidity());
}

async function ask(files) {
  const [workplace, asking] = [element('workplace'), element('asking')];
  if (workplace.hidden || asking.inert || asking.hidden || !isValid('top-k')) return;
  await answers.ask(files, { path: choice.path, label: choice.label, topK: Number(element('top-k').value) });
}

async function askDrawing() {
  element('drawing-hint').textContent = pad.isEmpty ? 'Nothing is drawn yet.' : drawingHint;
  if (pad.isEmpty) return say('Nothing is drawn yet.');
  if (!isValid('side')) return;
  await ask([await pad.toFile(element('frame').value, Number(element('side').value))]);
}

new DrawingKeys(pad, { say, ask: askDrawing });
watchForPictures(ask);
watchTokenForm(look);
element('drawing-hint').textContent = drawingHint;
element('send').onclick = askDrawing;
element('undo').onclick = () => pad.undo();
element('clear').onclick = () => pad.clear();
element('forget').onclick = () => {
  setToken(null);
  location.reload();
};
element('loading').hidden = false;
await look();
// Versions come and go while the page is open; nobody looks at one in the background.
setInterval(() => {
  if (!document.hidden && element('token-form').hidden) void look();
}, interval);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && element('token-form').hidden) void look();
});
