// The game: what the participant's own server sends, and what buttons, keys and the mouse say to it.

import { chooseWait, Connection, Inquiry, pause } from "./connection.js";
import { Controls } from "./controls.js";
import { MessageList } from "./debug.js";
import { GameInfo } from "./info.js";
import { Keyboard } from "./keyboard.js";
import { Mouse, SizeWatch } from "./mouse.js";
import { readMessage } from "./reader.js";
import { confirmPress, offerLeaving, sayInGame, showGameView } from "./view.js";
import { GameWindows } from "./windows.js";
import { writeButton, writeFrameRate, writeHello, writeSlider } from "./writer.js";
import { say } from "../texts.js";
import { focusView } from "../views.js";

const STEADY = 5000;
const LEAVE_AFTER = 30_000;
const GIVE_UP_AFTER = 60_000;
const LOOK_AGAIN = 3000;
const OWN_PRESS = 1500;

/** The game's view, which outlives lost connections and servers. */
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
  #leave = () => {};
  #offer = 0;
  #closing = new AbortController();

  /**
   * @param {{participant: {projectId: string, userId: string}, debug?: boolean, main: HTMLElement,
   *   onFocus?: (view: HTMLElement) => void}} options `onFocus` brings the new view before the eyes
   */
  constructor({ participant, debug = false, main, onFocus = focusView }) {
    this.#participant = participant;
    this.view = showGameView(main);
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
    this.#sizes = new SizeWatch({ send, choose: () => (this.#usesPanels ? this.#windows.first : null) });
    this.#windows = new GameWindows(this.view.querySelector(".windows"), (canvas) => {
      this.#mouse.watch(canvas);
      this.#sizes.watch(canvas);
    });
    this.view.querySelector(".leave").addEventListener("click", () => this.#leaveIfMeant());
    onFocus(this.view);
  }

  /**
   * Play until the game is over.
   *
   * @template {object} Answer
   * @param {string} url of the participant's server
   * @param {() => Promise<null | string | Answer>} [ask] what has become of the server: null where it lives, its
   *   address where it has another one, else what ends the game. Without it, a minute without a connection does.
   * @returns {Promise<"done" | "left" | "lost" | Answer>} `left` where the participant went on without the game
   */
  async play(url, ask) {
    const playing = new AbortController();
    const left = new Promise((resolve) => {
      this.#leave = () => resolve("left");
    });
    try {
      return await Promise.race([left, this.#stayConnected(url, ask, playing.signal)]);
    } finally {
      playing.abort();
      this.#connection?.close();
      this.#offerLeaving(null);
    }
  }

  /** Stop playing, and let go of keyboard and mouse; the view may go. */
  close() {
    this.#leave();
    this.#closing.abort();
    this.#windows.close();
    this.#sizes.close();
  }

  async #stayConnected(url, ask, signal) {
    let failures = 0;
    let lostAt = performance.now();
    const inquiry = ask && new Inquiry(ask);
    this.#isDone = false;
    sayInGame(this.view, say("gameConnecting"));
    for (;;) {
      this.#offerLeaving(lostAt);
      const connection = this.#connect(url);
      await connection.ended;
      this.#keyboard.releaseAll();
      if (this.#isDone) return "done";
      if (connection.age) sayInGame(this.view, say("gameLost"));
      // A server that takes connections and drops them at once is as good as none.
      const wasSteady = connection.age > STEADY;
      failures = wasSteady ? 1 : failures + 1;
      if (wasSteady) {
        lostAt = performance.now();
        inquiry?.forget();
      }
      if (!ask && performance.now() - lostAt > GIVE_UP_AFTER) return "lost";
      this.#offerLeaving(lostAt);
      await pause(chooseWait(failures), signal);
      const answer = inquiry && failures > 1 && !signal.aborted ? await inquiry.look() : null;
      if (signal.aborted) return "left";
      if (typeof answer === "string") url = answer;
      else if (answer) return answer;
    }
  }

  #connect(url) {
    this.#connection = new Connection(url, {
      onOpen: () => {
        this.#offerLeaving(null);
        this.#isFirstFrame = true;
        sayInGame(this.view, "");
        this.#send(writeHello(this.#participant));
        this.#sizes.begin();
      },
      onData: (data) => this.#receive(data),
    });
    return this.#connection;
  }

  /** Nobody is stuck with a dead server: after a while there is a way on without it. Null: there is a connection. */
  #offerLeaving(lostAt) {
    clearTimeout(this.#offer);
    if (lostAt === null) {
      offerLeaving(this.view, false);
      return;
    }
    const wait = LEAVE_AFTER - (performance.now() - lostAt);
    const look = () => {
      // Without a network nobody knows whether the server lives.
      offerLeaving(this.view, navigator.onLine);
      if (!navigator.onLine) this.#offer = setTimeout(look, LOOK_AGAIN);
    };
    this.#offer = setTimeout(look, Math.max(0, wait));
  }

  async #leaveIfMeant() {
    const isMeant = await confirmPress(this.view, { question: say("gameLeaveSure"), text: say("gameLeave") });
    if (isMeant && !this.#connection?.isOpen) this.#leave();
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
    if (message.error) sayInGame(this.view, message.error);
    if (message.isDone) this.#end();
  }

  #showPicture(picture, playing) {
    this.#windows.show(picture);
    if (!picture?.frame) return;
    this.#frameCount += 1;
    this.#frameId = picture.frameId ?? this.#frameId;
    this.#mouse.noteFrame();
    // A reloaded page, and a second tab, learn from the frames whether the game is going on; those that come right after
    // a click may be older than it.
    const isOlder = performance.now() - this.#pressedAt < OWN_PRESS;
    if (playing !== undefined && (this.#isFirstFrame || (!isOlder && playing !== this.#isPlaying))) {
      this.#setPlaying(playing);
    }
    this.#isFirstFrame = false;
  }

  #end() {
    this.#isDone = true;
    sayInGame(this.view, say("gameOver"));
    this.#connection.close();
  }

  async #press(button) {
    if (button.confirm && !(await confirmPress(this.view, button))) return;
    this.#send(writeButton(button));
    if (button.value !== "start" && button.value !== "pause") return;
    this.#pressedAt = performance.now();
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
    const invitation = say(this.#hasPlayed ? "gamePaused" : "gameReady");
    sayInGame(this.view, isPlaying || !this.#controls.hasStart ? "" : invitation);
  }

  #send(message) {
    if (!this.#connection?.isOpen) return;
    const whole = { ...message, frameCount: this.#frameCount, frameId: this.#frameId };
    this.#connection.send(whole);
    this.#debug?.add("out", whole);
  }
}
