// Finances: the company by month, and a tab for each book.
import type { FunctionComponent, JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { money, monthOf } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { Columns, type Point } from "../../ui/picture.tsx";
import { match, query } from "../../ui/router.ts";
import { api, ask, asked } from "../parts/api.ts";
import { FilterRow } from "../parts/register.tsx";
import { Sum, Title } from "../parts/shown.tsx";

import { Deposits, Expenses, Settlements } from "./books.tsx";
import { Reconciliation, Unclaimed } from "./checks.tsx";
import { Shares, Withdrawals } from "./owners.tsx";
import { Payouts } from "./payouts.tsx";

const TABS: Readonly<Record<string, FunctionComponent>> = {
  company: Company,
  settlements: Settlements,
  payouts: Payouts,
  expenses: Expenses,
  deposits: Deposits,
  shares: Shares,
  withdrawals: Withdrawals,
  reconciliation: Reconciliation,
  unclaimed: Unclaimed,
};

export function Finances(): JSX.Element {
  const name = match("/staff/finances/:part")?.part ?? "company";
  const View = TABS[name];
  return (
    <>
      <Title>{t("staff.money")}</Title>
      <nav class="tabs" aria-label={t("staff.money")}>
        {Object.keys(TABS).map((each) => (
          <a key={each} href={`/staff/finances/${each}`} aria-current={each === name ? "page" : undefined}>
            {t(`staff.finances.${each}`)}
          </a>
        ))}
      </nav>
      {View ? <View /> : <p class="empty">{t("staff.no_view")}</p>}
    </>
  );
}

type Month = Schemas["AdminCompanyMonthOut"];
const SUMS = ["ticket_revenue", "card_fees", "platform_fees", "refunds", "expenses", "losses", "payouts", "deposits", "withdrawals", "net_profit"] as const;

function Company(): JSX.Element {
  const read = useRead(
    () => ask(() => api.GET("/api/finances/company/", { params: { query: asked({ date_from: query.peek().get("date_from") ?? "", date_to: query.peek().get("date_to") ?? "" }) } })),
    () => query.value.toString(),
  );
  const points = (months: readonly Month[], name: (typeof SUMS)[number]): Point[] => months.map((each) => ({ label: monthOf(each.month), value: Number(each[name].amount), text: money(each[name]) }));
  return (
    <>
      <FilterRow
        filters={[
          { name: "date_from", label: t("staff.from"), kind: "date" },
          { name: "date_to", label: t("staff.to"), kind: "date" },
        ]}
      />
      <Shown read={read}>
        {(found) => (
          <>
            <div class="numbers">
              {[...SUMS, "balance" as const].map((each) => (
                <div key={each}>
                  <b>
                    <Sum of={found[each]} />
                  </b>
                  <span>{t(`staff.sum.${each}`)}</span>
                </div>
              ))}
            </div>
            <div class="two">
              {(["ticket_revenue", "platform_fees", "net_profit", "expenses"] as const).map((each) => (
                <section class="panel" key={each}>
                  <Columns title={t(`staff.sum.${each}`)} points={points(found.by_month, each)} />
                </section>
              ))}
            </div>
          </>
        )}
      </Shown>
    </>
  );
}
