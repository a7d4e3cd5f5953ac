// An event: its facts, categories, sales and check-ins, and what can be done to it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { count, dateOf, money, Num, time } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { Bars, Columns } from "../../ui/picture.tsx";
import { go, match } from "../../ui/router.ts";
import { useSaid, type Saying } from "../../ui/said.ts";
import { api, ask, may } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { Copied, Facts, Note, State, Sum, Thing, Title, When } from "../parts/shown.tsx";

import { EventForm } from "./event-form.tsx";
import { History } from "./history.tsx";
import { Review } from "./review.tsx";

type Known = Schemas["AdminEventDetailOut"];

export function Event(): JSX.Element {
  const id = match("/staff/events/:id")?.id ?? "";
  const turn = useSignal(0);
  const said = useSaid();
  const editing = useSignal(false);
  const read = useRead(
    () => ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: id } } })),
    () => String(turn.value),
  );
  const changed = (words: Saying | ""): void => {
    said.value = words;
    editing.value = false;
    turn.value += 1;
  };
  return (
    <Shown read={read}>
      {(event) => (
        <>
          <Title actions={<Deeds event={event} changed={changed} edit={() => (editing.value = !editing.value)} editing={editing.value} />}>
            <Num>{event.title}</Num> <State value={event.status} /> {event.review ? <State value={event.review} /> : null}
          </Title>
          <Note>{said.value}</Note>
          {event.review === "submitted" ? <Note tone="warn">{t("staff.submitted_why")}</Note> : null}
          {editing.value ? (
            <section class="panel">
              <EventForm event={event} saved={() => changed(() => t("staff.corrected"))} refused={() => (turn.value += 1)} />
            </section>
          ) : null}
          <About event={event} />
          {event.status === "draft" ? <Categories event={event} /> : <Statistics event={event} />}
          <p class="row">
            <a href={`/staff/tickets?event_id=${event.id}`}>{t("staff.group.tickets")}</a>
            <a href={`/staff/readiness?event=${event.id}`}>{t("staff.readiness.title")}</a>
            <a href={`/staff/checkins?event_id=${event.id}`}>{t("staff.checkins")}</a>
            <a href={`/staff/devices?event_id=${event.id}`}>{t("staff.group.devices")}</a>
            <a href={`/staff/queues/incidents?event_id=${event.id}`}>{t("staff.queue.incidents")}</a>
            <a href={`/board/${event.id}`}>{t("staff.board")}</a>
          </p>
          <History id={event.id} turn={turn.value} />
        </>
      )}
    </Shown>
  );
}

function About({ event }: { event: Known }): JSX.Element {
  const at = (moment: string | null): JSX.Element | null => (moment ? <When at={moment} zone={event.timezone} /> : null);
  const yes = (value: boolean): string => t(value ? "staff.yes" : "staff.no");
  return (
    <section class="panel" aria-label={t("staff.facts")}>
      <Facts
        of={[
          [t("staff.organizer"), event.organizer_id ? <Thing id={event.organizer_id} name={event.organizer_name} /> : null],
          [t("staff.venue"), event.venue?.id ? <Thing id={event.venue.id} name={event.venue.name} /> : event.venue?.name],
          [t("staff.begins"), time(event.starts_at, event.timezone)],
          [t("staff.ends"), time(event.ends_at, event.timezone)],
          [t("staff.timezone"), event.timezone],
          [t("staff.category"), event.category],
          [t("staff.fee_percent"), event.platform_fee_percent === null ? null : <Num>{event.platform_fee_percent} %</Num>],
          [t("staff.scanning"), event.scanning_enabled ? null : t("staff.scanning_stopped")],
          [t("staff.scanning_opens"), at(event.scanning_opens_at)],
          [t("staff.scanning_closes"), at(event.scanning_closes_at)],
          [t("staff.refund_until"), at(event.refund_deadline)],
          [t("staff.children"), yes(event.children_enabled)],
          [t("staff.re_entry"), yes(event.re_entry_allowed)],
          [t("staff.featured"), event.featured ? t("staff.yes") : null],
          [t("staff.review_note"), event.review_note],
          [t("staff.id"), <Copied>{event.id}</Copied>],
        ]}
      />
      {event.description ? <p>{event.description}</p> : null}
    </section>
  );
}

