// The page of serve-model: no build step, no library, nothing from another host.

import { server } from './ask-server.js';
import { element, say, tell } from './elements.js';
import { ModelChoice } from './model-choice.js';
import { PictureDesk } from './picture-desk.js';
import { hasToken, request, setToken } from './server.js';
import { showSignatures } from './signature-table.js';
import { askForToken, hideTokenForm, watchTokenForm } from './token-form.js';

/** Milliseconds between two requests for what is served. */
const interval = 3000;

const choice = new ModelChoice(() => void showVersion());
const desk = new PictureDesk(server, () => choice.target);
/** Content of the table of signatures. */
let shown = '';
/** Model for which the drawing's side and fold have been set; from then on the user decides. */
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
  // It is not shown yet if the server did not answer when it was chosen.
  void showVersion();
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
  const { modelName: model, answering: version, compared, path } = choice;
  const wanted = JSON.stringify([model, version, compared, path]);
  if (wanted === shown) return;
  shown = wanted;
  element('asking').inert = element('signatures').hidden = version === null;
  if (version === null) return;
  try {
    const about = await describe(model, version);
    const other = compared === null ? null : await describe(model, compared);
    if (shown === wanted) arrange(about, path, other);
  } catch (error) {
    // The next request tries again.
    shown = '';
    failed(error);
  }
}

async function describe(model, version) {
  return JSON.parse(await request(`/page/version.json?${new URLSearchParams({ model, version })}`));
}

/** @param other The version that it is compared with; null if there is none. */
function arrange(version, path, other) {
  showSignatures(version, path, hasToken());
  const { name, takesPictures, inputSize, classNames, precision, shadow } = version;
  element('asking').hidden = !takesPictures;
  tell(
    'no-pictures',
    takesPictures ? '' : `${name} takes no picture files; it can be called by its signatures, below.`,
  );
  tell('knows', takesPictures && classNames ? knownText(name, classNames) : '');
  desk.offerHeatmaps(version.hasHeatmaps && (other?.hasHeatmaps ?? true));
  tell('precision', precision?.note ? `${name} ${precision.note}` : '');
  tell('shadow', shadow ? `${name}/${version.version} ${shadow}` : '');
  if (arrangedFor === name) return;
  arrangedFor = name;
  desk.arrange(inputSize);
}

/** Which pictures make sense here. */
function knownText(name, { first, count }) {
  const more = count - first.length;
  return `${name} knows ${count} classes: ${first.join(', ')}${more === 0 ? '.' : `, and ${more} more.`}`;
}

watchTokenForm(look);
element('forget').onclick = () => {
  setToken(null);
  location.reload();
};
element('loading').hidden = false;
await look();
// Versions come and go while the page is open; nobody looks at a page in the background.
setInterval(() => {
  if (!document.hidden && element('token-form').hidden) void look();
}, interval);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && element('token-form').hidden) void look();
});
