// Answers that were on their way when a page was closed: the next page of the study in this browser submits them.

/**
 * Submit those of this page's participant: they need not submit them again.
 *
 * @param {import("./api.js").Api} api
 * @param {import("./memory.js").Memory} memory
 * @returns {Promise<boolean>} whether there were any
 */
export async function submitOwn(api, memory) {
  const unsent = memory.listUnsent().filter(({ userId }) => userId === memory.userId);
  for (const one of unsent) await submit(api, memory, one);
  return unsent.length > 0;
}

/**
 * Submit those of others, as theirs and without a sign of it on this page.
 *
 * @param {import("./api.js").Api} api
 * @param {import("./memory.js").Memory} memory
 */
export async function submitOfOthers(api, memory) {
  const unsent = memory.listUnsent().filter(({ userId }) => userId !== memory.userId);
  for (const one of unsent) await submit(api.silence(), memory, one).catch(() => {});
}

async function submit(api, memory, unsent) {
  const { step, answers, signature } = unsent.pending;
  try {
    const { error } = await api.post(step, answers, { userId: unsent.userId, signature });
    if (error !== "refused") memory.settle(unsent, true); // a refused participant may be admitted later
  } catch (error) {
    memory.settle(unsent, false);
    if (error.isClosed) throw error; // otherwise they were rejected: the page is shown with what was typed
  }
}
