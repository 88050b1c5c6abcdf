// Speaks with the study's API, with patience when the network or the study's server fails.

const REQUEST_TIMEOUT = 30_000; // API Gateway itself gives up after 29 s
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15_000;

/** An answer that trying again does not change. `status` is the HTTP status. */
export class ApiError extends Error {
  /** @param {number} status @param {unknown} body */
  constructor(status, body) {
    super(typeof body === "string" ? body : `HTTP ${status}`);
    this.status = status;
  }

  /** Whether there is no such study, or it takes nobody in just now. */
  get isClosed() {
    return this.status === 400 && this.message === "Project ID Not Found";
  }
}

/**
 * What the operator configured: the config.json that lies beside the page.
 *
 * @param {(trouble: Trouble) => void} onTrouble as of `Api`
 * @returns {Promise<{nextUrl: string, pagesUrl: string}>} the study's API, and where frame.html lies
 */
export async function loadConfig(onTrouble) {
  const config = await fetchPatiently(new URL("config.json", document.baseURI), { cache: "no-store" }, onTrouble);
  return {
    nextUrl: new URL(config.nextUrl, document.baseURI).href,
    pagesUrl: new URL(config.pagesUrl ?? ".", document.baseURI).href,
  };
}

/**
 * Why there is no answer yet; null as soon as there is one.
 *
 * @typedef {"offline" | "noAnswer" | null} Trouble
 */

/** The questions that the page asks of the API. All say which step was finished, so that asking twice is harmless. */
export class Api {
  #nextUrl;
  #participant;
  #onTrouble;

  /**
   * @param {string} nextUrl
   * @param {() => {projectId: string, userId: string, signature?: string}} participant who asks, at that moment
   * @param {(trouble: Trouble) => void} onTrouble told when a try has failed, and when one has succeeded
   */
  constructor(nextUrl, participant, onTrouble) {
    this.#nextUrl = nextUrl;
    this.#participant = participant;
    this.#onTrouble = onTrouble;
  }

  /** What comes after a finished step, 0 for none. @param {number} step @param {Object<string, string>} [more] */
  get(step, more = {}) {
    return fetchPatiently(this.#address(step, more), {}, this.#onTrouble);
  }

  /**
   * Hand in the answers to a step; gives what comes next.
   *
   * @param {number} step
   * @param {object} answers
   * @param {Object<string, string | undefined>} [more] parameters
   */
  post(step, answers, more = {}) {
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(answers) };
    return fetchPatiently(this.#address(step, more), options, this.#onTrouble);
  }

  #address(step, more) {
    const url = new URL(this.#nextUrl);
    const query = { ...this.#participant(), ...more, step: String(step) };
    for (const [name, value] of Object.entries(query)) if (value != null) url.searchParams.set(name, value);
    return url;
  }
}

/**
 * Wait, but not beyond the moment at which the network or the participant comes back.
 *
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function sleep(milliseconds) {
  return new Promise((resolve) => {
    const stop = new AbortController();
    const end = () => {
      stop.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    const onShown = () => document.visibilityState === "visible" && end();
    window.addEventListener("online", end, { signal: stop.signal });
    document.addEventListener("visibilitychange", onShown, { signal: stop.signal });
  });
}

/** A time with up to a quarter added or taken: people of one class must not all come back together. */
export function withJitter(milliseconds) {
  return milliseconds * (0.75 + Math.random() / 2);
}

async function fetchPatiently(url, options, onTrouble) {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    const answer = await tryFetch(url, options);
    if (answer !== null) {
      onTrouble(null);
      return answer;
    }
    onTrouble(navigator.onLine ? "noAnswer" : "offline");
    await sleep(withJitter(wait));
  }
}

/** The answer, or null where another try may succeed. */
async function tryFetch(url, options) {
  const signal = AbortSignal.timeout?.(REQUEST_TIMEOUT);
  let response;
  let body;
  try {
    response = await fetch(url, { ...options, signal });
    body = await response.json();
  } catch {
    if (!response || response.ok) return null;
  }
  if (response.status === 429 || response.status >= 500) return null;
  if (!response.ok) throw new ApiError(response.status, body);
  return body;
}
