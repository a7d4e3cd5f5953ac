// One event: live figures, sales and check-ins as pictures, attendees, and requests to change it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { Deed } from "../ui/form.tsx";
import { clock, count, dateOf, money, Num, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";
import { follow, type LiveState } from "../ui/live.ts";
import { Bars, Columns } from "../ui/picture.tsx";

import { PORTAL, readEvent, submitDraft, type EventDetail } from "./data.ts";
import { ReviewState } from "./draft.tsx";
import { EditRequests } from "./edit.tsx";
import { Figure, State } from "./events.tsx";
import { Attendees } from "./attendees.tsx";

const NEWEST = 20;
// Counters come up to twice a second; the pictures need no more than this.
const QUIET_MS = 1500;

interface CheckIn {
  id: string;
  result: string;
  reason: string | null;
  direction: string | null;
  gate: string | null;
  tier: string | null;
  scanned_at: string;
}

export function EventView({ id }: { id: string }): JSX.Element {
  const read = useRead(() => readEvent(id));
  const feed = useSignal<readonly CheckIn[]>([]);
  const live = useSignal<LiveState>("connecting");
  const reload = read.reload;
  useEffect(() => {
    let wake = 0;
    const soon = (): void => {
      wake ||= setTimeout(() => {
        wake = 0;
        reload();
      }, QUIET_MS);
    };
    const followed = follow({
      portal: PORTAL,
      channel: `event-${id}`,
      reload,
      take(message) {
        if (message.type === "check-in") feed.value = [message.data as CheckIn, ...feed.value].slice(0, NEWEST);
        soon();
      },
    });
    const stop = followed.state.subscribe((state) => (live.value = state));
    return () => {
      clearTimeout(wake);
      stop();
      followed.end();
    };
  }, [id]);
  return (
    <Shown read={read}>
      {(event) => (
        <>
          <Head event={event} reload={reload} live={live.value} />
          <Figures event={event} />
          <Sales event={event} />
          <CheckIns event={event} feed={feed.value} />
          {event.status === "draft" ? null : <Attendees event={event} />}
          {event.status === "published" || event.status === "live" ? <EditRequests event={event} reload={reload} /> : null}
        </>
      )}
    </Shown>
  );
}

function Head({ event, reload, live }: { event: EventDetail; reload(): void; live: LiveState }): JSX.Element {
  const isPublic = event.status === "published" || event.status === "live";
  return (
    <div class="event-head">
      <p class="quiet">
        <a href="/organizer">{t("organizer.events")}</a>
      </p>
      <div class="row title">
        <h1 class="grow">
          <bdi>{event.title}</bdi>
        </h1>
        <State status={event.status} review={event.review} />
        {live === "live" ? <span class="quiet live-sign">{t("organizer.updates")}</span> : null}
        {live === "polling" ? <span class="badge warn">{t("ui.polling")}</span> : null}
      </div>
      <p>
        <Num>{time(event.starts_at, event.timezone)}</Num> – <Num>{time(event.ends_at, event.timezone)}</Num>{" "}
        <small>
          (<bdi>{event.timezone}</bdi>)
        </small>
        {event.venue ? (
          <>
            {" · "}
            <bdi>{[event.venue.name, event.venue.city].filter(Boolean).join(", ")}</bdi>
          </>
        ) : null}
      </p>
      {event.review ? <ReviewState event={event} /> : null}
      <div class="row">
        {event.status === "draft" ? (
          <a class="button primary" href={`/organizer/draft/${event.id}/what`}>
            {t(event.review === "submitted" ? "organizer.draft.withdraw" : "organizer.draft.edit")}
          </a>
        ) : null}
        {event.status === "draft" && event.review !== "submitted" ? (
          <Deed
            act={async () => {
              await submitDraft(event.id);
              reload();
            }}
          >
            {t("organizer.submit")}
          </Deed>
        ) : null}
        {event.status === "draft" ? null : (
          <a class="button" href={`/board/${event.id}`}>
            {t("organizer.board")}
          </a>
        )}
        {isPublic ? (
          <a class="button" href={`/e/${event.id}`}>
            {t("organizer.public_page")}
          </a>
        ) : null}
      </div>
    </div>
  );
}

function Figures({ event }: { event: EventDetail }): JSX.Element {
  const { sold, capacity, revenue, refunded, check_ins, occupancy } = event.analytics;
  const bound = occupancy.upper_bound > occupancy.inside ? t("organizer.at_most", { most: count(occupancy.upper_bound) }) : undefined;
  return (
    <section class="card figures" aria-label={t("organizer.figures")}>
      <Figure label={t("organizer.tickets_sold")} value={t("organizer.sold_of", { sold: count(sold), capacity: count(capacity) })} />
      <Figure label={t("organizer.revenue")} value={money(revenue)} hint={t("organizer.of_it_refunded", { amount: money(refunded) })} />
      <Figure label={t("organizer.inside")} value={count(occupancy.inside)} hint={bound} />
      <Figure label={t("organizer.admitted")} value={count(check_ins.admitted)} />
      <Figure label={t("organizer.refused")} value={count(check_ins.duplicates_refused + check_ins.invalid_refused)} />
    </section>
  );
}

function Sales({ event }: { event: EventDetail }): JSX.Element {
  const { by_category, sales_by_day } = event.analytics;
  return (
    <section class="card pictures" aria-label={t("organizer.sales")}>
      <Columns
        title={t("organizer.sales_by_day")}
        points={sales_by_day.map((day) => ({
          label: dateOf(day.date),
          value: day.tickets,
          text: `${count(day.tickets)} · ${money(day.revenue)}`,
        }))}
      />
      <Bars
        title={t("organizer.sales_by_category")}
        points={by_category.map((each) => ({
          label: each.name,
          value: each.sold,
          text: `${t("organizer.sold_of", { sold: count(each.sold), capacity: count(each.capacity) })} · ${money(each.revenue)}`,
        }))}
      />
    </section>
  );
}

function CheckIns({ event, feed }: { event: EventDetail; feed: readonly CheckIn[] }): JSX.Element {
  const { by_hour, by_gate } = event.analytics.check_ins;
  return (
    <section class="card pictures" aria-label={t("organizer.check_ins")}>
      <Columns
        title={t("organizer.check_ins_by_hour")}
        points={by_hour.map(({ hour, count: value }) => ({ label: time(hour, event.timezone), value }))}
      />
      <Bars
        title={t("organizer.check_ins_by_gate")}
        points={by_gate.map((each) => ({
          label: each.gate ?? t("organizer.no_gate"),
          value: each.admitted,
          text: t("organizer.gate_figures", { admitted: count(each.admitted), refused: count(each.duplicates_refused + each.invalid_refused) }),
        }))}
      />
      {feed.length ? (
        <div class="wide">
          <h3>{t("organizer.latest")}</h3>
          <ol class="rows" aria-live="polite">
            {feed.map((each) => (
              <li key={each.id} class="row">
                <Num>{clock(each.scanned_at, event.timezone)}</Num>
                <span class={`badge ${each.result === "valid" ? "good" : "warn"}`}>{word("organizer.result", each.result)}</span>
                {each.reason ? <span>{word("organizer.reason", each.reason)}</span> : null}
                <bdi>{[each.tier, each.gate].filter(Boolean).join(" · ")}</bdi>
              </li>
            ))}
          </ol>
        </div>
      ) : (
        <p class="hint wide">{t("organizer.latest.none")}</p>
      )}
    </section>
  );
}
