// The page without a server: the model computes in the browser, and no picture leaves it.

import { element, fill, made, say, tell } from '../public/elements.js';
import { PictureDesk } from '../public/picture-desk.js';
import { availableBackends, backendNames, LocalModel } from './local-model.js';
import { loadModelParts } from './model-parts.js';
import { fitPicture } from './fit-picture.js';
import { readPicture } from './read-picture.js';
import { reducePicture } from './reduce-picture.js';

const select = element('backend');

void open();

async function open() {
  try {
    tell('loading', 'Loading the model …');
    const onProgress = (done, all) => tell('loading', `Loading the model: ${done} of ${all} parts …`);
    await start(await loadModelParts(onProgress));
  } catch (error) {
    tell('problem', error.message);
  }
  tell('loading', '');
}

async function start({ model: topology, weights, facts }) {
  const available = await availableBackends();
  const model = new LocalModel(topology, weights);
  await model.useFirst(available);
  describe(facts);
  fill(select, available.map((name) => [name, backendNames[name]]), model.backend); // prettier-ignore
  select.onchange = () => change(model, select.value);
  const desk = new PictureDesk(asker(model, facts), () => ({}));
  desk.arrange(facts.inputSize);
  element('files').accept = 'image/*';
  element('files-hint').textContent =
    'or drop them anywhere, or paste one. All that this browser shows: JPEG, PNG, GIF, BMP, WebP, AVIF. They stay on this device.';
  element('workplace').hidden = element('choice').hidden = false;
}

/** Answers the desk's questions. */
function asker(model, facts) {
  return {
    async ask(file, { topK }) {
      const start = performance.now();
      const picture = fitPicture(reducePicture(await readPicture(file, facts.exif), facts), facts);
      const read = performance.now() - start;
      const { outputs, milliseconds, backend } = await model.run(picture);
      const classes = bestClasses(outputs, facts, topK);
      return {
        classes,
        isSure: facts.sureFrom === null ? undefined : (classes[0]?.probability ?? 0) >= facts.sureFrom,
        took: `${milliseconds.toFixed(1)} ms in ${backendNames[backend]}, read in ${read.toFixed(1)} ms`,
      };
    },
    label: () => facts.name,
  };
}

function bestClasses(outputs, facts, topK) {
  const { classNames, thresholds } = facts;
  return probabilitiesOf(outputs, facts)
    .map((probability, index) => ({
      index,
      name: classNames?.[index] ?? null,
      probability,
      ...judged(probability, thresholds?.[index]),
    }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, topK);
}

/** Whether a picture has this class, if it may have several. */
function judged(probability, threshold) {
  return threshold === undefined ? {} : { threshold, present: probability >= threshold };
}

function probabilitiesOf(outputs, { gives, thresholds, temperature }) {
  if (thresholds) return Array.from(outputs, (logit) => 1 / (1 + Math.exp(-logit)));
  return gives === 'logits' || !areProbabilities(outputs)
    ? softmax(outputs.map((logit) => logit / temperature))
    : [...outputs];
}

/** Models that Signet did not train may end in a softmax or in sigmoids of their own. */
function areProbabilities(outputs) {
  return outputs.every((value) => value >= 0 && value <= 1.001);
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

async function change(model, backend) {
  const before = model.backend;
  tell('problem', '');
  tell('loading', `Preparing the model for ${backendNames[backend]} …`);
  select.disabled = element('asking').inert = true;
  try {
    await model.use(backend);
    say(`Computes with ${backendNames[backend]} now.`);
  } catch (error) {
    await model.use(before);
    select.value = before;
    tell('problem', `This browser does not compute the model with ${backendNames[backend]}: ${error.message}`);
  }
  tell('loading', '');
  select.disabled = element('asking').inert = false;
  select.focus();
}

function describe({ name, about }) {
  document.title = `${name} · Signet`;
  element('model-name').textContent = name;
  const rows = about.map(([title, text]) => made('tr', {}, made('th', { scope: 'row' }, title), made('td', {}, text)));
  element('about').replaceChildren(made('tbody', {}, ...rows));
}
