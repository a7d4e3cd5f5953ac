// The first view of each role: what to do now, and the figures of the last days.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../ui/api/client.ts";
import { Deed } from "../ui/form.tsx";
import { clock, percent } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, Shown, useList, useRead } from "../ui/list.tsx";
import { now } from "../ui/now.ts";
import { Bars } from "../ui/picture.tsx";
import { api, isStaff, me, type CampusEvent } from "./api.ts";
import { Badge, Figures, Title } from "./parts.tsx";
import { RecordRow } from "./records.tsx";
import { Row } from "./teach/events.tsx";

type Student = Schemas["CampusStudentDashboardOut"];
type Organizer = Schemas["CampusOrganizerDashboardOut"];
type Office = Schemas["CampusOfficeDashboardOut"];

function today(): string {
  const at = new Date(now());
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** How many days figures cover. */
export function Days({ value, choose }: { value: number; choose(days: number): void }): JSX.Element {
  return (
    <label class="inline">
      {t("campus.days")}
      <select value={String(value)} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {[7, 30, 90, 366].map((days) => (
          <option key={days} value={String(days)}>
            {t("campus.last_days", { n: days })}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Home(): JSX.Element {
  const days = useSignal(30);
  const { role, name } = me();
  const staff = isStaff(role);
  const dashboard = useRead(
    () => answerOf(api.GET("/api/campus/analytics/dashboard/", { params: { query: { days: days.peek() } } })),
    () => String(days.value),
  );
  const events = useList<CampusEvent>((cursor) => {
    const query = { cursor, date_from: today(), date_to: today(), page_size: 10 };
    return answerOf(api.GET("/api/campus/events/", { params: { query } }));
  });
  return (
    <>
      <Title>{t("campus.hello", { name })}</Title>
      {staff ? null : (
        <p>
          <a class="button primary large" href="/campus/attend">
            {t("campus.attend")}
          </a>
        </p>
      )}
      <h2>{t("campus.today")}</h2>
      <Listing list={events} label={t("campus.today")} empty={<p>{t(staff ? "campus.today.none_staff" : "campus.today.none")}</p>} row={(event) => <Row key={event.id} event={event} staff={staff} />} />
      <div class="row spread">
        <h2>{t("campus.figures")}</h2>
        <span class="row">
          <Days value={days.value} choose={(next) => (days.value = next)} />
          <Deed
            act={async () => {
              await answerOf(api.POST("/api/campus/analytics/dashboard/refresh/", { params: { query: { days: days.peek() } } }));
              dashboard.reload();
            }}
          >
            {t("campus.recount")}
          </Deed>
        </span>
      </div>
      <Shown read={dashboard}>
        {(found) => ("streak" in found ? <OfStudent found={found} /> : "events" in found ? <OfOrganizer found={found} /> : <OfOffice found={found} />)}
      </Shown>
    </>
  );
}

function OfStudent({ found: { summary, recent, streak } }: { found: Student }): JSX.Element {
  return (
    <>
      <p class="streak" role="status">
        {t(streak ? "campus.streak" : "campus.no_streak", { n: streak })}
      </p>
      <Figures
        of={[
          [t("campus.status.present"), summary.present],
          [t("campus.status.late"), summary.late],
          [t("campus.status.excused"), summary.excused],
          [t("campus.status.absent"), summary.absent],
          [t("campus.rate"), summary.rate, true],
          [t("campus.verification.flagged"), summary.flagged],
          [t("campus.open_appeals"), summary.open_appeals],
        ]}
      />
      <h2>{t("campus.records.recent")}</h2>
      {recent.length ? (
        <ul class="rows">
          {recent.map((record) => (
            <RecordRow key={record.id} record={record} />
          ))}
        </ul>
      ) : (
        <p class="empty">{t("campus.records.empty")}</p>
      )}
    </>
  );
}

function OfOrganizer({ found: { summary, events, recent_activity: recent } }: { found: Organizer }): JSX.Element {
  return (
    <>
      <Figures
        of={[
          [t("campus.events"), summary.events],
          [t("campus.submissions"), summary.submissions],
          [t("campus.verification.pending"), summary.pending],
          [t("campus.verification.flagged"), summary.flagged],
          [t("campus.rate"), summary.rate, true],
        ]}
      />
      <Bars title={t("campus.by_event")} points={events.map(({ title, submitted, rate }) => ({ label: title, value: submitted, text: rate === null ? undefined : `${submitted} · ${percent(rate)}` }))} />
      <Recent recent={recent} />
    </>
  );
}

function OfOffice({ found: { summary, top_departments: departments, recent_activity: recent } }: { found: Office }): JSX.Element {
  return (
    <>
      <Figures
        of={[
          [t("campus.events"), summary.total_events],
          [t("campus.submissions"), summary.total_attendees],
          [t("campus.rate"), summary.avg_attendance_rate, true],
          [t("campus.verification.verified"), summary.verified_count],
          [t("campus.verification.pending"), summary.pending_count],
        ]}
      />
      <Bars
        title={t("campus.top_departments")}
        points={departments.map(({ department, avg_rate: rate }) => ({ label: department, value: rate ?? 0, text: rate === null ? t("campus.no_rate") : percent(rate) }))}
      />
      <Recent recent={recent} />
    </>
  );
}

function Recent({ recent }: { recent: readonly Schemas["CampusRecentActivityOut"][] }): JSX.Element {
  return (
    <>
      <h2>{t("campus.recent_activity")}</h2>
      {recent.length ? null : <p class="empty">{t("ui.nothing")}</p>}
      <ul class="rows">
        {recent.map((each) => (
          <li key={each.attendance_id} class="row">
            <a class="grow" href={`/campus/records/${each.attendance_id}`}>
              <bdi>{`${each.first_name} ${each.last_name}`}</bdi> · <bdi>{each.title}</bdi>
            </a>
            <span class="quiet">{clock(each.submitted_at)}</span>
            <Badge kind="status" value={each.status} />
            <Badge kind="verification" value={each.verification_status} />
          </li>
        ))}
      </ul>
    </>
  );
}
