// A ticket: whose it is, what state it is in, and the deeds that its state and the caller's role allow.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { done, once, type Schemas } from "../../ui/api/client.ts";
import { Choice, Deed, Field } from "../../ui/form.tsx";
import { Num, time } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Failure, Shown, Unread, useRead } from "../../ui/list.tsx";
import { match } from "../../ui/router.ts";
import type { Saying } from "../../ui/said.ts";
import { api, ask, asked, deed, may } from "../parts/api.ts";
import { Decision, ReasonField } from "../parts/decision.tsx";
import { Copied, Facts, Note, State, Sum, Thing, Title, When } from "../parts/shown.tsx";

import { History } from "./history.tsx";

type Known = Schemas["AdminStaffTicketOut"];

export function Ticket(): JSX.Element {
  const id = match("/staff/tickets/:id")?.id ?? "";
  const turn = useSignal(0);
  const said = useSignal<{ words: Saying; tone: Tone } | null>(null);
  const read = useRead(
    () => ask(() => api.GET("/api/tickets/{ticket_id}/", { params: { path: { ticket_id: id } } })),
    () => String(turn.value),
  );
  const changed = (words: Saying | "", tone: Tone = ""): void => {
    if (words) said.value = { words, tone };
    turn.value += 1;
  };
  return (
    <Shown read={read}>
      {(ticket) => (
        <>
          <Title actions={<Deeds ticket={ticket} changed={changed} />}>
            {t("staff.ticket")} <Num>{ticket.number}</Num> <State value={ticket.status} />
          </Title>
          <Note tone={said.value?.tone}>{said.value?.words()}</Note>
          <section class="panel" aria-label={t("staff.facts")}>
            <Facts
              of={[
                [t("staff.holder"), <Num>{ticket.holder_name}</Num>],
                [t("staff.customer"), ticket.customer_id ? <Thing id={ticket.customer_id} /> : null],
                [t("staff.event"), <Thing id={ticket.event_id} />],
                [t("staff.tier"), ticket.tier],
                [t("staff.price"), ticket.price ? <Sum of={ticket.price} /> : null],
                [t("staff.at_gate"), word("staff.state", ticket.scan_status)],
                [t("staff.disputed"), ticket.disputed ? t("staff.yes") : null],
                [t("staff.order"), ticket.booking_id ? <a href={`/staff/orders/${ticket.booking_id}`}>{ticket.booking_id.slice(-8)}</a> : null],
                [t("staff.labels"), ticket.labels.join(", ")],
                [t("staff.issued"), <When at={ticket.issued_at} />],
                [t("staff.id"), <Copied>{ticket.id}</Copied>],
              ]}
            />
          </section>
          <RefundsOf ticket={ticket} turn={turn.value} />
          <History id={id} turn={turn.value} />
        </>
      )}
    </Shown>
  );
}

type Tone = "" | "warn" | "bad";
type Changed = (words: Saying | "", tone?: Tone) => void;

