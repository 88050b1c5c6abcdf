// The text that the game server sends: figures, instructions, an information panel.

import { translate } from "../texts.js";

/** The text next to the picture. */
export class GameInfo {
  #view;

  /** @param {HTMLElement} view of the game */
  constructor(view) {
    this.#view = view;
  }

  /**
   * Show the text of a message; parts that it does not mention stay.
   *
   * @param {import("./reader.js").Message} message
   */
  show({ display, budget, instructions, info }) {
    if (display) updatePairs(this.#part("display"), display);
    if (budget) updatePairs(this.#part("display"), [[translate("gameBudget"), translate("gameBudgetUsed", budget)]]);
    if (instructions) setItems(this.#part("instructions"), instructions);
    if (info !== undefined) this.#showPanel(info ?? { text: "", items: [], pairs: [] });
  }

  #showPanel({ text, items, pairs }) {
    const line = this.#part("info-text");
    if (line.textContent !== text) line.textContent = text;
    line.hidden = !text;
    setItems(this.#part("info-items"), items);
    updatePairs(this.#part("info-pairs"), pairs, { removeOthers: true });
  }

  #part(name) {
    return this.#view.querySelector(`.${name}`);
  }
}

/** Change only what differs: otherwise it would flicker, and be read out again, several times a second. */
function updatePairs(list, pairs, { removeOthers = false } = {}) {
  const lines = new Map([...list.children].map((line) => [line.dataset.name, line]));
  for (const [name, value] of pairs) {
    const line = lines.get(name) ?? addLine(list, name);
    if (line.lastChild.textContent !== value) line.lastChild.textContent = value;
    lines.delete(name);
  }
  if (removeOthers) for (const line of lines.values()) line.remove();
  list.hidden = !list.firstChild;
}

function addLine(list, name) {
  const line = document.createElement("div");
  line.dataset.name = name;
  line.append(document.createElement("dt"), document.createElement("dd"));
  line.firstChild.textContent = name;
  list.append(line);
  return line;
}

function setItems(list, texts) {
  const now = [...list.children].map((item) => item.textContent);
  if (now.length === texts.length && texts.every((text, index) => text === now[index])) return;
  list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  list.hidden = texts.length === 0;
}
