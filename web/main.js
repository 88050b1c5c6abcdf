// The study page: reads the link, and takes the participant through the study that it names.

import { Api, ApiError, loadConfig } from "./api.js";
import { loadGame } from "./game_loading.js";
import { findForeign, readLink } from "./link.js";
import { makeUserId, Memory } from "./memory.js";
import { Study } from "./study.js";
import { translate } from "./texts.js";
import { applyStyle, confirmNotice, getMain, showStatus } from "./views.js";

async function main() {
  const link = readLink(new URLSearchParams(location.search));
  // A page that the browser has kept may show a step that is long over.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  const foreign = await findForeign(link, showTroubleOfLink);
  if (Object.keys(foreign).length && !(await admitForeign(link, foreign))) return undefined;
  if (link.server) return playAlone(link, foreign);
  if (!link.projectId) return offerReload("noStudyTitle", translate("noStudyText"));
  try {
    return await runStudy(link);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isClosed) return offerReload("closedTitle", translate("closedText"));
    console.warn(error); // its text is English
    const contact = error.contactForUnusableId;
    if (contact !== null) {
      return offerReload("refusedTitle", translate("reservedIdText"), contact && translate("contact", { contact }));
    }
    return offerReload("wrongTitle", translate("requestRefused", { status: error.status }));
  }
}

/**
 * Remove the addresses that do not belong to the study from the link, unless a tester confirms them.
 *
 * @returns {Promise<boolean>} false if the link cannot be followed without them
 */
async function admitForeign(link, foreign) {
  if (link.debug) {
    const hosts = Object.values(foreign).join(", ");
    await confirmNotice(translate("foreignTitle"), [translate("foreignDebug", { hosts })], translate("continueStudy"));
    for (const name of Object.keys(foreign)) delete foreign[name];
    return true;
  }
  if (foreign.server) {
    await offerReload("foreignTitle", translate("foreignServer", { host: foreign.server }));
    return false;
  }
  console.warn("The link names addresses that the study does not allow (linkOrigins in its config):", foreign);
  for (const name of Object.keys(foreign)) link[name] = null;
  return true;
}

async function runStudy(link) {
  const memory = new Memory(link);
  const participant = () => ({
    projectId: link.projectId,
    userId: memory.userId,
    signature: link.signature ?? memory.read().signature,
  });
  const onTrouble = (trouble) => showTrouble(trouble, memory);
  const { nextUrl, pagesUrl, gameProxyUrl } = await loadConfig(onTrouble);
  await new Study(new Api(nextUrl, participant, onTrouble), memory, link, pagesUrl, gameProxyUrl).run();
}

/** Show why nothing happens. This browser keeps answers that are not stored yet. */
function showTrouble(trouble, memory) {
  const isPending = Boolean(memory.read().pending);
  if (trouble === "offline") showStatus(translate("offline"));
  else if (trouble) showStatus(translate(isPending ? "notSavedYet" : "noResponse"));
  else showStatus("");
}

function showTroubleOfLink(trouble) {
  showStatus(trouble ? translate(trouble) : "");
}

/** Play without a study: links to the existing front end may name a game server themselves. */
async function playAlone(link, foreign) {
  applyStyle(null, link.css);
  const participant = { projectId: link.projectId ?? "", userId: link.userId ?? makeUserId() };
  const Game = await loadGame();
  const game = new Game({ participant, debug: link.debug, main: getMain() });
  const outcome = await game.play(link.server);
  game.close();
  if (link.redirect && outcome !== "lost") return location.replace(link.redirect);
  if (outcome === "lost") return offerReload("wrongTitle", translate("gameGone"));
  return offerReload("endedTitle", foreign.redirect ? translate("foreignRedirect", { host: foreign.redirect }) : "");
}

async function offerReload(titleKey, ...lines) {
  await confirmNotice(translate(titleKey), lines, translate("tryAgain"));
  location.reload();
}

main();
