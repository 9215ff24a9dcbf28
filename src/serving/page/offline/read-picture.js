// Reads a file's pixels, which the browser decodes.

/** The same limits as a server's defaults; see src/data/image-file/image-limits.ts. */
const mostBytes = 64 * 2 ** 20;
const mostPixels = 50_000_000;

/** Made when the first picture needs it. */
let gl;

/** Beginnings of files; source: https://mimesniff.spec.whatwg.org and the formats' own documents. */
const beginnings = [
  ['JPEG', /^\xff\xd8\xff/],
  ['PNG', /^\x89PNG\r\n/],
  ['GIF', /^GIF8/],
  ['BMP', /^BM/],
  ['WebP', /^RIFF....WEBP/s],
  ['AVIF', /^....ftypavi[fs]/s],
  // Some browsers show these.
  ['HEIC', /^....ftyp(hei|mif|msf|hev)/s],
  ['TIFF', /^(II\*\0|MM\0\*)/],
];
const foreign = [
  ['PDF', /^%PDF/],
  ['a ZIP archive', /^PK[^ -~]{2}/],
  ['SVG', /^\s*(<\?xml|<!--|<svg)/],
  ['text', /^[\t\n\r\x20-\x7e]+$/],
];

/**
 * Reads a picture as it is stored: without its colour profile, and with its colours where it is transparent.
 *
 * @param exif `apply` turns it as its EXIF says, `ignore` does not.
 * @returns `data` of four bytes per pixel, `width`, `height`, and `kind`, such as `JPEG`.
 * @throws Error that says what is wrong with the file.
 */
export async function readPicture(file, exif) {
  const kind = await kindOf(file);
  await checkSize(file, kind);
  const bitmap = await createImageBitmap(file, {
    imageOrientation: exif === 'apply' ? 'from-image' : 'none',
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  }).catch(() => {
    throw undecodable(kind);
  });
  const { width, height } = bitmap;
  const data = pixelsOf(bitmap);
  bitmap.close();
  return { data, width, height, kind };
}

async function kindOf(file) {
  if (file.size === 0) throw new Error('The file is empty.');
  if (file.size > mostBytes) {
    throw new Error(`The file has ${Math.ceil(file.size / 2 ** 20)} MiB. At most ${mostBytes / 2 ** 20} MiB are read.`);
  }
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 512).arrayBuffer()));
  const [kind] = beginnings.find(([, pattern]) => pattern.test(head)) ?? [];
  if (kind !== undefined) return kind;
  const [received = 'something else'] = foreign.find(([, pattern]) => pattern.test(head)) ?? [];
  throw new Error(`Expected a JPEG, PNG, GIF, BMP, WebP or AVIF image. Received: ${received}.`);
}

/** An image element reads the size without the pixels: a small file may have billions. */
async function checkSize(file, kind) {
  const address = URL.createObjectURL(file);
  const image = new Image();
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(undecodable(kind));
      image.src = address;
    });
  } finally {
    URL.revokeObjectURL(address);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width * height <= mostPixels) return;
  throw new Error(
    `The picture has ${width} × ${height} pixels. At most ${mostPixels / 1e6} million are read: make it smaller first.`,
  );
}

function undecodable(kind) {
  const isRare = kind === 'HEIC' || kind === 'TIFF';
  return new Error(
    isRare
      ? `This browser does not show ${kind} pictures. Save it as JPEG or PNG.`
      : `The ${kind} picture is damaged, or of a kind that this browser does not show.`,
  );
}

function pixelsOf(bitmap) {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return isOpaque(data) ? data : (throughTexture(bitmap) ?? data);
}

function isOpaque(data) {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

/**
 * The pixels without regard to alpha, as TensorFlow drops it: a canvas keeps no colour where nothing is visible, but a texture does.
 *
 * @returns null if there is no WebGL, or the picture is too large for it.
 */
function throughTexture(bitmap) {
  const { width, height } = bitmap;
  gl ??= new OffscreenCanvas(1, 1).getContext('webgl2');
  if (!gl || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
  const [texture, frame] = [gl.createTexture(), gl.createFramebuffer()];
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const data = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
  gl.deleteFramebuffer(frame);
  gl.deleteTexture(texture);
  return data;
}
