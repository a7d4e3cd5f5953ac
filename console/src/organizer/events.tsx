// The first view: the organizer at a glance, and the list of events.
import { signal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { Filters } from "../ui/filters.tsx";
import { count, dateOf, money, Num, percent, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, Shown, useList, useRead } from "../ui/list.tsx";
import { Columns } from "../ui/picture.tsx";

import { api, STATUSES, TONES, type EventRow, type Status } from "./data.ts";

const filter = signal<{ status: Status | ""; search: string; date_from: string; date_to: string }>({ status: "", search: "", date_from: "", date_to: "" });

export function Events(): JSX.Element {
  const list = useList(
    (cursor) => {
      const { status, ...rest } = filter.value;
      return answerOf(api.GET("/api/organizer/events/", { params: { query: { ...rest, ...(status ? { status } : {}), cursor } } }));
    },
    () => JSON.stringify(filter.value),
  );
  return (
    <>
      <div class="row title">
        <h1 class="grow">{t("organizer.events")}</h1>
        <a class="button primary" href="/organizer/draft/new/what">
          {t("organizer.draft.new")}
        </a>
      </div>
      <Glance />
      <Filters
        of={filter}
        fields={[
          { name: "search", label: t("ui.search"), kind: "search" },
          { name: "status", label: t("organizer.state"), kind: "choice", options: [["", t("organizer.all")], ...STATUSES.map((each) => [each, word("organizer.status", each)] as const)] },
          { name: "date_from", label: t("organizer.from"), kind: "date" },
          { name: "date_to", label: t("organizer.to"), kind: "date" },
        ]}
      />
      <Listing list={list} label={t("organizer.events")} empty={<NoEvents />} row={(event) => <Row key={event.id} event={event} />} />
    </>
  );
}

function NoEvents(): JSX.Element {
  return (
    <>
      <p>{t("organizer.events.none")}</p>
      <a class="button" href="/organizer/draft/new/what">
        {t("organizer.draft.new")}
      </a>
    </>
  );
}

/** The state of an event; a draft's is its state with the staff. */
export function State({ status, review }: { status: string; review?: string | null }): JSX.Element {
  const of = status === "draft" && review ? review : status;
  return <span class={`badge ${TONES[of] ?? ""}`}>{status === "draft" && review ? t(`organizer.review.${of}`) : word("organizer.status", status)}</span>;
}

function Row({ event }: { event: EventRow }): JSX.Element {
  const share = event.capacity ? event.sold / event.capacity : 0;
  return (
    <li class="event">
      <div class="event-name">
        <a href={event.status === "draft" && event.review !== "submitted" ? `/organizer/draft/${event.id}/what` : `/organizer/e/${event.id}`}>
          <bdi>{event.title}</bdi>
        </a>{" "}
        <State status={event.status} review={event.review} />
        <br />
        <small>
          <Num>{time(event.starts_at, event.timezone)}</Num>
          {event.venue ? (
            <>
              {" · "}
              <bdi>{[event.venue.name, event.venue.city].filter(Boolean).join(", ")}</bdi>
            </>
          ) : null}
        </small>
      </div>
      <div class="event-sold">
        <span>
          <Num>{t("organizer.sold_of", { sold: count(event.sold), capacity: count(event.capacity) })}</Num>
        </span>
        <Meter share={share} />
      </div>
      <div class="event-figures">
        <span>
          {t("organizer.revenue")} <Num>{money(event.revenue)}</Num>
        </span>
        <span>
          {t("organizer.admitted")} <Num>{count(event.checked_in)}</Num>
        </span>
      </div>
    </li>
  );
}

/** A share as a bar; the numbers stand beside it. */
export function Meter({ share }: { share: number }): JSX.Element {
  return (
    <svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect width="100" height="4" class="track" />
      <rect width={100 * Math.min(1, Math.max(0, share))} height="4" class="fill" />
    </svg>
  );
}

function Glance(): JSX.Element {
  const read = useRead(() => answerOf(api.GET("/api/organizer/dashboard/stats/")));
  return (
    <Shown read={read}>
      {(stats) => (
        <section class="card" aria-label={t("organizer.glance")}>
          <div class="figures">
            <Figure label={t("organizer.upcoming")} value={count(stats.events.upcoming)} />
            <Figure label={t("organizer.status.live")} value={count(stats.events.live)} />
            <Figure label={t("organizer.tickets_sold")} value={count(stats.tickets_sold)} />
            <Figure label={t("organizer.revenue")} value={money(stats.revenue)} />
            <Figure label={t("organizer.check_in_rate")} value={percent(stats.check_in_rate)} />
            <Figure label={t("organizer.pending_payouts")} value={money(stats.pending_payouts)} />
          </div>
          <Columns
            title={t("organizer.sales_by_day")}
            points={stats.sales_by_day.map((day) => ({
              label: dateOf(day.date),
              value: day.tickets,
              text: `${count(day.tickets)} · ${money(day.revenue)}`,
            }))}
          />
        </section>
      )}
    </Shown>
  );
}

/** One number with its name. */
export function Figure({ label, value, hint }: { label: string; value: string; hint?: string }): JSX.Element {
  return (
    <div class="figure">
      <div class="quiet">{label}</div>
      <div class="figure-value">
        <Num>{value}</Num>
      </div>
      {hint ? <div class="hint">{hint}</div> : null}
    </div>
  );
}
