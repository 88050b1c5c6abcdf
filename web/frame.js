// Inside the sandbox: shows one page of a study, and passes what is typed and submitted to the page around it.
// A classic script, because the sandbox has an opaque origin and modules would need CORS headers.
"use strict";

{
  // Found before the study's page is inserted: it may use the same ids and names.
  const [form, content, problem, button, style] = ["form", "content", "problem", "submit", "study-style"].map((id) =>
    document.getElementById(id),
  );
  const make = document.createElement.bind(document);
  const head = document.head;
  const root = document.documentElement;
  // The second click of a slow double click must not submit the page that the first one opened.
  const FRESH = 500;
  // Copies of a study's media, as layer/hippo/studies/media.py names them.
  const MEDIA = /^\/media\/[\w-]+\/[0-9a-f]+\.[a-z0-9]+$/;
  let port = null;
  let texts = {};
  let siteOrigin = "";

  addEventListener("message", ({ data, source, ports }) => {
    // Only the page around this one may show something, and only once.
    if (port || source !== parent || data?.type !== "show") return;
    [port] = ports;
    port.onmessage = ({ data: order }) => take(order);
    try {
      show(data);
    } catch (error) {
      console.error(error);
      port.postMessage({ type: "broken" });
    }
  });

  form.addEventListener("input", sendDraft);
  form.addEventListener("change", sendDraft);
  form.addEventListener("reset", () => setTimeout(sendDraft));
  form.addEventListener("invalid", ({ target }) => showMissing(target), true);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    setSaving(true);
    port.postMessage({ type: "submit", answers: collectAnswers(event.submitter) });
  });

  parent.postMessage({ type: "ready" }, "*"); // holds nothing private

  function show({ html, css, linkStyle, language, direction, userId, draft, isLast, words, wordsLanguage, site }) {
    texts = words;
    siteOrigin = site;
    root.lang = language;
    root.dir = direction;
    problem.lang = button.lang = wordsLanguage;
    style.textContent = css ?? "";
    if (linkStyle) head.append(Object.assign(make("link"), { rel: "stylesheet", href: linkStyle }));
    // Nothing in a template is loaded or run yet.
    const page = make("template");
    page.innerHTML = html;
    tame(page.content);
    for (const mark of page.content.querySelectorAll("span.MTURK_CODE")) mark.replaceWith(makeCode(userId));
    content.append(page.content);
    restore(draft ?? []);
    button.textContent = texts.submit;
    button.hidden = isLast && namedControls().length === 0;
    button.disabled = true;
    form.classList.add("fresh");
    setTimeout(() => {
      form.classList.remove("fresh");
      button.disabled = false;
    }, FRESH);
    const heading = content.querySelector("h1, h2, h3")?.textContent.trim().slice(0, 200) ?? "";
    port.postMessage({ type: "shown", heading });
  }

  function take({ type, text }) {
    if (type === "focus") return focusHeading();
    if (type === "refused") problem.textContent = text;
    if (type === "saved") button.hidden = true;
    return setSaving(false);
  }

  /** Prevent a page from leaving the sandbox's document, breaking its form, or uploading files. */
  function tame(page) {
    page.querySelectorAll("script, meta, base, object, embed, link:not([rel=stylesheet])").forEach((e) => e.remove());
    for (const inner of page.querySelectorAll("form")) unwrapForm(inner);
    for (const control of page.querySelectorAll("[form]")) control.removeAttribute("form");
    for (const link of page.querySelectorAll("a, area")) {
      const address = link.getAttribute("href") ?? link.getAttribute("xlink:href"); // the latter in SVG
      if (address === null || address.startsWith("#")) continue;
      link.setAttribute("target", "_blank");
      link.setAttribute("rel", "noopener noreferrer");
      link.removeAttribute("download"); // a sandbox cannot download; in its own tab the file can be saved
    }
    for (const film of page.querySelectorAll("video, audio")) allowCaptions(film);
    for (const file of page.querySelectorAll("input[type=file]")) {
      file.disabled = true;
      file.required = false;
      file.after(Object.assign(make("span"), { className: "no-files", textContent: ` ${texts.noFiles}` }));
    }
  }

  /** Request a film of the study with CORS: captions come from another origin, and are refused without. Films from
   * elsewhere stay as they are, because their hosts may not allow CORS. */
  function allowCaptions(film) {
    if (film.hasAttribute("crossorigin") || !film.querySelector("track")) return;
    const sources = [film, ...film.querySelectorAll("source")].map((element) => element.getAttribute("src"));
    if (sources.every((address) => address === null || isOwnMedia(address))) film.crossOrigin = "anonymous";
  }

  function isOwnMedia(address) {
    const { origin, pathname } = Object.assign(make("a"), { href: address });
    return MEDIA.test(pathname) && [siteOrigin, location.origin].includes(origin);
  }

  /** Replace a form within the form by a block: its controls belong to our form, its style stays. */
  function unwrapForm(inner) {
    const block = make("div");
    for (const name of ["id", "class", "style"]) {
      if (inner.hasAttribute(name)) block.setAttribute(name, inner.getAttribute(name));
    }
    block.append(...inner.childNodes);
    inner.replaceWith(block);
  }

  function makeCode(text) {
    const whole = Object.assign(make("span"), { className: "code" });
    const code = Object.assign(make("code"), { textContent: text });
    const copy = Object.assign(make("button"), { type: "button", textContent: texts.copy });
    copy.addEventListener("click", () => {
      getSelection().selectAllChildren(code);
      // The page around this one may not copy in Safari: the click does not count there.
      port.postMessage({ type: "copy", isCopied: document.execCommand("copy") });
    });
    whole.append(code, copy);
    return whole;
  }

  /** Focus the first heading, so that the keyboard and a screen reader continue at the top of the page. */
  function focusHeading() {
    const heading = content.querySelector("h1, h2, h3");
    const isFirst = heading && content.textContent.trim().startsWith(heading.textContent.trim());
    const target = isFirst ? heading : content;
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
    if (document.activeElement !== target) focusByEditing(target);
  }

  /** Focus an element in WebKit, which ignores focus() in a frame of another origin before the first click there, but
   * focuses what is edited. */
  function focusByEditing(target) {
    const before = target.contentEditable;
    target.contentEditable = "true";
    getSelection().collapse(target, 0);
    target.contentEditable = before;
  }

  function setSaving(isSaving) {
    if (isSaving) problem.textContent = "";
    button.disabled = isSaving;
    button.textContent = isSaving ? texts.saving : texts.submit;
  }

  /** Name a required control that is not visible: the browser would refuse to submit without a reason. */
  function showMissing(control) {
    for (let box = control.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (control.getClientRects().length > 0) return;
    problem.textContent = texts.missingAnswer.replace("{name}", control.labels?.[0]?.textContent.trim() || control.name);
  }

  // ---- answers -------------------------------------------------------------------------------------------

  function namedControls() {
    return [...content.querySelectorAll("input[name], select[name], textarea[name]")].filter(({ name }) => name);
  }

  /** Return the answers by name: a text, nothing for an unchecked box, a list where several can be chosen. */
  function collectAnswers(submitter) {
    const data = new FormData(form);
    const several = namesWithSeveral();
    const entries = [...new Set([...data.keys(), ...several])].map((name) => {
      const values = data.getAll(name).filter((value) => typeof value === "string");
      return [name, several.has(name) ? values : (values.at(-1) ?? "")];
    });
    if (submitter?.name && submitter !== button) entries.push([submitter.name, submitter.value]);
    return Object.fromEntries(entries);
  }

  /** Return the names that can have several values. One radio button counts; a hidden field next to a box is its
   * value when the box is not checked. */
  function namesWithSeveral() {
    const seen = new Set();
    const several = new Set();
    for (const { name, type } of namedControls().filter((control) => !control.matches(":disabled"))) {
      if (type === "radio" || type === "hidden") continue;
      if (type === "select-multiple" || seen.has(name)) several.add(name);
      seen.add(name);
    }
    return several;
  }

  // ---- drafts --------------------------------------------------------------------------------------------

  function sendDraft() {
    port.postMessage({ type: "draft", values: namedControls().filter(isKept).map(readControl) });
  }

  /** Return whether a control is kept in drafts; passwords never are. */
  function isKept({ type }) {
    return !["password", "file", "hidden", "submit", "button", "reset", "image"].includes(type);
  }

  function readControl({ name, type, value, checked, selectedOptions }) {
    if (type === "radio" || type === "checkbox") return { name, type, value, checked };
    if (type === "select-multiple") return { name, type, values: [...selectedOptions].map((option) => option.value) };
    return { name, type, value };
  }

  /** Fill in a draft. Controls are matched by name, type and their order among those with the same. */
  function restore(values) {
    const waiting = [...values];
    for (const control of namedControls().filter(isKept)) {
      const index = waiting.findIndex(
        ({ name, type, value, checked }) =>
          name === control.name && type === control.type && (checked === undefined || value === control.value),
      );
      if (index >= 0) writeControl(control, waiting.splice(index, 1)[0]);
    }
  }

  function writeControl(control, { value, values, checked }) {
    if (checked !== undefined) control.checked = checked;
    else if (values) for (const option of control.options) option.selected = values.includes(option.value);
    else control.value = value;
  }
}
