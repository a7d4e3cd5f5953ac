// The figures of one event as pictures.
import type { JSX } from "preact";

import { answerOf } from "../../ui/api/client.ts";
import { clock, count } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { Bars, Columns } from "../../ui/picture.tsx";
import { api } from "../api.ts";
import { Figures } from "../parts.tsx";

export function EventFigures({ id }: { id: string }): JSX.Element {
  const read = useRead(() => answerOf(api.GET("/api/campus/events/{event_id}/analytics/", { params: { path: { event_id: id } } })));
  const points = (kind: string, found: Readonly<Record<string, number>>) => Object.entries(found).map(([name, value]) => ({ label: word(`campus.${kind}`, name), value }));
  return (
    <Shown read={read}>
      {(found) => (
        <>
          <Figures
            of={[
              [t("campus.expected"), found.expected],
              [t("campus.submissions"), found.submitted],
              [t("campus.rate"), found.rate, true],
              [t("campus.median_seconds"), found.median_seconds],
            ]}
          />
          {found.rate === null ? <p class="hint">{t("campus.no_rate_why")}</p> : null}
          <div class="two">
            <section class="card">
              <Bars title={t("campus.by_status")} points={points("status", found.by_status)} />
            </section>
            <section class="card">
              <Bars title={t("campus.by_verification")} points={points("verification", found.by_verification)} />
            </section>
            <section class="card">
              <Bars title={t("campus.by_flag")} points={points("flag", found.flags)} />
            </section>
            <section class="card">
              <Columns title={t("campus.by_minute")} points={found.by_minute.map(({ minute, count: value }) => ({ label: clock(minute), value, text: count(value) }))} />
            </section>
          </div>
          <button type="button" onClick={read.reload}>
            {t("campus.read_again")}
          </button>
        </>
      )}
    </Shown>
  );
}
