// Whose link this is. All that the browser remembers belongs to one identity; docs/reference/study-pages.md has a table.

// Sites add these to links that pass through them. They name a click: the same person has another each time.
const OF_A_CLICK = /^(?:utm_\w+|\w*clid|_ga|_gl|igshid)$/;

/**
 * Return whom a link names. Two links name the same person only if both values are equal.
 *
 * The signature only proves an ID, except in a link without any. Recruiters' ids
 * count with all their values: which of them names the person, only the study knows.
 *
 * @param {{userId: string | null, parameters: Object<string, string>, signature: string | null}} link
 * @returns {{userId: string | null, ids: string}} `ids` is empty for a link that is the same for everyone
 */
export function identify({ userId, parameters, signature }) {
  const ids = Object.entries(parameters)
    .map(([name, value]) => [name, trimValue(value)])
    .filter(([name, value]) => value && !OF_A_CLICK.test(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  if (!userId && !ids.length && signature) ids.push(["signature", signature]);
  return { userId, ids: new URLSearchParams(ids).toString() };
}

/** Return a value without white space and invisible characters around it, which copying can add. @param {string} value */
export function trimValue(value) {
  return value.replace(/^[\p{Z}\p{Cc}\p{Cf}]+|[\p{Z}\p{Cc}\p{Cf}]+$/gu, "");
}
