// The game: shows what the participant's own server sends, and sends it buttons, keys and the mouse.

import { chooseWait, Connection, pause, ServerCheck } from "./connection.js";
import { Controls } from "./controls.js";
import { MessageList } from "./debug.js";
import { GameInfo } from "./info.js";
import { Keyboard } from "./keyboard.js";
import { Mouse, SizeReporter } from "./mouse.js";
import { readMessage } from "./reader.js";
import { confirmPress, offerLeaving, removeGameStatus, showGameStatus, showGameView } from "./view.js";
import { isEnding } from "./vocabulary.js";
import { WayOut } from "./way_out.js";
import { GameWindows } from "./windows.js";
import { writeButton, writeFrameRate, writeHello, writeSlider } from "./writer.js";
import { translate } from "../texts.js";
import { focusView } from "../views.js";

const STEADY = 5000;
const GIVE_UP_AFTER = 60_000;
const OWN_PRESS = 1500;
const MOVING = 3;
const STILL_FOR = 120;

/** The game's view, which survives lost connections and servers. */
export class Game {
  #participant;
  #connection = null;
  #debug;
  #info;
  #controls;
  #keyboard;
  #mouse;
  #sizes;
  #windows;
  #frameId = 0;
  #frameCount = 0;
  #isPlaying = false;
  #pressedAt = -Infinity;
  #hasPlayed = false;
  #isFirstFrame = false;
  #usesPanels = false;
  #isDone = false;
  #moves = 0;
  #leave = () => {};
  #wayOut;
  #closing = new AbortController();

