// What the views of the shop ask the platform.
import { answerOf, connect, Refused, Unreachable, type Schemas } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import type { Whole } from "../ui/list.tsx";

export type ShopEvent = Schemas["WebappEventOut"];
export type Category = Schemas["WebappTicketCategoryOut"];
export type Booking = Schemas["WebappBookingOut"];
export type Ticket = Schemas["WebappTicketOut"];
export type Card = Schemas["WebappCardOut"];
export type Payment = Schemas["WebappPaymentOut"];
export type Confirmed = Schemas["WebappConfirmedOut"];
export type Dependent = Schemas["WebappDependentOut"];
export type Me = Schemas["WebappMeOut"];

/** Routes that anybody may call. */
export const open = connect(null);
/** Routes of the customer who is logged in. */
export const mine = connect("webapp");

/** The customer's id, or null where nobody is logged in. */
export const customerId = (): string | null => session("webapp").value?.who.id ?? null;

/** Read all cards of the customer who is logged in. */
export const ownCards = (whole: Whole): Promise<readonly Card[]> => whole((cursor) => answerOf(mine.GET("/api/v1/users/nfc-cards/", { params: { query: { page_size: 100, cursor } } })));

/** Whether the platform is away, for whatever reason: what this device keeps is shown then. */
export const isAway = (error: unknown): boolean => error instanceof Unreachable || (error instanceof Refused && (error.status >= 500 || error.status === 429));

const known = new Map<string, Promise<ShopEvent>>();

/** Read an event; `fresh` reads it again, since its stock changes. */
export function eventOf(id: string, { fresh = false } = {}): Promise<ShopEvent> {
  const found = known.get(id);
  if (found !== undefined && !fresh) return found;
  const asked = answerOf(open.GET("/api/v1/public/events/{event_id}/", { params: { path: { event_id: id } }, cache: fresh ? "no-cache" : "default" }));
  known.set(id, asked);
  asked.catch(() => known.delete(id));
  return asked;
}

/** Keep what a list said of an event, so that its page has something to show at once. */
export function rememberEvents(events: readonly ShopEvent[]): void {
  for (const event of events) known.set(event.id, Promise.resolve(event));
}

/** What this installation says of itself. */
export interface PlatformSettings {
  stage: string;
  /** The payment provider's own form; null where there is none, as with the sandbox. */
  payments: { provider: string; publishable_key: string } | null;
}

let settings: Promise<PlatformSettings> | undefined;

/** Read the settings of this installation. Raises Unreachable. */
export function settingsOf(): Promise<PlatformSettings> {
  settings ??= fetch("/settings.json").then(
    (response) => {
      if (!response.ok) throw new Unreachable("The settings of the pages cannot be read.");
      return response.json() as Promise<PlatformSettings>;
    },
    (cause: unknown) => {
      throw new Unreachable("The platform cannot be reached.", { cause });
    },
  );
  settings.catch(() => (settings = undefined));
  return settings;
}

/** Return an amount in minor units with its digits, so that amounts can be added without a float. */
export function minor(amount: string): bigint {
  return BigInt(amount.replace(".", ""));
}

/** Return what `counts` of these prices cost together. All are in one currency. */
export function sum(parts: readonly (readonly [price: { amount: string; currency: string }, count: number])[]): { amount: string; currency: string } | null {
  const first = parts[0]?.[0];
  if (first === undefined) return null;
  const digits = first.amount.split(".")[1]?.length ?? 0;
  const total = parts.reduce((so, [price, count]) => so + minor(price.amount) * BigInt(count), 0n);
  const text = total.toString().padStart(digits + 1, "0");
  return { currency: first.currency, amount: digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text };
}
