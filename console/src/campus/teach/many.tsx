// Many events at once, by rows of a table: all of them are created, or none, and each wrong row is named by its line.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import { answerOf, deed, inWords, Refused } from "../../ui/api/client.ts";
import { Field, Form, Submit } from "../../ui/form.tsx";
import { count } from "../../ui/format.tsx";
import { saidOfField, t } from "../../ui/i18n.ts";
import { api, type CampusEvent } from "../api.ts";
import { Title } from "../parts.tsx";

import { Row as Shown } from "./events.tsx";
import { rowsOf, type Row } from "./tables.ts";

interface Problem {
  line: number;
  what(): string;
}

const EXAMPLE = "title,location,latitude,longitude,start,end\nOptics,Hall 1,31.5204,74.3587,2027-01-11 09:00,2027-01-11 10:30";

/** Return each detail of a refusal by the line of its row. */
function problemsOf(refused: Refused, rows: readonly Row[]): Problem[] {
  return refused.details.flatMap(({ field, message }) => {
    const [, place = "", name = ""] = /^events\.(\d+)\.?(.*)$/.exec(field) ?? [];
    const row = place === "" ? undefined : rows[Number(place)];
    return row ? [{ line: row.line, what: () => (name ? `${name}: ${saidOfField(message)}` : saidOfField(message)) }] : [];
  });
}

export default function ManyEvents(): JSX.Element {
  const file = useRef<HTMLInputElement>(null);
  const problems = useSignal<readonly Problem[]>([]);
  const made = useSignal<readonly CampusEvent[]>([]);
  const create = async ({ rows: typed = "" }: Readonly<Record<string, string>>): Promise<void> => {
    problems.value = [];
    const chosen = file.current?.files?.[0];
    const rows = rowsOf(chosen ? await chosen.text() : typed);
    const body = { events: rows.map(({ event }) => event) };
    try {
      const { events } = await deed(`campus.events:${JSON.stringify(body)}`, (header) => answerOf(api.POST("/api/campus/events/bulk-create/", { params: { header }, body })));
      made.value = events;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problems.value = problemsOf(error, rows);
      throw problems.value.length ? inWords(new Refused(error.status, error.code, "", [], error.requestId), () => t("campus.many.none")) : error;
    }
  };
  if (made.value.length)
    return (
      <>
        <Title>{t("campus.many")}</Title>
        <p role="status">{t("campus.many.done", { count: count(made.value.length) })}</p>
        <ul class="rows">
          {made.value.map((event) => (
            <Shown key={event.id} event={event} staff />
          ))}
        </ul>
        <a href="/campus/events">{t("ui.back")}</a>
      </>
    );
  return (
    <>
      <Title>{t("campus.many")}</Title>
      <p class="quiet">{t("campus.many.about", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>
      <Form label={t("campus.many")} draft="campus.events.many" onSubmit={create} class="card">
        <div class="field">
          <label for="many-file">{t("campus.many.file")}</label>
          <input id="many-file" ref={file} type="file" accept=".csv,text/csv,text/plain" />
        </div>
        <Field name="rows" label={t("campus.many.rows")} hint={t("campus.many.hint")} lines={8} />
        <details>
          <summary>{t("campus.many.example")}</summary>
          <pre dir="ltr" tabIndex={0}>
            {EXAMPLE}
          </pre>
        </details>
        {problems.value.length ? (
          <ul class="problems" aria-label={t("campus.many.wrong", { count: count(problems.value.length) })}>
            {problems.value.map(({ line, what }) => (
              <li key={`${line} ${what()}`}>{t("campus.many.row", { line, what: what() })}</li>
            ))}
          </ul>
        ) : null}
        <div class="row">
          <Submit>{t("campus.many.create")}</Submit>
          <a href="/campus/events">{t("ui.back")}</a>
        </div>
      </Form>
    </>
  );
}
