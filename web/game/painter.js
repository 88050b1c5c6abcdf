// Draws frames on a canvas: always the latest, however many arrive.

/** Decodes one frame at a time. The newest of the frames that arrive meanwhile waits, and the others are dropped. */
export class Painter {
  #canvas;
  #context;
  #decoder;
  #waiting = null;
  #isDecoding = false;
  #drawn = null;
  #request = 0;
  #isClosed = false;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./decoding.js").Decoder} decoder
   */
  constructor(canvas, decoder) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#decoder = decoder;
  }

  /**
   * Draw a frame as soon as possible, unless a newer one arrives first.
   *
   * @param {string} base64
   * @param {unknown} frameId set on the canvas when the frame is drawn
   */
  show(base64, frameId) {
    this.#waiting = { base64, frameId };
    if (!this.#isDecoding) this.#decodeAll();
  }

  /** Draw nothing more. */
  close() {
    this.#isClosed = true;
    this.#waiting = null;
    cancelAnimationFrame(this.#request);
    this.#drawn?.bitmap.close();
    this.#drawn = null;
  }

  async #decodeAll() {
    this.#isDecoding = true;
    while (this.#waiting) {
      const { base64, frameId } = this.#waiting;
      this.#waiting = null;
      try {
        this.#replace({ bitmap: await this.#decoder.decode(base64), frameId });
      } catch {
        // A broken picture is skipped; the next one replaces it.
      }
    }
    this.#isDecoding = false;
  }

  #replace(picture) {
    this.#drawn?.bitmap.close();
    this.#drawn = picture;
    if (this.#isClosed) this.close();
    else this.#request ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const { bitmap, frameId } = this.#drawn;
    const canvas = this.#canvas;
    this.#drawn = null;
    this.#request = 0;
    const { width, height } = bitmap;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    else this.#context.clearRect(0, 0, width, height);
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    canvas.dataset.frameId = String(frameId ?? "");
  }
}
