// The elements of the game's controls: buttons that are held, buttons that are pressed, sliders, the frame rate.

import { DIRECTIONS, FRAME_RATES, isDirection, toLabel } from "./vocabulary.js";
import { chooseColours } from "./colours.js";
import { translate } from "../texts.js";

const IMAGE = /^(?:data:image\/|https:)/i;

/**
 * Make a button that counts for as long as it is held, with the mouse, a finger or a key.
 *
 * @param {import("./reader.js").Button} button
 * @param {{onHold: (source: HTMLElement) => void, onRelease: (source: HTMLElement) => void}} listener
 * @returns {HTMLButtonElement}
 */
export function makeHeldButton(button, { onHold, onRelease }) {
  const element = makeDirection(button);
  element.classList.add("held");
  const release = () => onRelease(element);
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    onHold(element);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(end, release);
  // A long press must not open a context menu.
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) onHold(element);
  });
  element.addEventListener("keyup", release);
  element.addEventListener("blur", release);
  return element;
}

/**
 * Make a button that is pressed once.
 *
 * @param {import("./reader.js").Button} button
 * @param {(button: import("./reader.js").Button, event: MouseEvent) => void} onPress
 * @returns {HTMLButtonElement}
 */
export function makePressButton(button, onPress) {
  const element = isDirection(button.value) ? makeDirection(button) : makeElement(button);
  if (button.image || !isDirection(button.value)) fill(element, button);
  const { color, backgroundColor } = chooseColours(button.color, button.background);
  Object.assign(element.style, { color, backgroundColor });
  if (button.value === "start" && !color && !backgroundColor) element.classList.add("primary");
  element.addEventListener("click", (event) => onPress(button, event));
  return element;
}

/**
 * Make a slider with its name and its value.
 *
 * @param {import("./reader.js").Slider} slider
 * @param {(id: unknown, value: number) => void} onSlide
 * @returns {HTMLElement}
 */
export function makeSlider({ id, title, min, max, value }, onSlide) {
  const label = document.createElement("label");
  const name = document.createElement("span");
  const input = document.createElement("input");
  const output = document.createElement("output");
  const isWhole = Number.isInteger(min) && Number.isInteger(max) && max - min > 1;
  label.className = "slider";
  name.textContent = title;
  Object.assign(input, { type: "range", min, max, step: isWhole ? 1 : "any" });
  label.append(name, input, output);
  setSlider(label, value);
  let isWaiting = false;
  input.addEventListener("input", () => {
    output.textContent = input.value;
    if (isWaiting) return;
    isWaiting = true;
    // A drag fires more events than a screen can show.
    requestAnimationFrame(() => {
      isWaiting = false;
      onSlide(id, input.valueAsNumber);
    });
  });
  return label;
}

/**
 * Move a slider to the server's value.
 *
 * @param {HTMLElement} element a slider of makeSlider
 * @param {number} value
 */
export function setSlider(element, value) {
  const input = element.querySelector("input");
  input.value = value;
  element.querySelector("output").textContent = input.value;
}

/**
 * Make a field for the frame rate, with its own button.
 *
 * @param {(rate: number) => void} onChange
 * @returns {HTMLFormElement}
 */
export function makeFrameRateField(onChange) {
  const form = document.createElement("form");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const button = document.createElement("button");
  const { min, max, start } = FRAME_RATES;
  form.className = "frame-rate";
  label.textContent = translate("gameFrameRate");
  Object.assign(input, { type: "number", min, max, step: 1, value: start, required: true });
  Object.assign(button, { type: "submit", textContent: translate("gameFrameRateSet") });
  label.append(input);
  form.append(label, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onChange(input.valueAsNumber);
  });
  return form;
}

function makeDirection(button) {
  const element = makeElement(button);
  element.classList.add("direction", String(button.value));
  element.textContent = DIRECTIONS[button.value];
  element.setAttribute("aria-label", nameButton(button));
  return element;
}

function makeElement({ source, value }) {
  const element = document.createElement("button");
  element.type = "button";
  element.dataset.value = String(value);
  // The names in a `UI` list are unique; those of newer servers may be anything.
  if (source === "UI") element.id = `game-${value}`;
  return element;
}

function fill(element, button) {
  const name = nameButton(button);
  element.removeAttribute("aria-label");
  element.textContent = "";
  if (!button.image || !IMAGE.test(button.image)) {
    element.textContent = name;
    return;
  }
  const image = document.createElement("img");
  Object.assign(image, { src: button.image, alt: button.text ? "" : name, draggable: false });
  element.append(image);
  if (button.text) element.append(button.text);
}

/** Return the label of a button. @param {import("./reader.js").Button} button @returns {string} */
export function nameButton({ text, value }) {
  return text || toLabel(String(value)) || translate("gameButton");
}
