// The mouse on the pictures, and their size, as newer game servers want to know of them.

import { writeMouseButton, writeMouseMotion, writeResize } from "./writer.js";

const SETTLED = 1000;
const NO_FRAMES = 250;

/** Tells the server of the mouse; `isWanted` says whether it can understand that by now. */
export class Mouse {
  #send;
  #isWanted;
  #signal;
  #before = { x: 0, y: 0 };
  #pending = null;
  #isScheduled = false;
  #downOn = null;
  #framesSeen = 0;
  #framesTold = 0;
  #lastFrameAt = 0;

  /**
   * @param {{send: (message: object) => void, isWanted: () => boolean, signal: AbortSignal}} options
   */
  constructor({ send, isWanted, signal }) {
    this.#send = send;
    this.#isWanted = isWanted;
    this.#signal = signal;
    // A button that goes down on the picture may come up anywhere.
    window.addEventListener("mouseup", (event) => this.#release(event), { signal });
  }

  /** Watch the mouse on a picture. @param {HTMLCanvasElement} canvas */
  watch(canvas) {
    const listen = (name, react) =>
      canvas.addEventListener(name, (event) => this.#isWanted() && react(event), { signal: this.#signal });
    listen("mousedown", (event) => this.#press(canvas, event));
    listen("mousemove", (event) => this.#move(canvas, event));
    // The right button is one of the game's.
    listen("contextmenu", (event) => event.preventDefault());
  }

  /** A frame came: a motion may be told again. */
  noteFrame() {
    this.#framesSeen += 1;
    this.#lastFrameAt = performance.now();
  }

  #press(canvas, event) {
    this.#downOn = canvas;
    this.#send(writeMouseButton("MOUSEBUTTONDOWN", toPoint(canvas, event), event.buttons));
  }

  #release(event) {
    if (!this.#downOn) return;
    this.#send(writeMouseButton("MOUSEBUTTONUP", toPoint(this.#downOn, event), event.buttons));
    if (!event.buttons) this.#downOn = null;
  }

  #move(canvas, event) {
    this.#pending = { point: toPoint(canvas, event), buttons: event.buttons };
    this.#schedule();
  }

  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      if (this.#signal.aborted) return;
      const areFramesComing = performance.now() - this.#lastFrameAt < NO_FRAMES;
      if (areFramesComing && this.#framesSeen === this.#framesTold) this.#schedule();
      else this.#tell();
    });
  }

  #tell() {
    const { point, buttons } = this.#pending;
    this.#send(writeMouseMotion(point, this.#before, buttons));
    this.#before = point;
    this.#framesTold = this.#framesSeen;
  }
}

/** Tells the server how large the picture is on the page, whenever that has been the same for a second. */
export class SizeWatch {
  #send;
  #told = "";
  #timer = 0;
  #observer;
  #choose;

  /**
   * @param {{send: (message: object) => void, choose: () => HTMLCanvasElement | null}} options `choose` gives the
   *   picture that counts, if the server is to be told
   */
  constructor({ send, choose }) {
    this.#send = send;
    this.#choose = choose;
    this.#observer = new ResizeObserver(() => this.#wait());
  }

  /** Watch the size of a picture. @param {HTMLCanvasElement} canvas */
  watch(canvas) {
    this.#observer.observe(canvas);
  }

  /** A new connection: the server has not been told anything. */
  begin() {
    this.#told = "";
    this.#wait();
  }

  /** Watch no more. */
  close() {
    this.#observer.disconnect();
    clearTimeout(this.#timer);
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), SETTLED);
  }

  #tell() {
    const size = this.#choose()?.getBoundingClientRect();
    const [width, height] = [Math.round(size?.width ?? 0), Math.round(size?.height ?? 0)];
    if (!width || !height || this.#told === `${width} ${height}`) return;
    this.#told = `${width} ${height}`;
    this.#send(writeResize(width, height));
  }
}

/** Where the mouse is, in the picture's own pixels. */
function toPoint(canvas, event) {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const scale = (offset, shown, own) => Math.min(Math.max(Math.floor((offset * own) / (shown || 1)), 0), own - 1);
  return {
    x: scale(event.clientX - left, width, canvas.width),
    y: scale(event.clientY - top, height, canvas.height),
  };
}
