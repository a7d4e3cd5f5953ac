// What waits for a second person: payouts, refunds, withdrawals, cancellations, leftover money. One's own says why not.
import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";

import type { Schemas } from "../../ui/api/client.ts";
import { t } from "../../ui/i18n.ts";
import { Listing, useList, type Loaded, type Page } from "../../ui/list.tsx";
import { now } from "../../ui/now.ts";
import { api, ask, asked, may } from "../parts/api.ts";
import { useFollowed } from "../parts/register.tsx";
import { State, Sum, Thing, When } from "../parts/shown.tsx";
import { PayoutDeeds } from "../money/payouts.tsx";
import { WithdrawalDeeds } from "../money/owners.tsx";

import { cancellationOf } from "../work/cancellation.tsx";
import { RefundDeeds } from "./refunds.tsx";

type Audit = Schemas["AdminAuditEntryOut"];

export function SecondPerson(): JSX.Element {
  return (
    <>
      <Payouts />
      <Refunds />
      <Withdrawals />
      <Cancellations />
      <p class="hint">
        {t("staff.second.unclaimed")} <a href="/staff/finances/unclaimed">{t("staff.finances.unclaimed")}</a>
      </p>
    </>
  );
}

function Waiting<T>({ title, list, columns, row }: { title: string; list: Loaded<T>; columns: readonly string[]; row(item: T): JSX.Element }): JSX.Element {
  useFollowed(list);
  return (
    <section>
      <h2>{title}</h2>
      <Listing list={list} label={title} empty={t("staff.none.second")} columns={[...columns, ""]} row={row} />
    </section>
  );
}

function Cells({ id, who, amount, made, children, state }: { id: JSX.Element; who: string | null; amount: Schemas["MoneyOut"] | null; made: string; state: string; children: ComponentChildren }): JSX.Element {
  return (
    <tr>
      <td>
        <When at={made} />
      </td>
      <th scope="row">{id}</th>
      <td>
        <Sum of={amount} />
      </td>
      <td>
        <Thing id={who} />
      </td>
      <td>
        <State value={state} />
      </td>
      <td class="acts">{children}</td>
    </tr>
  );
}

const columns = (): string[] => [t("staff.made"), t("staff.about"), t("staff.amount"), t("staff.asked_by"), t("staff.status")];

function Payouts(): JSX.Element {
  const list = useList<Schemas["AdminStaffPayoutOut"]>((cursor) => ask(() => api.GET("/api/payouts/", { params: { query: asked({ status: "awaiting_second" }, cursor) } })));
  return (
    <Waiting
      title={t("staff.finances.payouts")}
      list={list}
      columns={columns()}
      row={(payout) => (
        <Cells key={payout.id} id={<Thing id={payout.event.id} name={payout.event.title} />} who={payout.asked_by} amount={payout.net} made={payout.created_at} state={payout.status}>
          <PayoutDeeds payout={payout} list={list} />
        </Cells>
      )}
    />
  );
}

function Refunds(): JSX.Element {
  const list = useList<Schemas["AdminRefundRequestOut"]>((cursor) => ask(() => api.GET("/api/refund-requests/", { params: { query: asked({ status: "awaiting_second" }, cursor) } })));
  return (
    <Waiting
      title={t("staff.queue.refunds")}
      list={list}
      columns={columns()}
      row={(request) => (
        <Cells key={request.id} id={<Thing id={request.ticket_id} />} who={request.first_approved_by} amount={request.amount} made={request.created_at} state={request.status}>
          <RefundDeeds request={request} list={list} />
        </Cells>
      )}
    />
  );
}

function Withdrawals(): JSX.Element {
  const list = useList<Schemas["AdminWithdrawalOut"]>((cursor) => ask(() => api.GET("/api/finances/profit-withdrawals/", { params: { query: asked({ status: "awaiting_second" }, cursor) } })));
  return (
    <Waiting
      title={t("staff.finances.withdrawals")}
      list={list}
      columns={columns()}
      row={(withdrawal) => (
        <Cells key={withdrawal.id} id={<>{withdrawal.partner}</>} who={withdrawal.asked_by} amount={withdrawal.amount} made={withdrawal.created_at} state={withdrawal.status}>
          <WithdrawalDeeds withdrawal={withdrawal} list={list} />
        </Cells>
      )}
    />
  );
}

interface WaitingCancellation {
  event: string;
  asked: Schemas["AdminCancellationOut"];
  at: string;
}

// Cancellations have no list: the audit log names the events whose cancellation was asked for within its 24 hours. `seen`
// has the events of earlier pages.
async function waitingCancellations(cursor: string | undefined, seen: Set<string>): Promise<Page<WaitingCancellation>> {
  if (cursor === undefined) seen.clear();
  const since = new Date(now() - 24 * 3600_000).toISOString();
  const log = await ask(() => api.GET("/api/logs/system/", { params: { query: asked({ action: "event.cancel", result: "done", date_from: since, page_size: "100" }, cursor) } }));
  const entries = new Map<string, Audit>();
  for (const entry of log.results) {
    if (!entry.entity_id || seen.has(entry.entity_id)) continue;
    seen.add(entry.entity_id);
    entries.set(entry.entity_id, entry);
  }
  const found = await Promise.all(
    [...entries].map(async ([event, entry]) => {
      const asked = await cancellationOf(event);
      return asked?.status === "awaiting_second" ? [{ event, asked, at: entry.at }] : [];
    }),
  );
  return { results: found.flat(), next: log.next };
}

function Cancellations(): JSX.Element {
  const seen = useRef(new Set<string>());
  const list = useList<WaitingCancellation>((cursor) => waitingCancellations(cursor, seen.current));
  return (
    <Waiting
      title={t("staff.cancellations")}
      list={list}
      columns={columns()}
      row={({ event, asked: waiting, at }) => (
        <Cells key={event} id={<Thing id={event} />} who={waiting.asked_by} amount={waiting.preview?.total ?? null} made={at} state={waiting.status}>
          <a class="button" href={`/staff/events/${event}/cancellation`}>
            {may("manage") ? t("staff.look_decide") : t("staff.look")}
          </a>
        </Cells>
      )}
    />
  );
}
