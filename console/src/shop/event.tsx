// An event and its tickets: the basket survives a reload and a log-in, and is reserved once.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, deed, Refused } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import { messageOf } from "../ui/form.tsx";
import { money, Num } from "../ui/format.tsx";
import { saidOfField, t } from "../ui/i18n.ts";
import { Shown, Unread, useRead, useWhole } from "../ui/list.tsx";
import { go } from "../ui/router.ts";
import { useSaid } from "../ui/said.ts";

import { Access } from "./access.tsx";
import { customerId, eventOf, mine, sum, type Category, type ShopEvent } from "./api.ts";
import { EventPicture } from "./home.tsx";
import { draft, drafted } from "./keep.ts";
import { Fact, Place, saleOf, saleOfEvent, SaleState, Title, useNow, When } from "./parts.tsx";

/** The person a seat is for: oneself, a dependent, or another by name. */
interface Seat {
  dependent?: string;
  name?: string;
}
interface Basket {
  seats: Record<string, Seat[]>;
  /** Whether the customer has asked to reserve: a log-in on the way goes on with it. */
  wanted: boolean;
}
const EMPTY: Basket = { seats: {}, wanted: false };
const MOST = 10;
// What the catalogue says of the stock follows the sales within seconds.
const STOCK_LAG_MS = 3000;

/** The page of one event. */
export function EventView({ id }: { id: string }): JSX.Element {
  const read = useRead(
    () => eventOf(id, { fresh: true }),
    () => id,
  );
  return <Shown read={read}>{(event) => <Event key={event.id} event={event} reload={read.reload} />}</Shown>;
}

function Event({ event, reload }: { event: ShopEvent; reload(): void }): JSX.Element {
  const now = useNow(15_000);
  const sale = saleOfEvent(event, now);
  return (
    <article class="event">
      <div class="event-about">
        <p>
          <a href="/">{t("shop.all_events")}</a>
        </p>
        <EventPicture event={event} large />
        <Title text={event.title}>
          <bdi>{event.title}</bdi>
        </Title>
        <p class="row">
          <SaleState sale={sale} />
          {event.category ? <bdi>{event.category}</bdi> : null}
          <Favourite id={event.id} />
        </p>
        <dl class="facts">
          <Fact name={t("shop.begins")}>
            <When at={event.starts_at} zone={event.timezone} />
          </Fact>
          <Fact name={t("shop.ends")}>
            <When at={event.ends_at} zone={event.timezone} />
          </Fact>
          <Where event={event} />
          {event.organizer?.name ? (
            <Fact name={t("shop.organizer")}>
              <bdi>{event.organizer.name}</bdi>
            </Fact>
          ) : null}
        </dl>
        {event.description ? <p class="description" dir="auto">{event.description}</p> : null}
        <p class="quiet">
          {event.re_entry_allowed ? t("shop.re_entry") : t("shop.no_re_entry")} {event.children_enabled ? t("shop.children") : ""}
        </p>
      </div>
      <Buying event={event} isOpen={sale !== "cancelled" && sale !== "over" && sale !== "none"} now={now} reload={reload} />
    </article>
  );
}

function Where({ event }: { event: ShopEvent }): JSX.Element | null {
  const { venue } = event;
  if (!venue) return null;
  const map = venue.latitude && venue.longitude ? `https://www.openstreetmap.org/?mlat=${venue.latitude}&mlon=${venue.longitude}&zoom=16` : null;
  return (
    <Fact name={t("shop.venue")}>
      <Place event={event} />
      {venue.address ? (
        <>
          {" "}
          <bdi class="quiet">{venue.address}</bdi>
        </>
      ) : null}
      {map ? (
        <>
          {" "}
          <a href={map} target="_blank" rel="noopener noreferrer">
            {t("shop.map")}
          </a>
        </>
      ) : null}
    </Fact>
  );
}

/** Look for an event among the saved ones, page by page until it is there. */
async function isFavourite(id: string): Promise<boolean> {
  for (let cursor: string | undefined; ; ) {
    const page = await answerOf(mine.GET("/api/v1/users/favorites/", { params: { query: { page_size: 100, cursor } } }));
    if (page.results.some((each) => each.event_id === id)) return true;
    if (!page.next) return false;
    cursor = page.next;
  }
}

