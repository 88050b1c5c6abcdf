// The participant's path through a study: ask what comes next, show it, submit the answers.

import { ApiError, routeServer, sleep, withJitter } from "./api.js";
import { loadGame, prepareGame } from "./game_loading.js";
import { describeDevice } from "./link.js";
import { ResearcherPage } from "./researcher_page.js";
import { directionOf, hasText, setLanguage, translate } from "./texts.js";
import { submitOfOthers, submitOwn } from "./unsent.js";
import {
  applyStyle,
  applyWidth,
  confirmNotice,
  copyText,
  formatContact,
  getMain,
  prepareTemplate,
  revealView,
  showCompletion,
  showProgress,
  showStatus,
  showTemplate,
  showTitle,
  showWaiting,
} from "./views.js";

const POLL_SECONDS = 5; // if the API does not name a time

/** Shows one response of the API after another. The waiting view and the game's last for several responses. */
export class Study {
  #api;
  #memory;
  #link;
  #pagesUrl;
  #gameProxyUrl;
  #waiting = null;
  #waitingSince = 0;
  #game = null;
  #frame = null; // loaded ahead of its content

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./memory.js").Memory} memory
   * @param {ReturnType<import("./link.js").readLink>} link
   * @param {string} pagesUrl the folder of frame.html
   * @param {string | null} gameProxyUrl through which game servers are reached, if not directly
   */
  constructor(api, memory, link, pagesUrl, gameProxyUrl = null) {
    this.#api = api;
    this.#memory = memory;
    this.#link = link;
    this.#pagesUrl = pagesUrl;
    this.#gameProxyUrl = gameProxyUrl;
  }

  /** Go through the study to its last page. */
  async run() {
    // While the API is asked: each takes a round trip.
    this.#frame = new ResearcherPage(prepareTemplate("page-template"), this.#pagesUrl);
    let response = await this.#enter();
    submitOfOthers(this.#api, this.#memory);
    while (response) {
      response = await this.#confirm(response);
      this.#apply(response);
      response = await this.#show(response);
    }
  }

  /** Submit what an earlier page of this participant could not, then ask as the link says. */
  async #enter() {
    await this.#submitPending();
    const response = await this.#requestStep();
    // The study may know the participant by an ID of its own, and answers may wait here under that.
    return this.#recognize(response) && (await this.#submitPending()) ? this.#requestStep() : response;
  }

