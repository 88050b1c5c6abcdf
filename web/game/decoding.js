// Decodes pictures in a worker, or here if no worker runs.

import { decodePicture } from "./picture.js";

/** Decodes pictures, each as soon as it is asked for. */
export class Decoder {
  #worker = null;
  #isReady = false;
  #waiting = new Map();
  #nextId = 0;

  constructor() {
    try {
      this.#worker = new Worker(new URL("decoder.js", import.meta.url), { type: "module" });
    } catch {
      return; // no workers, or no module workers
    }
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#giveUpWorker();
    });
  }

  /**
   * Decode a picture.
   *
   * @param {string} base64 JPEG or PNG
   * @returns {Promise<ImageBitmap>} rejected if it is not a picture
   */
  decode(base64) {
    // Nothing depends on the worker until it is known to run.
    if (!this.#isReady) return decodePicture(base64);
    return new Promise((resolve, reject) => {
      this.#nextId += 1;
      this.#waiting.set(this.#nextId, { base64, resolve, reject });
      this.#worker.postMessage({ id: this.#nextId, base64 });
    });
  }

  /** End the worker. */
  close() {
    this.#worker?.terminate();
    this.#isReady = false;
    this.#waiting.clear();
  }

  #receive({ id, isReady, bitmap, error }) {
    if (isReady) {
      this.#isReady = true;
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!waiting) bitmap?.close();
    else if (bitmap) waiting.resolve(bitmap);
    else waiting.reject(new Error(error));
  }

  #giveUpWorker() {
    this.#worker.terminate();
    this.#isReady = false;
    for (const { base64, resolve, reject } of this.#waiting.values()) decodePicture(base64).then(resolve, reject);
    this.#waiting.clear();
  }
}
