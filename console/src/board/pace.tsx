// Scans a minute over three hours. The drawing is loaded when it is first needed; its values stand in a table.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { clock, count } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { now as present } from "../ui/now.ts";
import { scheme } from "../ui/scheme.ts";

import type { Chart } from "./chart.ts";
import { MINUTES, type Board } from "./model.ts";

const REDRAWN = 1000;
// Minutes of one row of the table: eighteen rows are read in a minute, a hundred and eighty are not.
const ROW = 10;

export function Pace({ board, zone }: { board: Board; zone: string }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const failed = useSignal(false);
  const now = useSignal(0);
  useEffect(() => {
    let ended = false;
    let drawn = -1;
    let clockAt = 0;
    import("./chart.ts").then(
      ({ draw }) => {
        if (ended || place.current === null) return;
        chart.current = draw(place.current, zone, [t("board.admitted"), t("board.refused")], board.series(present()));
      },
      () => (failed.value = true),
    );
    // At most once a second, and once a minute where nothing happens; the first change after a quiet time at once.
    const look = (): void => {
      const at = present();
      const minute = Math.floor(at / 60_000);
      if (at - now.peek() < REDRAWN || (drawn === board.changed.peek() && clockAt === minute)) return;
      drawn = board.changed.peek();
      clockAt = minute;
      now.value = at;
      chart.current?.show(board.series(at));
    };
    const turn = setInterval(look, REDRAWN);
    const stop = board.changed.subscribe(look);
    return () => {
      ended = true;
      stop();
      clearInterval(turn);
      chart.current?.end();
      chart.current = null;
    };
  }, [board, zone]);
  const chosen = scheme.value;
  useEffect(() => chart.current?.recolour(), [chosen]);
  const shown = board.series(now.value || present());
  const scansOf = (place: number): string => count((shown.admitted.at(place) ?? 0) + (shown.refused.at(place) ?? 0));
  const since = board.knownSince.value;
  return (
    <section class="panel pace" aria-label={t("board.pace")}>
      <h2>{t("board.pace")}</h2>
      <p class="pace-now">
        <bdi class="num">{scansOf(-1)}</bdi> <span class="quiet">{t("board.pace.now", { before: scansOf(-2) })}</span>
      </p>
      {failed.value ? <p class="quiet">{t("board.pace.failed")}</p> : <div class="chart" ref={place} aria-hidden="true" />}
      {since !== null && present() - since < MINUTES * 60_000 ? <p class="hint">{t("board.pace.since", { at: clock(new Date(since).toISOString(), zone) })}</p> : null}
      <Values shown={shown} zone={zone} />
    </section>
  );
}

function Values({ shown, zone }: { shown: ReturnType<Board["series"]>; zone: string }): JSX.Element {
  const rows: { at: number; admitted: number; refused: number }[] = [];
  for (let start = 0; start < shown.at.length; start += ROW) {
    const sum = (values: number[]): number => values.slice(start, start + ROW).reduce((all, each) => all + each, 0);
    rows.unshift({ at: shown.at[start] ?? 0, admitted: sum(shown.admitted), refused: sum(shown.refused) });
  }
  return (
    <details>
      <summary>{t("board.pace.values")}</summary>
      <div class="scroller" role="group" aria-label={t("board.pace.values")} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("board.pace.from")}</th>
              <th scope="col">{t("board.admitted")}</th>
              <th scope="col">{t("board.refused")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.at}>
                <th scope="row">
                  <bdi class="num">{clock(new Date(row.at * 1000).toISOString(), zone)}</bdi>
                </th>
                <td>{count(row.admitted)}</td>
                <td>{count(row.refused)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
