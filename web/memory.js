// This browser's memory of a participant, so that a reload, a crash or a day without network loses nothing.

const USER_ID = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;

/**
 * @typedef {object} State
 * @property {number} [step] the last step that was shown
 * @property {{step: number, answers: object, signature?: string} | null} [pending] answers that may not be
 *   stored yet
 * @property {{step: number, values: object[]} | null} [draft] what was typed and not submitted yet
 * @property {string} [signature] of the participant's link
 */

/** One participant's state in this browser; all of its tabs share it. */
export class Memory {
  #projectId;
  #userId;
  #isNamed;

  /**
   * @param {string} projectId
   * @param {string | null} userId from the link, or null for this browser's own, which is created the first time
   */
  constructor(projectId, userId) {
    this.#projectId = projectId;
    this.#isNamed = userId !== null;
    this.#userId = userId ?? this.#recallUserId();
  }

  get userId() {
    return this.#userId;
  }

  /** Continue as the participant that the study identified. @param {string} userId */
  adopt(userId) {
    if (userId === this.#userId) return;
    this.#userId = userId;
    write(this.#identityKey, userId);
  }

  /** Return the state. @returns {State} */
  read() {
    try {
      return JSON.parse(read(this.#stateKey)) ?? {};
    } catch {
      return {};
    }
  }

  /** Change some of the state. @param {State} changes null removes a value */
  update(changes) {
    const state = Object.entries({ ...this.read(), ...changes }).filter(([, value]) => value !== null);
    write(this.#stateKey, JSON.stringify(Object.fromEntries(state)));
    // The browser's storage may have been cleared meanwhile.
    if (!this.#isNamed && read(this.#identityKey) === null) write(this.#identityKey, this.#userId);
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

  get #identityKey() {
    return `hippo-gym:userId:${this.#projectId}`;
  }

  get #stateKey() {
    return `hippo-gym:state:${this.#projectId}:${this.#userId}`;
  }

  #recallUserId() {
    const known = read(this.#identityKey);
    if (known && USER_ID.test(known)) return known;
    const created = makeUserId();
    write(this.#identityKey, created);
    return created;
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
