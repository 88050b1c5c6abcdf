// The outer parts of the game's view: the connection's status, the way out, and the confirmation dialog.

import { ENDINGS } from "./vocabulary.js";
import { nameButton } from "./buttons.js";
import { translate } from "../texts.js";
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
 * Show the state of the game. The line is a live region, so it changes only if the text is new.
 *
 * @param {HTMLElement} view
 * @param {string} text
 */
export function showGameStatus(view, text) {
  const line = view.querySelector(".game-status");
  if (line.textContent !== text) line.textContent = text;
}

/** Remove the state of the game, if it is still this one. @param {HTMLElement} view @param {string} text */
export function removeGameStatus(view, text) {
  const line = view.querySelector(".game-status");
  if (line.textContent === text) line.textContent = "";
}

/**
 * Offer to continue without the game, or withdraw the offer.
 *
 * @param {HTMLElement} view
 * @param {import("./way_out.js").Reason | null} reason null withdraws it; the status already says that a server is lost
 */
export function offerLeaving(view, reason) {
  const line = view.querySelector(".leave-reason");
  const text = reason && reason !== "lost" ? translate(reason === "ending" ? "gameNotEnded" : "gameStill") : "";
  if (line.textContent !== text) line.textContent = text;
  view.querySelector(".leave").hidden = !reason;
}

/**
 * Ask the participant to confirm a button.
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
  dialog.querySelector(".question").textContent = button.question ?? translate(isEnding ? "gameEndSure" : "gameConfirm");
  no.textContent = translate(isEnding ? "gameKeepPlaying" : "gameCancel");
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
