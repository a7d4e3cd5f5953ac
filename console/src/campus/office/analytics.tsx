// Analytics as pictures: histograms for all staff; trends, departments and anomalies for the office.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../../ui/api/client.ts";
import { count, percent, Said, time } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { Bars, Columns } from "../../ui/picture.tsx";
import { api, isOffice, me } from "../api.ts";
import { Days } from "../home.tsx";
import { Badge, Title } from "../parts.tsx";
import { CampusFilter } from "../teach/events.tsx";

import { Trend } from "./trend.tsx";

interface Chosen {
  days: number;
  campus_id: string;
}
type Histogram = Schemas["CampusHistogramOut"];

export default function Analytics(): JSX.Element {
  const chosen = useSignal<Chosen>({ days: 30, campus_id: "" });
  const office = isOffice(me().role);
  return (
    <>
      <Title>{t("campus.analytics")}</Title>
      <form class="filters" role="search" aria-label={t("campus.filters")}>
        <Days value={chosen.value.days} choose={(days) => (chosen.value = { ...chosen.value, days })} />
        <CampusFilter value={chosen.value.campus_id} choose={(campus_id) => (chosen.value = { ...chosen.value, campus_id })} />
      </form>
      {office ? <Anomalies chosen={chosen.value} /> : null}
      {office ? <Trends chosen={chosen.value} /> : null}
      <Histograms chosen={chosen.value} />
      {office ? <Departments chosen={chosen.value} /> : null}
    </>
  );
}

function useChosen<T>(chosen: Chosen, read: (query: Chosen) => Promise<T>): ReturnType<typeof useRead<T>> {
  const now = useSignal(chosen);
  if (now.peek() !== chosen) now.value = chosen;
  return useRead(
    () => read(chosen),
    () => JSON.stringify(now.value),
  );
}

function Histograms({ chosen }: { chosen: Chosen }): JSX.Element {
  const read = useChosen(chosen, (query) => {
    const params = { query };
    return Promise.all([
      answerOf(api.GET("/api/campus/analytics/histograms/attendance-hourly/", { params })),
      answerOf(api.GET("/api/campus/analytics/histograms/weekly-pattern/", { params })),
      answerOf(api.GET("/api/campus/analytics/histograms/verification-time/", { params })),
      answerOf(api.GET("/api/campus/analytics/histograms/department-comparison/", { params })),
    ]);
  });
  const points = ({ labels, values }: Histogram, say: (label: string) => string = (label) => label) => labels.map((label, n) => ({ label: say(label), value: values[n] ?? 0 }));
  return (
    <Shown read={read}>
      {([hourly, weekly, seconds, departments]) => (
        <div class="two">
          <section class="card">
            <Columns title={t("campus.by_hour")} points={points(hourly)} />
            <p class="hint">{hourly.peak_hour ? t("campus.peak", { hour: hourly.peak_hour }) : ""} {t("campus.samples", { n: count(hourly.total_samples) })}</p>
          </section>
          <section class="card">
            <Bars title={t("campus.by_weekday")} points={points(weekly, (day) => word("campus.day", day))} />
          </section>
          <section class="card">
            <Bars title={t("campus.by_seconds")} points={points(seconds)} />
          </section>
          <section class="card">
            <Bars title={t("campus.by_department")} points={points(departments)} />
          </section>
        </div>
      )}
    </Shown>
  );
}

function Trends({ chosen }: { chosen: Chosen }): JSX.Element {
  const read = useChosen(chosen, (query) => answerOf(api.GET("/api/campus/analytics/attendance-trends/", { params: { query } })));
  return (
    <section class="card">
      <h2>{t("campus.trends")}</h2>
      <Shown read={read}>{(found) => <Trend series={found.series} window={found.window} />}</Shown>
    </section>
  );
}

function Departments({ chosen }: { chosen: Chosen }): JSX.Element {
  const read = useChosen(chosen, (query) => answerOf(api.GET("/api/campus/analytics/department-summary/", { params: { query } })));
  const heads = ["department", "events", "expected", "submissions", "rate", "verification.verified", "verification.pending", "verification.flagged"];
  return (
    <section>
      <h2>{t("campus.departments")}</h2>
      <Shown read={read}>
        {({ departments }) =>
          departments.length ? (
            <div class="scroller" role="region" aria-label={t("campus.departments")} tabIndex={0}>
              <table>
                <thead>
                  <tr>
                    {heads.map((each) => (
                      <th key={each} scope="col">
                        {t(`campus.${each}`)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {departments.map((each) => (
                    <tr key={each.department}>
                      <th scope="row">
                        <bdi>{each.department}</bdi>
                      </th>
                      <td>{count(each.events)}</td>
                      <td>{each.expected === null ? "–" : count(each.expected)}</td>
                      <td>{count(each.submitted)}</td>
                      <td>{each.rate === null ? "–" : percent(each.rate)}</td>
                      <td>{count(each.verified)}</td>
                      <td>{count(each.pending)}</td>
                      <td>{count(each.flagged)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <p class="empty">{t("ui.nothing")}</p>
          )
        }
      </Shown>
    </section>
  );
}

const PLACES: Readonly<Record<string, string>> = { event: "/campus/events/", student: "/campus/users/" };

function Anomalies({ chosen }: { chosen: Chosen }): JSX.Element {
  const read = useChosen(chosen, (query) => answerOf(api.GET("/api/campus/analytics/anomaly-detection/", { params: { query } })));
  return (
    <section>
      <h2>{t("campus.anomalies")}</h2>
      <p class="quiet">{t("campus.anomalies.what")}</p>
      <Shown read={read}>
        {(found) => (
          <>
            {found.anomalies.length ? null : <p class="empty">{t("campus.anomalies.none")}</p>}
            <ul class="rows">
              {found.anomalies.map((each) => (
                <li key={`${each.type} ${each.subjects.map(({ id }) => id).join(" ")} ${each.detected_at}`}>
                  <div class="row">
                    <strong class="grow">{word("campus.anomaly", each.type)}</strong>
                    <Badge kind="severity" value={each.severity} />
                  </div>
                  <p>
                    <Said>{each.message}</Said>
                  </p>
                  <p class="row quiet">
                    {each.subjects.map(({ kind, id }) =>
                      PLACES[kind] ? (
                        <a key={id} href={`${PLACES[kind]}${id}`}>
                          {t(`campus.subject.${kind}`)}
                        </a>
                      ) : (
                        <bdi key={id}>{id}</bdi>
                      ),
                    )}
                    {time(each.detected_at)}
                  </p>
                </li>
              ))}
            </ul>
            <p class="hint">{t("campus.anomalies.examined", { flagged: count(found.flagged_examined), events: count(found.events_examined) })}</p>
          </>
        )}
      </Shown>
    </section>
  );
}