  /** Send what the study needs to know about a newcomer with every first request; it is recorded once. */
  #requestStep() {
    return this.#api.get(0, { ...this.#link.parameters, ...describeDevice() });
  }

  /** Continue as the participant whom the study names by this link. Return whether that is another ID than before. */
  #recognize(response) {
    if (isRefused(response) || !response.userId || response.userId === this.#memory.userId) return false;
    this.#memory.adopt(response.userId);
    return true;
  }

  async #submitPending() {
    if (this.#memory.read().pending) showStatus(translate("saving"));
    const hadAny = await submitOwn(this.#api, this.#memory);
    showStatus("");
    return hadAny;
  }

  /** Ask again about a response older than what was shown: it may be late, and another tab ahead. */
  async #confirm(response) {
    if (isRefused(response) || response.step >= (this.#memory.read().step ?? 0)) return response;
    const again = await this.#requestStep();
    // Still older: the participant's record is a new one, and nothing from before belongs to it.
    if (!isRefused(again) && again.step < (this.#memory.read().step ?? 0)) {
      this.#memory.update({ draft: null, pending: null, step: null });
    }
    return again;
  }

  /** Apply what a response holds besides the page. A refusal holds nothing about the participant. */
  #apply(response) {
    const { step, language, css, width } = response;
    document.documentElement.lang = setLanguage(language);
    this.#recognize(response);
    if (!isRefused(response)) {
      this.#memory.update({ step, ...(this.#link.signature && { signature: this.#link.signature }) });
    }
    showProgress(response);
    applyStyle(css, this.#link.css);
    applyWidth(width);
  }

  /** Show a response, and return the next one; null after the last. */
  #show(response) {
    const { page, error, step, steps } = response;
    if (page !== "wait") this.#waiting = null;
    if (page !== "show_game_page") this.#closeGame();
    if (page === "wait" || response.gameIsNext) prepareGame();
    if (page === "wait") return this.#wait(response);
    if (page === "show_game_page") return this.#play(response);
    if (error === "refused") return this.#showRefusal(response);
    if (error === "server_failed") return this.#showFailure(response);
    if (error === "server_stopped") return this.#showEndedGame(response);
    if (error === "page_missing") return this.#showTrouble("missingTitle", "missingText", response);
    return step > steps ? this.#showLastPage(response) : this.#showPage(response);
  }

  // ---- pages ---------------------------------------------------------------------------------------------

  #showPage(response) {
    const { step } = response;
    const stop = new AbortController();
    return new Promise((resolve, reject) => {
      const onSubmit = async (answers) => {
        try {
          resolve(await this.#submit(step, answers));
        } catch (error) {
          if (!(error instanceof ApiError) || error.isClosed) return reject(error);
          page.refuse(describeRefusedAnswers(error));
        }
        return undefined;
      };
      const onBroken = () => resolve(this.#showTrouble("wrongTitle", "brokenText", response));
      const page = this.#openPage(response, onSubmit, onBroken);
      // A participant who continues in another tab finds the same page in this one.
      this.#memory.passedElsewhere(step, stop.signal).then(() => this.#api.get(0)).then(resolve, reject);
    }).finally(() => stop.abort());
  }

  #showLastPage(response) {
    const onSubmit = async (answers) => {
      try {
        const next = await this.#submit(response.step, answers);
        if (isRefused(next)) return page.refuse(translate(`refused_${next.reason}`));
        page.settle();
        showStatus(translate("saved"));
      } catch (error) {
        page.refuse(describeRefusedAnswers(error));
      }
      return undefined;
    };
    const onBroken = async () => {
      await this.#showTrouble("wrongTitle", "brokenText", response);
      location.reload();
    };
    const page = this.#openPage(response, onSubmit, onBroken);
    if (response.completion) showCompletion(response.completion);
    return null;
  }

  #openPage({ page, css, width, step, steps, userId, language, untouched }, onSubmit, onBroken) {
    const { draft } = this.#memory.read();
    const content = {
      html: page,
      css,
      width,
      linkStyle: this.#link.css,
      language: language ?? "en",
      direction: directionOf(language),
      userId,
      draft: draft?.step === step ? draft.values : [],
      untouched: untouched ?? "mark",
      isLast: step > steps,
    };
    const shown = this.#takeFrame();
    shown.show(content, {
      onTrouble: () => showStatus(translate(navigator.onLine ? "noResponse" : "offline")),
      onShown: (heading) => {
        showStatus("");
        showTitle(heading);
        shown.focus();
      },
      onDraft: (values) => this.#memory.update({ draft: { step, values } }),
      onSubmit,
      onBroken,
      onCopy: (isCopied) => (isCopied ? showStatus(translate("copied")) : copyText(userId)),
    });
    return shown;
  }

  /**
   * Return the frame that was loaded ahead, if it is still there, otherwise a new one. That is added only when the one
   * before it is removed: Chromium may otherwise never give it the focus.
   */
  #takeFrame() {
    const ahead = this.#frame;
    this.#frame = null;
    if (!ahead?.isInPage) return new ResearcherPage(showTemplate("page-template"), this.#pagesUrl);
    revealView(ahead.container);
    return ahead;
  }

  /** Submit answers. They are kept here until the study has them: a refused participant may be admitted later. */
  async #submit(step, answers) {
    const signature = this.#link.signature ?? this.#memory.read().signature;
    this.#memory.update({ pending: { step, answers, signature } });
    showStatus(translate("saving"));
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

  async #wait(response) {
    if (!this.#waiting) this.#waitingSince = Date.now();
    this.#waiting = showWaiting(this.#waiting, response, (Date.now() - this.#waitingSince) / 1000);
    await sleep(withJitter(1000 * (response.retryAfter ?? POLL_SECONDS)));
    return this.#api.get(response.step - 1);
  }

  async #play({ step, server, userId, offerLeavingAfter }) {
    const participant = { projectId: this.#link.projectId, userId };
    const Game = await loadGame();
    this.#game ??= new Game({ participant, debug: this.#link.debug, main: getMain(), offerLeavingAfter });
    const outcome = await this.#game.play(this.#route(server), () => this.#checkGame(step, server));
    return typeof outcome === "object" ? outcome : this.#leaveGame(step);
  }

  /** Return null if the server is still there, its address if that has changed, and otherwise the next response. */
  async #checkGame(step, server) {
    const response = await this.#api.get(step - 1);
    if (response.page !== "show_game_page" || response.step !== step) return response;
    return response.server === server ? null : this.#route(response.server);
  }

  #route(server) {
    return routeServer(server, this.#gameProxyUrl);
  }

  /** Report that the game is over, until the study has continued. */
  async #leaveGame(step) {
    for (;;) {
      const response = await this.#api.get(step);
      if (response.page !== "show_game_page" || response.step !== step) return response;
      await sleep(withJitter(1000 * POLL_SECONDS));
    }
  }

  #closeGame() {
    this.#game?.close();
    this.#game = null;
  }

  // ---- notices -------------------------------------------------------------------------------------------

  async #showFailure({ step, mayRetry, contact }) {
    const lines = [translate("failedText"), translate(mayRetry ? "failedRetry" : "failedFinal"), formatContact(contact)];
    await confirmNotice(translate("failedTitle"), lines, translate(mayRetry ? "tryAgain" : "checkAgain"));
    return this.#api.get(step - 1, mayRetry ? { retry: "1" } : {});
  }

  async #showEndedGame({ step, contact }) {
    const lines = [translate("endedText"), formatContact(contact)];
    await confirmNotice(translate("endedTitle"), lines, translate("continueStudy"));
    return this.#leaveGame(step);
  }

  async #showRefusal({ reason, contact }) {
    const key = `refused_${reason}`;
    const lines = [hasText(key) ? translate(key) : "", formatContact(contact)];
    await confirmNotice(translate("refusedTitle"), lines, translate("tryAgain"));
    return this.#enter();
  }

  /** Show that a page is missing or cannot be shown. It is not skipped; the notice names whom to contact. */
  async #showTrouble(titleKey, textKey, { contact }) {
    await confirmNotice(translate(titleKey), [translate(textKey), formatContact(contact)], translate("tryAgain"));
    return this.#api.get(0);
  }
}

function isRefused({ error }) {
  return error === "refused";
}

/** Describe why answers were refused. The API's own texts are English, and for the console. */
function describeRefusedAnswers(error) {
  console.warn(error);
  if (error.isFull) return translate("recordFull");
  return translate(error.isTooLarge ? "tooLarge" : "answersRefused", { status: error.status });
}
