// The connection to a game server: one socket from opening to closing, and how long to wait for the next.

const CONNECT_TIMEOUT = 10_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const TICK = 3000;
const SILENCE = 5000;
const PATIENCE = 3000;

/** One socket. `ended` resolves when either side closes it, or when it could not be opened in time. */
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
      // The address is invalid, or one that a page over https may not use.
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
   * Send a message. Without an open socket it is dropped: it concerned a moment that is over.
   *
   * @param {object} message
   */
  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  /** End the connection at once. A socket without a network would take minutes to report that it is closed. */
  close() {
    this.#listeners.abort();
    this.#socket?.close();
    this.#end();
  }

  /** Close a socket that looks open after an interruption: where frames came before, silence ends it. */
  #watchNetwork(signal) {
    let wasTicking = false;
    const noteOffline = () => {
      wasTicking = performance.now() - this.#heardAt < TICK;
    };
    const check = () => {
      if (!wasTicking) return;
      const onlineAt = performance.now();
      const timer = setTimeout(() => this.#heardAt < onlineAt && this.close(), SILENCE);
      signal.addEventListener("abort", () => clearTimeout(timer));
    };
    window.addEventListener("offline", noteOffline, { signal });
    window.addEventListener("online", check, { signal });
  }
}

/** A request to the study about the server. The next connection does not wait for it: the study may be unreachable too. */
export class ServerCheck {
  #check;
  #pending = null;

  /** @param {() => Promise<unknown>} check */
  constructor(check) {
    this.#check = check;
  }

  /**
   * Return the study's response.
   *
   * @returns {Promise<unknown>} null if there is none yet: the next call then waits for the same request
   */
  async poll() {
    const pending = (this.#pending ??= this.#check());
    // A failure between two calls is reported by the next one.
    pending.catch(() => {});
    const isLate = {};
    const response = await Promise.race([pending, new Promise((resolve) => setTimeout(resolve, PATIENCE, isLate))]);
    if (response === isLate) return null;
    this.#pending = null;
    return response;
  }

  /** Forget a request that no longer matters. */
  reset() {
    this.#pending = null;
  }
}

/**
 * Return how long to wait before another try, with jitter: the participants of one class lose a network together.
 *
 * @param {number} failures in a row, from 1 on
 * @returns {number} milliseconds
 */
export function chooseWait(failures) {
  const longest = Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);
  return longest * (0.6 + 0.4 * Math.random());
}

/**
 * Wait, but only until the network comes back or the signal aborts.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const stop = new AbortController();
    const end = () => {
      clearTimeout(timer);
      stop.abort();
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    window.addEventListener("online", end, { signal: stop.signal });
    signal.addEventListener("abort", end, { signal: stop.signal });
    if (signal.aborted) end();
  });
}
