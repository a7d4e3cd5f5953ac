// A row for each gate: what it admitted and refused, and whether its devices are ready.
import type { JSX } from "preact";

import { clock, count } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";

import type { DeviceRow, Facts } from "./data.ts";
import type { Board } from "./model.ts";

interface Row {
  gate: string | null;
  admitted: number;
  refused: number;
  lastAt: string | null;
  devices: readonly DeviceRow[] | null;
}

/** Return a row for each gate of the event, then those that only scans or devices name. */
function rowsOf(board: Board, facts: Facts): Row[] {
  void board.changed.value;
  const totals = board.gates.value;
  const devices = board.devices.value;
  const named: (string | null)[] = [...facts.gates];
  const add = (gate: string | null): void => void (named.includes(gate) || named.push(gate));
  for (const each of totals ?? []) add(each.gate);
  for (const gate of board.tally.keys()) add(gate);
  for (const each of devices ?? []) add(each.gate);
  // Totals count the gates that the event does not name together; what is known of each is taken from there.
  const apart = named.filter((gate) => gate !== null && totals?.every((each) => each.gate !== gate));
  const known = (key: "admitted" | "refused"): number => apart.reduce((sum, gate) => sum + (board.tally.get(gate)?.[key] ?? 0), 0);
  const numbers = (gate: string | null): { admitted: number; refused: number } | undefined => {
    if (totals === null || apart.includes(gate)) return board.tally.get(gate);
    const found = totals.find((each) => each.gate === gate);
    if (gate !== null || found === undefined) return found;
    return { admitted: Math.max(0, found.admitted - known("admitted")), refused: Math.max(0, found.refused - known("refused")) };
  };
  named.sort((one, other) => Number(one === null) - Number(other === null));
  return named
    .map((gate) => {
      const counted = board.tally.get(gate);
      const found = numbers(gate);
      return {
        gate,
        admitted: found?.admitted ?? 0,
        refused: found?.refused ?? 0,
        lastAt: counted?.lastAt ?? null,
        devices: devices?.filter((each) => each.gate === gate) ?? null,
      };
    })
    .filter(({ gate, admitted, refused, devices: own }) => gate !== null || admitted || refused || own?.length);
}

export function Gates({ board, facts }: { board: Board; facts: Facts }): JSX.Element {
  const rows = rowsOf(board, facts);
  const totals = board.gates.value;
  const partial = !board.whole.value && rows.some(({ gate }) => gate !== null && (totals === null || totals.every((each) => each.gate !== gate)));
  return (
    <section class="panel gates" aria-label={t("board.gates")}>
      <h2>{t("board.gates")}</h2>
      {rows.length ? (
        <div class="scroller" role="group" aria-label={t("board.gates.table")} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("board.gate")}</th>
                <th scope="col">{t("board.admitted")}</th>
                <th scope="col">{t("board.refused")}</th>
                <th scope="col">{t("board.last_scan")}</th>
              </tr>
            </thead>
            {rows.map((row) => (
              <tbody key={row.gate ?? ""}>
                <tr class={row.devices?.length ? "own" : undefined}>
                  <th scope="row">{row.gate === null ? t("board.gate.none") : <bdi>{row.gate}</bdi>}</th>
                  <td>
                    <bdi class="num">{count(row.admitted)}</bdi>
                  </td>
                  <td>
                    <bdi class="num">{count(row.refused)}</bdi>
                  </td>
                  <td>{row.lastAt ? <bdi class="num">{clock(row.lastAt, facts.zone)}</bdi> : "–"}</td>
                </tr>
                {row.devices?.length ? (
                  <tr class="of-gate">
                    <td colSpan={4}>
                      <Devices devices={row.devices} />
                    </td>
                  </tr>
                ) : null}
              </tbody>
            ))}
          </table>
        </div>
      ) : (
        <p class="empty">{t("board.gates.empty")}</p>
      )}
      {partial && board.knownSince.value !== null ? (
        <p class="hint">{t("board.gates.partial", { at: clock(new Date(board.knownSince.value).toISOString(), facts.zone) })}</p>
      ) : null}
      {board.devices.value === null ? <p class="hint">{t("board.devices.hidden")}</p> : null}
    </section>
  );
}

function Devices({ devices }: { devices: readonly DeviceRow[] }): JSX.Element {
  const ready = devices.filter((each) => each.ready).length;
  return (
    <>
      <p class="readiness">
        <span class={`badge ${ready === devices.length ? "good" : ready ? "warn" : "bad"}`}>
          <span aria-hidden="true">{ready === devices.length ? "✓" : "⚠"}</span> {t("board.devices.ready", { ready: count(ready), all: count(devices.length) })}
        </span>
      </p>
      <ul class="devices">
        {devices.map((each) => (
          <li key={each.id}>
            <bdi>{each.name}</bdi> <span class="quiet">{word("board.kind", each.kind)}</span>
            {each.queue ? <span class="quiet"> · {t("board.devices.waiting", { count: count(each.queue) })}</span> : null}
            {each.ready ? null : <span class="why"> · {each.why.map((why) => word("board.why", why)).join(", ")}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}
