// The choice among the models: names side by side if there are few, otherwise a list.

import { element, fill, made } from './elements.js';

/** Maximum number of names that fit next to each other. */
const mostTabs = 4;
const list = element('model');
const tabs = element('model-tabs');

export class ModelTabs {
  #names = [];

  /** @param onChange Called when another one is chosen. */
  constructor(onChange) {
    list.onchange = tabs.onchange = onChange;
  }

  get #isTabs() {
    return this.#names.length > 1 && this.#names.length <= mostTabs;
  }

  /** Name of the chosen one; empty if there is none. */
  get chosen() {
    return this.#isTabs ? (tabs.querySelector(':checked')?.value ?? '') : list.value;
  }

  /** Names that have not changed are left alone, since somebody may be using them. */
  show(names, chosen) {
    if (JSON.stringify(names) !== JSON.stringify(this.#names)) this.#make(names);
    if (!this.#isTabs) list.value = chosen ?? '';
    else for (const tab of tabs.querySelectorAll('input')) tab.checked = tab.value === chosen;
  }

  #make(names) {
    this.#names = names;
    tabs.hidden = !this.#isTabs;
    element('model-field').hidden = this.#isTabs;
    for (const tab of tabs.querySelectorAll('label')) tab.remove();
    if (this.#isTabs) tabs.append(...names.map(tabOf));
    fill(
      list,
      names.map((name) => [name, name]),
    );
  }
}

function tabOf(name) {
  return made('label', {}, made('input', { type: 'radio', name: 'model', value: name }), name);
}
