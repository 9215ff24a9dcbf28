// The page of serve-model: no build step, no library, nothing from another host.

const element = (id) => document.getElementById(id);
const model = element('model');
const version = element('version');
const answers = element('answers');
const canvas = element('canvas');
const ink = canvas.getContext('2d', { willReadFrequently: true });

let models = [];

/** What a request failed with: the server's own words where it has some. */
async function failure(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text || `The server answered ${response.status}.`;
  }
}

async function loadModels() {
  try {
    const response = await fetch('/page/models.json');
    if (!response.ok) throw new Error(await failure(response));
    const known = model.value;
    models = await response.json();
    show('problem', models.length === 0 ? 'No model is served yet.' : '');
    fill(
      model,
      models.map(({ name }) => name),
      known,
    );
    showModel();
  } catch (error) {
    show('problem', `The server cannot be reached: ${error.message}`);
  }
}

function show(id, text) {
  element(id).textContent = text;
  element(id).hidden = text === '';
}

function fill(select, values, chosen) {
  select.replaceChildren(...values.map((value) => new Option(value, value, false, String(value) === chosen)));
}

function showModel() {
  const { versions = [] } = models.find(({ name }) => name === model.value) ?? {};
  const available = versions.filter(({ state }) => state === 'AVAILABLE');
  fill(
    version,
    available.map((each) => each.version),
    version.value,
  );
  const others = versions.filter(({ state }) => state !== 'AVAILABLE' && state !== 'END');
  const told = others.map((each) => `version ${each.version}: ${each.error || each.state.toLowerCase()}`);
  element('state').textContent = [available.length > 0 ? 'available' : 'not available', ...told].join(' · ');
  showSignatures(available.find((each) => String(each.version) === version.value)?.signatures ?? {});
}

function showSignatures(signatures) {
  const cell = (tag, ...content) => {
    const made = document.createElement(tag);
    made.append(...content);
    return made;
  };
  const tensors = (all) => all.map(({ name, type }) => cell('code', `${name}: ${type}`));
  const head = cell('tr', ...['Signature', 'Inputs', 'Outputs', 'Method'].map((title) => cell('th', title)));
  for (const title of head.children) title.scope = 'col';
  const rows = Object.entries(signatures).map(([key, { inputs, outputs, method }]) => {
    const row = cell('tr', cell('th', key), cell('td', ...tensors(inputs)), cell('td', ...tensors(outputs)));
    row.firstChild.scope = 'row';
    row.append(cell('td', method.replace('tensorflow/serving/', '')));
    return row;
  });
  element('signatures').replaceChildren(cell('thead', head), cell('tbody', ...rows));
}

function path() {
  const chosen = version.value === '' ? '' : `/versions/${version.value}`;
  return `/v1/models/${encodeURIComponent(model.value)}${chosen}:classify-image`;
}

/** Sends pictures one by one, so that each has its own time and its own error. */
async function ask(files) {
  answers.setAttribute('aria-busy', 'true');
  for (const file of files) {
    const card = makeCard(file);
    answers.prepend(card);
    await answer(card, file);
  }
  answers.removeAttribute('aria-busy');
}

function makeCard(file) {
  const card = element('answer').content.firstElementChild.cloneNode(true);
  const picture = card.querySelector('img');
  picture.src = URL.createObjectURL(file);
  picture.alt = file.name;
  picture.onload = () => URL.revokeObjectURL(picture.src);
  card.querySelector('h3').textContent = file.name;
  card.querySelector('.time').textContent = 'asking …';
  const quoted = file.name.replaceAll("'", `'\\''`);
  const curl = `curl -F 'image=@${quoted}' '${location.origin}${path()}'`;
  card.querySelector('code').textContent = curl;
  card.querySelector('.copy').onclick = () => navigator.clipboard.writeText(curl);
  return card;
}

async function answer(card, file) {
  const form = new FormData();
  form.append('image', file, file.name);
  const start = performance.now();
  try {
    const response = await fetch(path(), { method: 'POST', body: form });
    if (!response.ok) throw new Error(await failure(response));
    const { predictions } = await response.json();
    card.querySelector('.time').textContent = `${(performance.now() - start).toFixed(1)} ms`;
    card.querySelector('.classes').append(...(predictions[0]?.classes ?? []).map(bar));
  } catch (error) {
    card.querySelector('.time').textContent = '';
    const told = card.querySelector('.error');
    told.textContent = error instanceof TypeError ? 'The server cannot be reached.' : error.message;
    told.hidden = false;
  }
}

function bar({ name, index, probability }) {
  const item = document.createElement('li');
  const label = document.createElement('span');
  label.className = 'name';
  label.textContent = name ?? index;
  label.title = label.textContent;
  const meter = document.createElement('meter');
  meter.max = 1;
  meter.value = probability;
  const number = document.createElement('span');
  number.className = 'number';
  number.textContent = `${(probability * 100).toFixed(1)} %`;
  meter.setAttribute('aria-label', `${label.textContent}: ${number.textContent}`);
  item.append(label, meter, number);
  return item;
}

function clear() {
  ink.fillStyle = '#000';
  ink.fillRect(0, 0, canvas.width, canvas.height);
}

function draw() {
  let last = null;
  const place = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((event.clientX - left) * canvas.width) / width, ((event.clientY - top) * canvas.height) / height];
  };
  const line = (to) => {
    ink.strokeStyle = '#fff';
    ink.lineWidth = canvas.width / 10;
    ink.lineCap = 'round';
    ink.beginPath();
    ink.moveTo(...(last ?? to));
    ink.lineTo(...to);
    ink.stroke();
    last = to;
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    line(place(event));
  };
  canvas.onpointermove = (event) => {
    if (last) line(place(event));
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    last = null;
  };
}

/** The drawing, made as small as the model's pictures are. */
function drawing() {
  const side = Math.min(280, Math.max(8, Number(element('side').value) || 28));
  const small = new OffscreenCanvas(side, side);
  const context = small.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvas, 0, 0, side, side);
  return small.convertToBlob().then((blob) => new File([blob], 'drawing.png', { type: 'image/png' }));
}

const drop = element('drop');
drop.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add('over');
};
drop.ondragleave = () => drop.classList.remove('over');
drop.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  void ask(event.dataTransfer.files);
};
document.onpaste = (event) => {
  const { files } = event.clipboardData;
  if (files.length > 0) void ask(files);
};
element('files').onchange = ({ target }) => {
  void ask([...target.files]);
  target.value = '';
};
element('send').onclick = async () => ask([await drawing()]);
element('clear').onclick = clear;
model.onchange = version.onchange = showModel;

clear();
draw();
await loadModels();
// Versions come and go while the page is open.
setInterval(loadModels, 5000);
