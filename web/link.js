// The study's link: who takes part in which study, and what the recruiter added.

import { ApiError, askOrigins } from "./api.js";
import { trimValue } from "./identity.js";
import { setLanguage } from "./texts.js";

// The parameters of the page itself. All others belong to the recruiter and are recorded with the participant.
const OWN_NAMES = [
  "projectId", "userId", "step", "retry", "signature", "screenWidth", "mobile", "css", "redirect", "debug", "server",
];

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * Read the link. Links to the existing front end use `server`, `redirect`, `css` and `debug`: a game server to play on
 * without a study, the address to open afterwards, a style sheet from elsewhere, and a view of the messages.
 *
 * @param {URLSearchParams} query
 * @returns {{projectId: string | null, userId: string | null, signature: string | null, server: string | null,
 *   redirect: string | null, css: string | null, debug: boolean, parameters: Object<string, string>}}
 */
export function readLink(query) {
  query = restoreNames(query);
  const read = (name) => trimValue(query.get(name) ?? "") || null;
  return {
    projectId: read("projectId"),
    userId: read("userId")?.toLowerCase() ?? null,
    signature: read("signature"),
    server: readAddress(query.get("server"), ["ws:", "wss:"]),
    redirect: readAddress(query.get("redirect"), ["http:", "https:"]),
    css: readAddress(query.get("css"), ["http:", "https:"]),
    debug: Boolean(query.get("debug")) && query.get("debug") !== "false",
    parameters: Object.fromEntries([...query].filter(([name]) => !OWN_NAMES.includes(name))),
  };
}

/**
 * Return which addresses of a link do not belong to the study, as their hosts by parameter: the link's author need not
 * be its researcher. The API is asked only if the page cannot tell.
 *
 * @param {ReturnType<typeof readLink>} link
 * @param {(trouble: import("./api.js").Trouble) => void} onTrouble
 * @returns {Promise<{server?: string, redirect?: string, css?: string}>}
 */
export async function findForeign(link, onTrouble) {
  const used = link.server ? ["server", "redirect", "css"] : ["css"];
  const unknown = used.filter((name) => link[name] && !isOwn(name, new URL(link[name])));
  if (!unknown.length) return {};
  const allowed = await readAllowed(link.projectId, onTrouble);
  // Nothing else says in which language to explain it.
  document.documentElement.lang = setLanguage(allowed.language);
  const foreign = unknown.filter((name) => !isAllowed(name, new URL(link[name]), allowed));
  return Object.fromEntries(foreign.map((name) => [name, new URL(link[name]).host]));
}

/** Return whether an address is on this site, or a game server on the participant's own computer. */
function isOwn(name, url) {
  return name === "server" ? LOOPBACK.test(url.hostname) : url.origin === location.origin;
}

function isAllowed(name, url, { gameDomain, linkOrigins }) {
  if (linkOrigins.some((origin) => readAddress(origin, [url.protocol]) === new URL("/", url).href)) return true;
  const domain = `.${gameDomain.toLowerCase()}`;
  if (name !== "server" || !gameDomain || !url.hostname.endsWith(domain)) return false;
  return HOST_LABEL.test(url.hostname.slice(0, -domain.length));
}

/** Return what the study allows; an API of an earlier release, which refuses the question, allows nothing. */
async function readAllowed(projectId, onTrouble) {
  try {
    return await askOrigins(projectId, onTrouble);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    console.warn(error);
    return { gameDomain: "", linkOrigins: [] };
  }
}

/**
 * Return what a study may check about a participant's device before it admits them.
 *
 * @returns {{screenWidth: string, mobile: "0" | "1"}} the width of the window in CSS pixels
 */
export function describeDevice() {
  const isTablet = /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1; // iPads report a Macintosh
  const isMobile = navigator.userAgentData?.mobile || /Mobi|Android|iPhone|iPad/.test(navigator.userAgent);
  return { screenWidth: String(window.innerWidth), mobile: isMobile || isTablet ? "1" : "0" };
}

/** Return the query of a link whose `&` was copied as `&amp;`. A plain name takes precedence. */
function restoreNames(query) {
  const plain = [...query].filter(([name]) => !name.startsWith("amp;"));
  const escaped = [...query]
    .filter(([name]) => name.startsWith("amp;"))
    .map(([name, value]) => [name.replace(/^(?:amp;)+/, ""), value]);
  const names = new Set(plain.map(([name]) => name));
  return new URLSearchParams([...plain, ...escaped.filter(([name]) => !names.has(name))]);
}

/** Return an address with one of these protocols, otherwise null: a link must not bring in `javascript:`. */
function readAddress(text, protocols) {
  if (!text) return null;
  try {
    const url = new URL(text, document.baseURI);
    return protocols.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
