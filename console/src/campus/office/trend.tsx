// Attendance by day as columns, with the moving average as a line over them; the numbers are in a table that opens.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { count, percent, time } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";

type Day = Schemas["CampusTrendDayOut"];
const WIDTH = 400;
const HEIGHT = 120;
const MOON: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
const dayOf = ({ date }: Day): string => time(`${date}T12:00:00Z`, "UTC", MOON);

export function Trend({ series, window }: { series: readonly Day[]; window: number }): JSX.Element {
  const most = Math.max(1, ...series.map(({ submitted, moving_average: average }) => Math.max(submitted, average)));
  const step = WIDTH / Math.max(1, series.length);
  const heightOf = (value: number): number => (HEIGHT * value) / most;
  const line = series.map(({ moving_average: average }, n) => `${n ? "L" : "M"}${(n + 0.5) * step} ${HEIGHT - heightOf(average)}`).join("");
  const [first] = series;
  const last = series.at(-1);
  const title = t("campus.trends.what", { n: window });
  return (
    <figure class="trend">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={title} direction="ltr">
        {series.map((day, n) => (
          <rect key={day.date} class="fill" x={n * step + step * 0.12} width={step * 0.76} y={HEIGHT - heightOf(day.submitted)} height={heightOf(day.submitted)} />
        ))}
        <path d={line} class="average" vectorEffect="non-scaling-stroke" />
      </svg>
      <p class="axis hint" dir="ltr">
        <span>{first ? dayOf(first) : ""}</span>
        <span>{t("campus.trends.most", { n: count(Math.round(most)) })}</span>
        <span>{last ? dayOf(last) : ""}</span>
      </p>
      <details>
        <summary>{t("ui.values")}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("campus.when")}</th>
              <th scope="col">{t("campus.submissions")}</th>
              <th scope="col">{t("campus.average")}</th>
              <th scope="col">{t("campus.rate")}</th>
            </tr>
          </thead>
          <tbody>
            {series.map((day) => (
              <tr key={day.date}>
                <th scope="row">{dayOf(day)}</th>
                <td>{count(day.submitted)}</td>
                <td>{count(Math.round(day.moving_average * 10) / 10)}</td>
                <td>{day.rate === null ? "–" : percent(day.rate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
