// One event: for staff its figures, its attendance and its roster; for a student what it asks for, and the own record.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../../ui/api/client.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Deed } from "../../ui/form.tsx";
import { count, HOUR, Num, time } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { go, match, query } from "../../ui/router.ts";
import { api, isStaff, me, type AttendanceRecord, type CampusEvent, type Missing } from "../api.ts";
import { Tabs, Title } from "../parts.tsx";
import { periodOf } from "../period.ts";
import { Appeal, AppealForm } from "../record.tsx";
import { RecordRow } from "../records.tsx";

import { Attendance } from "./attendance.tsx";
import { Period } from "./events.tsx";
import { EventFigures } from "./figures.tsx";
import { Roster } from "./roster.tsx";

export default function EventView(): JSX.Element {
  const id = match("/campus/events/:id")?.id ?? "";
  const event = useRead(() => answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path: { event_id: id } } })));
  return <Shown read={event}>{(found) => (isStaff(me().role) ? <ForStaff event={found} /> : <ForStudent event={found} />)}</Shown>;
}

/** The period of an event; the day of its end only where it is another one. */
function periodText({ start_datetime: start, end_datetime: end, timezone }: CampusEvent): string {
  const day = (at: string): string => time(at, timezone, { dateStyle: "short" });
  return `${time(start, timezone)} – ${time(end, timezone, day(start) === day(end) ? HOUR : undefined)}`;
}

function Head({ event }: { event: CampusEvent }): JSX.Element {
  return (
    <>
      <div class="row spread">
        <Title>{event.title}</Title>
        <Period event={event} />
      </div>
      <p>
        <Num>{periodText(event)}</Num> · <bdi>{event.location}</bdi> · <bdi>{event.campus}</bdi>
      </p>
      <p class="quiet">
        <bdi>{event.organizer}</bdi>
      </p>
      {event.description ? (
        <p class="lines">
          <bdi>{event.description}</bdi>
        </p>
      ) : null}
    </>
  );
}

function Asks({ event }: { event: CampusEvent }): JSX.Element {
  const asked = [
    event.require_location ? t("campus.asks.location", { n: count(event.location_radius) }) : "",
    event.require_photos ? t("campus.asks.photos") : "",
    event.require_signature ? t("campus.asks.signature") : "",
  ].filter(Boolean);
  return (
    <ul class="checks">
      <li>
        <span aria-hidden="true">•</span>
        {t("campus.asks.code")}
      </li>
      {asked.map((each) => (
        <li key={each}>
          <span aria-hidden="true">•</span>
          {each}
        </li>
      ))}
      {event.late_until ? (
        <li>
          <span aria-hidden="true">•</span>
          {t("campus.asks.late", { time: time(event.late_until, event.timezone) })}
        </li>
      ) : null}
    </ul>
  );
}

function ForStaff({ event }: { event: CampusEvent }): JSX.Element {
  const part = query.value.get("part") ?? "";
  const isLeaving = useSignal(false);
  const base = `/campus/events/${event.id}`;
  return (
    <>
      <Head event={event} />
      <div class="row">
        <a class="button primary" href={`${base}/show`}>
          {t("campus.show_code")}
        </a>
        <a class="button" href={`${base}/edit`}>
          {t("campus.event.edit")}
        </a>
        <a class="button" href={`/campus/reports?event=${event.id}`}>
          {t("campus.reports")}
        </a>
        <button type="button" class="danger" aria-haspopup="dialog" onClick={() => (isLeaving.value = true)}>
          {t("campus.event.delete")}
        </button>
      </div>
      <Tabs
        base={base}
        chosen={part}
        tabs={[
          ["", t("campus.part.attendance")],
          ["roster", t("campus.part.roster")],
          ["figures", t("campus.part.figures")],
          ["about", t("campus.part.about")],
        ]}
      />
      {part === "roster" ? <Roster event={event} /> : part === "figures" ? <EventFigures id={event.id} /> : part === "about" ? <About event={event} /> : <Attendance event={event} />}
      {isLeaving.value ? (
        <Dialog title={t("campus.event.delete")} close={() => (isLeaving.value = false)}>
          <p>{t("campus.event.delete_what")}</p>
          <Deed
            class="danger"
            act={async () => {
              await answerOf(api.DELETE("/api/campus/events/{event_id}/delete/", { params: { path: { event_id: event.id } } }));
              go("/campus/events", { replace: true });
            }}
          >
            {t("campus.event.delete")}
          </Deed>
        </Dialog>
      ) : null}
    </>
  );
}

function About({ event }: { event: CampusEvent }): JSX.Element {
  const { retention } = event;
  return (
    <section class="card">
      <Asks event={event} />
      <p>
        {t("campus.event.position")}: <Num>{`${event.latitude}, ${event.longitude}`}</Num>
      </p>
      {event.second_window ? (
        <p>
          {t("campus.event.second")}: {time(event.second_window.start, event.timezone)} – {time(event.second_window.end, event.timezone)}
        </p>
      ) : null}
      <p class="quiet">
        {t("campus.event.kept", { photos: retention.photos_days, signature: retention.signature_days, position: retention.position_days, device: retention.device_days })}
      </p>
    </section>
  );
}

function ForStudent({ event }: { event: CampusEvent }): JSX.Element {
  const own = useRead(async () => {
    const query = { event: event.id };
    const { results } = await answerOf(api.GET("/api/campus/attendance/", { params: { query } }));
    const [record] = results as AttendanceRecord[];
    if (record) return { record, missing: null };
    const { results: absent } = await answerOf(api.GET("/api/campus/attendance/", { params: { query: { ...query, missing: "true" as const } } }));
    const [missing] = absent as Missing[];
    return { record: null, missing: missing ?? null };
  });
  const filed = useSignal(false);
  const { is: period } = periodOf(event);
  return (
    <>
      <Head event={event} />
      <section class="card">
        <h2>{t("campus.asks")}</h2>
        <Asks event={event} />
        {period === "open" ? (
          <a class="button primary" href={`/campus/attend/${event.id}`}>
            {t("campus.attend")}
          </a>
        ) : null}
      </section>
      <Shown read={own}>
        {({ record, missing }) =>
          record ? (
            <ul class="rows">
              <RecordRow record={record} />
            </ul>
          ) : missing && period === "over" ? (
            <section class="card">
              <p>{t("campus.missing_you")}</p>
              <p role="status">{filed.value ? t("campus.appeal.filed") : ""}</p>
              {missing.appeal ? <Appeal appeal={missing.appeal} /> : filed.value ? null : <AppealForm id={missing.id} eventId={event.id} filed={() => (filed.value = true)} />}
            </section>
          ) : (
            <p class="quiet">{t("campus.no_record")}</p>
          )
        }
      </Shown>
    </>
  );
}
