// Payouts: their list, and the deeds that their state allows.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Field } from "../../ui/form.tsx";
import { dateOf, Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import type { Loaded } from "../../ui/list.tsx";
import { api, ask, asked, deed, may, myself } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { countAgain } from "../parts/pending.ts";
import { Queue } from "../parts/register.tsx";
import { State, Sum, Thing, When } from "../parts/shown.tsx";

type Known = Schemas["AdminStaffPayoutOut"];
type Action = Schemas["PayoutAction"];

const WAITS = new Set(["awaiting_second", "scheduled", "on_hold"]);

function actionsOf(payout: Known): Action[] {
  const found: Action[] = [];
  const unsigned = payout.needs_second && payout.approved_by === null && (payout.status === "awaiting_second" || payout.status === "on_hold");
  if (unsigned) found.push("approve");
  if (payout.status === "on_hold") found.push("release");
  else if (WAITS.has(payout.status)) found.push("hold");
  if (payout.status === "failed" || (payout.status === "scheduled" && payout.waits_for !== null)) found.push("retry");
  if (WAITS.has(payout.status) || payout.status === "failed") found.push("cancel");
  return found;
}

/** The deeds on a payout; the one who asked for it reads why the approval is not theirs. */
export function PayoutDeeds({ payout, list }: { payout: Known; list: Loaded<Known> }): JSX.Element | null {
  if (!may("finance")) return null;
  const actions = actionsOf(payout);
  const own = payout.asked_by === myself();
  return (
    <>
      {actions.map((action) =>
        action === "approve" && own ? (
          <div class="why" key={action}>
            {t("staff.second.own")}
          </div>
        ) : (
          <Decision
            key={action}
            label={t(`staff.payout.${action}`)}
            title={t("staff.payout_of", { action: t(`staff.payout.${action}`), amount: `${payout.net.currency} ${payout.net.amount}` })}
            tone={action === "approve" ? "primary" : action === "cancel" ? "danger" : ""}
            name={`payout.${payout.id}.${action}`}
            refused={list.reload}
            act={async () => {
              const body = { action };
              const next = await deed(`payout.${payout.id}`, body, (headers) => api.PUT("/api/payouts/{payout_id}/", { params: { path: { payout_id: payout.id } }, body, headers }));
              list.replace((each) => each.id === payout.id, next);
              void countAgain().catch(() => undefined);
            }}
          >
            <p>{t(`staff.payout.${action}_why`)}</p>
            <p>
              <Thing id={payout.event.id} name={payout.event.title} /> · <Sum of={payout.net} />
            </p>
          </Decision>
        ),
      )}
      {payout.status === "cancelled" && !isReplaced(payout, list) ? <NewPayout settlement={payout.settlement_id} made={list.add} refused={list.reload} /> : null}
    </>
  );
}

/** Whether the list shows a later payout of the same settlement, in the place of one that was cancelled. */
const isReplaced = (payout: Known, list: Loaded<Known>): boolean =>
  list.items.some((each) => each.settlement_id === payout.settlement_id && each.created_at > payout.created_at);

/** Pay a settlement out whose payout was cancelled, or that has none. */
export function NewPayout({ settlement, made, refused }: { settlement: string; made(payout: Known): void; refused(): void }): JSX.Element {
  return (
    <Decision
      label={t("staff.new_payout")}
      name={`payout.new.${settlement}`}
      refused={refused}
      act={async ({ scheduled_for: day = "" }) => {
        const body = { settlement_id: settlement, scheduled_for: day || null };
        made(await deed("payout.new", body, (headers) => api.POST("/api/payouts/", { body, headers })));
      }}
    >
      <Field name="scheduled_for" label={t("staff.due")} type="date" />
    </Decision>
  );
}

export function Payouts(): JSX.Element {
  return (
    <Queue<Known>
      label={t("staff.finances.payouts")}
      exportedBy={["read"]}
      filters={[
        { name: "status", label: t("staff.status"), values: ["awaiting_second", "scheduled", "processing", "paid", "failed", "on_hold", "cancelled"] },
        { name: "organizer_id", label: t("staff.organizer_id") },
        { name: "event_id", label: t("staff.event_id") },
        { name: "search", label: t("staff.search_short"), kind: "search" },
        { name: "scheduled_for_from", label: t("staff.from"), kind: "date" },
        { name: "scheduled_for_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.event"), t("staff.organizer"), t("staff.net"), t("staff.due"), t("staff.invoice"), t("staff.status"), ""]}
      empty={t("staff.none.payouts")}
      read={(filters, cursor) => ask(() => api.GET("/api/payouts/", { params: { query: asked(filters, cursor) } }))}
      row={(payout, list) => (
        <tr key={payout.id}>
          <th scope="row">
            <Thing id={payout.event.id} name={payout.event.title} />
          </th>
          <td>
            <Thing id={payout.organizer_id} />
          </td>
          <td>
            <Sum of={payout.net} />
          </td>
          <td>{payout.paid_at ? <When at={payout.paid_at} /> : <Num>{dateOf(payout.scheduled_for)}</Num>}</td>
          <td>
            <Num>{payout.invoice_number}</Num>
          </td>
          <td>
            <State value={payout.status} />
            {payout.waits_for ? <div class="why">{word("staff.waits", payout.waits_for)}</div> : null}
            {payout.failure_reason ? <div class="why">{payout.failure_reason}</div> : null}
          </td>
          <td class="acts">
            <PayoutDeeds payout={payout} list={list} />
          </td>
        </tr>
      )}
    />
  );
}
