// Speaks with the study's API: who takes part, which page comes next, and patience when the network fails.

const REQUEST_TIMEOUT = 30_000;
const LONGEST_WAIT = 15_000;
const USER_ID = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,46}[A-Za-z0-9])?$/;

/** An answer that trying again does not change. `status` is the HTTP status. */
export class ApiError extends Error {
  /** @param {number} status @param {unknown} body */
  constructor(status, body) {
    super(typeof body === "string" ? body : `The study's server answered ${status}.`);
    this.status = status;
  }

  /** Whether there is no such study, or it takes nobody in just now. */
  get isClosed() {
    return this.status === 400 && this.message === "Project ID Not Found";
  }
}

/**
 * Who takes part in what, from the link and from what this browser remembers.
 *
 * @param {URLSearchParams} query of the link: projectId, and userId where the link gives one
 * @returns {{projectId: string, userId: string} | null} null where the link names no study
 */
export function readParticipant(query) {
  const projectId = query.get("projectId");
  if (!projectId) return null;
  const given = query.get("userId");
  return { projectId, userId: given ? given.toLowerCase() : rememberUserId(projectId) };
}

/**
 * The address of the study's API, from the config.json that lies beside the page.
 *
 * @param {(retrying: boolean) => void} onTrouble told when a try has failed, and when one succeeded
 * @returns {Promise<string>}
 */
export async function loadNextUrl(onTrouble) {
  const config = await fetchPatiently(new URL("config.json", document.baseURI), { cache: "no-store" }, onTrouble);
  return new URL(config.nextUrl, document.baseURI).href;
}

/**
 * The two questions that the page asks of the API. Both say which step was finished, so that asking twice is harmless.
 *
 * @param {string} nextUrl
 * @param {{projectId: string, userId: string}} participant
 * @param {(retrying: boolean) => void} onTrouble told when a try has failed, and when one succeeded
 */
export function createApi(nextUrl, participant, onTrouble) {
  const address = (step) => {
    const url = new URL(nextUrl);
    const query = { ...participant, step: String(step) };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  };
  return {
    /** What comes after this finished step; 0 for none. */
    get: (step) => fetchPatiently(address(step), {}, onTrouble),
    /** Hand in the answers to this step; gives what comes next. */
    post: (step, answers) =>
      fetchPatiently(
        address(step),
        { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(answers) },
        onTrouble,
      ),
  };
}

/**
 * Wait.
 *
 * @param {number} milliseconds
 */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function fetchPatiently(url, options, onTrouble) {
  for (let wait = 1000; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    const answer = await tryFetch(url, options);
    onTrouble(answer === null);
    if (answer !== null) return answer;
    // Participants of one class begin in the same second: jitter keeps them from coming back together.
    await sleep(wait * (0.75 + Math.random() / 2));
  }
}

/** The answer, or null where another try may succeed. */
async function tryFetch(url, options) {
  const signal = AbortSignal.timeout ? AbortSignal.timeout(REQUEST_TIMEOUT) : undefined;
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

function rememberUserId(projectId) {
  const name = `hippo-gym:userId:${projectId}`;
  try {
    const known = localStorage.getItem(name);
    if (known && USER_ID.test(known)) return known;
    const made = makeUserId();
    localStorage.setItem(name, made);
    return made;
  } catch {
    // Storage may be switched off: the participant then keeps the id for as long as the page is open.
    return makeUserId();
  }
}

function makeUserId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Browsers have randomUUID on secure pages only. This is the same: version 4, variant 1.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
