// What is checked: the provider against the journal day by day, and money that nobody has claimed.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Deed } from "../../ui/form.tsx";
import { count, dateOf, Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Listing, useList, type Loaded } from "../../ui/list.tsx";
import { now } from "../../ui/now.ts";
import { query } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, ask, asked, deed, may, myself } from "../parts/api.ts";
import { FilterRow, Register } from "../parts/register.tsx";
import { State, Sum, Thing, When } from "../parts/shown.tsx";

type Day = Schemas["AdminReconciliationPage"];
type Difference = Schemas["AdminDifferenceOut"];
type Leftover = Schemas["AdminLeftoverOut"];

const yesterday = (): string => new Date(now() - 24 * 3600_000).toISOString().slice(0, 10);

export function Reconciliation(): JSX.Element {
  const day = useSignal<Day | null>(null);
  const list = useList<Difference>(
    async (cursor) => (day.value = await ask(() => api.GET("/api/finances/reconciliation/", { params: { query: asked({ date: query.peek().get("date") || yesterday() }, cursor) } }))),
    () => query.value.get("date") ?? "",
  );
  const found = day.value;
  return (
    <>
      <FilterRow filters={[{ name: "date", label: t("staff.day"), kind: "date" }]} />
      <p role="status">
        {found ? (
          <>
            <Num>{dateOf(found.date)}</Num> · <State value={found.status} /> · {t("staff.compared", { provider: count(found.provider_count), journal: count(found.journal_count) })}
          </>
        ) : null}
      </p>
      <Listing
        list={list}
        label={t("staff.finances.reconciliation")}
        columns={[t("staff.when"), t("staff.kind"), t("staff.reference"), t("staff.at_provider"), t("staff.in_journal"), t("staff.status")]}
        empty={t(found?.status === "done" ? "staff.none.differences" : "staff.none.compared")}
        row={(each) => (
          <tr key={each.id}>
            <td>
              <When at={each.found_at} />
            </td>
            <th scope="row">{word("staff.difference", each.kind)}</th>
            <td>
              <Num>{each.payment_id ?? each.reference}</Num>
            </td>
            <td>
              <Sum of={each.at_provider} />
            </td>
            <td>
              <Sum of={each.in_journal} />
            </td>
            <td>
              <State value={each.state} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

export function Unclaimed(): JSX.Element {
  return (
    <Register<Leftover>
      label={t("staff.finances.unclaimed")}
      exportedBy={["manage"]}
      filters={[
        { name: "age", label: t("staff.age"), values: ["30", "90", "365"] },
        { name: "kind", label: t("staff.kind"), values: ["dead_card", "unused_card", "undelivered_refund"] },
        { name: "customer_id", label: t("staff.customer_id") },
        { name: "event_id", label: t("staff.event_id") },
      ]}
      columns={[t("staff.days"), t("staff.kind"), t("staff.customer"), t("staff.card"), t("staff.amount"), ""]}
      empty={t("staff.none.unclaimed")}
      read={(filters, cursor) => ask(() => api.GET("/api/finances/unclaimed/", { params: { query: asked(filters, cursor) } }))}
      row={(leftover, list) => (
        <tr key={leftover.id}>
          <td>
            <Num>{count(leftover.age_days)}</Num>
          </td>
          <th scope="row">{word("staff.state", leftover.kind)}</th>
          <td>
            <Thing id={leftover.customer_id} />
          </td>
          <td>
            <Thing id={leftover.card_id} />
          </td>
          <td>
            <Sum of={leftover.amount} />
          </td>
          <td class="acts">
            <LeftoverDeeds leftover={leftover} list={list} />
          </td>
        </tr>
      )}
    />
  );
}

function LeftoverDeeds({ leftover, list }: { leftover: Leftover; list: Loaded<Leftover> }): JSX.Element | null {
  const said = useSaid();
  if (!may("manage")) return null;
  if (leftover.asked_by === myself()) return <div class="why">{t("staff.second.own")}</div>;
  const act = async (action: "pay_back" | "claim_link"): Promise<void> => {
    const body = { ids: [leftover.id], action };
    const { results } = await deed("unclaimed", body, (headers) => api.POST("/api/finances/unclaimed/", { body, headers }));
    const outcome = results[0];
    said.value = () => outcome ? (outcome.message ?? word("staff.state", outcome.state)) : "";
    if (outcome && outcome.state !== "refused") list.reload();
  };
  const actions = leftover.asked_for ? [leftover.asked_for] : (["claim_link", "pay_back"] as const);
  return (
    <>
      {actions.map((each) => (
        <Deed key={each} act={() => act(each)}>
          {t(`staff.leftover.${each}`)}
        </Deed>
      ))}
      <span role="status" class="why">
        {said.value}
      </span>
    </>
  );
}
