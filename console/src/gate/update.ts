// The service worker: the page opens without a network, and a new release waits until the usher has time for it.
import { signal } from "@preact/signals";

import { current } from "./state.ts";

/** Takes the new release when called; null while there is none. Scans that wait are on the disk and stay there. */
export const updateReady = signal<(() => void) | null>(null);

const WORKER = "/gate-worker.js";
// A gate stays open for a whole evening: it looks for a release by itself.
const CHECK_MS = 15 * 60_000;
// Nobody scanned, typed or pressed anything for so long: the page may load again.
const QUIET_MS = 60_000;
const LOOK_MS = 5_000;
// A browser leaves a release waiting, for minutes, while the worker before it is busy with a request of this page.
const TAKEN_MS = 5_000;

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
  // The first worker of a page has no predecessor, and the page is its release already.
  let isOwn = workers.controller !== null;
  workers.addEventListener("controllerchange", () => {
    if (taken) location.reload();
    // Another tab took the release: the files of this page's own are gone.
    else if (isOwn) updateReady.value = () => location.reload();
    isOwn = true;
  });
  try {
    const registration = await workers.register(address(), { scope: "/gate" });
    const offer = (worker: ServiceWorker | null): void => {
      if (worker === null || workers.controller === null) return;
      updateReady.value = () => {
        taken = true;
        worker.postMessage("take over");
        // A page that loads again leaves the worker before it without work.
        setTimeout(() => location.reload(), TAKEN_MS);
      };
    };
    offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const next = registration.installing;
      next?.addEventListener("statechange", () => {
        if (next.state === "installed") offer(next);
      });
    });
    const check = (): void => {
      if (document.visibilityState === "visible") void registration.update().catch(() => undefined);
    };
    document.addEventListener("visibilitychange", check);
    setInterval(check, CHECK_MS);
  } catch {
    // Without a worker the page works as long as it is open.
  }
}

/** Take a release that waits once the gate was quiet for a minute; `isBusy` says what else must not be lost. */
export function takeWhenQuiet(isBusy: () => boolean): () => void {
  let last = Date.now();
  const busy = (): void => void (last = Date.now());
  const deeds = ["keydown", "pointerdown"];
  for (const each of deeds) addEventListener(each, busy, true);
  const unfollow = current.subscribe(busy);
  const wake = setInterval(() => {
    if (isBusy()) busy();
    else if (Date.now() - last >= QUIET_MS) updateReady.peek()?.();
  }, LOOK_MS);
  return () => {
    clearInterval(wake);
    unfollow();
    for (const each of deeds) removeEventListener(each, busy, true);
  };
}
