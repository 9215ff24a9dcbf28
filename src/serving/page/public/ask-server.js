// Asks a server about pictures.

import { curlLine } from './curl-line.js';
import { hasToken, request } from './server.js';

/** Answers come by `:classify-image`, with heat maps by `:explain-image`. A target says what is asked: `path`, `label`, `topK`, and `withHeatmap`. */
export const server = {
  async ask(file, target, signal) {
    const form = new FormData();
    form.append('image', file, file.name);
    const start = performance.now();
    const text = await request(url(target), { method: 'POST', body: form, signal });
    const milliseconds = performance.now() - start;
    const { classes, is_known, is_sure, explained, overlay } = JSON.parse(text).predictions[0];
    const took = `${target.label} · ${milliseconds.toFixed(1)} ms round trip`;
    return { classes, isKnown: is_known, isSure: is_sure, explained, overlay, took };
  },

  label: ({ label }) => label,

  curl: ({ name }, target) => {
    const asked = target.other ? [target, target.other] : [target];
    return asked.map((each) => curlLine(name, `${location.origin}${url(each)}`, hasToken())).join('\n');
  },
};

function url({ path, topK, withHeatmap }) {
  return `${path}:${withHeatmap ? 'explain' : 'classify'}-image${topK === 5 ? '' : `?top_k=${topK}`}`;
}
