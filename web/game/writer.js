// Builds the page's messages to game servers, in the vocabulary that each server used first.

import { FRAME_RATE_CHANGES } from "./vocabulary.js";

/**
 * Build the first message of every connection.
 *
 * @param {{projectId: string, userId: string}} participant
 */
export function writeHello({ projectId, userId }) {
  return { userId, projectId };
}

/**
 * Report that a button was pressed. Servers with a `UI` list know commands, newer ones only button events.
 *
 * @param {import("./reader.js").Button} button
 */
export function writeButton({ source, value }) {
  if (source === "ControlPanel") return { ButtonEvent: { BUTTONPRESSED: value } };
  if (Object.hasOwn(FRAME_RATE_CHANGES, value)) return writeFrameRate(FRAME_RATE_CHANGES[value]);
  return { command: value };
}

/**
 * Ask for another frame rate.
 *
 * @param {"faster" | "slower" | number} change
 */
export function writeFrameRate(change) {
  return { changeFrameRate: change };
}

/**
 * Report the direction that is held from now on; `noop` if none is.
 *
 * @param {string} actionType the servers' name for the key or button
 * @param {string} action
 */
export function writeAction(actionType, action) {
  return { actionType, action };
}

/**
 * Report that a slider was moved.
 *
 * @param {unknown} id the server's name for it
 * @param {number} value
 */
export function writeSlider(id, value) {
  return { SliderEvent: { SLIDERSET: [id, value] } };
}

/**
 * Report that a key was pressed.
 *
 * @param {string} key as in KeyboardEvent.key
 */
export function writeKeyDown(key) {
  return { KeyboardEvent: { KEYDOWN: [key, key.charCodeAt(0)] } };
}

/**
 * Report that a key was released.
 *
 * @param {string} key
 */
export function writeKeyUp(key) {
  return { KeyboardEvent: { KEYUP: [key] } };
}

/**
 * Report that a mouse button was pressed or released on a picture.
 *
 * @param {"MOUSEBUTTONDOWN" | "MOUSEBUTTONUP"} kind
 * @param {{x: number, y: number}} point in the picture's own pixels
 * @param {number} buttons those down now, as in MouseEvent.buttons
 */
export function writeMouseButton(kind, point, buttons) {
  return { MouseEvent: { [kind]: [point, listButtons(buttons), buttons] } };
}

/**
 * Report that the mouse was moved on a picture.
 *
 * @param {{x: number, y: number}} point in the picture's own pixels
 * @param {{x: number, y: number}} before its position in the previous report
 * @param {number} buttons those down now
 */
export function writeMouseMotion(point, before, buttons) {
  const movement = { xMovement: point.x - before.x, yMovement: point.y - before.y };
  return { MouseEvent: { MOUSEMOTION: [point, movement, listButtons(buttons), buttons] } };
}

/**
 * Report the picture's new size on the page.
 *
 * @param {number} width in CSS pixels
 * @param {number} height
 */
export function writeResize(width, height) {
  return { WindowEvent: { WINDOWRESIZED: [width, height] } };
}

/** List left, middle and right as 0 or 1; browsers encode them as 1, 4 and 2. */
function listButtons(buttons) {
  return [1, 4, 2].map((button) => (buttons & button ? 1 : 0));
}
