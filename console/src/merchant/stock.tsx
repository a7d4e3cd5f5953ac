// Stock and totals: cards by state, what was handed out and collected by day, and the list of cards.
import { signal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { Filters } from "../ui/filters.tsx";
import { clock, count, dateOf, money, Num, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, Shown, useList, useRead } from "../ui/list.tsx";
import { Columns } from "../ui/picture.tsx";

import { api, CARD_STATUSES, TONES, type CardRow, type CardStatus } from "./data.ts";

const filter = signal<{ status: CardStatus | ""; search: string; assigned_from: string; assigned_to: string }>({ status: "", search: "", assigned_from: "", assigned_to: "" });

export function Stock(): JSX.Element {
  const list = useList(
    (cursor) => {
      const { status, ...rest } = filter.value;
      return answerOf(api.GET("/api/merchant/cards/", { params: { query: { ...rest, ...(status ? { status } : {}), cursor } } }));
    },
    () => JSON.stringify(filter.value),
  );
  return (
    <>
      <h1>{t("merchant.stock")}</h1>
      <Low />
      <Filters
        of={filter}
        fields={[
          { name: "search", label: t("merchant.card.uid"), kind: "search" },
          { name: "status", label: t("merchant.state"), kind: "choice", options: [["", t("merchant.all")], ...CARD_STATUSES.map((each) => [each, word("merchant.card", each)] as const)] },
          { name: "assigned_from", label: t("merchant.from"), kind: "date" },
          { name: "assigned_to", label: t("merchant.to"), kind: "date" },
        ]}
      />
      <Listing
        list={list}
        label={t("merchant.cards")}
        empty={t("merchant.cards.none")}
        columns={[t("merchant.card.uid"), t("merchant.state"), t("merchant.act")]}
        row={(card) => <Row key={card.id} card={card} />}
      />
      <p class="hint">{t("merchant.lost.about")}</p>
    </>
  );
}

function Row({ card }: { card: CardRow }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <Num>{card.uid}</Num>
      </th>
      <td>
        <span class={`badge ${TONES[card.status]}`}>{word("merchant.card", card.status)}</span>{" "}
        {card.held_until ? (
          <small>
            {t("merchant.until")} <Num>{clock(card.held_until)}</Num>
          </small>
        ) : card.assigned_at ? (
          <small>
            <Num>{time(card.assigned_at)}</Num>
          </small>
        ) : null}
      </td>
      <td>
        {card.status === "stock" ? (
          <a href={`/merchant?card=${card.uid}`} aria-label={t("merchant.give.card", { uid: card.uid })}>
            {t("merchant.give.it")}
          </a>
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}

/** The cards by state, and a notice where few are left. */
function Low(): JSX.Element {
  const read = useRead(async () => {
    const [stats, settings] = await Promise.all([answerOf(api.GET("/api/merchant/dashboard-stats/")), answerOf(api.GET("/api/merchant/settings/"))]);
    return { cards: stats.cards, threshold: settings.low_stock_threshold };
  });
  return (
    <Shown read={read}>
      {({ cards, threshold }) => (
        <>
          <section class="card figures" aria-label={t("merchant.by_state")}>
            {(["stock", "held", "active", "blocked"] as const).map((each) => (
              <div key={each} class="figure">
                <div class="quiet">{word("merchant.card", each)}</div>
                <div class="figure-value">
                  <Num>{count(cards[each])}</Num>
                </div>
              </div>
            ))}
          </section>
          {cards.stock < threshold ? (
            <p class="band" role="status">
              {t("merchant.low", { threshold: count(threshold) })}
            </p>
          ) : null}
          <p class="hint">{t("merchant.more.about")}</p>
        </>
      )}
    </Shown>
  );
}

export function Totals(): JSX.Element {
  const read = useRead(() => answerOf(api.GET("/api/merchant/dashboard-stats/")));
  return (
    <>
      <h1>{t("merchant.totals")}</h1>
      <Shown read={read}>
        {(stats) => (
          <>
            <section class="card figures" aria-label={t("merchant.totals")}>
              <Figure label={t("merchant.assigned_today")} value={count(stats.assigned_today)} />
              <Figure label={t("merchant.fees_today")} value={money(stats.fees_today)} />
              <Figure label={t("merchant.assigned_total")} value={count(stats.assigned_total)} />
              <Figure label={t("merchant.fees_total")} value={money(stats.fees_total)} />
            </section>
            <p class="hint">{t("merchant.fees.about")}</p>
            <section class="card">
              <Columns
                title={t("merchant.by_day")}
                points={stats.by_day.map((each) => ({ label: dateOf(each.date), value: each.assigned, text: `${count(each.assigned)} · ${money(each.fees)}` }))}
              />
            </section>
            {stats.assigned_total ? (
              <div class="scroller" role="region" aria-label={t("merchant.by_day")} tabIndex={0}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{t("merchant.day")}</th>
                    <th scope="col">{t("merchant.assigned")}</th>
                    <th scope="col">{t("merchant.fees")}</th>
                  </tr>
                </thead>
                <tbody>
                  {[...stats.by_day]
                    .reverse()
                    .filter(({ assigned, fees }) => assigned || Number(fees.amount))
                    .map((each) => (
                      <tr key={each.date}>
                        <th scope="row">
                          <Num>{dateOf(each.date)}</Num>
                        </th>
                        <td>
                          <Num>{count(each.assigned)}</Num>
                        </td>
                        <td>
                          <Num>{money(each.fees)}</Num>
                        </td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
            ) : null}
          </>
        )}
      </Shown>
    </>
  );
}

function Figure({ label, value }: { label: string; value: string }): JSX.Element {
  return (
    <div class="figure">
      <div class="quiet">{label}</div>
      <div class="figure-value">
        <Num>{value}</Num>
      </div>
    </div>
  );
}