function Deeds({ event, changed, edit, editing }: { event: Known; changed(words: Saying | ""): void; edit(): void; editing: boolean }): JSX.Element {
  const onSale = event.status === "published" || event.status === "live";
  return (
    <>
      <Review event={event} answered={(next) => changed(() => t(next.status === "published" ? "staff.published" : "staff.sent_back"))} refused={() => changed("")} />
      {may("manage") && event.status !== "cancelled" && event.status !== "archived" ? (
        <button type="button" aria-expanded={editing} onClick={edit}>
          {editing ? t("staff.leave") : t("staff.correct")}
        </button>
      ) : null}
      {may("read") && (event.status === "cancelled" || (onSale && may("manage"))) ? (
        <a class={`button ${event.status === "cancelled" ? "" : "danger"}`} href={`/staff/events/${event.id}/cancellation`}>
          {event.status === "cancelled" ? t("staff.cancellation.progress") : t("staff.cancellation.title")}
        </a>
      ) : null}
      {may("manage") && (event.status === "draft" || event.status === "ended") ? (
        <Decision
          label={event.status === "draft" ? t("staff.delete") : t("staff.archive")}
          tone="danger"
          name={`delete.${event.id}`}
          act={async () => {
            await ask(() => api.DELETE("/api/events/{event_id}/", { params: { path: { event_id: event.id } } }));
            go("/staff/events");
          }}
        >
          <p>{t("staff.delete_event_why")}</p>
        </Decision>
      ) : null}
    </>
  );
}

function Categories({ event }: { event: Known }): JSX.Element {
  return (
    <section>
      <h2>{t("staff.categories")}</h2>
      <ul class="rows">
        {event.ticket_categories.map((each) => (
          <li key={each.id} class="row">
            <b class="grow">{each.name}</b> {each.tier} <Sum of={each.price} /> <Num>{t("staff.seats", { count: count(each.capacity) })}</Num>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Statistics({ event }: { event: Known }): JSX.Element {
  const read = useRead(() => ask(() => api.GET("/api/events/{event_id}/statistics/", { params: { path: { event_id: event.id } } })));
  return (
    <section>
      <h2>{t("staff.sales")}</h2>
      <Shown read={read}>
        {(stats) => (
          <>
            <div class="numbers">
              <div>
                <b>
                  <Num>
                    {count(stats.sold)} / {count(stats.capacity)}
                  </Num>
                </b>
                <span>{t("staff.tickets_sold")}</span>
              </div>
              <div>
                <b>
                  <Sum of={stats.revenue} />
                </b>
                <span>{t("staff.revenue")}</span>
              </div>
              <div>
                <b>
                  <Sum of={stats.refunded} />
                </b>
                <span>{t("staff.refunded")}</span>
              </div>
              <div>
                <b>
                  <Sum of={stats.fees} />
                </b>
                <span>{t("staff.fees")}</span>
              </div>
              <div>
                <b>
                  <Num>{count(stats.check_ins.admitted)}</Num>
                </b>
                <span>{t("staff.admitted")}</span>
              </div>
              <div>
                <b>
                  <Num>{count(stats.occupancy.inside)}</Num>
                </b>
                <span>{t("staff.inside")}</span>
              </div>
            </div>
            <div class="two">
              <Bars
                title={t("staff.by_category")}
                points={stats.by_category.map((each) => ({ label: each.name, value: each.sold, text: `${count(each.sold)} / ${count(each.capacity)} · ${money(each.revenue)}` }))}
              />
              <Bars title={t("staff.by_gate")} points={stats.check_ins.by_gate.map((each) => ({ label: each.gate ?? "–", value: each.admitted }))} />
              <Columns title={t("staff.by_day")} points={stats.sales_by_day.map((each) => ({ label: dateOf(each.date), value: each.tickets, text: `${count(each.tickets)} · ${money(each.revenue)}` }))} />
              <Columns title={t("staff.by_hour")} points={stats.check_ins.by_hour.map((each) => ({ label: time(each.hour, event.timezone), value: each.count }))} />
            </div>
          </>
        )}
      </Shown>
    </section>
  );
}
