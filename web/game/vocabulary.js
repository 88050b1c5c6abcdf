// The game's buttons and keys: the game servers' names for them, and the participants' labels.

import { hasText, translate } from "../texts.js";

/** Keys by physical code, with the names that game servers use. */
export const KEYS = {
  ArrowLeft: ["leftArrow", "left"],
  ArrowRight: ["rightArrow", "right"],
  ArrowUp: ["upArrow", "up"],
  ArrowDown: ["downArrow", "down"],
  KeyA: ["aKey", "left"],
  KeyD: ["dKey", "right"],
  KeyW: ["wKey", "up"],
  KeyS: ["sKey", "down"],
  Space: ["space", "fire"],
};

/** Actions that are held, in the order of their buttons, with their symbols. */
export const DIRECTIONS = {
  leftUp: "↖",
  up: "↑",
  rightUp: "↗",
  left: "←",
  fire: "●",
  right: "→",
  leftDown: "↙",
  down: "↓",
  rightDown: "↘",
};

/** Buttons that end the game permanently. */
export const ENDINGS = ["stop", "end"];

/**
 * Return whether a button ends the game, by the server's name for it or by its label.
 *
 * @param {import("./reader.js").Button} button
 * @returns {boolean}
 */
export function isEnding({ value, text }) {
  return [value, text].some((name) => ENDINGS.includes(String(name ?? "").trim().toLowerCase()));
}

/** Buttons that ask for another frame rate. */
export const FRAME_RATE_CHANGES = { fpsUp: "faster", fpsDown: "slower" };

/** The name of the number field, among the buttons, that asks for a frame rate. */
export const FRAME_RATE_FIELD = "fpsSet";

/** The possible frame rates, in frames per second. */
export const FRAME_RATES = { min: 1, max: 90, start: 30 };

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/**
 * Return whether the button of that name is a direction.
 *
 * @param {unknown} name
 * @returns {boolean}
 */
export function isDirection(name) {
  return Object.hasOwn(DIRECTIONS, String(name));
}

/**
 * Return the label of a button: `trainOnline` becomes "Train online".
 *
 * @param {string} name
 * @returns {string}
 */
export function toLabel(name) {
  if (hasText(`gameButton_${name}`)) return translate(`gameButton_${name}`);
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Return the label of a key, from the name in `KeyboardEvent.key`.
 *
 * @param {string} key
 * @returns {string}
 */
export function toKeyLabel(key) {
  return key === " " ? translate("gameKeySpace") : (SIGNS[key] ?? key);
}
