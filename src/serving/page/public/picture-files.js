// Receives pictures that are chosen, dropped anywhere on the page, or pasted.

import { element, tell } from './elements.js';

/** @param take Called with the files. */
export function watchForPictures(take) {
  const drop = element('drop');
  const taken = (files) => {
    tell('refusal', '');
    take(files);
  };
  const isOver = (event, is) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.classList.toggle('over', is);
  };
  document.addEventListener('dragover', (event) => isOver(event, true));
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) isOver(event, false);
  });
  document.addEventListener('drop', (event) => {
    drop.classList.remove('over');
    const { files } = event.dataTransfer;
    if (files.length === 0 && event.target.closest?.('input')) return;
    // Otherwise the browser would open the dropped file, and the page would be gone.
    event.preventDefault();
    if (files.length > 0) taken([...files]);
    else tell('refusal', 'What was dropped is not a file. Save the picture first, then drop the file.');
  });
  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData.files.length > 0) taken([...clipboardData.files]);
  });
  element('files').addEventListener('change', ({ target }) => {
    taken([...target.files]);
    // So that the same file can be chosen again.
    target.value = '';
  });
}
