// What comes from gates and counters: card requests, conflicts of the check-in log, incidents.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Choice, Deed, Field } from "../../ui/form.tsx";
import { Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import type { Loaded } from "../../ui/list.tsx";
import { api, ask, asked, deed, may } from "../parts/api.ts";
import { Decision, ReasonField } from "../parts/decision.tsx";
import { countAgain } from "../parts/pending.ts";
import { Queue } from "../parts/register.tsx";
import { State, Sum, Thing, When } from "../parts/shown.tsx";

// The list has no address: the answer to a decision has it, which the audit log records.
type CardRequest = Schemas["AdminCardRequestOut"] & { address?: string | null };
type Entry = Schemas["AdminCheckinEntryOut"];
type Incident = Schemas["IncidentsIncidentOut"];

export function CardRequests(): JSX.Element {
  return (
    <Queue<CardRequest>
      label={t("staff.queue.cards")}
      exportedBy={["manage"]}
      filters={[
        { name: "status", label: t("staff.status"), values: ["requested", "approved", "sent", "fulfilled", "rejected"] },
        { name: "delivery", label: t("staff.delivery"), values: ["pickup", "post"] },
        { name: "customer_id", label: t("staff.customer_id") },
        { name: "merchant_id", label: t("staff.merchant_id") },
        { name: "created_at_from", label: t("staff.from"), kind: "date" },
        { name: "created_at_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.made"), t("staff.customer"), t("staff.delivery"), t("staff.fee"), t("staff.card"), t("staff.status"), ""]}
      empty={t("staff.none.queue")}
      read={(filters, cursor) => ask(() => api.GET("/api/card-requests/", { params: { query: asked(filters, cursor) } }))}
      row={(request, list) => (
        <tr key={request.id}>
          <td>
            <When at={request.created_at} />
          </td>
          <th scope="row">
            <Thing id={request.customer_id} />
          </th>
          <td>
            {word("staff.state", request.delivery)} <Thing id={request.merchant_id} />
            <Address of={request} />
          </td>
          <td>
            <Sum of={request.fee} />
          </td>
          <td>{request.card_uid ? <a href={`/staff/cards/${request.card_uid}`}>{request.card_uid}</a> : null}</td>
          <td>
            <State value={request.status} />
            {request.reason ? <div class="why">{request.reason}</div> : null}
          </td>
          <td class="acts">
            <CardRequestDeeds request={request} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

/** Where a posted card goes, as it was written. */
function Address({ of }: { of: CardRequest }): JSX.Element | null {
  return of.address ? <p class="address">{of.address}</p> : null;
}

function CardRequestDeeds({ request, list }: { request: CardRequest; list: Loaded<CardRequest> }): JSX.Element | null {
  if (!may("manage") || (request.status !== "requested" && request.status !== "approved")) return null;
  const answer = async (body: Schemas["AdminCardRequestAnswerIn"]): Promise<void> => {
    const next = await deed(`cardrequest.${request.id}`, body, (headers) =>
      api.PUT("/api/card-requests/{request_id}/", { params: { path: { request_id: request.id } }, body, headers }),
    );
    list.replace((each) => each.id === request.id, next);
    void countAgain().catch(() => undefined);
  };
  const posted = request.delivery === "post";
  return (
    <>
      {request.status === "requested" ? (
        <Decision label={t("staff.approve")} tone="primary" title={t("staff.approve_card")} name={`approve.${request.id}`} refused={list.reload} act={() => answer({ action: "approve" })}>
          <p>{t("staff.approve_card_why")}</p>
        </Decision>
      ) : null}
      {posted && request.status === "approved" ? (
        <Decision label={t("staff.send_card")} tone="primary" name={`send.${request.id}`} refused={list.reload} act={({ card_uid: uid = "" }) => answer({ action: "send", card_uid: uid })}>
          {request.address ? <Address of={request} /> : <Deed act={() => answer({ action: "approve" })}>{t("staff.show_address")}</Deed>}
          <Field name="card_uid" label={t("staff.uid")} hint={t("staff.send_card_hint")} required />
        </Decision>
      ) : null}
      <Decision label={t("staff.reject")} title={t("staff.reject_card")} name={`reject.${request.id}`} refused={list.reload} act={({ reason = "" }) => answer({ action: "reject", reason })}>
        <ReasonField />
      </Decision>
    </>
  );
}

export function Conflicts(): JSX.Element {
  return (
    <Queue<Entry>
      label={t("staff.queue.conflicts")}
      filters={[
        { name: "resolved", label: t("staff.resolved"), values: ["false", "true"] },
        { name: "event_id", label: t("staff.event_id") },
        { name: "source", label: t("staff.source"), values: ["online", "offline", "manual"] },
        { name: "date_from", label: t("staff.from"), kind: "date" },
        { name: "date_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.when"), t("staff.conflict"), t("staff.holder"), t("staff.gate"), t("staff.by"), t("staff.event"), t("staff.resolved"), ""]}
      empty={t("staff.none.queue")}
      read={(filters, cursor) => ask(() => api.GET("/api/logs/checkin/", { params: { query: asked({ resolved: "false", ...filters, conflict: "true" }, cursor) } }))}
      row={(entry, list) => (
        <tr key={entry.id}>
          <td>
            <When at={entry.scanned_at} />
          </td>
          <th scope="row">{word("staff.conflict", entry.conflict ?? "clone_suspected")}</th>
          <td>{entry.ticket_id ? <Thing id={entry.ticket_id} name={entry.attendee_name} /> : <Num>{entry.attendee_name}</Num>}</td>
          <td>
            <Num>{entry.gate}</Num>
          </td>
          <td>{entry.usher ? <Num>{entry.usher.username ?? entry.usher.id}</Num> : <Thing id={entry.device_id} />}</td>
          <td>
            <Thing id={entry.event_id} />
          </td>
          <td>{entry.resolved ? t("staff.yes") : t("staff.no")}</td>
          <td class="acts">{entry.resolved ? null : <ConflictDeed entry={entry} list={list} />}</td>
        </tr>
      )}
    />
  );
}

function ConflictDeed({ entry, list }: { entry: Entry; list: Loaded<Entry> }): JSX.Element | null {
  if (!may("ushers")) return null;
  return (
    <Decision
      label={t("staff.resolve")}
      tone="primary"
      title={t("staff.resolve_conflict")}
      name={`conflict.${entry.id}`}
      refused={list.reload}
      act={async ({ resolution = "let_in", note = "" }) => {
        const body = { resolution: resolution as "let_in", note };
        await ask(() => api.PUT("/api/logs/checkin/{log_id}/", { params: { path: { log_id: entry.id } }, body }));
        list.replace((each) => each.id === entry.id, { ...entry, resolved: true });
        void countAgain().catch(() => undefined);
      }}
    >
      <Choice name="resolution" label={t("staff.resolution")} options={(["let_in", "fraud", "device_error", "other"] as const).map((each) => [each, t(`staff.resolution.${each}`)])} />
      <Field name="note" label={t("staff.note")} lines={2} required />
    </Decision>
  );
}

export function Incidents(): JSX.Element {
  return (
    <Queue<Incident>
      label={t("staff.queue.incidents")}
      exportedBy={["manage"]}
      filters={[
        { name: "status", label: t("staff.status"), values: ["open", "in_progress", "closed"] },
        { name: "type", label: t("staff.kind"), values: ["lost_card", "dispute", "medical", "security", "technical", "other"] },
        { name: "event_id", label: t("staff.event_id") },
        { name: "search", label: t("staff.search_short"), kind: "search" },
        { name: "created_at_from", label: t("staff.from"), kind: "date" },
        { name: "created_at_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.made"), t("staff.kind"), t("staff.note"), t("staff.about"), t("staff.event"), t("staff.status"), ""]}
      empty={t("staff.none.queue")}
      read={(filters, cursor) => ask(() => api.GET("/api/incidents/", { params: { query: asked(filters, cursor) } }))}
      row={(incident, list) => (
        <tr key={incident.id}>
          <td>
            <When at={incident.created_at} />
          </td>
          <th scope="row">{word("staff.state", incident.type)}</th>
          <td>
            {incident.note}
            {incident.answer ? <div class="why">{incident.answer}</div> : null}
          </td>
          <td>
            <Thing id={incident.ticket_id} /> {incident.card_uid ? <a href={`/staff/cards/${incident.card_uid}`}>{incident.card_uid}</a> : null}
            {incident.photo_url ? (
              <a href={incident.photo_url} target="_blank" rel="noopener">
                {t("staff.photo")}
              </a>
            ) : null}
          </td>
          <td>
            <Thing id={incident.event_id} />
          </td>
          <td>
            <State value={incident.status} />
          </td>
          <td class="acts">
            <IncidentDeed incident={incident} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

function IncidentDeed({ incident, list }: { incident: Incident; list: Loaded<Incident> }): JSX.Element | null {
  if (!may("ushers") || incident.status === "closed") return null;
  return (
    <Decision
      label={t("staff.answer")}
      tone="primary"
      title={t("staff.answer_incident")}
      name={`incident.${incident.id}`}
      refused={list.reload}
      act={async ({ status = "closed", note = "" }) => {
        const body = { status: status as "closed", note };
        const next = await ask(() => api.PUT("/api/incidents/{incident_id}/", { params: { path: { incident_id: incident.id } }, body }));
        list.replace((each) => each.id === incident.id, next);
      }}
    >
      <Choice name="status" label={t("staff.status")} options={(["closed", "in_progress"] as const).map((each) => [each, t(`staff.state.${each}`)])} />
      <Field name="note" label={t("staff.note")} lines={2} required />
    </Decision>
  );
}
