// The attendance of an event: a list with filters, those who are missing, and marks by hand or by card.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { answerOf, deed, type Schemas } from "../../ui/api/client.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Choice, Field, Form, Submit, useForm } from "../../ui/form.tsx";
import { clock, Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Listing, useList } from "../../ui/list.tsx";
import { follow } from "../../ui/live.ts";
import { useSaid } from "../../ui/said.ts";
import { api, type AttendanceRecord, type CampusEvent, type Missing } from "../api.ts";
import { Badge } from "../parts.tsx";
import { Filters, NO_FILTERS, queryOf, STATUSES } from "../records.tsx";

type Entry = AttendanceRecord | Missing;
type Student = Missing["student"];
const isRecord = (entry: Entry): entry is AttendanceRecord => "method" in entry;

export function Attendance({ event }: { event: CampusEvent }): JSX.Element {
  const filters = useSignal(NO_FILTERS);
  const isMissing = useSignal(false);
  // Whom the dialog is about; null where nobody is chosen yet, undefined while it is closed.
  const marking = useSignal<Student | null | undefined>(undefined);
  const said = useSaid();
  const path = { event_id: event.id };
  const list = useList<Entry>(
    async (cursor) => {
      const query = isMissing.peek() ? { cursor, missing: "true" as const } : { cursor, ...queryOf(filters.peek()) };
      const page = await answerOf(api.GET("/api/campus/events/{event_id}/attendance/", { params: { path, query } }));
      return { ...page, results: page.results };
    },
    () => `${isMissing.value} ${JSON.stringify(filters.value)}`,
  );
  useFresh(event.id, list.reload);
  const marked = (record: AttendanceRecord): void => {
    marking.value = undefined;
    said.value = () => t("campus.mark.done", { name: record.student.full_name, status: word("campus.status", record.status) });
    list.reload();
  };
  return (
    <>
      <div class="row spread">
        <fieldset class="kinds">
          <legend class="unseen">{t("campus.part.attendance")}</legend>
          {([false, true] as const).map((missing) => (
            <label key={String(missing)} class="kind">
              <input type="radio" name="missing" checked={isMissing.value === missing} onChange={() => (isMissing.value = missing)} />
              {t(missing ? "campus.missing" : "campus.recorded")}
            </label>
          ))}
        </fieldset>
        <button type="button" aria-haspopup="dialog" onClick={() => (marking.value = null)}>
          {t("campus.mark")}
        </button>
      </div>
      {isMissing.value ? null : <Filters value={filters.value} change={(to) => (filters.value = to)} hasDepartment />}
      <p role="status">{said.value}</p>
      <Listing
        list={list}
        label={t("campus.part.attendance")}
        columns={[t("campus.student"), t("campus.status"), t("campus.verification"), t("campus.when"), t("campus.to_look_at")]}
        empty={<p>{t(isMissing.value ? "campus.missing.none" : "campus.records.none")}</p>}
        row={(entry) => <Row key={entry.id} entry={entry} mark={(student) => (marking.value = student)} />}
      />
      {marking.value === undefined ? null : (
        <Dialog title={t("campus.mark")} close={() => (marking.value = undefined)}>
          <Mark eventId={event.id} student={marking.value} marked={marked} />
        </Dialog>
      )}
    </>
  );
}

/** Read the list again when the event has news: at most once in two seconds. */
function useFresh(id: string, reload: () => void): void {
  useEffect(() => {
    let wake = 0;
    let total: number | null = null;
    const path = { event_id: id };
    const take = ({ total_registered: next }: Schemas["CampusRealtimeOut"]): void => {
      if (total !== null && next !== total && !wake) {
        wake = setTimeout(() => {
          wake = 0;
          reload();
        }, 1500);
      }
      total = next;
    };
    const followed = follow({
      portal: "campus",
      channel: `attendance-${id}`,
      take: ({ type, data }) => {
        if (type === "attendance-update") take(data as Schemas["CampusRealtimeOut"]);
      },
      reload: () => answerOf(api.GET("/api/campus/analytics/realtime/{event_id}/", { params: { path } })).then(take, () => undefined),
      ticket: () => answerOf(api.GET("/api/campus/analytics/realtime/ws/{event_id}/", { params: { path } })),
    });
    return () => {
      clearTimeout(wake);
      followed.end();
    };
  }, [id]);
}

