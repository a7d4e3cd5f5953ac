// What the Board shows, read as an usher, an organizer or staff: each portal has other routes for the same facts.
import { answerOf, connect, shown, type Schemas } from "../ui/api/client.ts";
import { latest, type Portal } from "../ui/api/session.ts";

export type BoardPortal = Extract<Portal, "usher" | "organizer" | "admin">;
export const PORTALS: readonly BoardPortal[] = ["usher", "organizer", "admin"];

export interface Facts {
  title: string;
  zone: string;
  startsAt: string;
  endsAt: string;
  gates: readonly string[];
  /** How many tickets there are; null where the portal does not say. */
  capacity: number | null;
}
export interface Counts {
  inside: number;
  admitted: number;
  onLeave: number;
  /** People counted without a ticket; null where the portal does not say. */
  withoutTicket: number | null;
  sold: number;
  lastScanAt: string | null;
}
/** How many may be inside beyond those that the platform knows of, and how old that knowledge is. */
export interface Bound {
  waiting: number;
  unsynced: number;
  asOf: string;
}
export interface GateNumbers {
  gate: string | null;
  admitted: number;
  refused: number;
}
export interface Numbers {
  counts: Counts;
  bound: Bound;
  /** Null where the portal has no totals by gate: the log is counted instead. */
  gates: readonly GateNumbers[] | null;
}
export interface DeviceRow {
  id: string;
  kind: Schemas["DeviceKind"];
  name: string;
  gate: string | null;
  ready: boolean;
  why: readonly string[];
  queue: number;
}
export interface Entry {
  id: string;
  result: Schemas["ScanResult"];
  reason: string | null;
  entry: boolean;
  /** False for a leave, a return, a count and a second reading of the same admission. */
  scan: boolean;
  gate: string | null;
  tier: string | null;
  by: string | null;
  offline: boolean;
  conflict: string | null;
  error: string | null;
  scannedAt: string;
  receivedAt: string;
}
export interface LogPage {
  entries: readonly Entry[];
  next: string | null;
  count: number | null;
}
export interface Source {
  facts(event: string): Promise<Facts>;
  numbers(event: string): Promise<Numbers>;
  /** Null where the portal may not see the devices. */
  devices(event: string): Promise<readonly DeviceRow[] | null>;
  /** Null where the portal has no log: the feed begins with the first live message. */
  log: ((event: string, cursor: string | undefined) => Promise<LogPage>) | null;
}

const LOG_PAGE = 100;

/** What a live message and an entry of a log have; an organizer's message has a part of it. */
export type Logged = Pick<Schemas["UsherLogEntryOut"], "id" | "result" | "reason" | "direction" | "gate" | "tier" | "scanned_at" | "received_at"> &
  Partial<Schemas["UsherLogEntryOut"]>;

export function entryOf(said: Logged): Entry {
  return {
    id: said.id,
    result: said.result,
    reason: said.reason,
    entry: said.direction === "entry",
    scan: (said.kind ?? "scan") === "scan" && !said.repeat,
    gate: said.gate,
    tier: said.tier,
    by: said.usher?.username ?? said.device_id ?? null,
    offline: said.source === "offline",
    conflict: said.conflict ?? null,
    error: said.error ?? null,
    scannedAt: said.scanned_at,
    receivedAt: said.received_at,
  };
}

const capacityOf = (categories: readonly { capacity: number }[]): number | null =>
  categories.length ? categories.reduce((sum, { capacity }) => sum + capacity, 0) : null;

function numbersOf(said: Schemas["OrganizerAnalyticsOut"]): Numbers {
  const { check_ins: checkIns, occupancy } = said;
  return {
    counts: {
      inside: occupancy.inside,
      admitted: checkIns.admitted,
      onLeave: checkIns.on_leave,
      withoutTicket: null,
      sold: said.sold + said.issued,
      lastScanAt: null,
    },
    bound: { waiting: Math.max(0, occupancy.upper_bound - occupancy.inside), unsynced: occupancy.unsynced_devices, asOf: occupancy.as_of },
    gates: checkIns.by_gate.map((each) => ({
      gate: each.gate,
      admitted: each.admitted,
      refused: each.duplicates_refused + each.invalid_refused,
    })),
  };
}

