// The choice of model and version, and the table of all that are served.

import { element, fill, tableOf } from './elements.js';
import { ModelTabs } from './model-tabs.js';

const version = element('version');
const compare = element('compare');

/** The latest version at the time of the request. */
const latest = '';
/** Value of `compare` while nothing is compared. */
const nothing = '';

export class ModelChoice {
  #models = [];
  #text = '';
  #tabs = new ModelTabs(() => this.#choose(latest, nothing));
  /** The model and version from the page's address, until there is a choice. */
  #asked;
  #onChange;

  /** @param onChange Called when something else is chosen, or the chosen one has changed. */
  constructor(onChange) {
    this.#onChange = onChange;
    const asked = new URLSearchParams(location.search);
    this.#asked = { model: asked.get('model'), version: asked.get('version'), compare: asked.get('compare') };
    version.onchange = () => this.#choose(version.value);
    compare.onchange = () => this.#choose(version.value);
  }

  get modelName() {
    return this.#tabs.chosen;
  }

  /** Versions that answer, the latest first. */
  get #available() {
    return this.#versions.filter(({ state }) => state === 'AVAILABLE').map((each) => each.version);
  }

  get #versions() {
    return this.#models.find(({ name }) => name === this.modelName)?.versions ?? [];
  }

  /** The number of the version that answers, as far as it is known; null if none does. */
  get answering() {
    return version.value === latest ? (this.#available[0] ?? null) : Number(version.value);
  }

  /** Path below which the chosen model's methods are: `/v1/models/NAME/versions/2`. */
  get path() {
    const part = version.value === latest ? '' : `/versions/${version.value}`;
    return `/v1/models/${encodeURIComponent(this.modelName)}${part}`;
  }

  /** The version that the chosen one is compared with; null if there is none. */
  get compared() {
    return compare.value === nothing ? null : Number(compare.value);
  }

  /** The versions to ask: one, or two of them, by their numbers. */
  get target() {
    if (this.compared === null) return { path: this.path, label: this.label };
    const [first, other] = [this.answering, this.compared].map((number) => ({
      path: `/v1/models/${encodeURIComponent(this.modelName)}/versions/${number}`,
      label: `version ${number}`,
    }));
    return { ...first, other };
  }

  /** Name of the version that an answer comes from. */
  get label() {
    return version.value === latest ? this.modelName : `${this.modelName}, version ${version.value}`;
  }

  /**
   * Shows `/page/models.json`. Unchanged parts are left alone, since somebody may be using them.
   *
   * @returns Sentences about versions that answer now and did not before.
   */
  update(text) {
    if (text === this.#text) return [];
    const isFirst = this.#text === '';
    const before = new Set(namesOf(this.#models));
    this.#text = text;
    this.#models = JSON.parse(text);
    this.#fill();
    const news = namesOf(this.#models).filter((name) => !before.has(name));
    return isFirst ? [] : news.map((name) => `${name} answers now.`);
  }

  #fill() {
    const names = this.#models.map(({ name }) => name);
    const wanted = [this.modelName, this.#asked.model].find((name) => names.includes(name)) ?? names[0];
    this.#tabs.show(names, wanted);
    this.#choose([version.value, this.#asked.version].find(Boolean) ?? latest, this.#asked.compare ?? compare.value);
    this.#asked = {};
    element('models-table').replaceChildren(...modelRows(this.#models));
  }

  #choose(wanted, wantedOther = compare.value) {
    const [first] = this.#available;
    const options = this.#available.map((each) => [String(each), String(each)]);
    const gone = wanted !== latest && !options.some(([value]) => value === wanted);
    fill(version, [[latest, first === undefined ? 'none' : `latest (${first})`], ...options], gone ? latest : wanted);
    version.disabled = first === undefined;
    this.#offerOthers(wantedOther);
    this.#remember();
    showState(this.#versions, first !== undefined);
    this.#onChange();
  }

  /** Versions that the chosen one can be compared with. */
  #offerOthers(wanted) {
    const others = this.#available
      .filter((each) => each !== this.answering)
      .map((each) => [String(each), `version ${each}`]);
    const isThere = others.some(([value]) => value === wanted);
    fill(compare, [[nothing, 'no other version'], ...others], isThere ? wanted : nothing);
    element('compare-field').hidden = others.length === 0;
  }

  /** Keeps the choice in the address, so that a reload or a link leads to the same. */
  #remember() {
    const query = new URLSearchParams();
    if (this.#models.length > 1) query.set('model', this.modelName);
    if (version.value !== latest) query.set('version', version.value);
    if (compare.value !== nothing) query.set('compare', compare.value);
    const search = query.size === 0 ? '' : `?${query}`;
    if (search !== location.search) history.replaceState(null, '', `${location.pathname}${search}`);
    document.title = this.modelName === '' ? 'Signet' : `${this.modelName} · Signet`;
  }
}

function namesOf(models) {
  return models.flatMap(({ name, versions }) =>
    versions.filter(({ state }) => state === 'AVAILABLE').map((each) => `${name} version ${each.version}`),
  );
}

/** Shows a state only if it is unusual. */
function showState(versions, isAvailable) {
  const others = versions.filter(({ state, error }) => !['AVAILABLE', 'END'].includes(state) || error);
  const told = others.map(
    (each) => `Version ${each.version}: ${(each.error || words[each.state]).replace(/\.?$/, '.')}`,
  );
  const none = isAvailable ? [] : ['No version of this model answers.'];
  element('state').textContent = [...none, ...told].join('\n');
  element('state').hidden = none.length + told.length === 0;
}

const words = {
  START: 'found',
  LOADING: 'loading',
  AVAILABLE: 'available',
  UNLOADING: 'being unloaded',
  END: 'unloaded',
};

function modelRows(models) {
  const rows = models.flatMap(({ name, versions }) =>
    versions.length === 0
      ? [[name, '', 'no versions']]
      : versions.map((each) => [name, String(each.version), each.error || words[each.state]]),
  );
  return tableOf(['Model', 'Version', 'State'], rows);
}
