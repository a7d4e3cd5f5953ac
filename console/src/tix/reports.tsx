// What was generated and scanned, by day, week and month.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { dateOf } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";
import { Columns } from "../ui/picture.tsx";

import { api, type Me } from "./api.ts";
import { Totals, useNews } from "./overview.tsx";

const PERIODS = ["daily", "weekly", "monthly"] as const;
type Period = (typeof PERIODS)[number];
interface Row {
  label: string;
  generated: number;
  scanned: number;
}

async function read(period: Period): Promise<Row[]> {
  if (period === "daily") return (await answerOf(api.GET("/api/tix/reports/daily"))).map((each) => ({ label: dateOf(each.date), ...each }));
  if (period === "weekly") return (await answerOf(api.GET("/api/tix/reports/weekly"))).map((each) => ({ label: each.week, ...each }));
  return (await answerOf(api.GET("/api/tix/reports/monthly"))).map((each) => ({ label: each.month, ...each }));
}

export function Reports({ me }: { me: Me }): JSX.Element {
  const period = useSignal<Period>("daily");
  const newest = useNews();
  const rows = useRead(
    () => read(period.peek()),
    () => `${period.value}/${newest()}`,
  );
  return (
    <>
      <h1>{t("tix.nav.reports")}</h1>
      <Totals />
      <div class="row tools" role="group" aria-label={t("tix.report.period")}>
        {PERIODS.map((each) => (
          <button key={each} type="button" aria-pressed={each === period.value} onClick={() => (period.value = each)}>
            {t(`tix.report.${each}`)}
          </button>
        ))}
      </div>
      <p class="quiet">
        {t("tix.report.zone")} <bdi>{me.organization.timezone}</bdi>
      </p>
      <Shown read={rows}>
        {(found) => {
          // The API gives the newest first; a picture goes on to the right.
          const old = [...found].reverse();
          return (
            <div class="tiles wide">
              {(["scanned", "generated"] as const).map((key) => (
                <div key={key} class="card">
                  <Columns title={t(`tix.report.${key}`)} points={old.map((each) => ({ label: each.label, value: each[key] }))} />
                </div>
              ))}
            </div>
          );
        }}
      </Shown>
    </>
  );
}
