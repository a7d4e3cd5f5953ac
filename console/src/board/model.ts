// The state of one Board: read at first, then kept up to date by live messages, all of it bounded.
import { batch, signal, type Signal } from "@preact/signals";

import { Refused } from "../ui/api/client.ts";
import { follow, type Followed, type LiveMessage, type LiveState } from "../ui/live.ts";
import { now } from "../ui/now.ts";

import { entryOf, SOURCES, type BoardPortal, type Bound, type Counts, type DeviceRow, type Entry, type Facts, type GateNumbers, type Logged } from "./data.ts";

/** Minutes that the picture of scans shows. */
export const MINUTES = 180;
const MINUTE = 60_000;
const FEED = 60;
const SEEN = 5000;
// Pages of the log that are read at first; the totals of a large event come from elsewhere or are marked as partial.
const FIRST_PAGES = 10;
const LATER_PAGES = 5;
const FLUSH_EVERY = 250;
const SLOW = 15_000;
const POLLED = 3_000;
// Totals are up to five seconds behind the scans, so they are not read more often.
const AFTER_NEWS = 5_000;

export interface Minute {
  admitted: number;
  refused: number;
}
export interface Tally extends GateNumbers {
  lastAt: string | null;
}

export const isNotable = (entry: Entry): boolean => entry.result !== "valid" || entry.conflict !== null || entry.error !== null;

interface CountersMessage {
  tickets_sold: number;
  admitted: number;
  on_leave: number;
  inside: number;
  counted_without_ticket?: number;
  last_scan_at: string | null;
}

export class Board {
  readonly facts = signal<Facts | null>(null);
  readonly counts = signal<Counts | null>(null);
  readonly bound = signal<Bound | null>(null);
  readonly gates = signal<readonly GateNumbers[] | null>(null);
  readonly devices = signal<readonly DeviceRow[] | null>(null);
  readonly feed = signal<readonly Entry[]>([]);
  /** Rises with each change of `minutes` and `tally`, which are changed in place. */
  readonly changed = signal(0);
  readonly minutes = new Map<number, Minute>();
  readonly tally = new Map<string | null, Tally>();
  /** From when the scans are known, as a time in milliseconds; null: all of the three hours. */
  readonly knownSince = signal<number | null>(null);
  /** Whether `tally` has the event's whole log. */
  readonly whole = signal(false);
  readonly error = signal<unknown>(null);
  /** When something was last heard of the platform. */
  readonly heardAt = signal<number | null>(null);
  readonly live: Signal<LiveState>;

  private readonly seen = new Set<string>();
  private pending: Entry[] = [];
  private flushing = 0;
  private slow = 0;
  private soon = 0;
  private readAt = 0;
  private reading: Promise<void> | null = null;
  private again = false;
  private followed: Followed | null = null;
  private ended = false;
  private run = 0;
  private total: Minute | null = null;
  private readonly guessed = new Map<number, Minute>();

  constructor(
    readonly portal: BoardPortal,
    readonly event: string,
  ) {
    this.live = signal<LiveState>("connecting");
  }

  /** Read everything, then follow the event's channel until `end()`. Called again after a log-in. */
  async begin(): Promise<void> {
    this.stop();
    this.ended = false;
    const run = (this.run += 1);
    await this.read(true);
    if (run !== this.run) return; // begun again meanwhile: one of them follows
    if (this.ended || this.facts.peek() === null) {
      if (!this.ended && !(this.error.peek() instanceof Refused)) this.slow = setTimeout(() => void this.begin(), AFTER_NEWS);
      return;
    }
    const followed = follow({
      portal: this.portal,
      channel: `event-${this.event}`,
      take: (message) => this.take(message),
      reload: () => this.read(true),
      every: POLLED,
    });
    this.followed = followed;
    followed.state.subscribe((state) => {
      if (this.ended) return;
      if (state === "live") this.guessed.clear(); // the scans themselves come now, also those of the gap
      this.live.value = state;
    });
    this.wait();
  }

  end(): void {
    this.ended = true;
    this.stop();
  }

  private stop(): void {
    this.followed?.end();
    this.followed = null;
    clearTimeout(this.slow);
    clearTimeout(this.soon);
    clearTimeout(this.flushing);
    this.soon = this.flushing = 0;
    this.flush();
  }

  private wait(): void {
    clearTimeout(this.slow);
    this.slow = setTimeout(() => {
      // A screen that nobody sees asks for nothing; it reads again when it is shown.
      const idle = document.visibilityState === "hidden" || this.live.peek() !== "live";
      void (idle ? Promise.resolve() : this.read(false)).finally(() => this.ended || this.wait());
    }, SLOW);
  }

  /** Read the totals and devices, and the newest part of the log; one reading at a time. */
  read(withLog: boolean): Promise<void> {
    if (this.reading !== null) {
      // The log is wanted, and the reading that is under way may have begun before: once more behind it.
      this.again ||= withLog;
      return this.reading;
    }
    const reading = this.readNow(withLog).finally(() => {
      this.reading = null;
      const { again } = this;
      this.again = false;
      if (again && !this.ended) void this.read(true);
    });
    this.reading = reading;
    return reading;
  }

  private async readNow(withLog: boolean): Promise<void> {
    const source = SOURCES[this.portal];
    try {
      if (this.facts.peek() === null) this.facts.value = await source.facts(this.event);
      const [numbers, devices] = await Promise.all([source.numbers(this.event), source.devices(this.event).catch(this.forbidden)]);
      if (withLog) await this.readLog();
      this.readAt = Date.now();
      batch(() => {
        const last = numbers.counts.lastScanAt ?? this.counts.peek()?.lastScanAt ?? null;
        this.counts.value = { ...numbers.counts, lastScanAt: last };
        this.bound.value = numbers.bound;
        this.gates.value = numbers.gates;
        this.devices.value = devices;
        this.guess(numbers.gates);
        this.heard();
        this.error.value = null;
      });
    } catch (problem) {
      this.error.value = problem;
    }
  }

