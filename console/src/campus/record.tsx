// One record: its evidence in words, its appeal, the decision of staff, and every earlier version.
import type { JSX } from "preact";

import { answerOf, deed, type Schemas } from "../ui/api/client.ts";
import { Choice, Field, Form, Submit, useForm } from "../ui/form.tsx";
import { count, Num, Said, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";
import { match } from "../ui/router.ts";

import { api, isStaff, me, type AttendanceRecord } from "./api.ts";
import { Factors, Flags } from "./evidence.tsx";
import { Badge, Title } from "./parts.tsx";
import { STATUSES } from "./records.tsx";

export default function RecordView(): JSX.Element {
  const id = match("/campus/records/:id")?.id ?? "";
  const path = { attendance_id: id };
  const record = useRead(() => answerOf(api.GET("/api/campus/attendance/{attendance_id}/", { params: { path } })));
  const history = useRead(() => answerOf(api.GET("/api/campus/attendance/{attendance_id}/history/", { params: { path } })));
  const reload = (): void => {
    record.reload();
    history.reload();
  };
  return (
    <>
      <Title>{t("campus.record")}</Title>
      <Shown read={record}>{(found) => <Facts record={found} changed={reload} />}</Shown>
      <h2>{t("campus.history")}</h2>
      <Shown read={history}>{(found) => <History history={found} />}</Shown>
    </>
  );
}

function Facts({ record, changed }: { record: AttendanceRecord; changed(): void }): JSX.Element {
  const staff = isStaff(me().role);
  const { student, appeal } = record;
  const about = [student.student_id, student.department, student.year_level ? t("campus.year", { n: student.year_level }) : null].filter(Boolean).join(" · ");
  return (
    <>
      <section class="card">
        <div class="row spread">
          <h2 class="of-row">
            <bdi>{student.full_name}</bdi>
          </h2>
          <span class="row">
            <Badge kind="status" value={record.status} />
            <Badge kind="verification" value={record.verification_status} />
          </span>
        </div>
        <p class="quiet">
          <bdi>{about}</bdi>
        </p>
        <p>
          <a href={`/campus/events/${record.event.id}`}><bdi>{record.event.title}</bdi></a> · <Num>{time(record.submitted_at)}</Num> · {word("campus.method", record.method)}
        </p>
        {record.distance_m === null ? null : (
          <p class="quiet">
            {t("campus.distance")} <Num>{t("campus.metres", { n: count(Math.round(record.distance_m)) })}</Num>
          </p>
        )}
        {record.note ? (
          <p>
            <strong>{t("campus.note")}:</strong> <bdi>{record.note}</bdi>
          </p>
        ) : null}
        {record.verified_by ? (
          <p class="quiet">
            {t("campus.decided_by")} <bdi>{record.verified_by}</bdi> <Num>{record.verified_at ? time(record.verified_at) : ""}</Num>
          </p>
        ) : null}
      </section>
      <div class="two">
        <section class="card">
          <h2>{t("campus.evidence")}</h2>
          {record.factors.length ? <Factors factors={record.factors} /> : <p class="quiet">{t("campus.evidence.none")}</p>}
          <Flags flags={record.flags} />
          {record.flags.length ? <p class="hint">{t("campus.flags.what")}</p> : null}
        </section>
        <section class="card">
          {appeal ? <Appeal appeal={appeal} /> : null}
          {staff ? <Decide record={record} changed={changed} /> : appeal?.status === "open" ? null : <AppealForm id={record.id} filed={changed} />}
        </section>
      </div>
    </>
  );
}

export function Appeal({ appeal }: { appeal: Schemas["CampusRecordAppealOut"] }): JSX.Element {
  return (
    <div class="appeal">
      <h2>
        {t("campus.appeal")} <Badge kind="appeal_status" value={appeal.status} />
      </h2>
      <blockquote>
        <bdi>{appeal.statement}</bdi>
      </blockquote>
      <p class="quiet">{time(appeal.at)}</p>
      {appeal.answer ? (
        <p>
          <strong>{t("campus.answer")}:</strong> <bdi>{appeal.answer}</bdi>
        </p>
      ) : null}
      {appeal.answered_by ? (
        <p class="quiet">
          <bdi>{appeal.answered_by}</bdi> {appeal.answered_at ? time(appeal.answered_at) : ""}
        </p>
      ) : null}
    </div>
  );
}

/** A student contests a record, or that there is none. */
export function AppealForm({ id, eventId, filed }: { id: string; eventId?: string; filed(): void }): JSX.Element {
  return (
    <>
      <h2>{t("campus.appeal.file")}</h2>
      <p class="quiet">{t("campus.appeal.what")}</p>
      <Form
        label={t("campus.appeal.file")}
        draft={`campus.appeal.${id}`}
        onSubmit={async ({ statement = "" }) => {
          const path = { attendance_id: id };
          const body = { statement, event_id: eventId };
          await deed(`campus.appeal:${id}:${statement}`, (header) => answerOf(api.POST("/api/campus/attendance/{attendance_id}/appeal/", { params: { path, header }, body })));
          filed();
        }}
      >
        <Field name="statement" label={t("campus.statement")} lines={4} required />
        <Submit>{t("campus.appeal.send")}</Submit>
      </Form>
    </>
  );
}

const DECISIONS = ["verify", "reject", "correct"] as const;
type Decision = (typeof DECISIONS)[number];

/** Staff decide about a record, and with it about its open appeal. A person without a record can only be corrected. */
export function Decide({ record, changed }: { record: { id: string; status: string | null; appeal?: { status: string } | null; version?: string }; changed(): void }): JSX.Element {
  const options = DECISIONS.map((each) => [each, t(`campus.decision.${each}`)] as const);
  return (
    <>
      <h2>{t("campus.decide")}</h2>
      <Form
        label={t("campus.decide")}
        draft={`campus.decide.${record.id}`}
        initial={{ decision: "verify" }}
        onSubmit={async ({ decision = "verify", status = "", note = "" }) => {
          const body = { decision: decision as Decision, status: decision === "correct" ? ((status || "present") as Schemas["AttendanceStatus"]) : null, note: note || null };
          const path = { attendance_id: record.id };
          await deed(`campus.decide:${record.id}:${JSON.stringify(body)}`, (header) => answerOf(api.POST("/api/campus/attendance/{attendance_id}/verify/", { params: { path, header }, body })));
          changed();
        }}
      >
        <Choice name="decision" label={t("campus.decision")} options={options} hint={record.appeal?.status === "open" ? t("campus.decision.answers") : undefined} />
        <Corrected />
        <DecisionNote isAnswer={record.appeal?.status === "open"} />
        <Submit>{t("campus.decide.send")}</Submit>
      </Form>
    </>
  );
}

/** Needed for each decision but a plain verification, and for each answer to an appeal. */
function DecisionNote({ isAnswer }: { isAnswer: boolean }): JSX.Element {
  const { values } = useForm();
  const isNeeded = isAnswer || (values.decision ?? "verify") !== "verify";
  return <Field name="note" label={t("campus.decision.note")} hint={t("campus.decision.note_hint")} lines={3} required={isNeeded} />;
}

function Corrected(): JSX.Element | null {
  const { values } = useForm();
  if (values.decision !== "correct") return null;
  return <Choice name="status" label={t("campus.status")} options={STATUSES.map((each) => [each, word("campus.status", each)] as const)} />;
}

function History({ history }: { history: Schemas["CampusHistoryOut"] }): JSX.Element {
  return (
    <>
      <ol class="rows">
        {history.versions.map((each) => (
          <li key={each.version}>
            <div class="row">
              <strong class="grow">
                {each.is_original ? t("campus.history.original") : t("campus.history.version", { n: each.version })}
                {each.is_current ? ` · ${t("campus.history.current")}` : ""}
              </strong>
              <Badge kind="status" value={each.status} />
              <Badge kind="verification" value={each.verification_status} />
            </div>
            <p class="quiet">
              {time(each.decided_at ?? each.submitted_at)} · {word("campus.method", each.method)}
              {each.decided_by ? (
                <>
                  {" "}
                  · <bdi>{each.decided_by}</bdi>
                </>
              ) : null}
            </p>
            {each.note ? (
              <p>
                <bdi>{each.note}</bdi>
              </p>
            ) : null}
            {each.replaced_by ? (
              <p class="hint">
                {t("campus.history.replaced")} <bdi>{each.replaced_by}</bdi> {each.replaced_at ? time(each.replaced_at) : ""}
                {each.reason ? (
                  <>
                    : <bdi>{each.reason}</bdi>
                  </>
                ) : null}
              </p>
            ) : null}
          </li>
        ))}
      </ol>
      {history.appeals.length > 1 ? history.appeals.map((each) => <Appeal key={each.filed_at} appeal={{ ...each, at: each.filed_at }} />) : null}
      {history.readings.length ? (
        <details>
          <summary>{t("campus.readings", { n: history.readings.length })}</summary>
          <ul>
            {history.readings.map((each) => (
              <li key={each.at}>
                {time(each.at)} · {each.reason ? word("campus.reading", each.reason) : t("campus.reading.accepted")}
                {each.age_seconds === null ? "" : ` · ${t("campus.reading.age", { n: Math.round(each.age_seconds) })}`}
                {each.agent ? (
                  <>
                    {" "}
                    · <Said>{each.agent}</Said>
                  </>
                ) : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </>
  );
}
