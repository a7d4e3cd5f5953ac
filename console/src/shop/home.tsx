// The first page: events, and in a local run the way to every other part of the platform.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { useTyped } from "../ui/filters.tsx";
import { money, time } from "../ui/format.tsx";
import { language, t } from "../ui/i18n.ts";
import { Listing, Unread, useList, useRead } from "../ui/list.tsx";
import { isLocal } from "../ui/local.tsx";
import { now } from "../ui/now.ts";
import { go, query } from "../ui/router.ts";

import { open, rememberEvents, type ShopEvent } from "./api.ts";
import { Place, saleOfEvent, SaleState, Title, When } from "./parts.tsx";

const FILTERS = ["search", "category", "city", "date_from", "date_to", "price_to", "ordering", "include_past"] as const;
type Filter = (typeof FILTERS)[number];
const ORDERS = ["starts_at", "-starts_at", "price"] as const;

const chosen = (): Partial<Record<Filter, string>> =>
  Object.fromEntries(FILTERS.flatMap((name) => (query.value.get(name) ? [[name, query.value.get(name)]] : [])));

function choose(name: Filter, value: string): void {
  const next = new URLSearchParams(query.peek());
  if (value) next.set(name, value);
  else next.delete(name);
  const text = next.toString();
  history.replaceState(null, "", text ? `/?${text}` : "/");
  query.value = next;
}

/** Events on sale, with filters that are part of the address. */
export function Home(): JSX.Element {
  const list = useList(
    async (cursor) => {
      const { ordering, include_past: past, ...filters } = chosen();
      const order = ORDERS.find((each) => each === ordering);
      const asked = { ...filters, page_size: 12, cursor, ordering: order, include_past: past ? true : undefined };
      const page = await answerOf(open.GET("/api/v1/public/events/", { params: { query: asked } }));
      rememberEvents(page.results);
      return page;
    },
    () => JSON.stringify(chosen()),
  );
  const filtered = Object.keys(chosen()).length > 0;
  return (
    <div class={isLocal ? "home local" : "home"}>
      <div class="row">
        <div class="grow">
          <Title text={t("shop.events")} />
        </div>
        {isLocal ? (
          <a class="jump" href="/#platform">
            {t("shop.parts")}
          </a>
        ) : null}
      </div>
      <Filters />
      <p class="unseen" role="status">
        {list.state === "ready" ? t("shop.found", { count: list.items.length }) : ""}
      </p>
      <Listing
        list={list}
        label={t("shop.events")}
        empty={
          filtered ? (
            <>
              <p>{t("shop.no_match")}</p>
              <button type="button" onClick={() => go("/")}>
                {t("shop.clear")}
              </button>
            </>
          ) : (
            <p>{t("shop.no_events")}</p>
          )
        }
        row={(event) => <EventTile key={event.id} event={event} />}
      />
      {isLocal ? <Platform /> : null}
    </div>
  );
}

function Filters(): JSX.Element {
  const categories = useRead(() => answerOf(open.GET("/api/v1/public/events/categories/")));
  const now = chosen();
  const isOpen = useSignal(Boolean(now.city ?? now.date_from ?? now.date_to ?? now.price_to ?? now.include_past));
  return (
    <form class="filters" role="search" aria-label={t("shop.filter")} onSubmit={(event) => event.preventDefault()}>
      <div class="filters-first">
        <Text name="search" more={{ type: "search", autocomplete: "off" }} />
        <label class="field">
          <span>{t("shop.filter.category")}</span>
          <select name="category" value={now.category ?? ""} onChange={(event) => choose("category", event.currentTarget.value)}>
            <option value="">{t("shop.all_categories")}</option>
            {(categories.value?.results ?? []).map(({ category, events }) => (
              <option key={category} value={category}>{`${category} (${events})`}</option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t("shop.filter.ordering")}</span>
          <select name="ordering" value={now.ordering ?? "starts_at"} onChange={(event) => choose("ordering", event.currentTarget.value)}>
            {ORDERS.map((each) => (
              <option key={each} value={each}>
                {t(`shop.order.${each}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Unread read={categories} />
      <details open={isOpen.value} onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
        <summary>{t("shop.more_filters")}</summary>
        <div class="filters-more">
          <Text name="city" />
          <Text name="date_from" more={{ type: "date" }} />
          <Text name="date_to" more={{ type: "date" }} />
          <Text name="price_to" more={{ inputMode: "decimal" }} />
          <label class="check">
            <input type="checkbox" checked={Boolean(now.include_past)} onChange={(event) => choose("include_past", event.currentTarget.checked ? "true" : "")} />
            <span>{t("shop.filter.include_past")}</span>
          </label>
        </div>
      </details>
    </form>
  );
}

function Text({ name, more = {} }: { name: Filter; more?: object }): JSX.Element {
  const typed = useTyped(chosen()[name] ?? "", (text) => choose(name, text));
  return (
    <label class="field">
      <span>{t(`shop.filter.${name}`)}</span>
      <input type="text" {...more} name={name} {...typed} />
    </label>
  );
}

function EventTile({ event }: { event: ShopEvent }): JSX.Element {
  void language.value;
  return (
    <li class="event-tile">
      <EventPicture event={event} />
      <div class="event-facts">
        <h2>
          <a href={`/e/${event.id}`}>
            <bdi>{event.title}</bdi>
          </a>
        </h2>
        <p>
          <When at={event.starts_at} zone={event.timezone} />
        </p>
        <p class="quiet">
          <Place event={event} />
        </p>
        <p class="row">
          <SaleState sale={saleOfEvent(event, now())} />
          {event.price_from ? (
            <span>
              {t("shop.from")} <bdi class="num">{money(event.price_from)}</bdi>
            </span>
          ) : null}
        </p>
      </div>
    </li>
  );
}

/** The picture of an event; one without has its day in its place. */
export function EventPicture({ event, large = false }: { event: ShopEvent; large?: boolean }): JSX.Element {
  const broken = useSignal(false);
  const part = (style: Intl.DateTimeFormatOptions): string => time(event.starts_at, event.timezone, style);
  if (event.image_url && !broken.value)
    return <img class="event-picture" src={event.image_url} alt="" loading={large ? "eager" : "lazy"} onError={() => (broken.value = true)} />;
  return (
    <div class="event-picture event-day" aria-hidden="true">
      <b>{part({ day: "numeric" })}</b>
      <span>{part({ month: "long" })}</span>
    </div>
  );
}

const PARTS: readonly (readonly [href: string, key: string])[] = [
  ["/gate", "gate"],
  ["/board/evt_demo", "board"],
  ["/organizer", "organizer"],
  ["/merchant", "merchant"],
  ["/staff", "staff"],
  ["/tix", "tix"],
  ["/campus", "campus"],
  ["/_local/", "local"],
  ["/api/docs", "docs"],
];

/** The way to the other parts of the platform, for who has started it on this machine. */
function Platform(): JSX.Element {
  return (
    <aside class="platform" aria-labelledby="platform">
      <h2 id="platform" tabIndex={-1}>{t("shop.platform")}</h2>
      <p>{t("shop.platform_hint")}</p>
      <ul>
        {PARTS.map(([href, key]) => (
          <li key={key}>
            <a href={href}>{t(`shop.part.${key}`)}</a>
            <span>{t(`shop.part.${key}.for`)}</span>
          </li>
        ))}
      </ul>
    </aside>
  );
}
