// Who is expected at an event: a list that is pasted, sent as a file, or changed person by person.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";

import { answerOf, Refused, type Schemas } from "../../ui/api/client.ts";
import { Choice, Deed, Field, Form, Submit, useForm } from "../../ui/form.tsx";
import { count, Num } from "../../ui/format.tsx";
import { saidOfField, t } from "../../ui/i18n.ts";
import { Listing, useList } from "../../ui/list.tsx";
import { api, type CampusEvent } from "../api.ts";

type Person = Schemas["CampusListedPersonOut"];
type Change = Schemas["CampusRosterChangeOut"];

export function Roster({ event }: { event: CampusEvent }): JSX.Element {
  const result = useSignal<Change | null>(null);
  const size = useSignal(event.roster_size);
  // What takes the place of the whole list is refused if somebody changed it since.
  const version = useSignal(event.roster_version);
  const path = { event_id: event.id };
  const read = (cursor: string | undefined, page_size: number) => answerOf(api.GET("/api/campus/events/{event_id}/roster/", { params: { path, query: { cursor, page_size } } }));
  const list = useList<Person>((cursor) => read(cursor, 50));

  // Refused because of another list: what it says is shown, and the next try is of that list.
  const readAgain = async (problem: unknown): Promise<never> => {
    if (problem instanceof Refused && problem.status === 409) {
      const present = await answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path } }));
      size.value = present.roster_size;
      version.value = present.roster_version;
      list.reload();
    }
    throw problem;
  };
  const change = async (body: Schemas["CampusRosterIn"]): Promise<void> => {
    const changed = await answerOf(api.PUT("/api/campus/events/{event_id}/roster/", { params: { path }, body })).catch(readAgain);
    result.value = changed;
    size.value = changed.size;
    version.value = changed.version;
    list.reload();
  };
  // The platform reads the list, whichever way it is used: quotes, delimiters, and the lines that it names.
  const send = async ({ people = "", how = "add" }: Record<string, string>): Promise<void> => {
    return change(how === "replace" ? { csv: people, version: version.value } : { csv: people, action: "add" });
  };
  return (
    <>
      <p>
        {t("campus.roster.size", { n: count(size.value) })} {event.expected ? t("campus.roster.rule") : ""}
      </p>
      <div class="two">
        <section class="card">
          <h2>{t("campus.roster.set")}</h2>
          <Form label={t("campus.roster.set")} draft={`campus.roster.${event.id}`} initial={{ how: "add" }} onSubmit={send}>
            <Field name="people" label={t("campus.roster.people")} hint={t("campus.roster.people_hint")} lines={6} required />
            <FromFile />
            <Choice
              name="how"
              label={t("campus.roster.how")}
              options={[
                ["add", t("campus.roster.add")],
                ["replace", t("campus.roster.replace")],
              ]}
            />
            <Submit>{t("ui.save")}</Submit>
          </Form>
          <div role="status">{result.value ? <Outcome change={result.value} /> : null}</div>
        </section>
        <section>
          <Listing
            list={list}
            label={t("campus.part.roster")}
            empty={<p>{t("campus.roster.empty")}</p>}
            row={(person) => (
              <li key={person.id} class="row">
                <span class="grow">
                  <bdi>{person.full_name ?? t("campus.roster.erased")}</bdi> <Num>{person.student_id ?? ""}</Num>
                  <span class="quiet">
                    {" "}
                    <bdi>{person.department ?? ""}</bdi>
                  </span>
                </span>
                <Deed act={() => change({ action: "remove", users: [person.id] })}>{t("campus.roster.remove")}</Deed>
              </li>
            )}
          />
          {size.value ? (
            <Deed class="danger" act={() => change({ users: [], version: version.value })}>
              {t("campus.roster.clear")}
            </Deed>
          ) : null}
        </section>
      </div>
    </>
  );
}

function FromFile(): JSX.Element {
  const { fill } = useForm();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{t("campus.roster.file")}</label>
      <input
        id={id}
        type="file"
        accept=".csv,text/csv,text/plain"
        onChange={(event) => {
          void event.currentTarget.files?.[0]?.text().then((people) => fill({ people, how: "replace" }));
        }}
      />
    </div>
  );
}

function Outcome({ change }: { change: Change }): JSX.Element {
  return (
    <>
      <p>{t("campus.roster.outcome", { size: count(change.size), added: count(change.added), removed: count(change.removed) })}</p>
      {change.unknown_count ? (
        <>
          <p class="problem">{t("campus.roster.unknown", { n: count(change.unknown_count) })}</p>
          <ul>
            {change.unknown.map(({ line, value, message }) => (
              <li key={line}>
                {t("campus.roster.line", { n: line })} <Num>{value}</Num> – <bdi>{saidOfField(message)}</bdi>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </>
  );
}

