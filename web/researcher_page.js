// A page of the study, in a sandbox: the outer side of frame.html.
//
// The sandbox has an origin of its own, so nothing in a researcher's page can reach what this page keeps, let alone what
// it keeps of other studies. Both sides speak through a channel that only the document that was loaded first has.

import { getLanguage, say } from "./texts.js";

const SANDBOX = "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox";
const ALLOWED = "fullscreen; encrypted-media; picture-in-picture";
const WORDS = ["submit", "saving", "noFiles", "missingAnswer", "copy"];
const FIRST_TIMEOUT = 5000;
const LONGEST_TIMEOUT = 30_000;
const MOST_RETURNS = 3;

/**
 * @typedef {object} PageContent
 * @property {string} html as the researcher wrote it
 * @property {string | null} css the study's style sheet
 * @property {string | null} linkStyle address of a style sheet that the link names
 * @property {string} language of the study, as BCP 47 names it
 * @property {"ltr" | "rtl"} direction in which it is written
 * @property {string} userId shown where the page has a place for it
 * @property {object[]} draft what was typed here before
 * @property {boolean} isLast whether a page without any question has no button to submit it
 */

/** One page on show. */
export class ResearcherPage {
  #frame = null;
  #port = null;
  #failures = 0;
  #returns = 0;
  #content;
  #handlers;
  #place;
  #pagesUrl;

  /**
   * @param {HTMLElement} place what the frame becomes a child of
   * @param {string} pagesUrl where frame.html lies; at another origin than this page's, embedded players keep theirs
   * @param {PageContent} content
   * @param {{onShown: (heading: string) => void, onTrouble: () => void, onDraft: (values: object[]) => void,
   *   onSubmit: (answers: object) => void, onBroken: () => void, onCopy: () => void}} handlers `onTrouble`: it could not
   *   be loaded yet, `onBroken`: it cannot be shown
   */
  constructor(place, pagesUrl, content, handlers) {
    this.#place = place;
    this.#pagesUrl = pagesUrl;
    this.#content = content;
    this.#handlers = handlers;
    this.#load();
  }

  /** The answers were not taken: say why, so that they can be changed. @param {string} text */
  refuse(text) {
    this.#port?.postMessage({ type: "refused", text });
  }

  /** The answers are stored and the page stays. */
  settle() {
    this.#port?.postMessage({ type: "saved" });
  }

  #load() {
    const url = new URL("frame.html", this.#pagesUrl);
    const frame = document.createElement("iframe");
    // Without allow-same-origin the frame's origin is one that nothing else has. At a host of its own it may have that
    // host's: video players do not work without one.
    const isOtherOrigin = url.origin !== location.origin;
    frame.setAttribute("sandbox", isOtherOrigin ? `${SANDBOX} allow-same-origin` : SANDBOX);
    frame.allow = ALLOWED;
    frame.className = "researcher-page";
    frame.title = say("loading");
    frame.src = url.href;
    this.#frame?.remove();
    this.#frame = frame;
    this.#watch(frame);
    this.#place.prepend(frame);
  }

  /** Speak with frame.js as soon as it runs; load it again if it does not, or if another document takes its place. */
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
      this.#connect();
    };
    window.addEventListener("message", onMessage, { signal: stop.signal });
    let loads = 0;
    frame.addEventListener("load", () => {
      loads += 1;
      // A second document in the frame is not ours: something in the page has led it elsewhere.
      if (loads > 1 && this.#port) this.#return();
    });
  }

  /** The frame's files did not come. A host of their own that cannot be reached must not keep anybody out. */
  #fail() {
    this.#failures += 1;
    if (this.#failures > 1) this.#pagesUrl = document.baseURI;
    this.#handlers.onTrouble();
    this.#load();
  }

  #return() {
    this.#port.close();
    this.#port = null;
    this.#returns += 1;
    if (this.#returns <= MOST_RETURNS) this.#load();
    else this.#handlers.onBroken();
  }

  #connect() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#take(data);
    const words = Object.fromEntries(WORDS.map((key) => [key, say(key)]));
    // The frame's origin has no name to send it to; frame.js, which has just said that it runs, is the first document there.
    this.#frame.contentWindow.postMessage(
      { type: "show", ...this.#content, words, wordsLanguage: getLanguage() },
      "*",
      [port2],
    );
  }

  #take({ type, heading, values, answers }) {
    const { onShown, onDraft, onSubmit, onBroken, onCopy } = this.#handlers;
    if (type === "shown") {
      this.#frame.title = heading || say("study");
      onShown(heading);
    }
    if (type === "draft") {
      this.#content.draft = values; // should the frame have to be loaded again
      onDraft(values);
    }
    if (type === "submit") onSubmit(answers);
    if (type === "broken") onBroken();
    if (type === "copy") onCopy();
  }

  /** Move the keyboard's focus to the top of the page: first into the frame, which else has none to give. */
  focus() {
    this.#frame.focus();
    this.#port?.postMessage({ type: "focus" });
  }
}
