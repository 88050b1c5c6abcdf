// Has pictures decoded by a worker, or here where no worker runs.

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
      return; // no workers here, or none of this kind
    }
    this.#worker.addEventListener("message", ({ data }) => this.#take(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#giveUpWorker();
    });
  }

  /**
   * Decode a picture.
   *
   * @param {string} base64 JPEG or PNG
   * @returns {Promise<ImageBitmap>} rejected where it is no picture
   */
  decode(base64) {
    // Until the worker is known to run, nothing is left to it alone.
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

  #take({ id, isReady, bitmap, error }) {
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
