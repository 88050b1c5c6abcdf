// Turns a picture as game servers send it into one that a canvas can draw; used with and without the worker.

/**
 * Decode a picture.
 *
 * @param {string} base64 a JPEG or PNG picture, with or without the prefix of a data URL
 * @returns {Promise<ImageBitmap>} rejected if it is not a picture
 */
export async function decodePicture(base64) {
  const data = base64.slice(base64.startsWith("data:") ? base64.indexOf(",") + 1 : 0);
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(data) : toBytes(data);
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  return createImageBitmap(new Blob([bytes], { type: isPng ? "image/png" : "image/jpeg" }));
}

function toBytes(data) {
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}
