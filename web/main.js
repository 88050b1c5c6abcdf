// The participant's way through a study: ask what comes next, show it, hand in what was answered.

import { ApiError, createApi, loadNextUrl, readParticipant, sleep } from "./api.js";
import { Game } from "./game.js";
import {
  applyStyle,
  askForRetry,
  askNotice,
  askPage,
  focusView,
  showLastPage,
  showProgress,
  showStatus,
  showTemplate,
} from "./views.js";

const POLL_WAIT = 2000;
const LONG_WAIT = 120_000;

/** Shows one answer of the API after the other; the waiting view and the game's last over several answers. */
class Study {
  #waiting = null;
  #waitingSince = 0;
  #game = null;

  constructor(api, participant) {
    this.api = api;
    this.participant = participant;
  }

  /** Go through the study to its last page. */
  async run() {
    let answer = await this.api.get(0);
    while (answer) {
      showProgress(answer);
      applyStyle(answer.css);
      answer = await this.#show(answer);
    }
  }

  /** Show an answer, and give the next one; nothing after the last. */
  #show(answer) {
    const isWait = answer.page === "wait";
    const isGame = answer.page === "show_game_page";
    if (!isWait) this.#waiting = null;
    if (!isGame) this.#closeGame();
    if (isWait) return this.#wait(answer);
    if (isGame) return this.#play(answer);
    return this.#showPage(answer);
  }

  async #wait({ step }) {
    if (!this.#waiting) {
      this.#waiting = showTemplate("waiting-template");
      this.#waitingSince = Date.now();
      focusView(this.#waiting);
    }
    const isLong = Date.now() - this.#waitingSince > LONG_WAIT;
    this.#waiting.querySelector(".long-wait").hidden = !isLong;
    await sleep(POLL_WAIT);
    return this.api.get(step - 1);
  }

  async #play({ step, server }) {
    this.#game ??= new Game(this.participant);
    if ((await this.#game.play(server)) === "lost") {
      // The API knows best: it may have another server by now, or the game may count as over.
      return this.api.get(step - 1);
    }
    for (;;) {
      const answer = await this.api.get(step);
      if (answer.page !== "show_game_page" || answer.step !== step) return answer;
      await sleep(POLL_WAIT);
    }
  }

  async #showPage({ page, step, steps, error }) {
    const { userId } = this.participant;
    if (error === "server_failed") {
      await askForRetry(page, userId);
      return this.api.get(step - 1);
    }
    if (step > steps) {
      showLastPage(page, userId);
      return null;
    }
    return askPage(page, userId, (answers) => this.api.post(step, answers));
  }

  #closeGame() {
    this.#game?.close();
    this.#game = null;
  }
}

async function main() {
  const participant = readParticipant(new URLSearchParams(location.search));
  if (!participant) {
    await askNotice("No study named", "This link is not complete: please use the whole link that you were given.");
    return location.reload();
  }
  const onTrouble = (retrying) => showStatus(retrying ? "No connection to the study. Trying again…" : "");
  try {
    const nextUrl = await loadNextUrl(onTrouble);
    await new Study(createApi(nextUrl, participant, onTrouble), participant).run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    await (error.isClosed
      ? askNotice("This study is not open", "It was not found, or it is closed at the moment. Please check the link.")
      : askNotice("Something went wrong", error.message));
    location.reload();
  }
}

main();
