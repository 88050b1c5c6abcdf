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
  // Keys that move through a page or submit it, and so do not touch the control that they are pressed in.
  const PASSING = ["Tab", "Shift", "Control", "Alt", "Meta", "Escape", "Enter"];
  // Controls that can have a value that no participant chose; hippo_cli/markup/untouched.py has the same rule.
  const CHOOSING = ["range", "color", "radio", "checkbox", "number", "date", "time", "month", "week", "datetime-local"]
    .map((type) => `input[type=${type}]`)
    .concat("select")
    .join();
  const touched = new Set(); // names
  const buttonValues = new Map(); // a translator may translate the value of a button
  let port = null;
  let texts = {};
  let untouchedRule = "mark";

  const widths = new ResizeObserver(fitWide);
  const enlargers = new Map(); // the button of each picture that the page shows smaller than it was written
  // Copies of a study's media, as layer/hippo/studies/media.py names them.
  const MEDIA = /^\/media\/[\w-]+\/[0-9a-f]+\.[a-z0-9]+$/;
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

  for (const type of ["input", "change", "click", "keydown", "pointerdown", "pointerup"]) {
    form.addEventListener(type, noteTouch);
  }
  form.addEventListener("input", sendDraft);
  form.addEventListener("change", sendDraft);
  form.addEventListener("reset", () => {
    touched.clear();
    setTimeout(sendDraft);
  });
  form.addEventListener("invalid", ({ target }) => showMissing(target), true);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    setSaving(true);
    port.postMessage({ type: "submit", answers: collectAnswers(event.submitter) });
  });

  parent.postMessage({ type: "ready" }, "*"); // holds nothing private

  function show(shown) {
    const { html, css, width, linkStyle, language, direction, userId, draft, isLast, untouched } = shown;
    const { words, wordsLanguage, site } = shown;
    texts = words;
    untouchedRule = untouched ?? untouchedRule;
    siteOrigin = site;
    root.lang = language;
    root.dir = direction;
    problem.lang = button.lang = wordsLanguage;
    style.textContent = css ?? "";
    if (width) root.style.setProperty("--page-width", `${width}px`);
    if (linkStyle) head.append(Object.assign(make("link"), { rel: "stylesheet", href: linkStyle }));
    // Nothing in a template is loaded or run yet.
    const page = make("template");
    page.innerHTML = html;
    tame(page.content);
    rememberValues(page.content);
    keepRatios(page.content);
    adoptBody(html);
    for (const mark of page.content.querySelectorAll("span.MTURK_CODE")) mark.replaceWith(makeCode(userId));
    // On a shared computer the browser would offer what earlier participants wrote. A control may ask for it.
    form.autocomplete = "off";
    content.append(page.content);
    restore(draft ?? []);
    widths.observe(content);
    content.addEventListener("load", fitWide, true); // only now a picture has its size
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

  /**
   * Keep what is stored independent of a translator, which replaces the page's text: the text of an option without a
   * value is its value, and so is the text of a text area.
   */
  function rememberValues(page) {
    for (const option of page.querySelectorAll("option:not([value])")) {
      option.setAttribute("value", option.value);
    }
    for (const area of page.querySelectorAll("textarea")) area.translate = false;
    for (const control of page.querySelectorAll("input, button")) buttonValues.set(control, control.value);
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
    const code = Object.assign(make("code"), { textContent: text, translate: false });
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

  // ---- width ---------------------------------------------------------------------------------------------

  /** Note the ratio of pictures and films that have a width and a height, for frame.css. */
  function keepRatios(page) {
    for (const element of page.querySelectorAll("img[width][height], video[width][height]")) {
      const [width, height] = ["width", "height"].map((name) => element.getAttribute(name).trim());
      if (![width, height].every((size) => /^\d+(\.\d+)?(px)?$/i.test(size))) continue; // per cent, or not a size
      element.classList.add("hippo-sized");
      element.style.setProperty("--hippo-ratio", `${parseFloat(width)} / ${parseFloat(height)}`);
    }
  }

  /** Give the page the style and classes of its <body>, of which the parser keeps only the content. */
  function adoptBody(html) {
    const body = new DOMParser().parseFromString(html, "text/html").body;
    content.style.cssText = body.style.cssText;
    content.classList.add(...body.classList);
  }

  /** Make blocks as narrow as the page, let wide tables scroll, and pictures open that are smaller than written. */
  function fitWide() {
    for (const block of findWide("div, section, article, fieldset, figure, p")) block.classList.add("hippo-narrowed");
    for (const table of findWide("table")) if (!table.parentElement.closest("table")) wrapTable(table);
    const pictures = [...content.querySelectorAll("img")].filter((picture) => !picture.closest("a, button, label, summary"));
    const shown = pictures.map((picture) => picture.offsetWidth);
    content.classList.add("hippo-unlimited");
    const written = pictures.map((picture) => picture.offsetWidth);
    content.classList.remove("hippo-unlimited");
    pictures.forEach((picture, index) => {
      // The thresholds differ: the button itself may bring a scroll bar, which makes the page narrower.
      const least = enlargers.has(picture) ? 1.02 : 1.1;
      const isSmaller = shown[index] > 0 && written[index] > least * shown[index];
      if (isSmaller !== enlargers.has(picture)) offerLarge(picture, isSmaller, written[index]);
    });
  }

  /** Return the elements that reach beyond the page, except in boxes that scroll. */
  function findWide(selector) {
    const { left, right } = content.getBoundingClientRect();
    return [...content.querySelectorAll(selector)].filter((element) => {
      const box = element.getBoundingClientRect();
      return (box.right > right + 1 || box.left < left - 1) && !isInScroller(element);
    });
  }

  function isInScroller(element) {
    for (let box = element.parentElement; box !== content; box = box.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(box).overflowX)) return true;
    }
    return false;
  }

  function wrapTable(table) {
    const box = Object.assign(make("div"), { className: "hippo-scroller", tabIndex: 0 });
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", texts.wideTable);
    table.replaceWith(box);
    box.append(table);
  }

  function offerLarge(picture, isOffered, width) {
    picture.classList.toggle("hippo-opens", isOffered);
    picture.onclick = isOffered ? () => openLarge(picture, width) : null;
    if (!isOffered) {
      enlargers.get(picture).remove();
      enlargers.delete(picture);
      return;
    }
    const enlarge = Object.assign(make("button"), { type: "button", className: "hippo-enlarge" });
    enlarge.textContent = texts.enlarge;
    if (picture.alt) enlarge.setAttribute("aria-label", `${texts.enlarge}: ${picture.alt}`);
    enlarge.addEventListener("click", () => openLarge(picture, width));
    findPlaceAfter(picture).after(enlarge);
    enlargers.set(picture, enlarge);
  }

  /** Return what a button can follow without becoming an item of a row or grid. */
  function findPlaceAfter(picture) {
    let place = picture.closest("picture") ?? picture;
    while (place.parentElement !== content && /flex|grid/.test(getComputedStyle(place.parentElement).display)) {
      place = place.parentElement;
    }
    return place;
  }

  /** Show a picture as wide as it was written, over the page; it scrolls. */
  function openLarge(picture, width) {
    const dialog = Object.assign(make("dialog"), { className: "hippo-large" });
    const close = Object.assign(make("button"), { type: "button", textContent: texts.close });
    const large = Object.assign(make("img"), { src: picture.currentSrc || picture.src, alt: picture.alt });
    if (picture.matches(".hippo-sized")) {
      large.className = "hippo-sized";
      large.style.setProperty("--hippo-ratio", picture.style.getPropertyValue("--hippo-ratio"));
    }
    large.style.width = `${width}px`;
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.setAttribute("aria-label", picture.alt || texts.enlarge);
    dialog.append(close, large);
    document.body.append(dialog);
    dialog.showModal();
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
    const answers = Object.fromEntries(entries);
    applyUntouchedRule(answers);
    if (submitter?.name && submitter !== button) {
      define(answers, submitter.name, buttonValues.get(submitter) ?? submitter.value);
    }
    return answers;
  }

  /** Set an own property, whatever its name. */
  function define(object, name, value) {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  }

  /** Mark or empty the answers that no participant chose, as the study wants it. */
  function applyUntouchedRule(answers) {
    const names = findUntouched(answers);
    if (untouchedRule === "empty") {
      for (const name of names) define(answers, name, Array.isArray(answers[name]) ? [] : "");
    }
    const isFree = !Object.hasOwn(answers, "_untouched");
    if (untouchedRule === "mark" && isFree && names.length > 0) answers._untouched = names;
  }

  /** Return the names of controls that have a value and were not touched. */
  function findUntouched(answers) {
    const names = new Set(namedControls().filter(hasChoice).map(({ name }) => name));
    return [...names].filter((name) => !touched.has(name) && Object.hasOwn(answers, name));
  }

  function hasChoice(control) {
    const isOff = ["radio", "checkbox"].includes(control.type) && !control.checked;
    const isFixed = control.matches(":disabled") || control.readOnly;
    return control.matches(CHOOSING) && !isFixed && !isOff && control.value !== "";
  }

  /** Note that a participant has used a control, even to leave its value as it is; passing it does not count. */
  function noteTouch({ type, target, key, pointerType }) {
    if (!target.name || touched.has(target.name)) return;
    if (type === "keydown" && PASSING.includes(key)) return;
    // A finger that scrolls the page goes down on controls too. A click may come from the label.
    if (type === "pointerdown" && pointerType !== "mouse") return;
    if (type === "click" && target.type !== "radio" && target.type !== "checkbox") return;
    touched.add(target.name);
    if (type !== "input" && type !== "change") sendDraft();
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
    const kept = { name, type, isTouched: touched.has(name) };
    if (type === "radio" || type === "checkbox") return { ...kept, value, checked };
    if (type === "select-multiple") return { ...kept, values: [...selectedOptions].map((option) => option.value) };
    return { ...kept, value };
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

  function writeControl(control, { value, values, checked, isTouched = true }) {
    if (isTouched) touched.add(control.name);
    if (checked !== undefined) control.checked = checked;
    else if (values) for (const option of control.options) option.selected = values.includes(option.value);
    else control.value = value;
  }
}