  /**
   * @param {{participant: {projectId: string, userId: string}, debug?: boolean, main: HTMLElement,
   *   offerLeavingAfter?: number, onFocus?: (view: HTMLElement) => void}} options `offerLeavingAfter` is in seconds
   *   without a new picture, 0 for never; `onFocus` moves the focus to the new view
   */
  constructor({ participant, debug = false, main, offerLeavingAfter = STILL_FOR, onFocus = focusView }) {
    this.#participant = participant;
    this.view = showGameView(main);
    this.#wayOut = new WayOut(offerLeavingAfter, (reason) => offerLeaving(this.view, reason));
    this.#debug = debug ? new MessageList(this.view) : null;
    const { signal } = this.#closing;
    const send = (message) => this.#send(message);
    this.#info = new GameInfo(this.view);
    this.#controls = new Controls(this.view, {
      onHold: (source, action) => this.#keyboard.actions.press(source, "mousedown", action),
      onRelease: (source) => this.#keyboard.actions.release(source, "mouseup"),
      onPress: (button) => this.#press(button),
      onFrameRate: (rate) => send(writeFrameRate(rate)),
      onSlide: (id, value) => send(writeSlider(id, value)),
    });
    this.#keyboard = new Keyboard({ controls: this.#controls, send, signal, onToggle: () => this.#toggle() });
    this.#mouse = new Mouse({ send, signal, isWanted: () => this.#usesPanels });
    this.#sizes = new SizeReporter({ send, choose: () => (this.#usesPanels ? this.#windows.first : null) });
    this.#windows = new GameWindows(this.view.querySelector(".windows"), (canvas) => {
      this.#mouse.watch(canvas);
      this.#sizes.watch(canvas);
    });
    this.view.querySelector(".leave").addEventListener("click", () => this.#confirmLeaving());
    onFocus(this.view);
  }

  /**
   * Play until the game is over.
   *
   * @template {object} Response
   * @param {string} url of the participant's server
   * @param {() => Promise<null | string | Response>} [checkServer] null if the server is still there, its new address if
   *   it has moved, otherwise the response that ends the game. Without it, a minute without a connection ends the game.
   * @returns {Promise<"done" | "left" | "lost" | Response>} `left` if the participant continued without the game
   */
  async play(url, checkServer) {
    const playing = new AbortController();
    const left = new Promise((resolve) => {
      this.#leave = () => resolve("left");
    });
    try {
      return await Promise.race([left, this.#stayConnected(url, checkServer, playing.signal)]);
    } finally {
      playing.abort();
      this.#connection?.close();
      this.#wayOut.reset();
    }
  }

  /** Stop playing, and release keyboard and mouse; the view may then be removed. */
  close() {
    this.#leave();
    this.#closing.abort();
    this.#windows.close();
    this.#sizes.close();
  }

  async #stayConnected(url, checkServer, signal) {
    let failures = 0;
    let lostAt = performance.now();
    const check = checkServer && new ServerCheck(checkServer);
    this.#isDone = false;
    showGameStatus(this.view, translate("gameConnecting"));
    for (;;) {
      this.#wayOut.noteLost(lostAt);
      const connection = this.#connect(url);
      await connection.ended;
      this.#keyboard.releaseAll();
      if (this.#isDone) return "done";
      if (connection.age) showGameStatus(this.view, translate("gameLost"));
      // A server that accepts connections and drops them at once counts as unreachable.
      const wasSteady = connection.age > STEADY;
      failures = wasSteady ? 1 : failures + 1;
      if (wasSteady) {
        lostAt = performance.now();
        check?.reset();
      }
      if (!check && performance.now() - lostAt > GIVE_UP_AFTER) return "lost";
      this.#wayOut.noteLost(lostAt);
      await pause(chooseWait(failures), signal);
      const found = check && failures > 1 && !signal.aborted ? await check.poll() : null;
      if (signal.aborted) return "left";
      if (typeof found === "string") url = found;
      else if (found) return found;
    }
  }

  #connect(url) {
    this.#connection = new Connection(url, {
      onOpen: () => {
        this.#wayOut.noteConnected();
        this.#isFirstFrame = true;
        showGameStatus(this.view, "");
        this.#send(writeHello(this.#participant));
        this.#sizes.begin();
      },
      onData: (data) => this.#receive(data),
    });
    return this.#connection;
  }

  async #confirmLeaving() {
    const button = { question: translate("gameLeaveSure"), text: translate("gameLeave") };
    const isConfirmed = await confirmPress(this.view, button);
    if (isConfirmed && this.#wayOut.isOffered) this.#leave();
  }

  #receive(data) {
    const message = readMessage(data);
    if (!message) return;
    this.#debug?.add("in", message.raw);
    this.#usesPanels ||= message.usesPanels;
    for (const controls of message.controls) this.#controls.show(controls);
    if (message.controls.length) this.#setPlaying(this.#isPlaying);
    this.#info.show(message);
    if (message.picture !== undefined) this.#showPicture(message.picture, message.playing);
    if (message.error) showGameStatus(this.view, message.error);
    if (message.isDone) this.#end();
  }

  #showPicture(picture, playing) {
    const isNew = this.#windows.show(picture);
    if (isNew) this.#wayOut.noteMove();
    if (!picture?.frame) return;
    this.#frameCount += 1;
    this.#frameId = picture.frameId ?? this.#frameId;
    this.#mouse.noteFrame();
    // A reloaded page, and a second tab, learn from the frames whether the game is running. Frames that arrive right
    // after a click may be older than the click.
    const isOlder = performance.now() - this.#pressedAt < OWN_PRESS;
    if (playing !== undefined && (this.#isFirstFrame || (!isOlder && playing !== this.#isPlaying))) {
      this.#moves = 0;
      this.#setPlaying(playing);
    } else if (isNew && playing === undefined && !isOlder) {
      this.#noteMotion();
    }
    this.#isFirstFrame = false;
  }

  /** Remove the invitation to start from a game that moves without it: a single new picture may be its next level. */
  #noteMotion() {
    this.#moves += 1;
    if (this.#moves === MOVING) removeGameStatus(this.view, this.#invitation);
  }

  #end() {
    this.#isDone = true;
    showGameStatus(this.view, translate("gameOver"));
    this.#connection.close();
  }

  async #press(button) {
    if (button.confirm && !(await confirmPress(this.view, button))) return;
    this.#send(writeButton(button));
    if (isEnding(button)) this.#wayOut.noteEnding();
    if (button.value !== "start" && button.value !== "pause") return;
    if (button.value === "start") this.#wayOut.noteStart();
    this.#pressedAt = performance.now();
    this.#moves = 0;
    this.#setPlaying(button.value === "start");
  }

  #toggle() {
    const value = this.#isPlaying && this.#controls.hasAction("pause") ? "pause" : "start";
    this.#press({ source: "UI", value });
  }

  #setPlaying(isPlaying) {
    this.#isPlaying = isPlaying;
    this.#hasPlayed ||= isPlaying;
    this.#controls.setPlaying(isPlaying);
    const isWaiting = !isPlaying && this.#controls.hasStart && this.#moves < MOVING;
    showGameStatus(this.view, isWaiting ? this.#invitation : "");
  }

  get #invitation() {
    return translate(this.#hasPlayed ? "gamePaused" : "gameReady");
  }

  #send(message) {
    if (!this.#connection?.isOpen) return;
    const whole = { ...message, frameCount: this.#frameCount, frameId: this.#frameId };
    this.#connection.send(whole);
    this.#debug?.add("out", whole);
  }
}
