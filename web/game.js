// The game: frames from the participant's own server, and what buttons and keys say to it.

import { sleep } from "./api.js";
import { DIRECTIONS, FRAME_RATE_CHANGES, KEYS, makeButton, toLabel } from "./controls.js";
import { focusView, showTemplate } from "./views.js";

const CONNECT_TIMEOUT = 10_000;
const RECONNECT_WAITS = [500, 1500, 3000];

/** The game's view, which outlives a lost connection. */
export class Game {
  #socket = null;
  #buttons = [];
  #held = [];
  #frameId = 0;
  #frameCount = 0;
  #isPlaying = false;
  #hasPlayed = false;
  #isNewConnection = false;
  #listeners = new AbortController();

  /** @param {{projectId: string, userId: string}} participant */
  constructor(participant) {
    this.participant = participant;
    this.view = showTemplate("game-template");
    focusView(this.view);
    const { signal } = this.#listeners;
    document.addEventListener("keydown", (event) => this.#pressKey(event), { signal });
    document.addEventListener("keyup", (event) => this.#releaseKey(event), { signal });
    window.addEventListener("blur", () => this.#releaseAll(), { signal });
  }

  /**
   * Play until the game is over, or the server cannot be reached any more.
   *
   * @param {string} url of the participant's server
   * @returns {Promise<"done" | "lost">}
   */
  async play(url) {
    for (const wait of RECONNECT_WAITS) {
      this.#say("Connecting to the game…");
      if ((await this.#connect(url)) === "done") return "done";
      this.#say("The connection to the game was lost. Trying again…");
      await sleep(wait);
    }
    return "lost";
  }

  /** Stop listening to the keyboard; the view may go. */
  close() {
    this.#listeners.abort();
    this.#socket?.close();
  }

  /** One connection from its beginning to its end. */
  #connect(url) {
    return new Promise((resolve) => {
      let isOver = false;
      const socket = new WebSocket(url);
      const tooLate = setTimeout(() => socket.close(), CONNECT_TIMEOUT);
      this.#socket = socket;
      socket.onopen = () => {
        clearTimeout(tooLate);
        this.#isNewConnection = true;
        this.#send(this.participant);
      };
      socket.onmessage = ({ data }) => {
        if (data === "done") {
          isOver = true;
          this.#say("The game is over.");
          socket.close();
        } else {
          this.#receive(data);
        }
      };
      socket.onclose = () => {
        clearTimeout(tooLate);
        this.#held = [];
        resolve(isOver ? "done" : "lost");
      };
    });
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (Array.isArray(message.UI)) this.#showButtons(message.UI);
    if (Array.isArray(message.Instructions)) this.#showInstructions(message.Instructions);
    if (message.display) this.#showDisplay(message.display);
    if (message.frame) this.#showFrame(message);
    if (message.error) this.#say(String(message.error));
  }

  #showFrame({ frame, frameId, playing }) {
    const image = this.view.querySelector(".frame");
    image.src = `data:image/jpeg;base64,${frame}`;
    image.hidden = false;
    this.#frameCount += 1;
    this.#frameId = frameId ?? this.#frameId;
    // A reloaded page learns from the first frame whether the game is going on. Later frames may be older than a click.
    if (this.#isNewConnection && typeof playing === "boolean") this.#setPlaying(playing);
    this.#isNewConnection = false;
  }

  #showDisplay(display) {
    const list = this.view.querySelector(".display");
    for (const [name, value] of Object.entries(display)) {
      let line = [...list.children].find((child) => child.dataset.name === name);
      if (!line) {
        line = document.createElement("div");
        line.dataset.name = name;
        line.append(document.createElement("dt"), document.createElement("dd"));
        line.firstChild.textContent = name;
        list.append(line);
      }
      if (line.lastChild.textContent !== String(value)) line.lastChild.textContent = value;
    }
  }

  #showInstructions(lines) {
    const items = lines.map((line) => Object.assign(document.createElement("li"), { textContent: line }));
    this.view.querySelector(".instructions").replaceChildren(...items);
  }

  #showButtons(names) {
    // After a lost connection the same buttons come again: the one that has the focus keeps it.
    if (names.join() !== this.#buttons.join()) this.#makeButtons(names);
    this.#setPlaying(this.#isPlaying);
  }

  #makeButtons(names) {
    this.#buttons = names;
    const directions = Object.keys(DIRECTIONS).filter((name) => names.includes(name));
    const commands = names.filter((name) => !(name in DIRECTIONS) && name !== "fpsSet");
    this.view.querySelector(".directions").replaceChildren(...directions.map((name) => this.#makeDirection(name)));
    this.view.querySelector(".commands").replaceChildren(...commands.map((name) => this.#makeCommand(name)));
    this.#showKeys();
  }

  #showKeys() {
    const arrows = ["left", "up", "down", "right"].filter((name) => this.#buttons.includes(name));
    const parts = [];
    if (arrows.length) parts.push(`hold ${arrows.map((name) => DIRECTIONS[name]).join(" ")} to steer`);
    if (this.#buttons.includes("fire")) parts.push("space to fire");
    else if (this.#buttons.includes("start")) parts.push("space to start or pause");
    const line = this.view.querySelector(".keys");
    line.textContent = `On a keyboard: ${parts.join(", ")}.`;
    line.hidden = parts.length === 0;
  }

  #makeDirection(name) {
    const button = makeButton(name, DIRECTIONS[name]);
    button.classList.add("direction", name);
    button.setAttribute("aria-label", toLabel(name));
    const press = () => this.#press(button, "mousedown", name);
    const release = () => this.#release(button, "mouseup");
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      press();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(end, release);
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      if (!event.repeat) press();
    });
    button.addEventListener("keyup", release);
    button.addEventListener("blur", release);
    return button;
  }

  #makeCommand(name) {
    const button = makeButton(name, toLabel(name));
    if (name === "start") button.classList.add("primary");
    button.addEventListener("click", () => this.#command(name));
    return button;
  }

  #command(name) {
    if (name in FRAME_RATE_CHANGES) {
      this.#send({ changeFrameRate: FRAME_RATE_CHANGES[name] });
      return;
    }
    this.#send({ command: name });
    if (name === "start" || name === "pause") this.#setPlaying(name === "start");
  }

  /** Of start and pause only the one that can be done is shown; the focus stays in this place. */
  #setPlaying(isPlaying) {
    this.#isPlaying = isPlaying;
    this.#hasPlayed ||= isPlaying;
    const start = this.view.querySelector("#game-start");
    const pause = this.view.querySelector("#game-pause");
    const invitation = this.#hasPlayed ? "Paused." : "Ready. Press Start when you are.";
    this.#say(isPlaying || !start ? "" : invitation);
    if (!start || !pause) return;
    const hadFocus = [start, pause].includes(document.activeElement);
    start.hidden = isPlaying;
    pause.hidden = !isPlaying;
    if (hadFocus) (isPlaying ? pause : start).focus();
  }

  #pressKey(event) {
    const [actionType, action] = KEYS[event.code] ?? [];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnButton = event.target instanceof HTMLButtonElement;
    if (this.#buttons.includes(action) && !(isOnButton && event.code === "Space")) {
      event.preventDefault();
      if (!event.repeat) this.#press(event.code, actionType, action);
    } else if (event.code === "Space" && !isOnButton && this.#buttons.includes("start")) {
      event.preventDefault();
      if (!event.repeat) this.#command(this.#isPlaying && this.#buttons.includes("pause") ? "pause" : "start");
    }
  }

  #releaseKey(event) {
    this.#release(event.code, KEYS[event.code]?.[0]);
  }

  /** What is held is a list, oldest first: with two keys down the newer counts, and the older again after it. */
  #press(source, actionType, action) {
    this.#held = [...this.#held.filter((hold) => hold.source !== source), { source, actionType, action }];
    this.#send({ actionType, action });
  }

  #release(source, actionType) {
    if (!this.#held.some((hold) => hold.source === source)) return;
    this.#held = this.#held.filter((hold) => hold.source !== source);
    this.#send({ actionType, action: this.#held.at(-1)?.action ?? "noop" });
  }

  #releaseAll() {
    for (const { source, actionType } of this.#held) this.#release(source, actionType);
  }

  #send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ ...message, frameCount: this.#frameCount, frameId: this.#frameId }));
  }

  #say(text) {
    const line = this.view.querySelector(".game-status");
    if (line.textContent !== text) line.textContent = text;
  }
}
