// The keyboard: directions for servers that named them as buttons, keys for servers that asked for keys.

import { KEYS } from "./vocabulary.js";
import { HeldActions, HeldKeys } from "./held.js";

const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta"];
const SCROLLING = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", " ", "PageUp", "PageDown", "Home", "End"];
const TYPING = "input, textarea, select, [contenteditable]";

/** Listens to the keyboard for as long as the game is on the page. */
export class Keyboard {
  #controls;
  #onToggle;

  /**
   * @param {{controls: import("./controls.js").Controls, send: (message: object) => void,
   *   onToggle: () => void, signal: AbortSignal}} options `onToggle` starts or pauses
   */
  constructor({ controls, send, onToggle, signal }) {
    this.#controls = controls;
    this.#onToggle = onToggle;
    this.actions = new HeldActions(send);
    this.keys = new HeldKeys(send);
    document.addEventListener("keydown", (event) => this.#press(event), { signal });
    document.addEventListener("keyup", (event) => this.#release(event), { signal });
    window.addEventListener("blur", () => this.releaseAll(), { signal });
  }

  /** Release everything that is held. */
  releaseAll() {
    this.actions.releaseAll();
    this.keys.releaseAll();
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.key === "Tab") return;
    if (belongsElsewhere(event)) return;
    this.#pressAction(event);
    this.#pressKey(event);
  }

  #pressAction(event) {
    const [actionType, action] = KEYS[event.code] ?? [];
    if (!action) return;
    if (this.#controls.hasAction(action)) {
      event.preventDefault();
      if (!event.repeat) this.actions.press(event.code, actionType, action);
    } else if (event.code === "Space" && this.#controls.hasAction("start")) {
      event.preventDefault();
      if (!event.repeat) this.#onToggle();
    }
  }

  #pressKey(event) {
    if (MODIFIERS.includes(event.key) || !this.#controls.wantsKey(event.key)) return;
    if (SCROLLING.includes(event.key)) event.preventDefault();
    if (!event.repeat) this.keys.press(event.code || event.key, event.key);
  }

  #release(event) {
    this.actions.release(event.code, KEYS[event.code]?.[0]);
    this.keys.release(event.code || event.key);
  }
}

/** Return whether a key is meant for a field, a confirmation dialog, or the focused element. */
function belongsElsewhere({ target, key }) {
  if (!(target instanceof Element)) return false;
  if (target.closest(`dialog, ${TYPING}`)) return true;
  return (key === " " || key === "Enter") && Boolean(target.closest("button, summary, a"));
}
