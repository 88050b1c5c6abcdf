// What the page says to game servers, in the words of whichever vocabulary they used first.

import { FRAME_RATE_CHANGES } from "./vocabulary.js";

/**
 * The first message of every connection.
 *
 * @param {{projectId: string, userId: string}} participant
 */
export function writeHello({ projectId, userId }) {
  return { userId, projectId };
}

/**
 * A button was pressed. Servers with a `UI` list know commands, newer ones know button events only.
 *
 * @param {import("./reader.js").Button} button
 */
export function writeButton({ source, value }) {
  if (source === "ControlPanel") return { ButtonEvent: { BUTTONPRESSED: value } };
  if (Object.hasOwn(FRAME_RATE_CHANGES, value)) return writeFrameRate(FRAME_RATE_CHANGES[value]);
  return { command: value };
}

/**
 * Another frame rate is wanted.
 *
 * @param {"faster" | "slower" | number} change
 */
export function writeFrameRate(change) {
  return { changeFrameRate: change };
}

/**
 * A direction is held from here on; `noop` where nothing is.
 *
 * @param {string} actionType which key or button, as servers name it
 * @param {string} action
 */
export function writeAction(actionType, action) {
  return { actionType, action };
}

/**
 * A slider was moved.
 *
 * @param {unknown} id as the server named it
 * @param {number} value
 */
export function writeSlider(id, value) {
  return { SliderEvent: { SLIDERSET: [id, value] } };
}

/**
 * A key went down.
 *
 * @param {string} key as KeyboardEvent.key names it
 */
export function writeKeyDown(key) {
  return { KeyboardEvent: { KEYDOWN: [key, key.charCodeAt(0)] } };
}

/**
 * A key went up.
 *
 * @param {string} key
 */
export function writeKeyUp(key) {
  return { KeyboardEvent: { KEYUP: [key] } };
}

/**
 * A mouse button went down or up on a picture.
 *
 * @param {"MOUSEBUTTONDOWN" | "MOUSEBUTTONUP"} kind
 * @param {{x: number, y: number}} point in the picture's own pixels
 * @param {number} buttons which are down now, as MouseEvent.buttons counts them
 */
export function writeMouseButton(kind, point, buttons) {
  return { MouseEvent: { [kind]: [point, listButtons(buttons), buttons] } };
}

/**
 * The mouse was moved on a picture.
 *
 * @param {{x: number, y: number}} point in the picture's own pixels
 * @param {{x: number, y: number}} before where it was when this was last said
 * @param {number} buttons which are down now
 */
export function writeMouseMotion(point, before, buttons) {
  const movement = { xMovement: point.x - before.x, yMovement: point.y - before.y };
  return { MouseEvent: { MOUSEMOTION: [point, movement, listButtons(buttons), buttons] } };
}

/**
 * The picture has another size on the page.
 *
 * @param {number} width in CSS pixels
 * @param {number} height
 */
export function writeResize(width, height) {
  return { WindowEvent: { WINDOWRESIZED: [width, height] } };
}

/** Left, middle, right: browsers count them 1, 4, 2. */
function listButtons(buttons) {
  return [1, 4, 2].map((button) => (buttons & button ? 1 : 0));
}
