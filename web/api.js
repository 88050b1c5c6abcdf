// The client of the study's API, which keeps trying when the network or the API fails.

const REQUEST_TIMEOUT = 30_000; // API Gateway itself gives up after 29 s
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15_000;
const MOST_BYTES = 256 * 1024; // of answers, as in layer/hippo/http.py
const TOO_LARGE = "body: larger than 256 KiB";
const FULL_RECORD = "body: all answers of this participant together would be too large";

/** A response that trying again does not change. `status` is the HTTP status. */
export class ApiError extends Error {
  /** @param {number} status @param {unknown} body */
  constructor(status, body) {
    super(typeof body === "string" ? body : `HTTP ${status}`);
    this.status = status;
  }

  /** Whether the study does not exist, or is not open. */
  get isClosed() {
    return this.status === 400 && this.message === "Project ID Not Found";
  }

  /** Whether the answers are too large to be stored. */
  get isTooLarge() {
    return this.status === 413 || this.message === TOO_LARGE;
  }

  /** Whether the answers do not fit together with those that the participant submitted earlier. */
  get isFull() {
    return this.message === FULL_RECORD;
  }

  /** Whom to contact if the link's user id is reserved or not one, such as a placeholder; empty if that is not known,
   * null for any other error. */
  get contactForUnusableId() {
    const found = /^userId: .*?(?:\. Contact: (.*))?$/s.exec(this.message);
    return found && (found[1] ?? "");
  }
}

/**
 * Return what the operator configured in the config.json next to the page.
 *
 * @param {(trouble: Trouble) => void} onTrouble as for `Api`
 * @returns {Promise<{nextUrl: string, pagesUrl: string, gameProxyUrl: string | null}>} the study's API, the folder of
 *   frame.html, and the proxy in front of all game servers, if there is one
 */
export async function loadConfig(onTrouble) {
  // Without options, so that the browser uses what index.html has preloaded.
  const config = await fetchPatiently(new URL("config.json", document.baseURI), {}, onTrouble);
  return {
    nextUrl: new URL(config.nextUrl, document.baseURI).href,
    pagesUrl: new URL(config.pagesUrl ?? ".", document.baseURI).href,
    gameProxyUrl: config.gameProxyUrl ?? null,
  };
}

/**
 * Return which addresses the links of a study may name. This concerns no participant, and is not recorded.
 *
 * @param {string | null} projectId
 * @param {(trouble: Trouble) => void} onTrouble as for `Api`
 * @returns {Promise<{gameDomain: string, linkOrigins: string[], language: string}>} the domain of game servers' names,
 *   origins, and the language of the study
 */
export async function askOrigins(projectId, onTrouble) {
  const url = new URL((await loadConfig(onTrouble)).nextUrl);
  url.searchParams.set("projectId", projectId ?? "");
  url.searchParams.set("links", "1");
  return fetchPatiently(url, {}, onTrouble);
}

/**
 * Return the address of a game server through a proxy: its host name is then the first part of the path. The local
 * platform has one, because Safari does not resolve names below localhost.
 *
 * @param {string} server
 * @param {string | null} proxyUrl without one, the address stays as it is
 * @returns {string}
 */
export function routeServer(server, proxyUrl) {
  if (!proxyUrl) return server;
  const { hostname, pathname, search } = new URL(server);
  return new URL(`/${hostname}${pathname}${search}`, proxyUrl).href;
}

/**
 * Why there is no response yet; null as soon as there is one.
 *
 * @typedef {"offline" | "noResponse" | null} Trouble
 */

/** The page's requests to the API. Each names the finished step, so that a repeated request is harmless. */
export class Api {
  #nextUrl;
  #participant;
  #onTrouble;

  /**
   * @param {string} nextUrl
   * @param {() => {projectId: string, userId: string, signature?: string}} participant read for each request
   * @param {(trouble: Trouble) => void} onTrouble called when a request has failed, and when one has succeeded
   */
  constructor(nextUrl, participant, onTrouble) {
    this.#nextUrl = nextUrl;
    this.#participant = participant;
    this.#onTrouble = onTrouble;
  }

  /** Return what follows a finished step, 0 for none. @param {number} step @param {Object<string, string>} [more] */
  get(step, more = {}) {
    return fetchPatiently(this.#address(step, more), {}, this.#onTrouble);
  }

  /**
   * Submit the answers to a step, and return what comes next.
   *
   * @param {number} step
   * @param {object} answers
   * @param {Object<string, string | undefined>} [more] parameters
   * @throws {ApiError} at once if the answers are larger than the API accepts
   */
  async post(step, answers, more = {}) {
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(answers) };
    if (new TextEncoder().encode(options.body).length > MOST_BYTES) throw new ApiError(413, TOO_LARGE);
    return fetchPatiently(this.#address(step, more), options, this.#onTrouble);
  }

  /** Return a client of the same API that reports no trouble: for requests that do not concern the participant. */
  silence() {
    return new Api(this.#nextUrl, this.#participant, () => {});
  }

  #address(step, more) {
    const url = new URL(this.#nextUrl);
    const query = { ...this.#participant(), ...more, step: String(step) };
    for (const [name, value] of Object.entries(query)) if (value != null) url.searchParams.set(name, value);
    return url;
  }
}

/**
 * Wait, but only until the network or the participant comes back.
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

/** Add or subtract up to a quarter of a time: the participants of one class must not all return together. */
export function withJitter(milliseconds) {
  return milliseconds * (0.75 + Math.random() / 2);
}

/**
 * Repeat an attempt, with growing pauses, until its result is not null.
 *
 * @template Result
 * @param {() => Promise<Result | null>} attempt
 * @param {(trouble: Trouble) => void} onTrouble as for `Api`
 * @returns {Promise<Result>}
 */
export async function keepTrying(attempt, onTrouble) {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    const result = await attempt();
    if (result !== null) {
      onTrouble(null);
      return result;
    }
    onTrouble(navigator.onLine ? "noResponse" : "offline");
    await sleep(withJitter(wait));
  }
}

function fetchPatiently(url, options, onTrouble) {
  return keepTrying(() => tryFetch(url, options), onTrouble);
}

/** Return the response's body, or null if another try may succeed. */
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
