// The frame of the game's view: how the connection is, the way out, and the question whether one is sure.

import { ENDINGS } from "./vocabulary.js";
import { nameButton } from "./buttons.js";
import { say } from "../texts.js";
import { showTemplate } from "../views.js";

/**
 * Put an empty view of the game into the page.
 *
 * @param {HTMLElement} main
 * @returns {HTMLElement}
 */
export function showGameView(main) {
  const view = showTemplate("game-template");
  if (view.parentElement !== main) main.replaceChildren(view);
  return view;
}

/**
 * Say how the game is. It is a live region: only what is new is said.
 *
 * @param {HTMLElement} view
 * @param {string} text
 */
export function sayInGame(view, text) {
  const line = view.querySelector(".game-status");
  if (line.textContent !== text) line.textContent = text;
}

/**
 * Offer the way on without the game, or no longer.
 *
 * @param {HTMLElement} view
 * @param {boolean} isOffered
 */
export function offerLeaving(view, isOffered) {
  view.querySelector(".leave").hidden = !isOffered;
}

/**
 * Ask whether a button was meant to be pressed.
 *
 * @param {HTMLElement} view
 * @param {import("./reader.js").Button} button
 * @returns {Promise<boolean>}
 */
export function confirmPress(view, button) {
  const dialog = view.querySelector(".confirm");
  const yes = dialog.querySelector(".yes");
  const no = dialog.querySelector(".no");
  if (dialog.open) return Promise.resolve(false);
  const isEnding = button.source === "UI" && ENDINGS.includes(button.value);
  dialog.querySelector(".question").textContent = button.question ?? say(isEnding ? "gameEndSure" : "gameConfirm");
  no.textContent = say(isEnding ? "gameKeepPlaying" : "gameCancel");
  yes.textContent = nameButton(button);
  dialog.returnValue = "";
  yes.onclick = () => dialog.close("yes");
  no.onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((resolve) => {
    // The Escape key closes it too, and means no.
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
