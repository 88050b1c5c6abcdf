// The game's buttons and keys: what game servers call them, and what participants read.

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

const LABELS = {
  left: "Left",
  right: "Right",
  up: "Up",
  down: "Down",
  fire: "Fire",
  start: "Start",
  pause: "Pause",
  stop: "End the game",
  reset: "Next attempt",
  fpsUp: "Faster",
  fpsDown: "Slower",
};

/** Buttons that ask for another frame rate. */
export const FRAME_RATE_CHANGES = { fpsUp: "faster", fpsDown: "slower" };

/**
 * A button of the game.
 *
 * @param {string} name as the game server calls it
 * @param {string} text on it
 * @returns {HTMLButtonElement}
 */
export function makeButton(name, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.id = `game-${name}`;
  button.textContent = text;
  return button;
}

/**
 * The name of a button for people: `trainOnline` becomes "Train online".
 *
 * @param {string} name
 * @returns {string}
 */
export function toLabel(name) {
  if (Object.hasOwn(LABELS, name)) return LABELS[name];
  const words = name.replace(/([A-Z])/g, " $1").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
