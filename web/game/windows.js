// The pictures of the game: one canvas for each that the server names, or a text instead.

import { Decoder } from "./decoding.js";
import { Painter } from "./painter.js";
import { MAIN_WINDOW } from "./reader.js";
import { translate } from "../texts.js";

/** All pictures of one game. */
export class GameWindows {
  #container;
  #onNew;
  #windows = new Map();
  #decoder = new Decoder();

  /**
   * @param {HTMLElement} container the element that they are added to
   * @param {(canvas: HTMLCanvasElement) => void} onNew called with each new canvas
   */
  constructor(container, onNew) {
    this.#container = container;
    this.#onNew = onNew;
  }

  /**
   * Show a picture from a message.
   *
   * @param {import("./reader.js").Picture | null} picture null hides them all
   * @returns {boolean} whether it differs from the one before: some servers send the same picture again and again
   */
  show(picture) {
    if (!picture) {
      for (const { element } of this.#windows.values()) element.hidden = true;
      return false;
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
    const content = picture.frame ?? picture.text ?? shown.content;
    const isNew = content !== shown.content;
    shown.content = content;
    return isNew;
  }

  /** The first visible picture, or null. @returns {HTMLCanvasElement | null} */
  get first() {
    const shown = [...this.#windows.values()].find(({ element, canvas }) => !element.hidden && !canvas.hidden);
    return shown?.canvas ?? null;
  }

  /** Stop decoding and drawing. */
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
    const label = this.#windows.size === 0 ? translate("gamePicture") : translate("gamePictureOf", { id });
    canvas.setAttribute("aria-label", label);
    canvas.dataset.window = id;
    canvas.hidden = true;
    text.className = "window-text";
    text.hidden = true;
    element.append(canvas, text);
    // Before anything is drawn, a canvas has a default size that is not the picture's.
    Object.assign(canvas, { width: 600, height: 400 });
    if (id === MAIN_WINDOW) this.#container.prepend(element);
    else this.#container.append(element);
    const shown = { element, canvas, text, painter: new Painter(canvas, this.#decoder), content: undefined };
    this.#windows.set(id, shown);
    this.#onNew(canvas);
    return shown;
  }
}

function setSize(element, canvas, [width, height]) {
  element.style.setProperty("--width", `${width}px`);
  if (canvas.dataset.frameId === undefined) Object.assign(canvas, { width, height });
}