function Row({ entry, mark }: { entry: Entry; mark(student: Student): void }): JSX.Element {
  const { student } = entry;
  return (
    <tr>
      <th scope="row">
        {isRecord(entry) ? (
          <a href={`/campus/records/${entry.id}`}>
            <bdi>{student.full_name}</bdi>
          </a>
        ) : (
          <bdi>{student.full_name}</bdi>
        )}
        <br />
        <small>
          <Num>{student.student_id ?? ""}</Num> <bdi>{student.department}</bdi>
        </small>
      </th>
      <td>{entry.status ? <Badge kind="status" value={entry.status} /> : <span class="quiet">{t("campus.not_yet")}</span>}</td>
      {isRecord(entry) ? (
        <>
          <td>
            <Badge kind="verification" value={entry.verification_status} />
          </td>
          <td>
            <Num>{clock(entry.submitted_at)}</Num>
            <br />
            <small>{word("campus.method", entry.method)}</small>
          </td>
          <td>
            {entry.flags.map(({ flag }) => (
              <div key={flag}>⚑ {word("campus.flag", flag)}</div>
            ))}
            {entry.appeal ? <div>{`${t("campus.appeal")}: ${word("campus.appeal_status", entry.appeal.status)}`}</div> : null}
          </td>
        </>
      ) : (
        <>
          <td />
          <td />
          <td>
            {entry.appeal ? <div>{`${t("campus.appeal")}: ${word("campus.appeal_status", entry.appeal.status)}`}</div> : null}
            <button type="button" aria-label={`${t("campus.mark")}: ${student.full_name}`} onClick={() => mark(student)}>
              {t("campus.mark")}
            </button>
          </td>
        </>
      )}
    </tr>
  );
}

interface Reader {
  scan(options: { signal: AbortSignal }): Promise<void>;
  onreading: ((event: { serialNumber: string }) => void) | null;
}

function Mark({ eventId, student, marked }: { eventId: string; student: Student | null; marked(record: AttendanceRecord): void }): JSX.Element {
  const options = [["", t("campus.mark.by_time")] as const, ...STATUSES.map((each) => [each, word("campus.status", each)] as const)];
  const shown = student?.student_id ?? student?.id ?? "";
  return (
    <Form
      label={t("campus.mark")}
      draft={`campus.mark.${eventId}.${student?.id ?? ""}`}
      initial={{ student_id: shown, status: "present" }}
      onSubmit={async ({ student_id: number = "", card_uid = "", status = "", reason = "" }) => {
        // The chosen person, whoever else claims the same number.
        const student_id = student && number.trim() === shown ? student.id : number.trim();
        const body = { student_id: student_id || null, card_uid: card_uid.trim() || null, status: (status || null) as Schemas["AttendanceStatus"] | null, reason: reason || null };
        const path = { event_id: eventId };
        marked(await deed(`campus.mark:${eventId}:${JSON.stringify(body)}`, (header) => answerOf(api.POST("/api/campus/events/{event_id}/attendance/", { params: { path, header }, body }))));
      }}
    >
      <Field name="student_id" label={t("campus.mark.student")} />
      <Field name="card_uid" label={t("campus.mark.card")} hint={t("campus.mark.card_hint")} />
      <Tap />
      <Choice name="status" label={t("campus.status")} options={options} hint={t("campus.mark.by_time_hint")} />
      <Field name="reason" label={t("campus.mark.reason")} hint={t("campus.mark.reason_hint")} />
      <Submit>{t("campus.mark.send")}</Submit>
    </Form>
  );
}

/** Read a card with the phone, where the browser can. */
function Tap(): JSX.Element | null {
  const form = useForm();
  const said = useSaid();
  const Found = (window as unknown as { NDEFReader?: new () => Reader }).NDEFReader;
  if (Found === undefined) return null;
  const listen = async (): Promise<void> => {
    const ending = new AbortController();
    try {
      const reader = new Found();
      reader.onreading = ({ serialNumber }) => {
        form.fill({ card_uid: serialNumber.replaceAll(":", "").toUpperCase(), student_id: "", status: "" });
        said.value = "";
        ending.abort();
      };
      await reader.scan({ signal: ending.signal });
      said.value = () => t("campus.mark.hold");
    } catch {
      said.value = () => t("campus.mark.no_nfc");
    }
  };
  return (
    <div class="row">
      <button type="button" onClick={() => void listen()}>
        {t("campus.mark.tap")}
      </button>
      <p class="hint" role="status">
        {said.value}
      </p>
    </div>
  );
}
