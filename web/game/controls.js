// The game's controls as the server names them: its buttons and sliders, and their state.

import { DIRECTIONS, FRAME_RATE_FIELD, isDirection, toKeyLabel } from "./vocabulary.js";
import {
  makeFrameRateField,
  makeHeldButton,
  makePressButton,
  makeSlider,
  setSlider,
} from "./buttons.js";
import { translate } from "../texts.js";

const KEY_DIRECTIONS = ["left", "up", "down", "right"];

/**
 * The callbacks of the controls.
 *
 * @typedef {{onHold: (source: HTMLElement, action: string) => void, onRelease: (source: HTMLElement) => void,
 *   onPress: (button: import("./reader.js").Button) => void, onFrameRate: (rate: number) => void,
 *   onSlide: (id: unknown, value: number) => void}} Listener
 */

/** All controls of one game. A server may name some in one vocabulary, and some in the other. */
export class Controls {
  #view;
  #listener;
  #sets = new Map();
  #shown = {};

  /**
   * @param {HTMLElement} view of the game
   * @param {Listener} listener
   */
  constructor(view, listener) {
    this.#view = view;
    this.#listener = listener;
    for (const [part, name] of Object.entries({ directions: "Steering", commands: "Commands", sliders: "Sliders" })) {
      this.#part(part).setAttribute("aria-label", translate(`game${name}`));
    }
  }

  /**
   * Show these controls instead of those that the same vocabulary named before.
   *
   * @param {import("./reader.js").Controls} controls
   */
  show(controls) {
    this.#sets.set(controls.source, controls);
    const sets = [...this.#sets.values()];
    this.#showButtons(sets.flatMap(({ buttons }) => buttons));
    this.#showSliders(sets.flatMap(({ sliders }) => sliders));
    this.#showKeys();
  }

  /** Return whether the list of an older server has this button. @param {string} name */
  hasAction(name) {
    return Boolean(this.#sets.get("UI")?.buttons.some(({ value }) => value === name));
  }

  /** Return whether the server asked for this key. @param {string} key as KeyboardEvent.key names it */
  wantsKey(key) {
    const keys = this.#sets.get("ControlPanel")?.keys ?? [];
    if (keys === true) return true;
    const name = key.toLowerCase();
    return keys.some((wanted) => wanted.toLowerCase() === name || (wanted.toLowerCase() === "space" && name === " "));
  }

  /** Whether a button of any vocabulary starts the game. */
  get hasStart() {
    return [...this.#sets.values()].some(({ buttons }) => buttons.some(({ value }) => value === "start"));
  }

  /** Show only the possible one of start and pause, and keep the focus on it. @param {boolean} isPlaying */
  setPlaying(isPlaying) {
    const [start, pause] = ["start", "pause"].map((name) => this.#view.querySelector(`#game-${name}`));
    if (!start || !pause) return;
    const hadFocus = [start, pause].includes(document.activeElement);
    start.hidden = isPlaying;
    pause.hidden = !isPlaying;
    if (hadFocus) (isPlaying ? pause : start).focus();
  }

  #part(name) {
    return this.#view.querySelector(`.${name}`);
  }

  /** Return whether this part has new content: showing the same content again would take the focus away. */
  #isNew(part, content) {
    const text = JSON.stringify(content);
    if (this.#shown[part] === text) return false;
    this.#shown[part] = text;
    return true;
  }

  #showButtons(buttons) {
    if (!this.#isNew("buttons", buttons)) return;
    const focused = this.#view.contains(document.activeElement) ? document.activeElement.dataset.value : undefined;
    const { onFrameRate } = this.#listener;
    const directions = Object.keys(DIRECTIONS).flatMap((name) => buttons.find(({ value }) => value === name) ?? []);
    const others = buttons.filter((button) => !isDirection(button.value));
    this.#part("directions").replaceChildren(...directions.map((button) => this.#makeDirection(button)));
    this.#part("commands").replaceChildren(
      ...others.map((button) =>
        button.source === "UI" && button.value === FRAME_RATE_FIELD
          ? makeFrameRateField(onFrameRate)
          : this.#makePressButton(button),
      ),
    );
    if (focused === undefined) return;
    [...this.#view.querySelectorAll(".panel button")].find(({ dataset }) => dataset.value === focused)?.focus();
  }

  /** Make the button of a direction. Newer servers do not support the release of a button. */
  #makeDirection(button) {
    const { onHold, onRelease } = this.#listener;
    if (button.source === "ControlPanel") return this.#makePressButton(button);
    return makeHeldButton(button, { onHold: (element) => onHold(element, button.value), onRelease });
  }

  #makePressButton(button) {
    return makePressButton(button, (pressed, event) => {
      // After a click with the mouse the space bar belongs to the game again; a keyboard user stays on the button.
      const isSpaceWanted = this.wantsKey(" ") || this.hasAction("fire");
      if (isSpaceWanted && event.detail > 0) event.currentTarget.blur();
      this.#listener.onPress(pressed);
    });
  }

  #showSliders(sliders) {
    const container = this.#part("sliders");
    if (this.#isNew("sliders", sliders.map(({ value, ...rest }) => rest))) {
      container.replaceChildren(...sliders.map((slider) => makeSlider(slider, this.#listener.onSlide)));
      return;
    }
    sliders.forEach(({ value }, index) => {
      const element = container.children[index];
      // A slider that the participant is moving stays where it is.
      if (!element.matches(":active")) setSlider(element, value);
    });
  }

  #showKeys() {
    const keys = this.#sets.get("ControlPanel")?.keys ?? [];
    const arrows = KEY_DIRECTIONS.filter((name) => this.hasAction(name)).map((name) => DIRECTIONS[name]);
    const parts = [];
    if (arrows.length) parts.push(translate("gameKeysSteer", { arrows: arrows.join(" ") }));
    if (this.hasAction("fire")) parts.push(translate("gameKeysFire"));
    else if (this.hasAction("start")) parts.push(translate("gameKeysStart"));
    if (keys === true) parts.push(translate("gameKeysAll"));
    else if (keys.length) parts.push(keys.map(toKeyLabel).join(" "));
    const line = this.#part("keys");
    line.textContent = translate("gameKeys", { keys: parts.join(", ") });
    line.hidden = parts.length === 0;
  }
}
