// A worker: decodes pictures off the main thread, so that a large one never holds up a key.

import { decodePicture } from "./picture.js";

self.addEventListener("message", async ({ data: { id, base64 } }) => {
  try {
    const bitmap = await decodePicture(base64);
    self.postMessage({ id, bitmap }, [bitmap]);
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
});

// Says that it runs: a browser that does not know workers of this kind says nothing, or fails.
self.postMessage({ isReady: true });
