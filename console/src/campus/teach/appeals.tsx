// Appeals: what students contest, and the decision about each.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../../ui/api/client.ts";
import { time } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Listing, useList } from "../../ui/list.tsx";
import { useSaid } from "../../ui/said.ts";
import { api } from "../api.ts";
import { Factors, Flags } from "../evidence.tsx";
import { Badge, Title } from "../parts.tsx";
import { Decide } from "../record.tsx";

type Appeal = Schemas["CampusAppealOut"];
const STATES = ["open", "corrected", "upheld"] as const;

export default function Appeals(): JSX.Element {
  const state = useSignal<(typeof STATES)[number]>("open");
  const said = useSaid();
  const list = useList<Appeal>(
    (cursor) => answerOf(api.GET("/api/campus/appeals/", { params: { query: { cursor, status: state.peek() } } })),
    () => state.value,
  );
  const decided = (appeal: Appeal): void => {
    said.value = () => t("campus.appeal.decided", { name: appeal.student.full_name });
    list.replace(({ id }) => id === appeal.id, null);
  };
  return (
    <>
      <Title>{t("campus.appeals")}</Title>
      <form class="filters" role="search" aria-label={t("campus.filters")}>
        <label>
          {t("campus.appeal.state")}
          <select value={state.value} onChange={(event) => (state.value = event.currentTarget.value as typeof state.value)}>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {word("campus.appeal_status", each)}
              </option>
            ))}
          </select>
        </label>
      </form>
      <p role="status">{said.value}</p>
      <Listing list={list} label={t("campus.appeals")} empty={<p>{t("campus.appeals.empty")}</p>} row={(appeal) => <Row key={appeal.id} appeal={appeal} decided={() => decided(appeal)} />} />
    </>
  );
}

function Row({ appeal, decided }: { appeal: Appeal; decided(): void }): JSX.Element {
  const { record } = appeal;
  return (
    <li>
      <div class="row">
        <h2 class="of-row grow">
          <bdi>{appeal.student.full_name}</bdi> · {appeal.event.title}
        </h2>
        {record ? <Badge kind="status" value={record.status} /> : <span class="badge bad">{t("campus.no_record_short")}</span>}
        {record ? <Badge kind="verification" value={record.verification_status} /> : null}
      </div>
      <blockquote>
        <bdi>{appeal.statement}</bdi>
      </blockquote>
      <p class="quiet">{time(appeal.filed_at)}</p>
      {appeal.answer ? (
        <p>
          <strong>{t("campus.answer")}:</strong> <bdi>{appeal.answer}</bdi>
        </p>
      ) : null}
      {appeal.status === "open" ? (
        <details>
          <summary>{t("campus.appeal.look")}</summary>
          <div class="two">
            <div>
              {record ? (
                <>
                  <Factors factors={record.factors} />
                  <Flags flags={record.flags} />
                  <a href={`/campus/records/${record.id}`}>{t("campus.history")}</a>
                </>
              ) : (
                <p>{t("campus.appeal.no_record")}</p>
              )}
            </div>
            <div>
              <Decide record={{ id: appeal.attendance_id, status: record?.status ?? null, appeal }} changed={decided} />
            </div>
          </div>
        </details>
      ) : record ? (
        <a href={`/campus/records/${record.id}`}>{t("campus.history")}</a>
      ) : null}
    </li>
  );
}
