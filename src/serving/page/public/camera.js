// Takes pictures with the camera. Browsers allow that to pages from a file, from this machine, and over https.

import { element, say, tell } from './elements.js';

const problems = {
  NotAllowedError: 'The browser does not let this page use the camera. Allow it in the address bar, and try again.',
  NotFoundError: 'There is no camera.',
  NotReadableError: 'The camera is in use by another program.',
};

/** @param take Called with the file of each picture. */
export function watchCamera(take) {
  const view = element('viewfinder');
  const button = element('use-camera');
  let made = 0;
  button.hidden = !navigator.mediaDevices?.getUserMedia;

  const show = (stream) => {
    view.srcObject = stream;
    element('camera').hidden = stream === null;
    button.hidden = stream !== null;
  };
  const open = async () => {
    tell('refusal', '');
    button.disabled = true;
    try {
      show(await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }));
      element('take-picture').focus();
    } catch ({ name, message }) {
      tell('refusal', problems[name] ?? `The camera cannot be used: ${message}`);
    }
    button.disabled = false;
  };
  const close = () => {
    for (const track of view.srcObject?.getTracks() ?? []) track.stop();
    show(null);
    button.focus();
  };
  const shoot = async () => {
    // There is no picture yet.
    if (view.videoWidth === 0) return say('The camera is not ready yet.');
    const canvas = new OffscreenCanvas(view.videoWidth, view.videoHeight);
    canvas.getContext('2d').drawImage(view, 0, 0);
    made += 1;
    take([new File([await canvas.convertToBlob()], `photo-${made}.png`, { type: 'image/png' })]);
  };

  button.onclick = open;
  element('close-camera').onclick = close;
  element('take-picture').onclick = shoot;
}