  private readonly forbidden = (problem: unknown): null => {
    if (problem instanceof Refused && problem.status === 403) return null;
    throw problem;
  };

  private async readLog(): Promise<void> {
    const { log } = SOURCES[this.portal];
    if (log === null) {
      this.knownSince.value ??= now();
      return;
    }
    const first = this.seen.size === 0;
    const found: Entry[] = [];
    let cursor: string | undefined;
    let reached = false;
    for (let page = 0; page < (first ? FIRST_PAGES : LATER_PAGES) && !reached; page += 1) {
      const { entries, next } = await log(this.event, cursor);
      found.push(...entries.filter(({ id }) => !this.seen.has(id)));
      reached = next === null || (!first && entries.some(({ id }) => this.seen.has(id)));
      cursor = next ?? undefined;
    }
    const oldest = found.at(-1);
    if (first) this.whole.value = reached;
    if (first && reached) this.knownSince.value = null;
    else if (!reached && oldest !== undefined) {
      // After a long gap too: what lies before it was not counted.
      this.whole.value = false;
      this.knownSince.value = new Date(oldest.receivedAt).getTime();
    }
    this.pending.push(...found.reverse());
    this.flush();
  }

  /** Without a log and without a socket, scans are known by the growth of the totals alone. */
  private guess(gates: readonly GateNumbers[] | null): void {
    if (SOURCES[this.portal].log !== null || gates === null) return;
    const totals = gates.reduce((sum, each) => ({ admitted: sum.admitted + each.admitted, refused: sum.refused + each.refused }), { admitted: 0, refused: 0 });
    if (this.total !== null && this.live.peek() === "polling") {
      const minute = Math.floor(now() / MINUTE);
      const place = this.guessed.get(minute) ?? { admitted: 0, refused: 0 };
      place.admitted += Math.max(0, totals.admitted - this.total.admitted);
      place.refused += Math.max(0, totals.refused - this.total.refused);
      this.guessed.set(minute, place);
      this.changed.value += 1;
    }
    this.total = totals;
  }

  private heard(): void {
    this.heardAt.value = Date.now();
  }

  private take(message: LiveMessage): void {
    this.heard();
    if (message.type === "check-in") {
      this.pending.push(entryOf(message.data as Logged));
      this.flushing ||= setTimeout(() => this.flush(), FLUSH_EVERY);
      const wait = Math.max(700, this.readAt + AFTER_NEWS - Date.now());
      this.soon ||= setTimeout(() => {
        this.soon = 0;
        void this.read(false);
      }, wait);
    } else if (message.type === "counters") {
      const said = message.data as CountersMessage;
      this.counts.value = {
        inside: said.inside,
        admitted: said.admitted,
        onLeave: said.on_leave,
        withoutTicket: said.counted_without_ticket ?? null,
        sold: said.tickets_sold,
        lastScanAt: said.last_scan_at,
      };
    }
  }

  private flush(): void {
    clearTimeout(this.flushing);
    this.flushing = 0;
    const fresh = this.pending.filter(({ id }) => !this.seen.has(id));
    this.pending = [];
    if (!fresh.length) return;
    const notable: Entry[] = [];
    for (const entry of fresh) {
      if (this.seen.has(entry.id)) continue;
      this.seen.add(entry.id);
      this.add(entry);
      if (isNotable(entry)) notable.push(entry);
    }
    this.prune();
    batch(() => {
      if (notable.length) this.feed.value = [...notable.reverse(), ...this.feed.peek()].slice(0, FEED);
      this.changed.value += 1;
    });
  }

  private add(entry: Entry): void {
    if (!entry.scan || entry.error !== null) return;
    const admitted = entry.result === "valid";
    if (admitted && !entry.entry) return;
    const minute = Math.floor(new Date(entry.scannedAt).getTime() / MINUTE);
    const place = this.minutes.get(minute) ?? { admitted: 0, refused: 0 };
    place[admitted ? "admitted" : "refused"] += 1;
    this.minutes.set(minute, place);
    const known = this.tally.get(entry.gate) ?? { gate: entry.gate, admitted: 0, refused: 0, lastAt: null };
    known[admitted ? "admitted" : "refused"] += 1;
    if (known.lastAt === null || known.lastAt < entry.scannedAt) known.lastAt = entry.scannedAt;
    this.tally.set(entry.gate, known);
  }

  private prune(): void {
    const oldest = Math.floor(now() / MINUTE) - MINUTES;
    for (const places of [this.minutes, this.guessed]) for (const minute of places.keys()) if (minute < oldest) places.delete(minute);
    // A set keeps the order of its entries: the first are the oldest.
    for (const id of this.seen) {
      if (this.seen.size <= SEEN) break;
      this.seen.delete(id);
    }
  }

  /** Return the scans of the last minutes, the oldest first, with the time of each in seconds. */
  series(now: number, minutes = MINUTES): { at: number[]; admitted: number[]; refused: number[] } {
    const last = Math.floor(now / MINUTE);
    const at: number[] = [];
    const admitted: number[] = [];
    const refused: number[] = [];
    for (let minute = last - minutes + 1; minute <= last; minute += 1) {
      const [known, guess] = [this.minutes.get(minute), this.guessed.get(minute)];
      at.push(minute * 60);
      admitted.push((known?.admitted ?? 0) + (guess?.admitted ?? 0));
      refused.push((known?.refused ?? 0) + (guess?.refused ?? 0));
    }
    return { at, admitted, refused };
  }
}
