// Organizers' submitted drafts and edit requests.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Field } from "../../ui/form.tsx";
import { t } from "../../ui/i18n.ts";
import type { Loaded } from "../../ui/list.tsx";
import { api, ask, asked, deed, may } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { countAgain } from "../parts/pending.ts";
import { Queue } from "../parts/register.tsx";
import { State, Thing, When } from "../parts/shown.tsx";
import { Changes } from "../things/history.tsx";
import { Review } from "../things/review.tsx";

type Draft = Schemas["AdminEventOut"];
type Edit = Schemas["AdminEditRequestOut"];

// Pages of drafts that one reading looks through for submitted ones.
const PAGES = 5;

// The list knows drafts, not which of them are submitted: those are picked out of it.
async function submitted(filters: Readonly<Record<string, string>>, cursor: string | undefined): Promise<{ results: Draft[]; next: string | null }> {
  const results: Draft[] = [];
  let at = cursor;
  for (let page = 0; page < PAGES; page += 1) {
    const found = await ask(() => api.GET("/api/events/", { params: { query: asked({ ...filters, status: "draft", page_size: "50" }, at) } }));
    results.push(...found.results.filter((each) => each.review === "submitted"));
    at = found.next ?? undefined;
    if (at === undefined || results.length >= 20) break;
  }
  return { results, next: at ?? null };
}

export function Drafts(): JSX.Element {
  return (
    <Queue<Draft>
      label={t("staff.queue.drafts")}
      filters={[
        { name: "search", label: t("staff.search_short"), kind: "search" },
        { name: "organizer_id", label: t("staff.organizer_id") },
      ]}
      columns={[t("staff.event"), t("staff.organizer"), t("staff.venue"), t("staff.begins"), ""]}
      empty={t("staff.none.queue")}
      read={submitted}
      row={(draft, list) => (
        <tr key={draft.id}>
          <th scope="row">
            <Thing id={draft.id} name={draft.title} />
          </th>
          <td>
            <Thing id={draft.organizer_id} name={draft.organizer_name} />
          </td>
          <td>{draft.venue?.name}</td>
          <td>
            <When at={draft.starts_at} zone={draft.timezone} />
          </td>
          <td class="acts">
            <Review event={draft} answered={() => list.replace((each) => each.id === draft.id, null)} refused={list.reload} />
          </td>
        </tr>
      )}
    />
  );
}

export function Edits(): JSX.Element {
  return (
    <Queue<Edit>
      label={t("staff.queue.edits")}
      exportedBy={["read"]}
      filters={[
        { name: "status", label: t("staff.status"), values: ["pending", "approved", "rejected"] },
        { name: "event_id", label: t("staff.event_id") },
        { name: "organizer_id", label: t("staff.organizer_id") },
        { name: "search", label: t("staff.search_short"), kind: "search" },
        { name: "created_at_from", label: t("staff.from"), kind: "date" },
        { name: "created_at_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.made"), t("staff.event"), t("staff.organizer"), t("staff.change"), t("staff.reason"), t("staff.status"), ""]}
      empty={t("staff.none.queue")}
      read={(filters, cursor) => ask(() => api.GET("/api/event-edit-requests/", { params: { query: asked(filters, cursor) } }))}
      row={(edit, list) => (
        <tr key={edit.id}>
          <td>
            <When at={edit.created_at} />
          </td>
          <th scope="row">
            <Thing id={edit.event_id} />
          </th>
          <td>
            <Thing id={edit.organizer_id} />
          </td>
          <td>
            <Changes event={edit.event_id} before={Object.fromEntries(edit.diff.map((each) => [each.field, each.from]))} after={Object.fromEntries(edit.diff.map((each) => [each.field, each.to]))} />
          </td>
          <td>
            {edit.reason}
            {edit.note ? <div class="why">{edit.note}</div> : null}
          </td>
          <td>
            <State value={edit.status} />
          </td>
          <td class="acts">
            <EditDeeds edit={edit} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

function EditDeeds({ edit, list }: { edit: Edit; list: Loaded<Edit> }): JSX.Element | null {
  if (!may("manage") || edit.status !== "pending") return null;
  const decide = async (decision: "approve" | "reject", note: string): Promise<void> => {
    const body = { decision, note: note || null };
    const answer = await deed(`edit.${edit.id}`, body, (headers) =>
      api.PUT("/api/event-edit-requests/{request_id}/", { params: { path: { request_id: edit.id } }, body, headers }),
    );
    list.replace((each) => each.id === edit.id, answer);
    void countAgain().catch(() => undefined);
  };
  return (
    <>
      <Decision label={t("staff.approve")} tone="primary" title={t("staff.approve_edit")} name={`approve.${edit.id}`} refused={list.reload} act={({ note = "" }) => decide("approve", note)}>
        <p>{t("staff.approve_edit_why")}</p>
        <Field name="note" label={t("staff.note")} lines={2} />
      </Decision>
      <Decision label={t("staff.reject")} title={t("staff.reject_edit")} name={`reject.${edit.id}`} refused={list.reload} act={({ note = "" }) => decide("reject", note)}>
        <Field name="note" label={t("staff.note")} lines={2} hint={t("staff.note_shown")} />
      </Decision>
    </>
  );
}
