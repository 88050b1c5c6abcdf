// This browser's memory of a participant, so that a reload, a crash or a day without network loses nothing.

import { identify } from "./identity.js";

const USER_ID = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;
const DERIVED_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-8/; // a UUID of version 8, which the study derives from a recruiter's id

/**
 * @typedef {object} Pending answers that may not be stored yet
 * @property {number} step
 * @property {object} answers
 * @property {string} [signature]
 */

/**
 * @typedef {object} State
 * @property {number} [step] the last step that was shown
 * @property {Pending | null} [pending]
 * @property {{step: number, values: object[]} | null} [draft] what was typed and not submitted yet
 * @property {string} [signature] of the participant's link
 */

/** The state of the participant whom a link names; all tabs of this browser with such a link share it. */
export class Memory {
  #projectId;
  #named;
  #userId;

  /** @param {ReturnType<import("./link.js").readLink>} link without a user ID, this browser creates one for it */
  constructor(link) {
    this.#projectId = link.projectId;
    this.#named = identify(link);
    this.#userId = this.#named.userId ?? this.#recallUserId();
  }

  get userId() {
    return this.#userId;
  }

  /** Continue as the participant whom the study identified by the link. @param {string} userId */
  adopt(userId) {
    this.#userId = userId;
    if (!this.#named.userId) write(this.#identityKey, userId);
    this.#takeOver();
  }

  /** Return the state. @returns {State} */
  read() {
    return readState(this.#stateKey);
  }

  /** Change some of the state. @param {State} changes null removes a value */
  update(changes) {
    const state = Object.entries({ ...this.read(), ...changes }).filter(([, value]) => value !== null);
    write(this.#stateKey, JSON.stringify(Object.fromEntries(state)));
    // The browser's storage may have been cleared meanwhile.
    if (!this.#named.userId && read(this.#identityKey) === null) write(this.#identityKey, this.#userId);
  }

  /**
   * Wait until another tab of this browser has passed a step.
   *
   * @param {number} step
   * @param {AbortSignal} signal ends the waiting; the promise is then never settled
   * @returns {Promise<void>}
   */
  passedElsewhere(step, signal) {
    return new Promise((resolve) => {
      const look = () => (this.read().step ?? 0) > step && resolve();
      window.addEventListener("storage", look, { signal });
      look();
    });
  }

  /**
   * Return the answers of everyone in this browser that may not be stored yet.
   *
   * @returns {{key: string, userId: string, pending: Pending}[]}
   */
  listUnsent() {
    return listKeys(this.#statePrefix)
      .map((key) => ({ key, userId: key.slice(this.#statePrefix.length).split(":")[0], ...readState(key) }))
      .filter(({ userId, pending }) => pending && USER_ID.test(userId));
  }

  /**
   * Forget answers that are stored, or will never be.
   *
   * @param {{key: string, pending: Pending}} unsent
   * @param {boolean} isStored whether to forget what was typed, too
   */
  settle({ key, pending }, isStored) {
    const { pending: current, draft, ...rest } = readState(key);
    if (JSON.stringify(current) !== JSON.stringify(pending)) return; // another tab has submitted something else
    write(key, JSON.stringify(isStored || !draft ? rest : { ...rest, draft }));
  }

  get #identityKey() {
    return `hippo-gym:userId:${this.#projectId}${this.#suffix}`;
  }

  get #statePrefix() {
    return `hippo-gym:state:${this.#projectId}:`;
  }

  get #stateKey() {
    return `${this.#statePrefix}${this.#userId}${this.#suffix}`;
  }

  get #suffix() {
    return this.#named.ids && `:${this.#named.ids}`;
  }

  #recallUserId() {
    const known = read(this.#identityKey);
    // Release 0.2 kept the last participant's ID here, whatever their link. A derived one is not that of a bare link.
    const isOthers = !this.#named.ids && DERIVED_ID.test(known);
    if (known && USER_ID.test(known) && !isOthers) return known;
    const created = makeUserId();
    write(this.#identityKey, created);
    return created;
  }

  /** Take over what release 0.2 kept by user ID alone, unless people with different links may share that ID. */
  #takeOver() {
    const old = this.#statePrefix + this.#userId;
    if (!this.#named.ids || this.#named.userId === this.#userId) return;
    if (read(this.#stateKey) !== null || read(old) === null) return;
    write(this.#stateKey, read(old));
    remove(old);
  }
}

// Storage may be disabled: the state then lasts as long as the page is open.
const kept = new Map();

function read(key) {
  try {
    return kept.get(key) ?? localStorage.getItem(key); // a value that did not fit into the storage is newer
  } catch {
    return kept.get(key) ?? null;
  }
}

function write(key, text) {
  try {
    localStorage.setItem(key, text);
    kept.delete(key);
  } catch {
    kept.set(key, text);
  }
}

function remove(key) {
  kept.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // There is no storage.
  }
}

function listKeys(prefix) {
  try {
    return [...new Set([...Object.keys(localStorage), ...kept.keys()])].filter((key) => key.startsWith(prefix));
  } catch {
    return [...kept.keys()].filter((key) => key.startsWith(prefix));
  }
}

function readState(key) {
  try {
    return JSON.parse(read(key)) ?? {};
  } catch {
    return {};
  }
}

/** Return a random user ID: UUID version 4, variant 1. @returns {string} */
export function makeUserId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Browsers offer randomUUID on secure pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
