// Inputs that are held down: directions of the game, by key or button, and keys that newer servers ask for.

import { writeAction, writeKeyDown, writeKeyUp } from "./writer.js";

/** Held directions, oldest first. With two down the newer counts; when it is released, the older counts again. */
export class HeldActions {
  #send;
  #holds = [];

  /** @param {(message: object) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Hold a direction from now on.
   *
   * @param {unknown} source the key or button that holds it
   * @param {string} actionType the servers' name for that source
   * @param {string} action
   */
  press(source, actionType, action) {
    this.#holds = [...this.#holds.filter((hold) => hold.source !== source), { source, actionType, action }];
    this.#send(writeAction(actionType, action));
  }

  /**
   * Release a direction; do nothing if it was not held.
   *
   * @param {unknown} source
   * @param {string} actionType
   */
  release(source, actionType) {
    if (!this.#holds.some((hold) => hold.source === source)) return;
    this.#holds = this.#holds.filter((hold) => hold.source !== source);
    this.#send(writeAction(actionType, this.#holds.at(-1)?.action ?? "noop"));
  }

  /** Release everything. */
  releaseAll() {
    for (const { source, actionType } of this.#holds) this.release(source, actionType);
  }
}

/** Held keys, by their physical code: if Shift changes in between, the released key has another name. */
export class HeldKeys {
  #send;
  #keys = new Map();

  /** @param {(message: object) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Hold a key from now on.
   *
   * @param {string} code the physical key
   * @param {string} key its name
   */
  press(code, key) {
    this.#keys.set(code, key);
    this.#send(writeKeyDown(key));
  }

  /**
   * Release a key; do nothing if it was not pressed here.
   *
   * @param {string} code
   */
  release(code) {
    if (!this.#keys.has(code)) return;
    const key = this.#keys.get(code);
    this.#keys.delete(code);
    this.#send(writeKeyUp(key));
  }

  /** Release everything. */
  releaseAll() {
    for (const code of [...this.#keys.keys()]) this.release(code);
  }
}
