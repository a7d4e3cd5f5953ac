// Refund requests and chargebacks.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Field } from "../../ui/form.tsx";
import { Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import type { Loaded } from "../../ui/list.tsx";
import { api, ask, asked, deed, may, myself } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { countAgain } from "../parts/pending.ts";
import { Queue, type Filter } from "../parts/register.tsx";
import { State, Sum, Thing, When } from "../parts/shown.tsx";

type Request = Schemas["AdminRefundRequestOut"];
type Dispute = Schemas["AdminDisputeOut"];

const dates = (field: string): Filter[] => [
  { name: `${field}_from`, label: t("staff.from"), kind: "date" },
  { name: `${field}_to`, label: t("staff.to"), kind: "date" },
];

export function Refunds(): JSX.Element {
  return (
    <Queue<Request>
      label={t("staff.queue.refunds")}
      exportedBy={["manage"]}
      filters={[
        { name: "status", label: t("staff.status"), values: ["pending", "awaiting_second", "approved", "rejected", "refunded"] },
        { name: "event_id", label: t("staff.event_id") },
        { name: "customer_id", label: t("staff.customer_id") },
        { name: "search", label: t("staff.id_or_ticket"), kind: "search" },
        ...dates("created_at"),
      ]}
      columns={[t("staff.made"), t("staff.customer"), t("staff.ticket"), t("staff.amount"), t("staff.reason"), t("staff.status"), ""]}
      empty={t("staff.none.queue")}
      read={(filters, cursor) => ask(() => api.GET("/api/refund-requests/", { params: { query: asked(filters, cursor) } }))}
      row={(request, list) => (
        <tr key={request.id}>
          <td>
            <When at={request.created_at} />
          </td>
          <td>
            <Thing id={request.customer_id} />
          </td>
          <th scope="row">
            <Thing id={request.ticket_id} />
          </th>
          <td>
            <Sum of={request.amount} />
          </td>
          <td>
            {request.reason}
            {request.note ? <div class="why">{request.note}</div> : null}
          </td>
          <td>
            <State value={request.status} />
          </td>
          <td class="acts">
            <RefundDeeds request={request} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

/** The decision on a refund; the one who asked or approved first reads why it is not theirs. */
export function RefundDeeds({ request, list }: { request: Request; list: Loaded<Request> }): JSX.Element | null {
  const waits = request.status === "pending" || request.status === "awaiting_second";
  if (!waits || !may("manage")) return null;
  const mine = request.status === "awaiting_second" && request.first_approved_by === myself();
  const decide = async (decision: "approve" | "reject", note: string, amount: string): Promise<void> => {
    const other = amount.trim() && amount.trim() !== request.amount.amount ? amount.trim() : null;
    // The second person approves what the first one did: there is no field, only what was typed into it before.
    const body = { decision, note: note || null, amount: decision === "approve" && request.status === "pending" ? other : null };
    const answer = await deed(`decide.${request.id}`, body, (headers) =>
      api.PUT("/api/refund-requests/{request_id}/", { params: { path: { request_id: request.id } }, body, headers }),
    );
    list.replace((each) => each.id === request.id, answer);
    void countAgain().catch(() => undefined);
  };
  return (
    <>
      {mine ? (
        <div class="why">{t("staff.second.own")}</div>
      ) : (
        <Decision
          label={t("staff.approve")}
          title={t("staff.approve_refund")}
          name={`approve.${request.id}`}
          tone="primary"
          initial={{ amount: request.amount.amount }}
          refused={list.reload}
          act={({ note = "", amount = "" }) => decide("approve", note, amount)}
        >
          <p>{t("staff.approve_refund_why")}</p>
          {request.status === "awaiting_second" ? (
            <p>
              <Sum of={request.amount} />
            </p>
          ) : (
            <Field name="amount" label={`${t("staff.amount")} (${request.amount.currency})`} inputmode="decimal" required />
          )}
          <Field name="note" label={t("staff.note")} lines={2} />
        </Decision>
      )}
      <Decision label={t("staff.reject")} title={t("staff.reject_refund")} name={`reject.${request.id}`} refused={list.reload} act={({ note = "" }) => decide("reject", note, "")}>
        <Field name="note" label={t("staff.note")} lines={2} hint={t("staff.note_shown")} />
      </Decision>
    </>
  );
}

export function Disputes(): JSX.Element {
  return (
    <Queue<Dispute>
      label={t("staff.queue.disputes")}
      exportedBy={["manage"]}
      filters={[
        { name: "status", label: t("staff.status"), values: ["open", "accepted", "contested", "won", "lost"] },
        { name: "event_id", label: t("staff.event_id") },
        { name: "customer_id", label: t("staff.customer_id") },
        { name: "search", label: t("staff.search_short"), kind: "search" },
        ...dates("opened_at"),
      ]}
      columns={[t("staff.opened"), t("staff.customer"), t("staff.order"), t("staff.amount"), t("staff.status"), ""]}
      empty={t("staff.none.queue")}
      read={(filters, cursor) => ask(() => api.GET("/api/disputes/", { params: { query: asked(filters, cursor) } }))}
      row={(dispute, list) => (
        <tr key={dispute.id}>
          <td>
            <When at={dispute.opened_at} />
          </td>
          <td>
            <Thing id={dispute.customer_id} />
          </td>
          <th scope="row">{dispute.booking_id ? <a href={`/staff/orders/${dispute.booking_id}?customer=${dispute.customer_id}`}>{dispute.booking_id.slice(-8)}</a> : <Num>{dispute.payment_id}</Num>}</th>
          <td>
            <Sum of={dispute.amount} />
          </td>
          <td>
            <State value={dispute.status} />
          </td>
          <td class="acts">
            <DisputeDeeds dispute={dispute} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

function DisputeDeeds({ dispute, list }: { dispute: Dispute; list: Loaded<Dispute> }): JSX.Element | null {
  if (!may("manage") || dispute.status !== "open") return null;
  const answer = async (action: "accept" | "contest", evidence: string): Promise<void> => {
    const body = { action, evidence: evidence || null };
    const next = await deed(`dispute.${dispute.id}`, body, (headers) =>
      api.PUT("/api/disputes/{dispute_id}/", { params: { path: { dispute_id: dispute.id } }, body, headers }),
    );
    list.replace((each) => each.id === dispute.id, next);
  };
  return (
    <>
      <Decision label={t("staff.contest")} tone="primary" name={`contest.${dispute.id}`} refused={list.reload} act={({ evidence = "" }) => answer("contest", evidence)}>
        <Field name="evidence" label={t("staff.evidence")} lines={4} required />
      </Decision>
      <Decision label={t("staff.accept")} name={`accept.${dispute.id}`} refused={list.reload} act={() => answer("accept", "")}>
        <p>{t("staff.accept_why")}</p>
      </Decision>
    </>
  );
}