function Favourite({ id }: { id: string }): JSX.Element | null {
  const problem = useSaid();
  const saved = useSignal<boolean | null>(null);
  const who = customerId();
  const read = useRead(
    async () => {
      if (customerId() === null) return;
      saved.value = await isFavourite(id);
    },
    () => customerId() ?? "",
  );
  if (!who) return null;
  if (saved.value === null) return <Unread read={read} />;
  const is = saved.value;
  const change = async (): Promise<void> => {
    saved.value = !is;
    problem.value = "";
    try {
      await answerOf<unknown>(is ? mine.DELETE("/api/v1/users/favorites/{event_id}/", { params: { path: { event_id: id } } }) : mine.POST("/api/v1/users/favorites/", { body: { event_id: id } }));
    } catch (error) {
      saved.value = is;
      problem.value = () => messageOf(error);
    }
  };
  return (
    <>
      <button type="button" class="plain" aria-pressed={is} onClick={() => void change()}>
        <span aria-hidden="true">{is ? "★" : "☆"}</span> {t(is ? "shop.saved" : "shop.save_event")}
      </button>
      <span class="problem" role="alert">
        {problem.value}
      </span>
    </>
  );
}

interface BuyingProps {
  event: ShopEvent;
  isOpen: boolean;
  now: number;
  reload(): void;
}

interface Trouble {
  message: string;
  /** Own reservations that are in the way. */
  bookings: string[];
}

function Buying({ event, isOpen, now, reload }: BuyingProps): JSX.Element {
  const name = `basket.${event.id}`;
  const basket = useSignal<Basket>(drafted<Basket>(name) ?? EMPTY);
  const trouble = useSignal<Trouble | null>(null);
  const busy = useSignal(false);
  const news = useRef<HTMLDivElement>(null);
  const who = session("webapp").value?.who;

  const change = (next: Basket): void => {
    basket.value = next;
    draft(name, next);
  };
  const seatsOf = (category: Category): Seat[] => basket.value.seats[category.id] ?? [];
  const setSeats = (category: Category, seats: Seat[]): void => {
    trouble.value = null;
    change({ seats: { ...basket.value.seats, [category.id]: seats }, wanted: false });
  };
  const taken = event.ticket_categories.filter((each) => seatsOf(each).length > 0);
  const count = taken.reduce((so, each) => so + seatsOf(each).length, 0);
  const total = sum(taken.map((each) => [each.price, seatsOf(each).length] as const));

  const reserve = async (): Promise<void> => {
    if (busy.value || !count) return;
    change({ ...basket.value, wanted: true });
    if (!session("webapp").value) return; // the log-in appears, and goes on with this
    busy.value = true;
    trouble.value = null;
    const items = taken.map((each) => ({ category_id: each.id, quantity: seatsOf(each).length, ...holders(seatsOf(each), who?.name ?? "") }));
    try {
      const body = { event_id: event.id, items };
      const booking = await deed(`book:${event.id}:${JSON.stringify(items)}`, (header) => answerOf(mine.POST("/api/v1/tickets/book/", { body, params: { header } })));
      draft(name, null);
      go(`/bookings/${booking.id}`);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return; // logged in again, it goes on
      change({ ...basket.value, wanted: false });
      trouble.value = troubleOf(error, event);
      if (error instanceof Refused && error.status === 409) {
        reload();
        setTimeout(reload, STOCK_LAG_MS);
      }
      queueMicrotask(() => news.current?.focus());
    } finally {
      busy.value = false;
    }
  };
  useEffect(() => {
    if (who && basket.value.wanted) void reserve();
  }, [who?.id]);

  if (!event.ticket_categories.length) return <p class="empty">{t("shop.no_categories")}</p>;
  return (
    <section class="card buying" aria-labelledby="tickets">
      <h2 id="tickets">{t("shop.tickets_of")}</h2>
      <ul class="rows">
        {event.ticket_categories.map((each) => (
          <CategoryRow key={each.id} category={each} event={event} isOpen={isOpen} now={now} seats={seatsOf(each)} change={(seats) => setSeats(each, seats)} full={count >= MOST} />
        ))}
      </ul>
      {count ? <Names categories={taken} seatsOf={seatsOf} change={setSeats} children_enabled={event.children_enabled} /> : null}
      <div ref={news} tabIndex={-1} role="alert" class={trouble.value ? "failure" : ""}>
        {trouble.value ? <p>{trouble.value.message}</p> : null}
        {trouble.value?.bookings.map((id) => (
          <p key={id}>
            <a class="button primary" href={`/bookings/${id}`}>
              {t("shop.to_booking")}
            </a>
          </p>
        ))}
      </div>
      {isOpen ? (
        <div class="row total">
          <p class="grow" aria-live="polite">
            {count ? t("shop.chosen", { count }) : t("shop.choose")} {total ? <b class="num">{money(total)}</b> : null}
          </p>
          <button type="button" class="primary" aria-disabled={!count} aria-busy={busy.value} onClick={() => void reserve()}>
            {busy.value ? t("ui.working") : t("shop.reserve")}
          </button>
        </div>
      ) : null}
      {basket.value.wanted && !who ? <Access reason={t("shop.access_reason")} /> : null}
    </section>
  );
}

