// The participant's way through a study: ask what comes next, show it, hand in what was answered.

import { ApiError, sleep, withJitter } from "./api.js";
import { Game } from "./game/game.js";
import { describeDevice } from "./link.js";
import { ResearcherPage } from "./researcher_page.js";
import { directionOf, hasText, say, setLanguage } from "./texts.js";
import {
  applyStyle,
  askNotice,
  copyText,
  getMain,
  showCompletion,
  showProgress,
  showStatus,
  showTemplate,
  showTitle,
  showWaiting,
} from "./views.js";

const POLL_SECONDS = 5; // where the server does not say

/** Shows one answer of the API after the other; the waiting view and the game's last over several answers. */
export class Study {
  #api;
  #memory;
  #link;
  #pagesUrl;
  #waiting = null;
  #waitingSince = 0;
  #game = null;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./memory.js").Memory} memory
   * @param {ReturnType<import("./link.js").readLink>} link
   * @param {string} pagesUrl where frame.html lies
   */
  constructor(api, memory, link, pagesUrl) {
    this.#api = api;
    this.#memory = memory;
    this.#link = link;
    this.#pagesUrl = pagesUrl;
  }

  /** Go through the study to its last page. */
  async run() {
    let answer = await this.#enter();
    while (answer) {
      answer = await this.#confirm(answer);
      this.#take(answer);
      answer = await this.#show(answer);
    }
  }

