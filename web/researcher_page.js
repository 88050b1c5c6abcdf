// A page of the study in a sandbox: the outer side of frame.html.
//
// The sandbox has its own origin, so nothing in a researcher's page can reach what this page stores, for this study or
// others. Both sides communicate through a channel that only the document that was loaded first has.

import { getLanguage, translate } from "./texts.js";

const SANDBOX = "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox";
const ALLOWED = "fullscreen; encrypted-media; picture-in-picture";
const FRAME_TEXTS = ["submit", "saving", "noFiles", "missingAnswer", "copy", "enlarge", "close", "wideTable"];
const FIRST_TIMEOUT = 5000;
const LONGEST_TIMEOUT = 30_000;
const MOST_RELOADS = 3;

/**
 * @typedef {object} PageContent
 * @property {string} html as the researcher wrote it
 * @property {string | null} css the study's style sheet
 * @property {number} [width] of the page in CSS pixels, if the study has its own
 * @property {string | null} linkStyle address of a style sheet that the link names
 * @property {string} language of the study, as BCP 47 names it
 * @property {"ltr" | "rtl"} direction the writing direction of that language
 * @property {string} userId shown where the page asks for it
 * @property {object[]} draft what was typed here before
 * @property {"mark" | "empty" | "ignore"} untouched what to store for controls that were not touched
 * @property {boolean} isLast whether this is the last page, which has a submit button only if it asks something
 */

/** One page on show. */
export class ResearcherPage {
  #frame = null;
  #port = null;
  #failures = 0;
  #reloads = 0;
  #content = null;
  #handlers = null;
  #isReady = false;
  #pagesUrl;

  /**
   * @param {HTMLElement} container the element that the frame is added to
   * @param {string} pagesUrl the folder of frame.html; at a different origin, embedded players keep their own origin
   */
  constructor(container, pagesUrl) {
    this.container = container;
    this.#pagesUrl = pagesUrl;
    this.#load();
  }

  /** Whether the container is still in the document: if not, the frame is lost. */
  get isInPage() {
    return this.container.isConnected;
  }

  /**
   * Show a page as soon as the frame is loaded.
   *
   * @param {PageContent} content
   * @param {{onShown: (heading: string) => void, onTrouble: () => void, onDraft: (values: object[]) => void,
   *   onSubmit: (answers: object) => void, onBroken: () => void, onCopy: (isCopied: boolean) => void}} handlers
   *   `onTrouble`: it could not be loaded yet; `onBroken`: it cannot be shown; `onCopy`: the participant wants to copy
   *   their id, which the frame may have done
   */
  show(content, handlers) {
    this.#content = content;
    this.#handlers = handlers;
    if (this.#isReady) this.#connect();
  }

  /** Show why the answers were rejected, so that they can be changed. @param {string} text */
  refuse(text) {
    this.#port?.postMessage({ type: "refused", text });
  }

  /** Report that the answers are stored; the page stays. */
  settle() {
    this.#port?.postMessage({ type: "saved" });
  }

  #load() {
    const url = new URL("frame.html", this.#pagesUrl);
    const frame = document.createElement("iframe");
    // Without allow-same-origin the frame has a unique, opaque origin. On a separate host it may have that host's
    // origin: video players do not work without one.
    const isOtherOrigin = url.origin !== location.origin;
    frame.setAttribute("sandbox", isOtherOrigin ? `${SANDBOX} allow-same-origin` : SANDBOX);
    frame.allow = ALLOWED;
    frame.className = "researcher-page";
    frame.title = translate("loading");
    frame.src = url.href;
    this.#isReady = false;
    this.#frame?.remove();
    this.#frame = frame;
    this.#watch(frame);
    this.container.prepend(frame);
  }

  /** Connect to frame.js as soon as it runs; load it again if it does not, or if another document replaces it. */
  #watch(frame) {
    const stop = new AbortController();
    const patience = Math.min(FIRST_TIMEOUT * 2 ** this.#failures, LONGEST_TIMEOUT);
    const tooLate = setTimeout(() => {
      stop.abort();
      if (frame.isConnected) this.#fail();
    }, patience);
    const onMessage = ({ source, data }) => {
      if (source !== frame.contentWindow || data?.type !== "ready") return;
      clearTimeout(tooLate);
      stop.abort();
      this.#isReady = true;
      if (this.#content) this.#connect();
    };
    window.addEventListener("message", onMessage, { signal: stop.signal });
    let loads = 0;
    frame.addEventListener("load", () => {
      loads += 1;
      // A second document in the frame is not ours: something in the page has navigated it elsewhere.
      if (loads > 1 && this.#port) this.#reload();
    });
  }

  /** Load the frame's files again, from this page's own host: an unreachable host must not keep participants out. */
  #fail() {
    this.#failures += 1;
    if (this.#failures > 1) this.#pagesUrl = document.baseURI;
    this.#handlers?.onTrouble();
    this.#load();
  }

  #reload() {
    this.#port.close();
    this.#port = null;
    this.#reloads += 1;
    if (this.#reloads <= MOST_RELOADS) this.#load();
    else this.#handlers.onBroken();
  }

  #connect() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#receive(data);
    const words = Object.fromEntries(FRAME_TEXTS.map((key) => [key, translate(key)]));
    // An opaque origin cannot be named as the target. frame.js has just reported ready: it is the first document there.
    this.#frame.contentWindow.postMessage(
      { type: "show", ...this.#content, words, wordsLanguage: getLanguage(), site: location.origin },
      "*",
      [port2],
    );
  }

  #receive({ type, heading, values, answers, isCopied }) {
    const { onShown, onDraft, onSubmit, onBroken, onCopy } = this.#handlers;
    if (type === "shown") {
      this.#frame.title = heading || translate("study");
      onShown(heading);
    }
    if (type === "draft") {
      this.#content.draft = values; // in case the frame must be loaded again
      onDraft(values);
    }
    if (type === "submit") onSubmit(answers);
    if (type === "broken") onBroken();
    if (type === "copy") onCopy(isCopied);
  }

  /** Move the keyboard's focus to the top of the page: first into the frame, which otherwise cannot set it. */
  focus() {
    this.#frame.focus();
    this.#port?.postMessage({ type: "focus" });
  }
}
