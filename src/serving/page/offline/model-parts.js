// Loads the model's files with script elements: a page of file:// may not fetch the files next to it.

/**
 * Loads the model's parts, which call `signetPart(name, text)`.
 *
 * @param onProgress Called with the number of loaded parts, and the number of all.
 * @returns The graph, its weights, and the facts about the model.
 */
export async function loadModelParts(onProgress) {
  const { topology, facts, weightBytes, partCount } = JSON.parse(await loadPart('model'));
  const weights = new Uint8Array(weightBytes);
  let at = 0;
  for (let i = 1; i <= partCount; i += 1) {
    onProgress(i - 1, partCount);
    const part = bytesOf(await loadPart(`weights-${i}`));
    weights.set(part, at);
    at += part.length;
  }
  if (at === weightBytes) return { model: topology, weights: weights.buffer, facts };
  throw new Error(
    `The model's files do not belong together: ${at} of ${weightBytes} bytes are there. Copy the whole folder again.`,
  );
}

/** The text of a part, which is a script that delivers it. */
function loadPart(name) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src: `model/${name}.js` });
    const failed = (why) =>
      reject(new Error(`model/${name}.js ${why}. Keep index.html together with all files of its folder.`));
    globalThis.signetPart = (given, text) => {
      globalThis.signetPart = undefined;
      if (given === name) resolve(text);
      else failed(`is another part, ${given}`);
    };
    script.onerror = () => failed('cannot be loaded');
    script.onload = () => {
      script.remove();
      failed('is damaged');
    };
    document.head.append(script);
  });
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
