// Reports: downloads with the session's token, large ones as jobs; each has an id by which anybody can verify it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../../ui/api/client.ts";
import { Choice, Deed, Field, Form, Submit } from "../../ui/form.tsx";
import { save } from "../../ui/file.ts";
import { Num, time } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { JobProgress } from "../../ui/job.tsx";
import { Failure, useRead, type Page } from "../../ui/list.tsx";
import { now } from "../../ui/now.ts";
import { Pick, type Named } from "../../ui/pick.tsx";
import { query } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, deliver, type Delivered } from "../api.ts";
import { Title } from "../parts.tsx";

const FORMATS = ["xlsx", "csv", "json"] as const;
const BASE = "/api/campus/reports";

function named({ id, title, start_datetime: starts }: Schemas["CampusEventOut"]): Named {
  return [id, `${title} · ${time(starts, null, { dateStyle: "medium" })}`];
}

/** Read the newest events that have begun: a term's events to come would fill the list. */
async function begun(search: string): Promise<Page<Named>> {
  const asked = { page_size: 100, date_to: new Date(now()).toISOString(), ...(search ? { search } : {}) };
  const found = await answerOf(api.GET("/api/campus/events/", { params: { query: asked } }));
  return { ...found, results: found.results.map(named) };
}

export default function Reports(): JSX.Element {
  const asked = query.peek().get("event") ?? "";
  const events = useRead(async () => {
    const page = await begun("");
    if (!asked) return { page, present: null };
    return { page, present: page.results.find(([id]) => id === asked) ?? named(await answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path: { event_id: asked } } }))) };
  });
  const delivered = useSignal<Delivered | null>(null);
  const job = useSignal("");

  const get = async (path: string, filters: Record<string, string>): Promise<void> => {
    const found = await deliver(path, filters);
    delivered.value = found;
    job.value = found.job?.job_id ?? "";
    if (found.file) save(found.file, found.name);
  };
  const versions = [
    ["", t("campus.report.full")],
    ["true", t("campus.report.redacted")],
  ] as const;
  if (events.error && !events.value) return <Failure error={events.error} again={events.reload} />;
  if (!events.value) return <p class="quiet">{t("ui.loading")}</p>;
  const { page, present } = events.value;
  const first = asked || (page.results[0]?.[0] ?? "");
  // Three choices of the same events: the page without a search is read once for them all.
  const choice = { name: "event", label: t("campus.event"), present, find: (search: string) => (search ? begun(search) : Promise.resolve(page)) };
  return (
    <>
      <Title>{t("campus.reports")}</Title>
      <div role="status">{delivered.value || job.value ? <Outcome delivered={delivered.value} job={job.value} /> : null}</div>
      <div class="two">
        <section class="card">
          <h2>{t("campus.report.attendance")}</h2>
          <p class="quiet">{t("campus.report.attendance_what")}</p>
          <Form label={t("campus.report.attendance")} draft="campus.report" initial={{ event: asked, format: "xlsx" }} onSubmit={(values) => get(`${BASE}/attendance/`, values)}>
            <Pick {...choice} none={t("campus.all")} />
            <Field name="department" label={t("campus.department")} />
            <div class="pair">
              <Field name="date_from" label={t("campus.date_from")} type="date" />
              <Field name="date_to" label={t("campus.date_to")} type="date" />
            </div>
            <Choice name="format" label={t("campus.report.format")} options={FORMATS.map((each) => [each, each.toUpperCase()] as const)} />
            <Choice name="redacted" label={t("campus.report.version")} options={versions} hint={t("campus.report.redacted_what")} />
            <Submit>{t("campus.report.download")}</Submit>
          </Form>
        </section>
        <div>
          <section class="card">
            <h2>{t("campus.report.official")}</h2>
            <p class="quiet">{t("campus.report.official_what")}</p>
            {first ? (
              <Form label={t("campus.report.official")} initial={{ event: first }} onSubmit={(values) => get(`${BASE}/official-format/`, values)}>
                <Pick {...choice} none={t("campus.choose")} />
                <Choice name="redacted" label={t("campus.report.version")} options={versions} />
                <Submit>{t("campus.report.download_pdf")}</Submit>
              </Form>
            ) : (
              <p class="empty">{t("campus.events.empty_staff")}</p>
            )}
          </section>
          <section class="card">
            <h2>{t("campus.report.photos")}</h2>
            <p class="quiet">{t("campus.report.photos_what")}</p>
            {first ? (
              <Form label={t("campus.report.photos")} initial={{ event: first }} onSubmit={(values) => get(`${BASE}/export-with-photos/`, values)}>
                <Pick {...choice} none={t("campus.choose")} />
                <Submit>{t("campus.report.start")}</Submit>
              </Form>
            ) : null}
          </section>
          <section class="card">
            <h2>{t("campus.report.individual")}</h2>
            <Individual get={get} hasEvents={Boolean(first)} />
          </section>
          <p>
            <a href="/campus/verify">{t("campus.verify_report")}</a>
          </p>
        </div>
      </div>
    </>
  );
}

function Individual({ get, hasEvents }: { get(path: string, filters: Record<string, string>): Promise<void>; hasEvents: boolean }): JSX.Element {
  const people = useSignal<readonly Schemas["CampusStudentBriefOut"][]>([]);
  const problem = useSaid();
  const find = async ({ student = "" }: Record<string, string>): Promise<void> => {
    problem.value = "";
    const found = await answerOf(api.GET("/api/campus/attendance/", { params: { query: { student, page_size: 1 } } }));
    people.value = found.results.map((each) => each.student);
    if (!people.value.length) problem.value = () => t(hasEvents ? "campus.report.no_person" : "campus.events.empty_staff");
  };
  return (
    <>
      <Form label={t("campus.report.individual")} draft="campus.report.individual" onSubmit={find}>
        <Field name="student" label={t("campus.mark.student")} required />
        <Submit>{t("ui.search")}</Submit>
      </Form>
      <p role="status">{problem.value}</p>
      {people.value.map((person) => (
        <p key={person.id} class="row">
          <bdi class="grow">{person.full_name}</bdi>
          <Deed act={() => get(`${BASE}/individual/${person.id}/`, { format: "pdf" })}>PDF</Deed>
          <Deed act={() => get(`${BASE}/individual/${person.id}/`, { format: "json" })}>JSON</Deed>
        </p>
      ))}
    </>
  );
}

function Outcome({ delivered, job }: { delivered: Delivered | null; job: string }): JSX.Element {
  return (
    <section class="card band">
      {job ? <JobProgress key={job} portal="campus" id={job} /> : <p>{t("campus.report.done", { name: delivered?.name ?? "" })}</p>}
      {delivered?.reportId ? (
        <p>
          {t("campus.report.id")} <Num>{delivered.reportId}</Num> · <a href={`/campus/verify/${delivered.reportId}`}>{t("campus.verify_report")}</a>
        </p>
      ) : null}
    </section>
  );
}