const usher: Source = {
  async facts(event) {
    const path = { event_id: event };
    const said = await answerOf(connect("usher").GET("/api/usher/events/{event_id}/", { params: { path } }));
    // Ushers are not told how many tickets there are; everybody is, of a public event.
    const offered = await answerOf(connect(null).GET("/api/v1/public/events/{event_id}/", { params: { path } })).catch(() => null);
    return {
      title: said.title,
      zone: said.timezone,
      startsAt: said.starts_at,
      endsAt: said.ends_at,
      gates: said.gates,
      capacity: offered && capacityOf(offered.ticket_categories),
    };
  },
  async numbers(event) {
    const said = await answerOf(connect("usher").GET("/api/usher/events/{event_id}/status/", { params: { path: { event_id: event } } }));
    return {
      counts: {
        inside: said.inside,
        admitted: said.admitted,
        onLeave: said.on_leave,
        withoutTicket: said.counted_without_ticket,
        sold: said.tickets_sold,
        lastScanAt: said.last_scan_at,
      },
      bound: { waiting: Math.max(0, said.inside_at_most - said.inside), unsynced: said.unsynced_devices, asOf: said.as_of },
      gates: null,
    };
  },
  async devices() {
    const { readers } = await answerOf(connect("usher").GET("/api/usher/nfc/status/"));
    return readers.map((each) => ({ ...each, id: each.device_id, queue: each.queue_depth ?? 0 }));
  },
  async log(event, cursor) {
    const query = { event_id: event, page_size: LOG_PAGE, cursor };
    const said = await answerOf(connect("usher").GET("/api/usher/scan/logs/", { params: { query } }));
    return { entries: said.results.map(entryOf), next: said.next ?? null, count: said.count ?? null };
  },
};

const organizer: Source = {
  async facts(event) {
    const said = await ownEvent(event);
    return {
      title: said.title,
      zone: said.timezone,
      startsAt: said.starts_at,
      endsAt: said.ends_at,
      gates: said.gates,
      capacity: said.analytics.capacity || null,
    };
  },
  numbers: async (event) => numbersOf((await ownEvent(event)).analytics),
  devices: () => Promise.resolve(null),
  log: null,
};

const ownEvent = async (event: string): Promise<Schemas["OrganizerEventDetailOut"]> =>
  shown(await answerOf(connect("organizer").GET("/api/organizer/events/{event_id}/", { params: { path: { event_id: event } } })));

const DEVICES_AT_MOST = 5;

const admin: Source = {
  async facts(event) {
    const said = await answerOf(connect("admin").GET("/api/events/{event_id}/", { params: { path: { event_id: event } } }));
    return {
      title: said.title,
      zone: said.timezone,
      startsAt: said.starts_at,
      endsAt: said.ends_at,
      gates: said.gates,
      capacity: capacityOf(said.ticket_categories),
    };
  },
  async numbers(event) {
    return numbersOf(await answerOf(connect("admin").GET("/api/events/{event_id}/statistics/", { params: { path: { event_id: event } } })));
  },
  async devices(event) {
    const found: DeviceRow[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < DEVICES_AT_MOST; page += 1) {
      const query = { event_id: event, page_size: 100, cursor };
      const said = await answerOf(connect("admin").GET("/api/devices/", { params: { query } }));
      const inUse = said.results.filter(({ status }) => status !== "revoked");
      found.push(...inUse.map((each) => ({ ...each, queue: each.queue_depth ?? 0 })));
      if (!said.next) break;
      cursor = said.next;
    }
    return found;
  },
  async log(event, cursor) {
    const query = { event_id: event, page_size: LOG_PAGE, cursor };
    const said = await answerOf(connect("admin").GET("/api/logs/checkin/", { params: { query } }));
    return { entries: said.results.map(entryOf), next: said.next ?? null, count: said.count ?? null };
  },
};

export const SOURCES: Readonly<Record<BoardPortal, Source>> = { usher, organizer, admin };

/** Return the event that an usher's session is for: its token names it. */
export function usherEvent(): string | null {
  const payload = latest("usher")?.access.split(".")[1];
  if (payload === undefined) return null;
  try {
    const claims = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))) as { event_id?: string };
    return claims.event_id ?? null;
  } catch {
    return null;
  }
}

/** Return the portals whose session may show this event, the one that fits best first. */
export function candidates(event: string | null): BoardPortal[] {
  return PORTALS.filter((portal) => latest(portal) !== null && (portal !== "usher" || event === null || usherEvent() === event));
}
