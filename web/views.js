// The views around the study's pages: progress, the wait, notices, the completion code.

import { formatDuration, hasText, translate } from "./texts.js";

const IDS = ["top", "title", "progress-text", "progress-bar", "main", "status", "study-style", "link-style"];
const TEMPLATES = ["page-template", "waiting-template", "notice-template", "completion-template", "game-template"];
const parts = Object.fromEntries([...IDS, ...TEMPLATES].map((id) => [id, document.getElementById(id)]));
const PROGRESS = ["queued", "starting", "almostThere"];

/** Return the element that holds the views. @returns {HTMLElement} */
export function getMain() {
  return parts.main;
}

/**
 * Replace the content of the main part by a copy of a template from index.html, in the language in use.
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
 * Add a hidden copy of a template to the main part, to load what is in it before it is shown.
 *
 * @param {string} id of the template
 * @returns {HTMLElement} its outermost element
 */
export function prepareTemplate(id) {
  const view = copyTemplate(id);
  view.hidden = true;
  parts.main.append(view);
  return view;
}

/** Show a prepared view instead of the others. It is not moved: frames in it would load again. @param {HTMLElement} view */
export function revealView(view) {
  for (const other of [...parts.main.children]) if (other !== view) other.remove();
  view.hidden = false;
}

/**
 * Move the scroll position and the screen reader's focus to the top of a new view.
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
  const study = parts.title.textContent || translate("study");
  const text = heading.trim();
  document.title = text ? `${text} · ${study}` : study;
}

/** Show what is happening in the line at the top; an empty text clears it. @param {string} text */
export function showStatus(text) {
  if (parts.status.textContent !== text) parts.status.textContent = text;
}

/**
 * Show how far the participant has come, and in which study.
 *
 * @param {{step: number, steps: number, title?: string}} response of the API
 */
export function showProgress({ step, steps, title }) {
  parts.title.textContent = title ?? "";
  const known = Number.isInteger(step) && Number.isInteger(steps) && steps > 0 && step > 0;
  parts.top.hidden = !known && !title;
  const text = step > steps ? translate("completed") : translate("step", { step, steps });
  parts["progress-text"].textContent = known ? text : "";
  parts["progress-bar"].hidden = !known;
  if (!known) return;
  parts["progress-bar"].max = steps;
  parts["progress-bar"].value = Math.min(step - 1, steps);
}

/** Use the study's own style from now on. @param {string | null} css @param {string | null} linkStyle an address */
export function applyStyle(css, linkStyle) {
  if (parts["study-style"].textContent !== (css ?? "")) parts["study-style"].textContent = css ?? "";
  if (linkStyle && parts["link-style"].href !== linkStyle) {
    parts["link-style"].href = linkStyle;
    parts["link-style"].disabled = false;
  }
}

/** Give the header the width of the study's pages. @param {number} [width] in CSS pixels; omitted for the usual */
export function applyWidth(width) {
  if (width) document.documentElement.style.setProperty("--page-width", `${width}px`);
  else document.documentElement.style.removeProperty("--page-width");
}

/**
 * Show how far the start of the game server is.
 *
 * @param {HTMLElement | null} view the view shown already, if any
 * @param {{progress?: string, usualSeconds?: number, delayed?: boolean, contact?: string, closed?: string}} response of the API
 * @param {number} waited seconds so far
 * @returns {HTMLElement} the view
 */
export function showWaiting(view, { progress, usualSeconds = 60, delayed, contact, closed }, waited) {
  const isNew = !view;
  view ??= showTemplate("waiting-template");
  const stage = Math.max(0, PROGRESS.indexOf(progress));
  setText(view.querySelector(".stage"), translate(PROGRESS[stage]));
  setText(view.querySelector(".usual"), translate("waitUsual", { time: formatDuration(usualSeconds) }));
  setText(view.querySelector(".waited"), waited >= 20 ? translate("waited", { time: formatDuration(waited) }) : "");
  // It stays until the game is shown, though the response says it only until another server starts.
  if (closed === "idle") setText(view.querySelector(".closed"), translate("waitClosed"));
  view.querySelector(".long-wait").hidden = delayed || waited < 2 * usualSeconds;
  setText(view.querySelector(".delayed"), delayed ? `${translate("waitDelayed")} ${formatContact(contact)}`.trim() : "");
  [...view.querySelectorAll(".stages li")].forEach((item, index) => {
    item.classList.toggle("reached", index <= stage);
  });
  if (isNew) focusView(view);
  return view;
}

/** Return the line that names whom to contact; "" if the study names no person. @param {string} [contact] */
export function formatContact(contact) {
  return contact ? translate("contact", { contact }) : "";
}

/**
 * Show a notice, and wait until the participant presses its button.
 *
 * @param {string} title
 * @param {string[]} lines
 * @param {string} label of the button
 * @returns {Promise<void>}
 */
export function confirmNotice(title, lines, label) {
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
 * Show the code that the recruiter asks for, and the link back to them.
 *
 * @param {{code?: string, url?: string}} completion
 */
export function showCompletion({ code, url }) {
  const view = copyTemplate("completion-template");
  // A style sheet from elsewhere must not read the link, which contains the participant's IDs.
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
 * Copy a text. If the browser forbids that, select it for the participant to copy.
 *
 * @param {string} text
 * @param {HTMLElement} [element] the element that contains it
 */
export async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    showStatus(translate("copied"));
  } catch {
    if (element) getSelection().selectAllChildren(element);
    showStatus(translate("copyByHand"));
  }
}

function copyTemplate(id) {
  const view = parts[id].content.cloneNode(true).firstElementChild;
  for (const element of view.querySelectorAll("[data-text]")) {
    if (hasText(element.dataset.text)) element.textContent = translate(element.dataset.text);
  }
  return view;
}

/** Set a text only if it has changed, so that a live region is not read again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
