// What the participant sees outside the game: pages with their form, the wait, and notices.

// Found once, before any study's page is shown: ids in such a page may be the same.
const IDS = ["top", "progress-text", "progress-bar", "main", "status", "study-style"];
const TEMPLATES = ["page-template", "waiting-template", "notice-template", "game-template"];
const parts = Object.fromEntries([...IDS, ...TEMPLATES].map((id) => [id, document.getElementById(id)]));

/**
 * Put a copy of a template from index.html into the main part, in place of what was there.
 *
 * @param {string} id of the template
 * @returns {HTMLElement} its outermost element
 */
export function showTemplate(id) {
  const view = parts[id].content.cloneNode(true).firstElementChild;
  parts.main.replaceChildren(view);
  return view;
}

/**
 * Bring the top of the new view before the eyes, and before screen readers.
 *
 * @param {HTMLElement} view
 */
export function focusView(view) {
  const heading = view.querySelector("h1, h2") ?? parts.main;
  heading.setAttribute("tabindex", "-1");
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  if (heading.matches("h1, h2")) document.title = heading.textContent.trim() || "Study";
}

/**
 * Say in the line at the bottom what goes on; nothing takes the line away.
 *
 * @param {string} text
 */
export function showStatus(text) {
  if (parts.status.textContent !== text) parts.status.textContent = text;
}

/**
 * Show how far the participant has come.
 *
 * @param {{step: number, steps: number}} answer of the API
 */
export function showProgress({ step, steps }) {
  const known = Number.isInteger(step) && Number.isInteger(steps) && steps > 0;
  parts.top.hidden = !known;
  if (!known) return;
  parts["progress-text"].textContent = step > steps ? "Completed" : `Step ${step} of ${steps}`;
  parts["progress-bar"].max = steps;
  parts["progress-bar"].value = Math.min(step - 1, steps);
}

/**
 * Use the study's own style from here on.
 *
 * @param {string | null} css
 */
export function applyStyle(css) {
  if (parts["study-style"].textContent !== (css ?? "")) parts["study-style"].textContent = css ?? "";
}

/**
 * Show a page of the study and wait for its answers.
 *
 * @param {string} html as the researcher wrote it; scripts in it do not run
 * @param {string} userId shown where the page has a place for a completion code
 * @param {(answers: object) => Promise<unknown>} submit hands the answers in; if it fails, the form stays, unless
 *   the error says that the study is closed
 * @returns {Promise<unknown>} what `submit` gives
 */
export function askPage(html, userId, submit) {
  const form = showContent(html, userId);
  const problem = form.querySelector(".problem");
  const button = form.querySelector(":scope > button");
  return new Promise((resolve, reject) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      problem.textContent = "";
      try {
        resolve(await submit(collectAnswers(form)));
      } catch (error) {
        if (error.isClosed) reject(error);
        problem.textContent = `Your answers could not be saved. ${error.message}`;
        button.disabled = false;
      }
    });
  });
}

/**
 * Show a page that asks nothing: the last one.
 *
 * @param {string} html
 * @param {string} userId
 */
export function showLastPage(html, userId) {
  showContent(html, userId).querySelector(":scope > button").remove();
}

/**
 * Show a page that says what went wrong, and wait until the participant wants another try.
 *
 * @param {string} html
 * @param {string} userId
 * @returns {Promise<void>}
 */
export function askForRetry(html, userId) {
  const button = showContent(html, userId).querySelector(":scope > button");
  button.type = "button";
  button.textContent = "Try again";
  return clicked(button);
}

/**
 * Show a notice of the page's own, and wait until the participant wants another try.
 *
 * @param {string} title
 * @param {string} text
 * @returns {Promise<void>}
 */
export function askNotice(title, text) {
  const view = showTemplate("notice-template");
  view.querySelector("h1").textContent = title;
  view.querySelector("p").textContent = text;
  focusView(view);
  return clicked(view.querySelector("button"));
}

/**
 * The answers in a form, by name: a text for most controls, nothing for an unchecked box, a list where several
 * can be chosen.
 *
 * @param {HTMLFormElement} form
 * @returns {Object<string, string | string[]>}
 */
export function collectAnswers(form) {
  const data = new FormData(form);
  const several = namesWithSeveral(form.querySelectorAll("input, select"));
  const entries = [...new Set([...data.keys(), ...several])].map((name) => {
    const values = data.getAll(name).filter((value) => typeof value === "string");
    return [name, several.has(name) ? values : (values.at(-1) ?? "")];
  });
  return Object.fromEntries(entries);
}

function namesWithSeveral(controls) {
  const boxes = new Set();
  const several = new Set();
  for (const control of controls) {
    if (!control.name || control.disabled) continue;
    if (control.type === "select-multiple") several.add(control.name);
    if (control.type !== "checkbox") continue;
    if (boxes.has(control.name)) several.add(control.name);
    boxes.add(control.name);
  }
  return several;
}

function showContent(html, userId) {
  const form = showTemplate("page-template");
  const content = form.querySelector(".content");
  content.innerHTML = html;
  for (const place of content.querySelectorAll("span.MTURK_CODE")) place.replaceWith(makeCode(userId));
  focusView(form);
  return form;
}

function makeCode(userId) {
  const whole = document.createElement("span");
  whole.className = "code";
  const code = document.createElement("code");
  code.textContent = userId;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(userId);
      showStatus("The code is copied.");
    } catch {
      getSelection().selectAllChildren(code);
      showStatus("The code is marked: copy it with your keyboard or menu.");
    }
  });
  whole.append(code, button);
  return whole;
}

function clicked(button) {
  return new Promise((resolve) => {
    button.addEventListener("click", () => resolve(), { once: true });
  });
}
