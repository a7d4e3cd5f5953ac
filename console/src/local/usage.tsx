// What each route costs: requests and units of DynamoDB, as a table that can be sorted.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { Deed } from "../ui/form.tsx";
import { clock, count, Num } from "../ui/format.tsx";
import { language, locale, t } from "../ui/i18n.ts";
import { here, Listing, Shown, useRead } from "../ui/list.tsx";

import { read, write, type Cost, type Usage } from "./desk.ts";

const FIGURES = ["calls", "dynamodb_requests", "read_units", "write_units"] as const;
type Column = "name" | (typeof FIGURES)[number];

interface Row extends Cost {
  name: string;
}

const units = (value: number): string => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1 }).format(value);

// By code points: routes are no words of a language, and a slash counts.
const inOrder = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** The usage since the run began, or since it was set to zero. */
export function UsageView(): JSX.Element {
  const usage = useRead(() => read<Usage>("usage/"));
  const words = useSignal("");
  return (
    <section aria-labelledby="usage">
      <h2 id="usage">{t("local.usage")}</h2>
      <p class="quiet">{t("local.usage.hint")}</p>
      <Shown read={usage}>
        {({ since, requests, background }) => (
          <>
            <div class="row">
              <label class="grow">
                <span class="unseen">{t("local.usage.find")}</span>
                <input type="search" placeholder={t("local.usage.find")} value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
              </label>
              <span class="quiet">{t("local.usage.since", { time: clock(since) })}</span>
              <button type="button" onClick={usage.reload} aria-busy={usage.loading}>
                {t("local.usage.read")}
              </button>
              <Deed
                act={async () => {
                  await write("DELETE", "usage/");
                  usage.reload();
                }}
              >
                {t("local.usage.reset")}
              </Deed>
            </div>
            <h3>{t("local.usage.requests")}</h3>
            <Costs label={t("local.usage.requests")} costs={requests} words={words.value} />
            <h3>{t("local.usage.background")}</h3>
            <Costs label={t("local.usage.background")} costs={background} words={words.value} />
          </>
        )}
      </Shown>
    </section>
  );
}

function Costs({ label, costs, words }: { label: string; costs: Usage["requests"]; words: string }): JSX.Element {
  const sorted = useSignal<{ by: Column; down: boolean }>({ by: "write_units", down: true });
  const { by, down } = sorted.value;
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: Row[] = Object.entries(costs)
    .map(([name, cost]) => ({ name, ...cost }))
    .filter(({ name }) => wanted.every((word) => name.toLowerCase().includes(word)))
    .sort((one, other) => (by === "name" ? inOrder(one.name, other.name) : one[by] - other[by] || inOrder(other.name, one.name)) * (down ? -1 : 1));
  const total = rows.reduce<Cost>(
    (sum, row) => ({
      calls: sum.calls + row.calls,
      dynamodb_requests: sum.dynamodb_requests + row.dynamodb_requests,
      read_units: sum.read_units + row.read_units,
      write_units: sum.write_units + row.write_units,
    }),
    { calls: 0, dynamodb_requests: 0, read_units: 0, write_units: 0 },
  );
  const head = (column: Column): JSX.Element => (
    <th key={column} scope="col" aria-sort={by !== column ? "none" : down ? "descending" : "ascending"} class={column === "name" ? "" : "figure"}>
      <button type="button" class="sort" onClick={() => (sorted.value = { by: column, down: by === column ? !down : column !== "name" })}>
        {t(`local.usage.${column}`)}
        <span aria-hidden="true">{by !== column ? "" : down ? " ▼" : " ▲"}</span>
      </button>
    </th>
  );
  const line = (row: Row, isTotal = false): JSX.Element => (
    <tr key={isTotal ? "total" : row.name} class={isTotal ? "total" : ""}>
      <th scope="row">{isTotal ? row.name : <Num>{row.name}</Num>}</th>
      {FIGURES.map((figure) => (
        <td key={figure} class="figure">
          <Num>{figure === "calls" || figure === "dynamodb_requests" ? count(row[figure]) : units(row[figure])}</Num>
        </td>
      ))}
      <td class="figure">
        <Num>{row.calls ? units((row.read_units + row.write_units) / row.calls) : "–"}</Num>
      </td>
    </tr>
  );
  const each = (
    <th key="each" scope="col" class="figure">
      {t("local.usage.each")}
    </th>
  );
  const shown = rows.length ? [...rows, { name: t("local.usage.total"), ...total }] : [];
  return (
    <Listing
      key={language.value}
      list={here(shown)}
      label={label}
      columns={[head("name"), ...FIGURES.map(head), each]}
      empty={words ? t("local.usage.none_found") : t("local.usage.empty")}
      row={(row) => line(row, row === shown.at(-1))}
    />
  );
}