  /** Hand in what an earlier visit could not, then ask as the link says: it may be another participant's. */
  async #enter() {
    await this.#handInPending();
    return this.#begin();
  }

  /** What the study needs to know of a newcomer goes with every first question; it is recorded once. */
  #begin() {
    return this.#api.get(0, { ...this.#link.parameters, ...describeDevice() });
  }

  /** Answers that were submitted when the page was closed: nobody has to submit them again. */
  async #handInPending() {
    const { pending } = this.#memory.read();
    if (!pending) return;
    try {
      await this.#submit(pending.step, pending.answers, pending.signature);
    } catch (error) {
      if (error.isClosed) throw error; // else they cannot be taken: the page is shown, with what was typed
    }
  }

  /** An answer that lies behind what was shown: it may only have come late, and another tab be further on. */
  async #confirm(answer) {
    if (isRefused(answer) || answer.step >= (this.#memory.read().step ?? 0)) return answer;
    const again = await this.#api.get(0);
    // Still behind: the participant's record is a new one, and nothing from before belongs to it.
    if (!isRefused(again) && again.step < (this.#memory.read().step ?? 0)) {
      this.#memory.update({ draft: null, pending: null, step: null });
    }
    return again;
  }

  /** What an answer says besides the page. A refusal says nothing of the participant. */
  #take(answer) {
    const { step, userId, language, css } = answer;
    document.documentElement.lang = setLanguage(language);
    if (!isRefused(answer)) {
      if (userId) this.#memory.adopt(userId);
      this.#memory.update({ step, ...(this.#link.signature && { signature: this.#link.signature }) });
    }
    showProgress(answer);
    applyStyle(css, this.#link.css);
  }

  /** Show an answer, and give the next one; nothing after the last. */
  #show(answer) {
    const { page, error, step, steps } = answer;
    if (page !== "wait") this.#waiting = null;
    if (page !== "show_game_page") this.#closeGame();
    if (page === "wait") return this.#wait(answer);
    if (page === "show_game_page") return this.#play(answer);
    if (error === "refused") return this.#showRefusal(answer);
    if (error === "server_failed") return this.#showFailure(answer);
    if (error === "server_stopped") return this.#showEndedGame(answer);
    if (error === "page_missing") return this.#showTrouble("missingTitle", "missingText", answer);
    return step > steps ? this.#showLastPage(answer) : this.#askPage(answer);
  }

  // ---- pages ---------------------------------------------------------------------------------------------

  #askPage(answer) {
    const { step } = answer;
    const stop = new AbortController();
    return new Promise((resolve, reject) => {
      const onSubmit = async (answers) => {
        try {
          resolve(await this.#submit(step, answers));
        } catch (error) {
          if (!(error instanceof ApiError) || error.isClosed) return reject(error);
          page.refuse(sayRefused(error));
        }
        return undefined;
      };
      const onBroken = () => resolve(this.#showTrouble("wrongTitle", "brokenText", answer));
      const page = this.#openPage(answer, onSubmit, onBroken);
      // Somebody who goes on in another tab finds the same page in this one.
      this.#memory.passedElsewhere(step, stop.signal).then(() => this.#api.get(0)).then(resolve, reject);
    }).finally(() => stop.abort());
  }

  #showLastPage(answer) {
    const onSubmit = async (answers) => {
      try {
        const next = await this.#submit(answer.step, answers);
        if (isRefused(next)) return page.refuse(say(`refused_${next.reason}`));
        page.settle();
        showStatus(say("saved"));
      } catch (error) {
        page.refuse(sayRefused(error));
      }
      return undefined;
    };
    const onBroken = async () => {
      await this.#showTrouble("wrongTitle", "brokenText", answer);
      location.reload();
    };
    const page = this.#openPage(answer, onSubmit, onBroken);
    if (answer.completion) showCompletion(answer.completion);
    return null;
  }

  #openPage({ page, css, step, steps, userId, language }, onSubmit, onBroken) {
    const { draft } = this.#memory.read();
    const content = {
      html: page,
      css,
      linkStyle: this.#link.css,
      language: language ?? "en",
      direction: directionOf(language),
      userId,
      draft: draft?.step === step ? draft.values : [],
      isLast: step > steps,
    };
    const shown = new ResearcherPage(showTemplate("page-template"), this.#pagesUrl, content, {
      onTrouble: () => showStatus(say(navigator.onLine ? "noAnswer" : "offline")),
      onShown: (heading) => {
        showStatus("");
        showTitle(heading);
        shown.focus();
      },
      onDraft: (values) => this.#memory.update({ draft: { step, values } }),
      onSubmit,
      onBroken,
      onCopy: () => copyText(userId),
    });
    return shown;
  }

  /** Kept here until the study has them; somebody who is refused may be let in again later. */
  async #submit(step, answers, signature = this.#link.signature ?? this.#memory.read().signature) {
    this.#memory.update({ pending: { step, answers, signature } });
    showStatus(say("saving"));
    try {
      const next = await this.#api.post(step, answers, { signature });
      if (!isRefused(next)) this.#memory.update({ pending: null, draft: null });
      return next;
    } catch (error) {
      this.#memory.update({ pending: null });
      throw error;
    } finally {
      showStatus("");
    }
  }

  // ---- the game ------------------------------------------------------------------------------------------

  async #wait(answer) {
    if (!this.#waiting) this.#waitingSince = Date.now();
    this.#waiting = showWaiting(this.#waiting, answer, (Date.now() - this.#waitingSince) / 1000);
    await sleep(withJitter(1000 * (answer.retryAfter ?? POLL_SECONDS)));
    return this.#api.get(answer.step - 1);
  }

  async #play({ step, server, userId }) {
    const participant = { projectId: this.#link.projectId, userId };
    this.#game ??= new Game({ participant, debug: this.#link.debug, main: getMain() });
    const outcome = await this.#game.play(server, () => this.#askAboutGame(step, server));
    return typeof outcome === "object" ? outcome : this.#leaveGame(step);
  }

  /** Whether the server still lives: nothing if so, its address if it has another one by now, else what comes next. */
  async #askAboutGame(step, server) {
    const answer = await this.#api.get(step - 1);
    if (answer.page !== "show_game_page" || answer.step !== step) return answer;
    return answer.server === server ? null : answer.server;
  }

  /** Say that the game is over, until the study has gone on. */
  async #leaveGame(step) {
    for (;;) {
      const answer = await this.#api.get(step);
      if (answer.page !== "show_game_page" || answer.step !== step) return answer;
      await sleep(withJitter(1000 * POLL_SECONDS));
    }
  }

  #closeGame() {
    this.#game?.close();
    this.#game = null;
  }

  // ---- notices -------------------------------------------------------------------------------------------

  async #showFailure({ step, mayRetry, contact }) {
    const lines = [say("failedText"), say(mayRetry ? "failedRetry" : "failedFinal"), sayContact(contact)];
    await askNotice(say("failedTitle"), lines, say(mayRetry ? "tryOnceMore" : "tryAgain"));
    return this.#api.get(step - 1, mayRetry ? { retry: "1" } : {});
  }

  async #showEndedGame({ step, contact }) {
    await askNotice(say("endedTitle"), [say("endedText"), sayContact(contact)], say("goOn"));
    return this.#leaveGame(step);
  }

  async #showRefusal({ reason, contact }) {
    const key = `refused_${reason}`;
    const lines = [hasText(key) ? say(key) : "", sayContact(contact)];
    await askNotice(say("refusedTitle"), lines, say("tryAgain"));
    return this.#enter();
  }

  /** A page that is not there, or cannot be shown: it is not skipped; who answers for it is named. */
  async #showTrouble(titleKey, textKey, { contact }) {
    await askNotice(say(titleKey), [say(textKey), sayContact(contact)], say("tryAgain"));
    return this.#api.get(0);
  }
}

function isRefused({ error }) {
  return error === "refused";
}

function sayRefused(error) {
  return error.status === 413 ? say("tooLarge") : say("refusedAnswers", { reason: error.message });
}

function sayContact(contact) {
  return contact ? say("contact", { contact }) : "";
}
