// A worker: decodes pictures off the main thread, so that a large one never delays a key.

import { decodePicture } from "./picture.js";

self.addEventListener("message", async ({ data: { id, base64 } }) => {
  try {
    const bitmap = await decodePicture(base64);
    self.postMessage({ id, bitmap }, [bitmap]);
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
});

// Report that it runs: a browser without module workers sends nothing, or fails.
self.postMessage({ isReady: true });
