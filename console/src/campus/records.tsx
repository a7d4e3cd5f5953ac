// Records of attendance: own ones for a student, those of their events for staff.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { Num, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, useList } from "../ui/list.tsx";

import { api, isStaff, me, type AttendanceRecord } from "./api.ts";
import { Badge, Title } from "./parts.tsx";

export const STATUSES = ["present", "late", "left_early", "excused", "absent"] as const;
export const VERIFICATIONS = ["verified", "pending", "flagged", "rejected"] as const;
type Status = (typeof STATUSES)[number] | "";
type Verification = (typeof VERIFICATIONS)[number] | "";

/** Filters of records by both statuses. */
export interface RecordFilters {
  status: Status;
  verification: Verification;
  department: string;
  from: string;
  to: string;
}
export const NO_FILTERS: RecordFilters = { status: "", verification: "", department: "", from: "", to: "" };

/** Return filters as the API's query; what is not chosen is left out. */
export const queryOf = ({ status, verification, department, from, to }: RecordFilters) => ({
  status: status || undefined,
  verification_status: verification || undefined,
  department: department || undefined,
  date_from: from || undefined,
  date_to: to || undefined,
});

export function Filters({ value, change, hasDates = false, hasDepartment = false }: { value: RecordFilters; change(to: RecordFilters): void; hasDates?: boolean; hasDepartment?: boolean }): JSX.Element {
  return (
    <form class="filters" role="search" aria-label={t("campus.filters")} onSubmit={(event) => event.preventDefault()}>
      <label>
        {t("campus.status")}
        <select value={value.status} onChange={(event) => change({ ...value, status: event.currentTarget.value as Status })}>
          <option value="">{t("campus.all")}</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {word("campus.status", each)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("campus.verification")}
        <select value={value.verification} onChange={(event) => change({ ...value, verification: event.currentTarget.value as Verification })}>
          <option value="">{t("campus.all")}</option>
          {VERIFICATIONS.map((each) => (
            <option key={each} value={each}>
              {word("campus.verification", each)}
            </option>
          ))}
        </select>
      </label>
      {hasDepartment ? (
        <label>
          {t("campus.department")}
          <input value={value.department} onChange={(event) => change({ ...value, department: event.currentTarget.value.trim() })} />
        </label>
      ) : null}
      {hasDates ? (
        <>
          <label>
            {t("campus.date_from")}
            <input type="date" value={value.from} onChange={(event) => change({ ...value, from: event.currentTarget.value })} />
          </label>
          <label>
            {t("campus.date_to")}
            <input type="date" value={value.to} onChange={(event) => change({ ...value, to: event.currentTarget.value })} />
          </label>
        </>
      ) : null}
    </form>
  );
}

export function Records(): JSX.Element {
  const filters = useSignal(NO_FILTERS);
  const staff = isStaff(me().role);
  const list = useList<AttendanceRecord>(
    async (cursor) => {
      const query = { cursor, ...queryOf(filters.peek()) };
      const page = await answerOf(api.GET("/api/campus/attendance/", { params: { query } }));
      return { ...page, results: page.results as AttendanceRecord[] };
    },
    () => JSON.stringify(filters.value),
  );
  return (
    <>
      <Title>{t(staff ? "campus.records" : "campus.records.own")}</Title>
      <Filters value={filters.value} change={(to) => (filters.value = to)} hasDates hasDepartment={staff} />
      <Listing list={list} label={t("campus.records")} empty={<p>{t("campus.records.empty")}</p>} row={(record) => <RecordRow key={record.id} record={record} named={staff} />} />
    </>
  );
}

export function RecordRow({ record, named = false }: { record: AttendanceRecord; named?: boolean }): JSX.Element {
  return (
    <li class="row">
      <div class="grow">
        <a href={`/campus/records/${record.id}`}>
          {named ? (
            <>
              <bdi>{record.student.full_name}</bdi> ·{" "}
            </>
          ) : null}
          <bdi>{record.event.title}</bdi>
        </a>
        <p class="quiet">
          <Num>{time(record.submitted_at)}</Num> · {word("campus.method", record.method)}
        </p>
      </div>
      <Badge kind="status" value={record.status} />
      <Badge kind="verification" value={record.verification_status} />
      {record.appeal ? <span class="badge">{t("campus.appeal")}: {word("campus.appeal_status", record.appeal.status)}</span> : null}
    </li>
  );
}
