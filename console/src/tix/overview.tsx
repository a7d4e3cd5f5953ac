// The beginning: totals, the three steps from numbers to scans, and what is scanned now.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { answerOf } from "../ui/api/client.ts";
import { count, percent } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";

import { api, news, type Me } from "./api.ts";
import { Recent } from "./recent.tsx";

const AT_MOST_EVERY = 3000;

/** A number that rises with the organization's news, at most every few seconds. */
export function useNews(): () => string {
  const shown = useSignal(news.peek());
  useEffect(() => {
    let wake = 0;
    const stop = news.subscribe((value) => {
      if (value === shown.peek()) return;
      // Totals follow the scans by about a second.
      wake ||= setTimeout(() => {
        wake = 0;
        shown.value = news.peek();
      }, AT_MOST_EVERY);
    });
    return () => {
      stop();
      clearTimeout(wake);
    };
  }, []);
  return () => String(shown.value);
}

export function Totals(): JSX.Element {
  const totals = useRead(() => answerOf(api.GET("/api/tix/reports/stats")), useNews());
  return (
    <Shown read={totals}>
      {(said) => (
        <dl class="figures totals">
          {(
            [
              ["total", count(said.total)],
              ["scanned", count(said.scanned)],
              ["not_scanned", count(said.not_scanned)],
              ["rate", percent(said.scan_rate / 100)],
            ] as const
          ).map(([key, text]) => (
            <div key={key} class="card">
              <dt>{t(`tix.total.${key}`)}</dt>
              <dd class="figure-value">
                <bdi class="num">{text}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Shown>
  );
}

export function Overview({ me }: { me: Me }): JSX.Element {
  return (
    <>
      <h1>
        <bdi>{me.organization.name}</bdi>
      </h1>
      <Totals />
      <ol class="steps tiles">
        {(["new", "batches", "scan"] as const).map((key) => (
          <li key={key}>
            <a class="card step" href={`/tix/${key}`}>
              <strong>{t(`tix.step.${key}`)}</strong>
              <span class="quiet">{t(`tix.step.${key}.hint`)}</span>
            </a>
          </li>
        ))}
      </ol>
      <Recent />
    </>
  );
}
