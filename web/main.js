// The study page: reads the link, and takes the participant through what it names.

import { Api, ApiError, loadConfig } from "./api.js";
import { Game } from "./game/game.js";
import { readLink } from "./link.js";
import { makeUserId, Memory } from "./memory.js";
import { Study } from "./study.js";
import { say } from "./texts.js";
import { applyStyle, askNotice, getMain, showStatus } from "./views.js";

async function main() {
  const link = readLink(new URLSearchParams(location.search));
  // A page that the browser kept from before: what it shows may be long over.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  if (link.server) return playAlone(link);
  if (!link.projectId) return askAgain("noStudyTitle", say("noStudyText"));
  try {
    return await takePart(link);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.isClosed
      ? askAgain("closedTitle", say("closedText"))
      : askAgain("wrongTitle", error.message);
  }
}

async function takePart(link) {
  const memory = new Memory(link.projectId, link.userId);
  const participant = () => ({
    projectId: link.projectId,
    userId: memory.userId,
    signature: link.signature ?? memory.read().signature,
  });
  const onTrouble = (trouble) => showTrouble(trouble, memory);
  const { nextUrl, pagesUrl } = await loadConfig(onTrouble);
  await new Study(new Api(nextUrl, participant, onTrouble), memory, link, pagesUrl).run();
}

/** Say why nothing happens; what is not stored yet is in this browser. */
function showTrouble(trouble, memory) {
  const isPending = Boolean(memory.read().pending);
  if (trouble === "offline") showStatus(say("offline"));
  else if (trouble) showStatus(say(isPending ? "notSavedYet" : "noAnswer"));
  else showStatus("");
}

/** A link that names a game server itself: the game without a study, as links to the existing front end have it. */
async function playAlone(link) {
  applyStyle(null, link.css);
  const participant = { projectId: link.projectId ?? "", userId: link.userId ?? makeUserId() };
  const game = new Game({ participant, debug: link.debug, main: getMain() });
  const outcome = await game.play(link.server);
  game.close();
  if (link.redirect && outcome !== "lost") return location.replace(link.redirect);
  return outcome === "lost" ? askAgain("wrongTitle", say("gameGone")) : askAgain("endedTitle", "");
}

async function askAgain(titleKey, text) {
  await askNotice(say(titleKey), [text], say("tryAgain"));
  location.reload();
}

main();
