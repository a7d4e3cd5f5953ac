// Where the links of our texts lead: a gift's text to `/claim`, money left on a lost card to `/claim#TOKEN`.
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, deed } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import { Choice, Form, Submit } from "../ui/form.tsx";
import { money, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, Shown, useList, useWhole } from "../ui/list.tsx";

import { Access, logOut } from "./access.tsx";
import { mine, ownCards, type Card } from "./api.ts";
import { draft, drafted } from "./keep.ts";
import { Title } from "./parts.tsx";
import { TicketRow } from "./tickets.tsx";

const KEPT = "shop.claim";
const token = signal<string | null>(null);

// The token leaves the address, so that it is not in the history or in a picture of the screen; a reload keeps it.
function take(): void {
  const found = location.pathname.replace(/\/$/, "") === "/claim" ? location.hash.slice(1) : "";
  if (found) {
    draft(KEPT, found);
    history.replaceState(null, "", "/claim");
  }
  token.value = drafted<string>(KEPT);
}
take();
addEventListener("hashchange", take);

/** The view behind the links. */
export function Claim(): JSX.Element {
  const who = session("webapp").value?.who;
  const isMoney = token.value !== null;
  if (who === undefined)
    return (
      <>
        <div class="narrow">
          <Title text={t(isMoney ? "shop.claim_money" : "shop.claim")} />
          <p>{t(isMoney ? "shop.claim_money_access" : "shop.claim_access")}</p>
        </div>
        <Access first={isMoney ? "login" : "register"} />
      </>
    );
  return <div key={who.id}>{token.value === null ? <Gifts /> : <Money token={token.value} />}</div>;
}

function Gifts(): JSX.Element {
  const list = useList((cursor) => answerOf(mine.GET("/api/v1/users/tickets/", { params: { query: { upcoming: true, cursor } } })));
  const number = session("webapp").value?.who.mobile_number;
  const shown = typeof number === "string" ? number : "";
  return (
    <>
      <Title text={t("shop.claimed")} />
      <p>
        {t("shop.claimed_hint")} <Num>{shown}</Num>
      </p>
      <Listing list={list} label={t("shop.tickets")} empty={<p>{t("shop.no_gift")}</p>} row={(ticket) => <TicketRow key={ticket.id} ticket={ticket} />} />
      <p class="quiet">
        {t("shop.other_number")}{" "}
        <button type="button" class="plain" onClick={() => void logOut()}>
          {t("ui.log_out")}
        </button>
      </p>
    </>
  );
}

function Money({ token: secret }: { token: string }): JSX.Element {
  const cards = useWhole(ownCards);
  const credited = useSignal<{ amount: string; card: string } | null>(null);
  const forget = (): void => {
    draft(KEPT, null);
    token.value = null;
  };
  if (credited.value)
    return (
      <section class="narrow">
        <div class="outcome good" role="status">
          <Title text={t("shop.credited")} />
          <p>{t("shop.credited_hint", { amount: credited.value.amount })}</p>
        </div>
        <a class="button primary" href={`/cards/${credited.value.card}`} onClick={forget}>
          {t("shop.to_card")}
        </a>
      </section>
    );
  const send = async (card_id: string): Promise<void> => {
    const body = { token: secret, card_id };
    const answer = await deed(`claim:${secret}:${card_id}`, (header) => answerOf(mine.POST("/api/v1/claims/", { body, params: { header } })));
    draft(KEPT, null);
    credited.value = { amount: money(answer.amount), card: answer.card_id };
  };
  return (
    <section class="card narrow">
      <Title text={t("shop.claim_money")} />
      <Shown read={cards}>{(found) => <Onto cards={found.filter(({ status }) => status === "active")} send={send} />}</Shown>
      <button type="button" class="plain" onClick={forget}>
        {t("shop.not_now")}
      </button>
    </section>
  );
}

function Onto({ cards, send }: { cards: readonly Card[]; send(card: string): Promise<void> }): JSX.Element {
  if (!cards.length)
    return (
      <p>
        {t("shop.claim_no_card")} <a href="/cards">{t("shop.cards")}</a>
      </p>
    );
  return (
    <Form label={t("shop.claim_money")} onSubmit={({ card_id = "" }) => send(card_id || (cards[0]?.id ?? ""))}>
      <p>{t("shop.claim_money_hint")}</p>
      <Choice name="card_id" label={t("shop.onto")} options={cards.map((card) => [card.id, `…${card.uid.slice(-4)} (${money(card.balance)})`] as const)} />
      <Submit>{t("shop.claim_it")}</Submit>
    </Form>
  );
}
