// What the participant sees around the study's pages: progress, the wait, notices, the completion code.

import { hasText, say, sayTime } from "./texts.js";

const IDS = ["top", "title", "progress-text", "progress-bar", "main", "status", "study-style", "link-style"];
const TEMPLATES = ["page-template", "waiting-template", "notice-template", "completion-template", "game-template"];
const parts = Object.fromEntries([...IDS, ...TEMPLATES].map((id) => [id, document.getElementById(id)]));
const PROGRESS = ["queued", "starting", "almostThere"];

/** Where views are put. @returns {HTMLElement} */
export function getMain() {
  return parts.main;
}

/**
 * Put a copy of a template from index.html into the main part, in place of what was there, in the language in use.
 *
 * @param {string} id of the template
 * @returns {HTMLElement} its outermost element
 */
export function showTemplate(id) {
  const view = copyTemplate(id);
  parts.main.replaceChildren(view);
  return view;
}

/**
 * Bring the top of a new view before the eyes, and before screen readers.
 *
 * @param {HTMLElement} view
 */
export function focusView(view) {
  const heading = view.querySelector("h1, h2") ?? parts.main;
  heading.setAttribute("tabindex", "-1");
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  showTitle(heading === parts.main ? "" : heading.textContent);
}

/** Name the view in the browser's tab. @param {string} heading */
export function showTitle(heading) {
  const study = parts.title.textContent || say("study");
  const text = heading.trim();
  document.title = text ? `${text} · ${study}` : study;
}

/** Say in the line at the top what goes on; nothing takes the line away. @param {string} text */
export function showStatus(text) {
  if (parts.status.textContent !== text) parts.status.textContent = text;
}

/**
 * Show how far the participant has come, and in which study.
 *
 * @param {{step: number, steps: number, title?: string}} answer of the API
 */
export function showProgress({ step, steps, title }) {
  parts.title.textContent = title ?? "";
  const known = Number.isInteger(step) && Number.isInteger(steps) && steps > 0 && step > 0;
  parts.top.hidden = !known && !title;
  parts["progress-text"].textContent = known ? (step > steps ? say("completed") : say("step", { step, steps })) : "";
  parts["progress-bar"].hidden = !known;
  if (!known) return;
  parts["progress-bar"].max = steps;
  parts["progress-bar"].value = Math.min(step - 1, steps);
}

/** Use the study's own style from here on. @param {string | null} css @param {string | null} linkStyle an address */
export function applyStyle(css, linkStyle) {
  if (parts["study-style"].textContent !== (css ?? "")) parts["study-style"].textContent = css ?? "";
  if (linkStyle && parts["link-style"].href !== linkStyle) {
    parts["link-style"].href = linkStyle;
    parts["link-style"].disabled = false;
  }
}

/**
 * Show how the start of the game server gets on.
 *
 * @param {HTMLElement | null} view the one that is there already
 * @param {{progress?: string, usualSeconds?: number}} answer of the API
 * @param {number} waited for so many seconds
 * @returns {HTMLElement} the view
 */
export function showWaiting(view, { progress, usualSeconds = 60 }, waited) {
  const isNew = !view;
  view ??= showTemplate("waiting-template");
  const stage = Math.max(0, PROGRESS.indexOf(progress));
  setText(view.querySelector(".stage"), say(PROGRESS[stage]));
  setText(view.querySelector(".usual"), say("waitUsual", { time: sayTime(usualSeconds) }));
  setText(view.querySelector(".waited"), waited >= 20 ? say("waited", { time: sayTime(waited) }) : "");
  view.querySelector(".long-wait").hidden = waited < 2 * usualSeconds;
  [...view.querySelectorAll(".stages li")].forEach((item, index) => {
    item.classList.toggle("reached", index <= stage);
  });
  if (isNew) focusView(view);
  return view;
}

/**
 * Show a notice of the page's own, and wait until the participant wants to go on.
 *
 * @param {string} title
 * @param {string[]} lines
 * @param {string} label of the button
 * @returns {Promise<void>}
 */
export function askNotice(title, lines, label) {
  const view = showTemplate("notice-template");
  view.querySelector("h1").textContent = title;
  const button = view.querySelector("button");
  button.textContent = label;
  for (const line of lines.filter(Boolean)) {
    button.before(Object.assign(document.createElement("p"), { textContent: line }));
  }
  focusView(view);
  return new Promise((resolve) => button.addEventListener("click", () => resolve(), { once: true }));
}

/**
 * Show the code that the recruiter asks for, and the way back to them.
 *
 * @param {{code?: string, url?: string}} completion
 */
export function showCompletion({ code, url }) {
  const view = copyTemplate("completion-template");
  // A style sheet from anywhere must not read the link, in which the participant's ids stand.
  parts["link-style"].disabled = true;
  view.querySelector(".code").hidden = !code;
  view.querySelector("code").textContent = code ?? "";
  view.querySelector(".code button").addEventListener("click", () => copyText(code, view.querySelector("code")));
  const link = view.querySelector("a");
  link.hidden = !url;
  if (url) link.href = url;
  parts.main.firstElementChild.append(view);
}

/**
 * Copy a text; where the browser does not let the page, mark it for the participant to copy.
 *
 * @param {string} text
 * @param {HTMLElement} [place] where it stands
 */
export async function copyText(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    showStatus(say("copied"));
  } catch {
    if (place) getSelection().selectAllChildren(place);
    showStatus(say("copyByHand"));
  }
}

function copyTemplate(id) {
  const view = parts[id].content.cloneNode(true).firstElementChild;
  for (const place of view.querySelectorAll("[data-text]")) {
    if (hasText(place.dataset.text)) place.textContent = say(place.dataset.text);
  }
  return view;
}

/** Only what has changed, so that a live region is not read again. */
function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