/** Who each ticket is for; left out where all are for the buyer. */
function holders(seats: readonly Seat[], self: string): { holders?: { name: string; dependent_id?: string }[] } {
  if (!seats.some(({ dependent, name }) => dependent ?? name?.trim())) return {};
  return { holders: seats.map(({ dependent, name }) => ({ name: name?.trim() || self, ...(dependent ? { dependent_id: dependent } : {}) })) };
}

function troubleOf(error: unknown, event: ShopEvent): Trouble {
  if (!(error instanceof Refused)) return { message: messageOf(error), bookings: [] };
  const bookings = error.details.filter(({ field }) => field === "booking_id").map(({ message }) => message);
  if (bookings.length) {
    const rest = error.details.filter(({ field }) => field !== "booking_id").map(({ message }) => message);
    return { message: [t("shop.own_reservation"), ...rest].join(" "), bookings };
  }
  const names = new Map(event.ticket_categories.map(({ id, name }) => [id, name]));
  const details = error.details.map(({ field, message }) => (names.has(field) ? `${names.get(field)}: ${saidOfField(message)}` : saidOfField(message)));
  return { message: [messageOf(error), ...details.filter((each) => !error.message.includes(each))].join(" "), bookings };
}

interface CategoryRowProps {
  category: Category;
  event: ShopEvent;
  isOpen: boolean;
  now: number;
  seats: readonly Seat[];
  full: boolean;
  change(seats: Seat[]): void;
}

function CategoryRow({ category, event, isOpen, now, seats, full, change }: CategoryRowProps): JSX.Element {
  const sale = saleOf(category, now);
  const canBuy = isOpen && (sale === "on_sale" || sale === "few");
  const most = Math.min(category.per_order_limit, category.available);
  return (
    <li class="category">
      <div class="grow">
        <h3>
          <bdi>{category.name}</bdi>
        </h3>
        <p>
          <b class="num">{money(category.price)}</b>
        </p>
        {isOpen ? <SaleState sale={sale} category={category} zone={event.timezone} /> : null}
        {canBuy ? <p class="hint">{t("shop.limit", { count: category.per_order_limit })}</p> : null}
      </div>
      {canBuy || (isOpen && seats.length) ? (
        <div class="stepper" role="group" aria-label={t("shop.quantity", { name: category.name })}>
          <button type="button" aria-label={t("shop.fewer", { name: category.name })} disabled={!seats.length} onClick={() => change(seats.slice(0, -1))}>
            −
          </button>
          <output class="num" aria-live="polite">
            {seats.length}
          </output>
          <button type="button" aria-label={t("shop.more", { name: category.name })} disabled={!canBuy || full || seats.length >= most} onClick={() => change([...seats, {}])}>
            +
          </button>
        </div>
      ) : null}
    </li>
  );
}

interface NamesProps {
  categories: readonly Category[];
  seatsOf(category: Category): Seat[];
  change(category: Category, seats: Seat[]): void;
  children_enabled: boolean;
}

/** Names on the tickets, for guests and dependents. */
function Names({ categories, seatsOf, change, children_enabled }: NamesProps): JSX.Element {
  const read = useWhole(
    (whole) => (customerId() ? whole((cursor) => answerOf(mine.GET("/api/v1/users/dependents/", { params: { query: { page_size: 100, cursor } } }))) : Promise.resolve([])),
    () => customerId() ?? "",
  );
  const family = read.value ?? [];
  const set = (category: Category, place: number, seat: Seat): void => change(category, seatsOf(category).map((each, at) => (at === place ? seat : each)));
  const pick = (category: Category, place: number, value: string): void => {
    const found = family.find(({ id }) => id === value);
    set(category, place, found ? { dependent: found.id, name: found.name } : value === "other" ? { name: " " } : {});
  };
  return (
    <details class="names">
      <summary>{t("shop.names")}</summary>
      <Unread read={read} />
      <p class="hint">{children_enabled ? t("shop.names_children") : t("shop.names_hint")}</p>
      {categories.flatMap((category) =>
        seatsOf(category).map((seat, place) => {
          const label = t("shop.name_of", { name: category.name, place: place + 1 });
          const choice = seat.dependent ?? (seat.name === undefined ? "self" : "other");
          return (
            <div class="row" key={`${category.id}${place}`}>
              <label class="field grow">
                <span>
                  <Num>{label}</Num>
                </span>
                <select value={choice} onChange={(event) => pick(category, place, event.currentTarget.value)}>
                  <option value="self">{t("shop.for_me")}</option>
                  {family.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
                  <option value="other">{t("shop.for_other")}</option>
                </select>
              </label>
              {choice === "other" ? (
                <label class="field grow">
                  <span>{t("shop.name")}</span>
                  <input maxLength={100} value={seat.name?.trimStart() ?? ""} onInput={(event) => set(category, place, { name: event.currentTarget.value || " " })} />
                </label>
              ) : null}
            </div>
          );
        }),
      )}
    </details>
  );
}
