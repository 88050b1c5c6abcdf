// What is held down: directions of the game, by key or button, and keys that newer servers want to know of.

import { writeAction, writeKeyDown, writeKeyUp } from "./writer.js";

/** Held directions, oldest first: with two down the newer counts, and the older again after it. */
export class HeldActions {
  #send;
  #holds = [];

  /** @param {(message: object) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * A direction is held from here on.
   *
   * @param {unknown} source the key or button that holds it
   * @param {string} actionType how servers name that source
   * @param {string} action
   */
  press(source, actionType, action) {
    this.#holds = [...this.#holds.filter((hold) => hold.source !== source), { source, actionType, action }];
    this.#send(writeAction(actionType, action));
  }

  /**
   * Let go of a direction; nothing where it was not held.
   *
   * @param {unknown} source
   * @param {string} actionType
   */
  release(source, actionType) {
    if (!this.#holds.some((hold) => hold.source === source)) return;
    this.#holds = this.#holds.filter((hold) => hold.source !== source);
    this.#send(writeAction(actionType, this.#holds.at(-1)?.action ?? "noop"));
  }

  /** Let go of everything. */
  releaseAll() {
    for (const { source, actionType } of this.#holds) this.release(source, actionType);
  }
}

/** Held keys, by their place on the keyboard: with Shift in between, the key that goes up has another name. */
export class HeldKeys {
  #send;
  #keys = new Map();

  /** @param {(message: object) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * A key went down.
   *
   * @param {string} code its place on the keyboard
   * @param {string} key its name
   */
  press(code, key) {
    this.#keys.set(code, key);
    this.#send(writeKeyDown(key));
  }

  /**
   * A key went up; nothing where it did not go down here.
   *
   * @param {string} code
   */
  release(code) {
    if (!this.#keys.has(code)) return;
    const key = this.#keys.get(code);
    this.#keys.delete(code);
    this.#send(writeKeyUp(key));
  }

  /** Let go of everything. */
  releaseAll() {
    for (const code of [...this.#keys.keys()]) this.release(code);
  }
}
