// Asks a server about pictures.

import { curlLine } from './curl-line.js';
import { hasToken, request } from './server.js';

/** Answers come by `:classify-image`. A target is what is asked: `path`, `label`, and `topK`. */
export const server = {
  async ask(file, { path, label, topK }, signal) {
    const form = new FormData();
    form.append('image', file, file.name);
    const start = performance.now();
    const text = await request(url(path, topK), { method: 'POST', body: form, signal });
    const milliseconds = performance.now() - start;
    const { classes } = JSON.parse(text).predictions[0];
    return { classes, took: `${label} · ${milliseconds.toFixed(1)} ms round trip` };
  },

  label: ({ label }) => label,

  curl: ({ name }, { path, topK }) => curlLine(name, `${location.origin}${url(path, topK)}`, hasToken()),
};

function url(path, topK) {
  return `${path}:classify-image${topK === 5 ? '' : `?top_k=${topK}`}`;
}
