// The service worker: the page opens without a network, and a new release waits until the usher has time for it.
import { signal } from "@preact/signals";

/** Takes the new release when called; null while there is none. Scans that wait are on the disk and stay there. */
export const updateReady = signal<(() => void) | null>(null);

const WORKER = "/gate-worker.js";

// The page's policy makes addresses of scripts of nothing but this one's own worker.
function address(): string {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } } }).trustedTypes;
  return types === undefined ? WORKER : types.createPolicy("gatehouse", { createScriptURL: () => WORKER }).createScriptURL(WORKER);
}

/** Register the worker and watch for its successor. */
export async function register(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const workers = navigator.serviceWorker;
  let taken = false;
  workers.addEventListener("controllerchange", () => {
    if (taken) location.reload();
  });
  try {
    const registration = await workers.register(address(), { scope: "/gate" });
    const offer = (worker: ServiceWorker | null): void => {
      if (worker === null || workers.controller === null) return;
      updateReady.value = () => {
        taken = true;
        worker.postMessage("take over");
      };
    };
    offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const next = registration.installing;
      next?.addEventListener("statechange", () => {
        if (next.state === "installed") offer(next);
      });
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void registration.update().catch(() => undefined);
    });
  } catch {
    // Without a worker the page works as long as it is open.
  }
}
