// Loads the game's files, which no page needs before a game is near.

import { keepTrying } from "./api.js";
import { translate } from "./texts.js";
import { showStatus } from "./views.js";

// From then on the browser may be repeating an earlier failure, or this page may be of an earlier release.
const RELOAD_AFTER = 3;
let style = null;
let isPreloaded = false;
let failures = 0;
let loaded = null;

/** Begin to load the game's files. Failures are left to `loadGame`. */
export function prepareGame() {
  loadStyle().catch(() => {});
  if (isPreloaded) return;
  isPreloaded = true;
  document.head.append(...copyLinks("modulepreload"));
}

/**
 * Load the game, however long it takes; the page reports a failure.
 *
 * @returns {Promise<typeof import("./game/game.js").Game>}
 */
export async function loadGame() {
  if (loaded) return loaded;
  showStatus(translate("loading"));
  prepareGame();
  loaded = await keepTrying(tryImport, (trouble) => showStatus(trouble ? translate(trouble) : ""));
  return loaded;
}

async function tryImport() {
  try {
    const [{ Game }] = await Promise.all([import("./game/game.js"), loadStyle()]);
    return Game;
  } catch (error) {
    console.error(error);
    failures += 1;
    if (failures >= RELOAD_AFTER && (await isReachable())) location.reload();
    return null;
  }
}

function loadStyle() {
  style ??= new Promise((resolve, reject) => {
    const [link] = copyLinks("stylesheet");
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => {
      link.remove();
      style = null;
      reject(new Error(`${link.href} is not loaded`));
    });
    // A study's own style comes later and takes precedence.
    document.getElementById("study-style").before(link);
  });
  return style;
}

function copyLinks(rel) {
  return [...document.getElementById("game-files").content.cloneNode(true).querySelectorAll(`[rel=${rel}]`)];
}

async function isReachable() {
  try {
    return (await fetch(new URL("game/game.js", import.meta.url), { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
