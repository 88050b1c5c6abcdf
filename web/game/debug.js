// For authors of game servers: the last messages in and out, below the game.

import { translate } from "../texts.js";

const KEPT = 50;

/** The last messages of each direction, newest first. */
export class MessageList {
  #details;
  #messages = { in: [], out: [] };
  #isScheduled = false;

  /** @param {HTMLElement} view of the game */
  constructor(view) {
    this.#details = view.querySelector(".debug");
    this.#details.hidden = false;
    this.#details.addEventListener("toggle", () => this.#show());
  }

  /**
   * Note a message.
   *
   * @param {"in" | "out"} direction
   * @param {unknown} message
   */
  add(direction, message) {
    const list = this.#messages[direction];
    list.unshift(`${new Date().toISOString().slice(11, 23)} ${JSON.stringify(message, shorten)}`);
    list.length = Math.min(list.length, KEPT);
    if (this.#isScheduled || !this.#details.open) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#isScheduled = false;
    for (const [direction, list] of Object.entries(this.#messages)) {
      this.#details.querySelector(`.messages-${direction}`).textContent = list.join("\n");
    }
  }
}

/** Replace a picture's data by its size. */
function shorten(key, value) {
  if (typeof value !== "string" || (key !== "frame" && key !== "image")) return value;
  return translate("gamePictureLeftOut", { bytes: Math.round((value.length * 3) / 4) });
}
