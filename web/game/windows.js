// The pictures of the game: one canvas for each that the server names, or a text in its place.

import { Decoder } from "./decoding.js";
import { Painter } from "./painter.js";
import { MAIN_WINDOW } from "./reader.js";
import { say } from "../texts.js";

/** All pictures of one game. */
export class GameWindows {
  #place;
  #onNew;
  #windows = new Map();
  #decoder = new Decoder();

  /**
   * @param {HTMLElement} place where they are put
   * @param {(canvas: HTMLCanvasElement) => void} onNew told of each new canvas
   */
  constructor(place, onNew) {
    this.#place = place;
    this.#onNew = onNew;
  }

  /**
   * Show what a message says of a picture.
   *
   * @param {import("./reader.js").Picture | null} picture null hides them all
   */
  show(picture) {
    if (!picture) {
      for (const { element } of this.#windows.values()) element.hidden = true;
      return;
    }
    const shown = this.#windows.get(picture.id) ?? this.#add(picture.id);
    const { element, canvas, text, painter } = shown;
    element.hidden = false;
    if (picture.isStrict !== undefined) element.classList.toggle("strict", picture.isStrict);
    if (picture.size) setSize(element, canvas, picture.size);
    if (picture.frame) {
      painter.show(picture.frame, picture.frameId);
      canvas.hidden = false;
      text.hidden = true;
    } else if (picture.text) {
      text.textContent = picture.text;
      canvas.hidden = true;
      text.hidden = false;
    }
  }

  /** The first picture that is on show, or null. @returns {HTMLCanvasElement | null} */
  get first() {
    const shown = [...this.#windows.values()].find(({ element, canvas }) => !element.hidden && !canvas.hidden);
    return shown?.canvas ?? null;
  }

  /** Let go of what decodes and draws. */
  close() {
    for (const { painter } of this.#windows.values()) painter.close();
    this.#decoder.close();
  }

  #add(id) {
    const element = document.createElement("div");
    const canvas = document.createElement("canvas");
    const text = document.createElement("p");
    element.className = "window";
    canvas.className = "frame";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", this.#windows.size === 0 ? say("gamePicture") : say("gamePictureOf", { id }));
    canvas.dataset.window = id;
    canvas.hidden = true;
    text.className = "window-text";
    text.hidden = true;
    element.append(canvas, text);
    // Before it has drawn anything a canvas has a size of its own, which says nothing about the picture.
    Object.assign(canvas, { width: 600, height: 400 });
    if (id === MAIN_WINDOW) this.#place.prepend(element);
    else this.#place.append(element);
    const shown = { element, canvas, text, painter: new Painter(canvas, this.#decoder) };
    this.#windows.set(id, shown);
    this.#onNew(canvas);
    return shown;
  }
}

function setSize(element, canvas, [width, height]) {
  element.style.setProperty("--width", `${width}px`);
  if (canvas.dataset.frameId === undefined) Object.assign(canvas, { width, height });
}
