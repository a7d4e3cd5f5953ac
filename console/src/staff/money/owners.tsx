// The owners' money: profit shares and withdrawals.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Deed, Field, Form, Submit } from "../../ui/form.tsx";
import { Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead, type Loaded } from "../../ui/list.tsx";
import { useSaid } from "../../ui/said.ts";
import { api, ask, asked, deed, may, myself } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";
import { Register } from "../parts/register.tsx";
import { Note, State, Sum, Thing, When } from "../parts/shown.tsx";

type Withdrawal = Schemas["AdminWithdrawalOut"];

/** The second person's decision; the one who asked reads why it is not theirs. */
export function WithdrawalDeeds({ withdrawal, list }: { withdrawal: Withdrawal; list: Loaded<Withdrawal> }): JSX.Element | null {
  if (!may("own") || withdrawal.status !== "awaiting_second") return null;
  if (withdrawal.asked_by === myself()) return <div class="why">{t("staff.second.own")}</div>;
  const decide = async (decision: "approve" | "reject"): Promise<void> => {
    const body = { withdrawal_id: withdrawal.id, decision };
    const next = await deed("withdrawal", body, (headers) => api.POST("/api/finances/profit-withdrawals/", { body, headers }));
    list.replace((each) => each.id === withdrawal.id, next);
  };
  return (
    <>
      <Deed class="primary" act={() => decide("approve")}>
        {t("staff.approve")}
      </Deed>
      <Deed act={() => decide("reject")}>{t("staff.reject")}</Deed>
    </>
  );
}

export function Withdrawals(): JSX.Element {
  return (
    <Register<Withdrawal>
      label={t("staff.finances.withdrawals")}
      exportedBy={["read"]}
      maker={({ add }) =>
        may("own") ? (
          <Decision
            label={t("staff.new_withdrawal")}
            tone="primary"
            name="withdrawal.new"
            act={async ({ partner = "", amount = "" }) => {
              const body = { partner, amount };
              add(await deed("withdrawal.new", body, (headers) => api.POST("/api/finances/profit-withdrawals/", { body, headers })));
            }}
          >
            <Field name="partner" label={t("staff.partner")} required />
            <Field name="amount" label={t("staff.amount")} inputmode="decimal" required />
          </Decision>
        ) : null
      }
      filters={[
        { name: "partner", label: t("staff.partner") },
        { name: "status", label: t("staff.status"), values: ["awaiting_second", "done", "rejected"] },
        { name: "created_at_from", label: t("staff.from"), kind: "date" },
        { name: "created_at_to", label: t("staff.to"), kind: "date" },
      ]}
      columns={[t("staff.made"), t("staff.partner"), t("staff.amount"), t("staff.asked_by"), t("staff.status"), ""]}
      empty={t("staff.none.money")}
      read={(filters, cursor) => ask(() => api.GET("/api/finances/profit-withdrawals/", { params: { query: asked(filters, cursor) } }))}
      row={(withdrawal, list) => (
        <tr key={withdrawal.id}>
          <td>
            <When at={withdrawal.created_at} />
          </td>
          <th scope="row">{withdrawal.partner}</th>
          <td>
            <Sum of={withdrawal.amount} />
          </td>
          <td>
            <Thing id={withdrawal.asked_by} />
          </td>
          <td>
            <State value={withdrawal.status} />
          </td>
          <td class="acts">
            <WithdrawalDeeds withdrawal={withdrawal} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

const lines = (shares: readonly Schemas["AdminShareOut"][]): string => shares.map((each) => `${each.partner}: ${each.percent}`).join("\n");

function sharesOf(text: string): Schemas["AdminShareIn"][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.lastIndexOf(":");
      return { partner: (at < 0 ? line : line.slice(0, at)).trim(), percent: at < 0 ? "" : line.slice(at + 1).replace("%", "").trim() };
    });
}

export function Shares(): JSX.Element {
  const turn = useSignal(0);
  const said = useSaid();
  const read = useRead(
    () => ask(() => api.GET("/api/finances/profit-share/")),
    () => String(turn.value),
  );
  return (
    <Shown read={read}>
      {(found) => (
        <>
          <Note>{said.value}</Note>
          {found.shares.length ? null : <p class="empty">{t("staff.none.shares")}</p>}
          {found.periods.map((period) => (
            <section class="panel" key={period.valid_from}>
              <h2>
                {t("staff.valid_from")} <Num>{period.valid_from}</Num>
              </h2>
              <ul>
                {period.shares.map((each) => (
                  <li key={each.partner}>
                    {each.partner}: <Num>{each.percent} %</Num>
                  </li>
                ))}
              </ul>
              <p class="hint">
                <Thing id={period.set_by} /> · <When at={period.set_at} />
              </p>
            </section>
          ))}
          {may("own") ? (
            <section class="panel">
              <h2>{t("staff.set_shares")}</h2>
              <Form
                label={t("staff.set_shares")}
                draft="staff.shares"
                initial={{ shares: lines(found.shares) }}
                onSubmit={async ({ shares = "", valid_from: from = "" }) => {
                  const body = { shares: sharesOf(shares), valid_from: from || null };
                  await deed("shares", body, (headers) => api.PUT("/api/finances/profit-share/", { body, headers }));
                  said.value = () => t("staff.corrected");
                  turn.value += 1;
                }}
              >
                <Field name="shares" label={t("staff.shares")} lines={4} hint={t("staff.shares_hint")} required />
                <Field name="valid_from" label={t("staff.valid_from")} type="date" />
                <Submit>{t("ui.save")}</Submit>
              </Form>
            </section>
          ) : null}
        </>
      )}
    </Shown>
  );
}
