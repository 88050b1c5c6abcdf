// The mouse on the pictures, and their size, for newer game servers.

import { writeMouseButton, writeMouseMotion, writeResize } from "./writer.js";

const SETTLED = 1000;
const NO_FRAMES = 250;

/** Reports the mouse to the server; `isWanted` returns whether the server understands that yet. */
export class Mouse {
  #send;
  #isWanted;
  #signal;
  #before = { x: 0, y: 0 };
  #pending = null;
  #isScheduled = false;
  #downOn = null;
  #framesSeen = 0;
  #framesAtReport = 0;
  #lastFrameAt = 0;

  /**
   * @param {{send: (message: object) => void, isWanted: () => boolean, signal: AbortSignal}} options
   */
  constructor({ send, isWanted, signal }) {
    this.#send = send;
    this.#isWanted = isWanted;
    this.#signal = signal;
    // A button pressed on the picture may be released anywhere.
    window.addEventListener("mouseup", (event) => this.#release(event), { signal });
  }

  /** Watch the mouse on a picture. @param {HTMLCanvasElement} canvas */
  watch(canvas) {
    const listen = (name, react) =>
      canvas.addEventListener(name, (event) => this.#isWanted() && react(event), { signal: this.#signal });
    listen("mousedown", (event) => this.#press(canvas, event));
    listen("mousemove", (event) => this.#move(canvas, event));
    // The right button belongs to the game.
    listen("contextmenu", (event) => event.preventDefault());
  }

  /** Note that a frame arrived: the next motion may be reported. */
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
      if (areFramesComing && this.#framesSeen === this.#framesAtReport) this.#schedule();
      else this.#report();
    });
  }

  #report() {
    const { point, buttons } = this.#pending;
    this.#send(writeMouseMotion(point, this.#before, buttons));
    this.#before = point;
    this.#framesAtReport = this.#framesSeen;
  }
}

/** Reports the picture's size on the page to the server, once it has been stable for a second. */
export class SizeReporter {
  #send;
  #reported = "";
  #timer = 0;
  #observer;
  #choose;

  /**
   * @param {{send: (message: object) => void, choose: () => HTMLCanvasElement | null}} options `choose` returns the
   *   picture that counts, or null if the server does not ask for sizes
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

  /** Start again for a new connection, to which no size was reported yet. */
  begin() {
    this.#reported = "";
    this.#wait();
  }

  /** Stop watching. */
  close() {
    this.#observer.disconnect();
    clearTimeout(this.#timer);
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#report(), SETTLED);
  }

  #report() {
    const size = this.#choose()?.getBoundingClientRect();
    const [width, height] = [Math.round(size?.width ?? 0), Math.round(size?.height ?? 0)];
    if (!width || !height || this.#reported === `${width} ${height}`) return;
    this.#reported = `${width} ${height}`;
    this.#send(writeResize(width, height));
  }
}

/** Return the position of the mouse in the picture's own pixels. */
function toPoint(canvas, event) {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const scale = (offset, shown, own) => Math.min(Math.max(Math.floor((offset * own) / (shown || 1)), 0), own - 1);
  return {
    x: scale(event.clientX - left, width, canvas.width),
    y: scale(event.clientY - top, height, canvas.height),
  };
}
