// When an event takes submissions: in its one or two windows.
import { now } from "../ui/now.ts";

import type { CampusEvent } from "./api.ts";

interface Window {
  start: number;
  end: number;
}

/** Return the windows of an event in order; both ends are included. */
function windowsOf(event: CampusEvent): readonly Window[] {
  const first = { start: event.start_datetime, end: event.closes_at ?? event.end_datetime };
  const all = event.second_window ? [first, event.second_window] : [first];
  return all.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
}

export interface Period {
  is: "inactive" | "early" | "open" | "over";
  /** When submissions begin, of an event that is to come or between its windows. */
  opensAt: number | null;
}

/** Where an event is in time: to come (also between its windows), open for submissions, or over. */
export function periodOf(event: CampusEvent, at = now()): Period {
  if (!event.is_active) return { is: "inactive", opensAt: null };
  const windows = windowsOf(event);
  if (windows.some(({ start, end }) => start <= at && at <= end)) return { is: "open", opensAt: null };
  const next = windows.find(({ start }) => start > at);
  return next ? { is: "early", opensAt: next.start } : { is: "over", opensAt: null };
}
