// How much waits in the queues, for the navigation and the dashboard: read at most every half minute.
import { signal } from "@preact/signals";

import type { Schemas } from "../../ui/api/client.ts";

import { api, ask, isIn, may } from "./api.ts";

export const stats = signal<Schemas["AdminDashboardStatsOut"] | null>(null);
export const pending = signal<Schemas["AdminPendingOut"] | null>(null);

const EVERY = 30_000;

/** Read the counts again; a role that may not read them has none. */
export async function countAgain(): Promise<void> {
  if (!may("read")) return;
  const found = await ask(() => api.GET("/api/dashboard/stats/"));
  stats.value = found;
  pending.value = found.pending;
}

/** Read the counts now and then, as long as the page is looked at. Returns what ends it. */
export function readPending(): () => void {
  const again = (): void => {
    if (document.visibilityState === "visible" && isIn()) void countAgain().catch(() => undefined);
  };
  again();
  const wake = setInterval(again, EVERY);
  return () => clearInterval(wake);
}