function Deeds({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  const isValid = ticket.status === "valid";
  const isLive = isValid || ticket.status === "used";
  return (
    <>
      {may("support") && isLive ? <CheckIn ticket={ticket} changed={changed} /> : null}
      {may("support") && isValid ? (
        <>
          <Transfer ticket={ticket} changed={changed} />
          {ticket.customer_id && ticket.booking_id ? <Resend ticket={ticket} changed={changed} /> : null}
        </>
      ) : null}
      {may("support") && isLive && ticket.price ? <Refund ticket={ticket} changed={changed} /> : null}
      {may("manage") ? <Correct ticket={ticket} changed={changed} /> : null}
      {may("manage") && isLive ? <Cancel ticket={ticket} changed={changed} /> : null}
    </>
  );
}

function CheckIn({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  const scan = `staff.checkin.${ticket.id}`;
  return (
    <Decision
      label={t("staff.check_in")}
      title={t("staff.check_in_of", { name: ticket.holder_name })}
      name={`checkin.${ticket.id}`}
      tone="primary"
      act={async ({ gate = "", note = "" }) => {
        // The same reading also after a reload: a lost answer makes nobody a duplicate of themselves.
        const body = { scan_id: once(scan), gate: gate || null, note: note || null };
        const verdict = await ask(() => api.POST("/api/tickets/{ticket_id}/check-in/", { params: { path: { ticket_id: ticket.id } }, body }));
        done(scan);
        const first = verdict.first_scan;
        const when = (): string => (first ? t("staff.first_scan", { at: time(first.scanned_at), gate: first.gate ?? "–", by: first.by ?? "–" }) : "");
        const why = (): string => (verdict.reason ? word("staff.state", verdict.reason) : "");
        changed(() => [t(`staff.verdict.${verdict.result}`), why(), when()].filter(Boolean).join(" · "), verdict.result === "valid" ? "" : verdict.result === "already_scanned" ? "warn" : "bad");
      }}
    >
      <p class="hint">{t("staff.check_in_hint")}</p>
      <Field name="gate" label={t("staff.gate")} />
      <Field name="note" label={t("staff.note")} lines={2} />
    </Decision>
  );
}

function Transfer({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  return (
    <Decision
      label={t("staff.transfer")}
      name={`transfer.${ticket.id}`}
      act={async ({ mobile_number: number = "", reason = "" }) => {
        const body = { mobile_number: number, reason };
        await deed(`transfer.${ticket.id}`, body, (headers) =>
          api.POST("/api/tickets/{ticket_id}/transfer/", { params: { path: { ticket_id: ticket.id } }, body, headers }),
        );
        changed(() => t("staff.transferred", { number }));
      }}
    >
      <Field name="mobile_number" label={t("staff.to_number")} type="tel" hint={t("staff.transfer_hint")} required />
      <ReasonField />
    </Decision>
  );
}

function Resend({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  return (
    <Deed
      act={async () => {
        const body = { resend: true };
        await deed(`resend.${ticket.id}`, body, (headers) =>
          api.POST("/api/tickets/{ticket_id}/transfer/", { params: { path: { ticket_id: ticket.id } }, body, headers }),
        );
        changed(() => t("staff.resent"));
      }}
    >
      {t("staff.resend")}
    </Deed>
  );
}

function Refund({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  return (
    <Decision
      label={t("staff.open_refund")}
      name={`refund.${ticket.id}`}
      initial={{ amount: ticket.price?.amount ?? "" }}
      act={async ({ reason = "", amount = "" }) => {
        const body = { ticket_id: ticket.id, reason, amount: amount.trim() && amount.trim() !== ticket.price?.amount ? amount.trim() : null };
        await deed(`refund.${ticket.id}`, body, (headers) => api.POST("/api/refund-requests/", { body, headers }));
        changed(() => t("staff.refund_opened"));
      }}
    >
      <Field name="amount" label={`${t("staff.amount")} (${ticket.price?.currency ?? ""})`} inputmode="decimal" hint={t("staff.refund_hint")} required />
      <ReasonField />
    </Decision>
  );
}

function Correct({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  const categories = useSignal<readonly (readonly [string, string])[]>([]);
  const problem = useSignal<unknown>(null);
  const load = async (): Promise<void> => {
    const event = await ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: ticket.event_id } } }));
    const same = event.ticket_categories.filter((each) => each.id === ticket.category_id || (each.price.amount === ticket.price?.amount && each.price.currency === ticket.price.currency));
    categories.value = same.map((each) => [each.id, each.name]);
    problem.value = null;
  };
  const begin = (): void => {
    if (!categories.value.length) load().catch((error: unknown) => (problem.value = error));
  };
  return (
    <span onFocusCapture={begin}>
      <Decision
        label={t("staff.correct")}
        name={`ticket.${ticket.id}`}
        initial={{ holder_name: ticket.holder_name, labels: ticket.labels.join(", "), category_id: ticket.category_id ?? "" }}
        refused={() => changed("")}
        act={async ({ holder_name: holder = "", labels = "", category_id: category = "", reason = "" }) => {
          const body = {
            reason,
            version: ticket.version,
            ...(holder !== ticket.holder_name ? { holder_name: holder } : {}),
            ...(labels !== ticket.labels.join(", ") ? { labels: labels.split(",").map((each) => each.trim()).filter(Boolean) } : {}),
            ...(category && category !== ticket.category_id ? { category_id: category } : {}),
          };
          await deed(`ticket.${ticket.id}`, body, (headers) => api.PUT("/api/tickets/{ticket_id}/", { params: { path: { ticket_id: ticket.id } }, body, headers }));
          changed(() => t("staff.corrected"));
        }}
      >
        <Field name="holder_name" label={t("staff.holder")} required />
        <Field name="labels" label={t("staff.labels")} hint={t("staff.comma")} />
        {categories.value.length > 1 ? <Choice name="category_id" label={t("staff.tier")} options={categories.value} hint={t("staff.same_price")} /> : null}
        <Unread read={{ error: problem.value, reload: begin }} />
        <ReasonField />
      </Decision>
    </span>
  );
}

function Cancel({ ticket, changed }: { ticket: Known; changed: Changed }): JSX.Element {
  return (
    <Decision
      label={t("staff.cancel_ticket")}
      tone="danger"
      name={`cancel.${ticket.id}`}
      refused={() => changed("")}
      act={async ({ reason = "" }) => {
        const body = { status: "cancelled" as const, reason, version: ticket.version };
        await deed(`cancel.${ticket.id}`, body, (headers) => api.PUT("/api/tickets/{ticket_id}/", { params: { path: { ticket_id: ticket.id } }, body, headers }));
        changed(() => t("staff.ticket_cancelled"));
      }}
    >
      <p>{t("staff.cancel_ticket_why")}</p>
      <ReasonField />
    </Decision>
  );
}

function RefundsOf({ ticket, turn }: { ticket: Known; turn: number }): JSX.Element | null {
  const read = useRead(
    () => ask(() => api.GET("/api/refund-requests/", { params: { query: asked({ search: ticket.id }) } })),
    () => String(turn),
  );
  const found = read.value?.results ?? [];
  if (read.error) return <Failure error={read.error} again={read.reload} />;
  if (found.length === 0) return null;
  return (
    <section>
      <h2>{t("staff.queue.refunds")}</h2>
      <ul class="rows">
        {found.map((each) => (
          <li key={each.id} class="row">
            <State value={each.status} /> <Sum of={each.amount} /> <span class="grow">{each.reason}</span> <When at={each.created_at} />
            <a href={`/staff/queues/refunds?search=${each.id}`}>{t("staff.in_queue")}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}
