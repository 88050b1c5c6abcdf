// Reads the messages of game servers, in either of their vocabularies, into one structure.

import { ENDINGS } from "./vocabulary.js";

/** The name of the picture if the server has only one and does not name it. */
export const MAIN_WINDOW = "main";

const PANEL_KEYS = ["ControlPanel", "InfoPanel", "GameWindow"];

/**
 * A button: `value` is the server's name for it, and `source` the key that it came with, which decides how it is sent.
 *
 * @typedef {{source: "UI" | "ControlPanel", value: unknown, text?: string, image?: string, color?: string,
 *   background?: string, confirm?: boolean, question?: string}} Button
 *
 * @typedef {{id: unknown, title: string, min: number, max: number, value: number}} Slider
 *
 * @typedef {{source: string, buttons: Button[], sliders: Slider[], keys: true | string[]}} Controls
 *
 * @typedef {{id: string, size?: [number, number], isStrict?: boolean, frame?: string, frameId?: unknown,
 *   text?: string}} Picture
 *
 * The content of a message; whatever it does not mention is undefined. A null `picture` hides all pictures, and a null
 * `info` empties the panel.
 * @typedef {{raw: unknown, isDone: boolean, usesPanels: boolean, controls: Controls[], instructions?: string[],
 *   display?: [string, string][], info?: {text: string, items: string[], pairs: [string, string][]} | null,
 *   budget?: {used: string, total: string}, picture?: Picture | null, playing?: boolean, error?: string}} Message
 */

/**
 * Read one message.
 *
 * @param {unknown} data as received from the socket
 * @returns {Message | null} null if it is not understood
 */
export function readMessage(data) {
  if (typeof data !== "string") return null;
  if (data.trim() === "done") return { raw: "done", isDone: true, usesPanels: false, controls: [] };
  const raw = parseObject(data);
  if (!raw) return null;
  return {
    raw,
    isDone: raw.done === true,
    usesPanels: PANEL_KEYS.some((key) => Object.hasOwn(raw, key)),
    controls: readControls(raw),
    instructions: Array.isArray(raw.Instructions) ? raw.Instructions.map(toText) : undefined,
    display: isObject(raw.display) ? readPairs(raw.display) : undefined,
    info: "InfoPanel" in raw ? readInfo(raw.InfoPanel) : undefined,
    budget: raw.inputBudget ? { used: toText(raw.usedInputBudget ?? 0), total: toText(raw.inputBudget) } : undefined,
    picture: readPicture(raw),
    playing: typeof raw.playing === "boolean" ? raw.playing : undefined,
    error: raw.error ? toText(raw.error) : undefined,
  };
}

function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function readControls(raw) {
  const controls = [];
  if (Array.isArray(raw.UI)) {
    const names = raw.UI.filter((name) => typeof name === "string");
    // Such servers cannot ask for a confirmation.
    const buttons = names.map((value) => ({ source: "UI", value, confirm: ENDINGS.includes(value) }));
    controls.push({ source: "UI", buttons, sliders: [], keys: [] });
  }
  if ("ControlPanel" in raw) controls.push(readControlPanel(raw.ControlPanel ?? {}));
  return controls;
}

function readControlPanel({ Buttons, Sliders, Keys }) {
  return {
    source: "ControlPanel",
    buttons: unwrap(Buttons, "Button").map(readButton),
    sliders: unwrap(Sliders, "Slider").map(readSlider),
    keys: Array.isArray(Keys) ? Keys.map(toText) : Keys ? true : [],
  };
}

/** Unwrap a list of `{"Button": {…}}`; items that the server did not wrap are taken as they are. */
function unwrap(list, name) {
  if (!Array.isArray(list)) return [];
  return list.map((item) => (isObject(item?.[name]) ? item[name] : item)).filter(isObject);
}

function readButton({ text, image, color, bgcolor, value, confirm, confirmMessage }) {
  return {
    source: "ControlPanel",
    value: value ?? text ?? "",
    text: text ? toText(text) : undefined,
    image: toOptionalText(image),
    color: toOptionalText(color),
    background: toOptionalText(bgcolor),
    confirm: Boolean(confirm),
    question: toOptionalText(confirmMessage),
  };
}

function readSlider({ title, id, min, max, value }) {
  const low = toNumber(min, 1);
  const high = Math.max(toNumber(max, 100), low);
  const middle = Math.min(Math.max(toNumber(value, low), low), high);
  return { id, title: toText(title ?? id ?? ""), min: low, max: high, value: middle };
}

function readInfo(panel) {
  if (!isObject(panel)) return null;
  const { text, items, kv } = panel;
  const pairs = (Array.isArray(kv) ? kv.filter(isObject) : isObject(kv) ? [kv] : []).flatMap(readPairs);
  return { text: toText(text ?? ""), items: Array.isArray(items) ? items.map(toText) : [], pairs };
}

function readPicture(raw) {
  if (raw.frame) return { id: MAIN_WINDOW, frame: toText(raw.frame), frameId: raw.frameId };
  if (!("GameWindow" in raw)) return undefined;
  const shown = raw.GameWindow;
  if (!isObject(shown)) return null;
  const { id, idx, size, mode, frame, frameId, text } = shown;
  return {
    id: toText(id ?? idx ?? MAIN_WINDOW),
    size: readSize(size),
    isStrict: mode ? mode === "strict" : undefined,
    frame: toOptionalText(frame),
    frameId,
    text: toOptionalText(text),
  };
}

function readSize(size) {
  if (!Array.isArray(size)) return undefined;
  const [width, height] = size.map(Number);
  return width > 0 && height > 0 && Number.isFinite(width * height) ? [width, height] : undefined;
}

function readPairs(object) {
  return Object.entries(object).map(([name, value]) => [name, toText(value)]);
}

function toText(value) {
  return value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
}

function toOptionalText(value) {
  return typeof value === "string" && value ? value : undefined;
}

function toNumber(value, otherwise) {
  const number = value === null || value === "" ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : otherwise;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
