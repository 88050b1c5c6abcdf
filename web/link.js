// What the study's link says: who takes part in what, and what its recruiter added.

// What the page itself understands; all else in a link is the recruiter's and is recorded with the participant.
const OWN_NAMES = [
  "projectId", "userId", "step", "retry", "signature", "screenWidth", "mobile", "css", "redirect", "debug", "server",
];

/**
 * The link, read. `server`, `redirect`, `css` and `debug` are what links to the existing front end use: a game server
 * to play on without a study, where to go after it, a style sheet from elsewhere, and a view of the messages.
 *
 * @param {URLSearchParams} query
 * @returns {{projectId: string | null, userId: string | null, signature: string | null, server: string | null,
 *   redirect: string | null, css: string | null, debug: boolean, parameters: Object<string, string>}}
 */
export function readLink(query) {
  return {
    projectId: query.get("projectId") || null,
    userId: query.get("userId")?.toLowerCase() || null,
    signature: query.get("signature") || null,
    server: readAddress(query.get("server"), ["ws:", "wss:"]),
    redirect: readAddress(query.get("redirect"), ["http:", "https:"]),
    css: readAddress(query.get("css"), ["http:", "https:"]),
    debug: Boolean(query.get("debug")) && query.get("debug") !== "false",
    parameters: Object.fromEntries([...query].filter(([name]) => !OWN_NAMES.includes(name))),
  };
}

/**
 * What a study may ask of a participant's device before it lets them in.
 *
 * @returns {{screenWidth: string, mobile: "0" | "1"}} the width of the window in CSS pixels
 */
export function describeDevice() {
  const isTablet = /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1; // what an iPad says it is
  const isMobile = navigator.userAgentData?.mobile || /Mobi|Android|iPhone|iPad/.test(navigator.userAgent);
  return { screenWidth: String(window.innerWidth), mobile: isMobile || isTablet ? "1" : "0" };
}

/** An address of one of these kinds, else nothing: a link must not bring in `javascript:`. */
function readAddress(text, protocols) {
  if (!text) return null;
  try {
    const url = new URL(text, document.baseURI);
    return protocols.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
