// The rule of the gate, for decisions without the platform: what is asked, in which order, with which answer.
// The cases of tests/vectors/admission.json hold the platform, the reader agents and this page to one result.

export type Result = "valid" | "invalid" | "already_scanned" | "not_found";
export type Presence = "inside" | "outside" | null;
export type Direction = "entry" | "exit";
export type Kind = "scan" | "leave" | "return";

export interface Presented {
  by_card: boolean;
  /** What a signed code or a secure card's message proved. */
  signature: "none" | "good" | "bad";
  /** The number in a code. */
  credential: number | null;
  /** The read counter of a secure card's message. */
  counter: number | null;
  uid_matches: boolean;
}
export interface CardFacts {
  status: string;
  type: string;
  last_counter: number;
}
export interface TicketFacts {
  event_id: string;
  status: string;
  credential: number;
  presence: Presence;
}
export interface EventFacts {
  event_id: string;
  status: string;
  opens_at: string;
  closes_at: string;
  scanning_enabled: boolean;
  re_entry_allowed: boolean;
}
export interface Case {
  presented: Presented;
  card: CardFacts | null;
  ticket: TicketFacts | null;
  event: EventFacts;
  at: string;
  direction: Direction;
  kind: Kind;
}
export interface Verdict {
  result: Result;
  reason: string | null;
}

const OVER = new Set(["ended", "cancelled", "archived"]);
const OF_CARDS: Readonly<Record<string, string>> = {
  blocked: "card_blocked",
  lost: "card_blocked",
  stock: "card_not_active",
  held: "card_not_active",
  replaced: "card_not_active",
};
const OF_TICKETS: Readonly<Record<string, string>> = {
  reserved: "not_paid",
  cancelled: "cancelled",
  refunded: "refunded",
  transferred: "transferred",
};

const invalid = (reason: string | undefined): Verdict | null => (reason === undefined ? null : { result: "invalid", reason });
const NOT_FOUND: Verdict = { result: "not_found", reason: null };

/** Whether a person goes out; a leave goes out and a return goes in, in either direction of the gate. */
export const goesOut = (kind: Kind, direction: Direction): boolean => kind === "leave" || (kind === "scan" && direction === "exit");

function ofProof({ presented: shown, card }: Case): Verdict | null {
  if (!shown.by_card) return invalid(shown.signature === "bad" ? "bad_signature" : undefined);
  const unproven = card?.type === "secure" && shown.signature !== "good";
  const old = card !== null && shown.counter !== null && shown.counter <= card.last_counter;
  return invalid(shown.signature === "bad" || !shown.uid_matches || unproven || old ? "clone_suspected" : undefined);
}

function ofWhatIsKnown({ presented, card, ticket, event }: Case): Verdict | null {
  if (ticket === null || (presented.by_card && card === null)) return NOT_FOUND;
  return invalid(ticket.event_id === event.event_id ? undefined : "wrong_event");
}

function ofCardAndTicket({ presented, card, ticket }: Case): Verdict | null {
  const objection = invalid(OF_CARDS[card?.status ?? ""]) ?? invalid(OF_TICKETS[ticket?.status ?? ""]);
  const stale = presented.credential !== null && presented.credential !== ticket?.credential;
  return objection ?? invalid(stale ? "stale_credential" : undefined);
}

function ofEvent({ event, at, kind, direction }: Case): Verdict | null {
  // At events without re-entry, leaves and returns are switched off.
  if (!event.scanning_enabled || (kind !== "scan" && !event.re_entry_allowed)) return invalid("scanning_disabled");
  if (goesOut(kind, direction)) return null; // people may go out after the gates have closed
  if (OVER.has(event.status)) return invalid("closed");
  const now = Date.parse(at);
  if (event.status === "draft" || now < Date.parse(event.opens_at)) return invalid("not_yet_open");
  return invalid(now >= Date.parse(event.closes_at) ? "closed" : undefined);
}

function ofPresence({ ticket, event, kind, direction }: Case): Verdict | null {
  const presence = ticket?.presence ?? null;
  if (goesOut(kind, direction)) return invalid(presence === "inside" ? undefined : "on_exit_not_inside");
  if (kind === "return") return invalid(presence === "outside" ? undefined : "on_exit_not_inside");
  if (presence === null || (presence === "outside" && event.re_entry_allowed)) return null;
  return { result: "already_scanned", reason: null };
}

const QUESTIONS = [ofProof, ofWhatIsKnown, ofCardAndTicket, ofEvent, ofPresence];

/** Return the verdict: the first objection in the order of the questions, else valid. */
export function decide(asked: Case): Verdict {
  for (const question of QUESTIONS) {
    const objection = question(asked);
    if (objection !== null) return objection;
  }
  return { result: "valid", reason: null };
}
