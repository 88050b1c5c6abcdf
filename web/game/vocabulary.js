// The game's buttons and keys: what game servers call them, and what participants read.

import { hasText, say } from "../texts.js";

/** Keys, by their place on the keyboard, with the names that game servers know them by. */
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

/** Actions that are held, in the order in which the buttons lie, with their signs. */
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

/** Buttons that end the game for good. */
export const ENDINGS = ["stop", "end"];

/** Buttons that ask for another frame rate. */
export const FRAME_RATE_CHANGES = { fpsUp: "faster", fpsDown: "slower" };

/** The name of the number field, among the buttons, that asks for a frame rate. */
export const FRAME_RATE_FIELD = "fpsSet";

/** The frame rates that may be asked for, in frames per second. */
export const FRAME_RATES = { min: 1, max: 90, start: 30 };

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/**
 * Whether a button of that name lies among the directions.
 *
 * @param {unknown} name
 * @returns {boolean}
 */
export function isDirection(name) {
  return Object.hasOwn(DIRECTIONS, String(name));
}

/**
 * The name of a button for people: `trainOnline` becomes "Train online".
 *
 * @param {string} name
 * @returns {string}
 */
export function toLabel(name) {
  if (hasText(`gameButton_${name}`)) return say(`gameButton_${name}`);
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * The name of a key for people, from what `KeyboardEvent.key` calls it.
 *
 * @param {string} key
 * @returns {string}
 */
export function toKeyLabel(key) {
  return key === " " ? say("gameKeySpace") : (SIGNS[key] ?? key);
}
