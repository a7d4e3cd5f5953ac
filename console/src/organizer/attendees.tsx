// Attendees: a file of all, and a list to search where they are few enough to be in the answer.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { Deed } from "../ui/form.tsx";
import { fileOf, save } from "../ui/file.ts";
import { count, Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { JobProgress } from "../ui/job.tsx";

import { recordsOf } from "./csv.ts";
import { isFound } from "./finding.ts";
import { PORTAL, TONES, type EventDetail } from "./data.ts";

const SHOWN_AT_ONCE = 50;

interface Attendee {
  number: string;
  name: string;
  category: string;
  tier: string;
  status: string;
  entered: string;
}

export function Attendees({ event }: { event: EventDetail }): JSX.Element {
  const people = useSignal<readonly Attendee[] | null>(null);
  const job = useSignal<string | null>(null);
  const path = `/api/organizer/events/${encodeURIComponent(event.id)}/?format=csv`;

  const read = async (use: (file: Blob, name: string) => void | Promise<void>): Promise<void> => {
    const found = await fileOf(PORTAL, path);
    if ("jobId" in found) job.value = found.jobId;
    else await use(found.file, found.name);
  };
  return (
    <section class="card" aria-label={t("organizer.attendees")}>
      <div class="row title">
        <h2 class="grow">{t("organizer.attendees")}</h2>
        <Deed act={() => read(async (file) => void (people.value = recordsOf(await file.text()) as unknown as Attendee[]))}>
          {t(people.value ? "organizer.attendees.again" : "organizer.attendees.show")}
        </Deed>
        <Deed act={() => read(save)}>{t("organizer.attendees.file")}</Deed>
      </div>
      {job.value ? (
        <>
          <p class="hint">{t("organizer.attendees.many")}</p>
          <JobProgress portal={PORTAL} id={job.value} />
        </>
      ) : null}
      {people.value ? <Found people={people.value} /> : null}
    </section>
  );
}

function Found({ people }: { people: readonly Attendee[] }): JSX.Element {
  const search = useSignal("");
  const status = useSignal("");
  const most = useSignal(SHOWN_AT_ONCE);
  const found = people.filter((each) => {
    return isFound(`${each.name} ${each.number}`, search.value) && (!status.value || each.status === status.value);
  });
  const statuses = [...new Set(people.map((each) => each.status))].sort();
  return (
    <>
      <search class="row filters">
        <label class="grow">
          {t("organizer.attendees.search")}
          <input type="search" value={search.value} onInput={(event) => (search.value = event.currentTarget.value)} />
        </label>
        <label>
          {t("organizer.state")}
          <select value={status.value} onChange={(event) => (status.value = event.currentTarget.value)}>
            <option value="">{t("organizer.all")}</option>
            {statuses.map((each) => (
              <option key={each} value={each}>
                {word("organizer.ticket", each)}
              </option>
            ))}
          </select>
        </label>
      </search>
      <p role="status">{t("organizer.attendees.found", { found: count(found.length), all: count(people.length) })}</p>
      {found.length ? (
        <div class="scroller" role="region" aria-label={t("organizer.attendees")} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {["number", "name", "category", "state", "entered"].map((each) => (
                  <th key={each} scope="col">
                    {t(`organizer.column.${each}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.slice(0, most.value).map((each) => (
                <tr key={each.number}>
                  <td>
                    <Num>{each.number}</Num>
                  </td>
                  <td>
                    <bdi>{each.name}</bdi>
                  </td>
                  <td>
                    <bdi>{[each.category, each.tier].filter(Boolean).join(" · ")}</bdi>
                  </td>
                  <td>
                    <span class={`badge ${TONES[each.status] ?? ""}`}>{word("organizer.ticket", each.status)}</span>
                  </td>
                  <td>{t(each.entered === "yes" ? "organizer.yes" : "organizer.no")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p class="empty">{t(people.length ? "organizer.attendees.no_match" : "organizer.attendees.none")}</p>
      )}
      {found.length > most.value ? (
        <button type="button" onClick={() => (most.value += SHOWN_AT_ONCE)}>
          {t("ui.more")}
        </button>
      ) : null}
    </>
  );
}
