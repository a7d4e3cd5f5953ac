// A card: its state, its money, its tickets' number, its readings, and what can be done to it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Choice, Field } from "../../ui/form.tsx";
import { count, money, Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { match } from "../../ui/router.ts";
import { useSaid, type Saying } from "../../ui/said.ts";
import { api, ask, deed, may } from "../parts/api.ts";
import { Decision, ReasonField } from "../parts/decision.tsx";
import { Copied, Facts, Note, State, Sum, Thing, Title, When } from "../parts/shown.tsx";

import { History, Readings } from "./history.tsx";

type Known = Schemas["AdminCardDetailsOut"];
type Status = Schemas["CardStatus"];

// Which state may follow which; a card with a customer does not go back to stock.
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  stock: ["active", "blocked", "lost"],
  held: ["blocked", "lost"],
  active: ["stock", "blocked", "lost"],
  blocked: ["stock", "active", "lost"],
  lost: ["stock", "active", "blocked"],
  replaced: [],
};

function nextOf(card: Known): readonly Status[] {
  const all = NEXT[card.status].filter((each) => each !== "stock" || card.customer_id === null);
  return may("manage") ? all : all.filter((each) => each === "blocked");
}

export function Card(): JSX.Element {
  const id = match("/staff/cards/:id")?.id ?? "";
  const turn = useSignal(0);
  const said = useSaid();
  const read = useRead(
    () => ask(() => api.GET("/api/nfc-cards/{card_id}/", { params: { path: { card_id: id } } })),
    () => String(turn.value),
  );
  const changed = (words: Saying | ""): void => {
    if (words) said.value = words;
    turn.value += 1;
  };
  return (
    <Shown read={read}>
      {(card) => (
        <>
          <Title actions={<Deeds card={card} changed={changed} />}>
            {t("staff.card")} <Num>{card.uid}</Num> <State value={card.status} />
          </Title>
          <Note>{said.value}</Note>
          <section class="panel" aria-label={t("staff.facts")}>
            <Facts
              of={[
                [t("staff.customer"), card.customer_id ? <Thing id={card.customer_id} /> : null],
                [t("staff.balance"), <Sum of={card.ledger.balance} />],
                [t("staff.group.tickets"), <Num>{count(card.tickets)}</Num>],
                [t("staff.kind"), word("staff.state", card.type)],
                [t("staff.shop"), card.merchant_id ? <Thing id={card.merchant_id} name={card.merchant_name} /> : null],
                [t("staff.assigned"), card.assigned_at ? <When at={card.assigned_at} /> : null],
                [t("staff.blocked_at"), card.blocked_at ? <When at={card.blocked_at} /> : null],
                [t("staff.reason"), card.block_reason],
                [t("staff.replaced_by"), card.replaced_by ? <a href={`/staff/cards/${card.replaced_by}`}>{card.replaced_by}</a> : null],
                [t("staff.id"), <Copied>{card.id}</Copied>],
              ]}
            />
          </section>
          <Ledger card={card} />
          <Readings cardId={card.id} />
          <History id={card.id} turn={turn.value} />
        </>
      )}
    </Shown>
  );
}

function Deeds({ card, changed }: { card: Known; changed(words: Saying | ""): void }): JSX.Element {
  const next = nextOf(card);
  const usable = card.status === "active" || card.status === "blocked" || card.status === "lost";
  return (
    <>
      {may("support") && usable ? (
        <a class="button" href={`/staff/lost-card?uid=${card.uid}`}>
          {t("staff.lost.title")}
        </a>
      ) : null}
      {may("support") && next.length ? (
        <Decision
          label={next.length === 1 && next[0] === "blocked" ? t("staff.block") : t("staff.status")}
          name={`card.${card.id}`}
          tone={next.length === 1 ? "danger" : ""}
          refused={() => changed("")}
          act={async ({ status = "", reason = "" }) => {
            const body = { status: (status || next[0]) as Status, reason, version: card.version };
            await deed(`card.${card.id}`, body, (headers) => api.PUT("/api/nfc-cards/{card_id}/", { params: { path: { card_id: card.id } }, body, headers }));
            changed(() => t("staff.card_changed", { status: word("staff.state", body.status) }));
          }}
        >
          <Choice name="status" label={t("staff.status")} options={[...next].sort((a, b) => Number(b === "blocked") - Number(a === "blocked")).map((each) => [each, word("staff.state", each)])} />
          <ReasonField />
        </Decision>
      ) : null}
      {may("manage") && usable ? (
        <Decision
          label={t("staff.move_to")}
          name={`replace.${card.id}`}
          refused={() => changed("")}
          act={async ({ to_uid: uid = "", reason = "" }) => {
            const body = { to_uid: uid, reason };
            const moved = await deed(`replace.${card.id}`, body, (headers) =>
              api.POST("/api/nfc-cards/{card_id}/transfer/", { params: { path: { card_id: card.id } }, body, headers }),
            );
            changed(() => t("staff.lost.moved", { uid: moved.to_uid, tickets: moved.tickets, amount: money(moved.balance) }));
          }}
        >
          <Field name="to_uid" label={t("staff.lost.to_uid")} hint={t("staff.lost.to_hint")} required />
          <ReasonField />
        </Decision>
      ) : null}
    </>
  );
}

function Ledger({ card }: { card: Known }): JSX.Element {
  const lines = card.ledger.newest;
  return (
    <section>
      <h2>{t("staff.ledger")}</h2>
      {lines.length ? (
        <div class="scroller" role="region" aria-label={t("staff.ledger")} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {[t("staff.when"), t("staff.kind"), t("staff.amount"), t("staff.balance")].map((each) => (
                  <th key={each} scope="col">
                    {each}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.id}>
                  <td>
                    <When at={line.created_at} />
                  </td>
                  <td>{word("staff.state", line.type)}</td>
                  <td>
                    <Sum of={line.amount} />
                  </td>
                  <td>
                    <Sum of={line.balance_after} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p class="empty">{t("staff.none.ledger")}</p>
      )}
    </section>
  );
}
