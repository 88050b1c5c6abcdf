// The connection to a game server: one socket from its beginning to its end, and how long to wait for the next.

const CONNECT_TIMEOUT = 10_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const TICK = 3000;
const SILENCE = 5000;
const PATIENCE = 3000;

/** One socket. `ended` resolves when it is closed, by whomever, or could not be opened in time. */
export class Connection {
  #socket = null;
  #openedAt = null;
  #heardAt = 0;
  #end;
  #listeners = new AbortController();

  /**
   * @param {string} url
   * @param {{onOpen: () => void, onData: (data: unknown) => void}} listener
   */
  constructor(url, { onOpen, onData }) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    try {
      this.#socket = new WebSocket(url);
    } catch {
      // No address of a game server, or one that a page over https may not use.
      this.close();
      return;
    }
    const { signal } = this.#listeners;
    const tooLate = setTimeout(() => this.close(), CONNECT_TIMEOUT);
    signal.addEventListener("abort", () => clearTimeout(tooLate));
    const listen = (name, react) => this.#socket.addEventListener(name, react, { signal });
    listen("open", () => {
      clearTimeout(tooLate);
      this.#openedAt = performance.now();
      onOpen();
    });
    listen("message", ({ data }) => {
      this.#heardAt = performance.now();
      onData(data);
    });
    listen("close", () => this.close());
    this.#watchNetwork(signal);
  }

  /** Whether messages can be sent. */
  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Milliseconds since it was opened; 0 if it never was. */
  get age() {
    return this.#openedAt === null ? 0 : performance.now() - this.#openedAt;
  }

  /**
   * Send a message; without an open socket it is dropped: it was about a moment that is over.
   *
   * @param {object} message
   */
  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  /** End it. A socket on a dead line would take minutes to say that it is closed: nobody waits for that. */
  close() {
    this.#listeners.abort();
    this.#socket?.close();
    this.#end();
  }

  /** After an interruption the socket may look open for ever: silence where there were frames before ends it. */
  #watchNetwork(signal) {
    let wasTicking = false;
    const notice = () => {
      wasTicking = performance.now() - this.#heardAt < TICK;
    };
    const check = () => {
      if (!wasTicking) return;
      const onlineAt = performance.now();
      const timer = setTimeout(() => this.#heardAt < onlineAt && this.close(), SILENCE);
      signal.addEventListener("abort", () => clearTimeout(timer));
    };
    window.addEventListener("offline", notice, { signal });
    window.addEventListener("online", check, { signal });
  }
}

/** A question to the study, which may be out of reach itself: the next try of the game server does not wait for it. */
export class Inquiry {
  #ask;
  #pending = null;

  /** @param {() => Promise<unknown>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * What the study says.
   *
   * @returns {Promise<unknown>} null where it has not answered yet: the same question is then looked at the next time
   */
  async look() {
    const pending = (this.#pending ??= this.#ask());
    // If it fails when nobody looks, it is still there to be looked at.
    pending.catch(() => {});
    const isLate = {};
    const answer = await Promise.race([pending, new Promise((resolve) => setTimeout(resolve, PATIENCE, isLate))]);
    if (answer === isLate) return null;
    this.#pending = null;
    return answer;
  }

  /** What was asked is over. */
  forget() {
    this.#pending = null;
  }
}

/**
 * How long to wait before another try, with jitter: participants of one class lose a network in the same second.
 *
 * @param {number} failures in a row, from 1 on
 * @returns {number} milliseconds
 */
export function chooseWait(failures) {
  const longest = Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);
  return longest * (0.6 + 0.4 * Math.random());
}

/**
 * Wait; shorter where the network comes back, or where nobody needs to wait any more.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    window.addEventListener("online", end, { signal: over.signal });
    signal.addEventListener("abort", end, { signal: over.signal });
    if (signal.aborted) end();
  });
}
