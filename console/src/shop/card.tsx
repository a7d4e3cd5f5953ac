// One NFC card: its balance and movements, money onto it, and its block.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, deed, inWords, Refused, refusedAt, type Schemas } from "../ui/api/client.ts";
import { Check, Field, Form, Submit } from "../ui/form.tsx";
import { money, Num, time, typedAmount } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, Shown, useList, useRead } from "../ui/list.tsx";
import { go, query } from "../ui/router.ts";
import { useSaid } from "../ui/said.ts";

import { mine, type Card } from "./api.ts";
import { CardStatus } from "./cards.tsx";
import { draft, drafted } from "./keep.ts";
import { Title } from "./parts.tsx";
import { Pay } from "./pay.tsx";

/** Find one of the own cards; the contract lists them only. */
async function read(id: string): Promise<Card> {
  for (let cursor: string | undefined; ; ) {
    const page = await answerOf(mine.GET("/api/v1/users/nfc-cards/", { params: { query: { page_size: 100, cursor } } }));
    const found = page.results.find((card) => card.id === id);
    if (found) return found;
    if (!page.next) throw inWords(new Refused(404, "NOT_FOUND", ""), () => t("shop.missing"));
    cursor = page.next;
  }
}

/** The view of one card. */
export function CardView({ id }: { id: string }): JSX.Element {
  const card = useRead(() => read(id));
  const turn = useSignal(0);
  const changed = (): void => {
    turn.value += 1;
    card.reload();
  };
  return (
    <>
      <p>
        <a href="/cards">{t("shop.to_cards")}</a>
      </p>
      <Shown read={card}>
        {(found) => (
          <>
            <Title text={`${t("shop.card_name")} …${found.uid.slice(-4)}`}>
              {t("shop.card_name")} <Num>{`…${found.uid.slice(-4)}`}</Num>
            </Title>
            <div class="card row">
              <p class="grow">
                <span class="figure-value">
                  <Num>{money(found.balance)}</Num>
                </span>
                <br />
                <small>{t("shop.balance")}</small>
              </p>
              <CardStatus card={found} />
            </div>
            {found.status === "active" ? (
              <div class="tiles">
                <TopUp card={found} changed={changed} />
                <AutoReload card={found} changed={changed} />
                <Block card={found} changed={changed} />
              </div>
            ) : null}
          </>
        )}
      </Shown>
      <Movements id={id} turn={() => String(turn.value)} />
    </>
  );
}

function TopUp({ card, changed }: { card: Card; changed(): void }): JSX.Element {
  const name = `reload.${card.id}`;
  const amount = useSignal<string | null>(drafted<string>(name));
  const news = useSaid();
  const choose = (value: string | null): void => {
    amount.value = value;
    draft(name, value);
  };
  const chosen = amount.value;
  return (
    <section class="card">
      <h2>{t("shop.top_up")}</h2>
      {chosen === null ? (
        <Form
          label={t("shop.top_up")}
          draft={`top_up.${card.id}`}
          onSubmit={({ amount: value = "" }) => {
            news.value = "";
            const typed = typedAmount(value, card.balance);
            if (typed === null) {
              const sample = typedAmount("1500", card.balance)?.amount ?? "";
              return Promise.reject(refusedAt("amount", () => t("shop.amount_wrong", { amount: sample })));
            }
            choose(typed.amount);
            return Promise.resolve();
          }}
        >
          <Field name="amount" label={t("shop.amount", { currency: card.balance.currency })} inputmode="decimal" required />
          <Submit>{t("shop.go_on")}</Submit>
        </Form>
      ) : (
        <>
          <Pay
            name={`reload:${card.id}:${chosen}`}
            total={{ amount: chosen, currency: card.balance.currency }}
            cards={[]}
            open={({ token }, header) => {
              const body = { amount: chosen, ...(token ? { payment_token: token } : {}) };
              return answerOf(mine.POST("/api/v1/users/nfc-cards/{card_id}/reload/", { body, params: { path: { card_id: card.id }, header } }));
            }}
            settled={({ status, amount: paid }) => {
              choose(null);
              news.value = () => status === "succeeded" ? t("shop.topped_up") : t("shop.not_topped_up", { amount: money(paid) });
              changed();
            }}
          />
          <button type="button" class="plain" onClick={() => choose(null)}>
            {t("ui.back")}
          </button>
        </>
      )}
      <p role="status">{news.value}</p>
    </section>
  );
}

function AutoReload({ card, changed }: { card: Card; changed(): void }): JSX.Element {
  const now = card.auto_reload;
  const news = useSaid();
  const send = async (values: Record<string, string>): Promise<void> => {
    const enabled = values.enabled === "true";
    const body = { enabled, ...(enabled ? { threshold: values.threshold ?? "", amount: values.amount ?? "", payment_token: values.payment_token || undefined } : {}) };
    const path = { card_id: card.id };
    await deed(`auto:${card.id}:${JSON.stringify(body)}`, (header) => answerOf(mine.POST("/api/v1/users/nfc-cards/{card_id}/auto-reload-settings/", { body, params: { path, header } })));
    news.value = () => t("ui.saved");
    changed();
  };
  return (
    <section class="card">
      <h2>{t("shop.auto_reload")}</h2>
      <Form label={t("shop.auto_reload")} draft={`auto_reload.${card.id}`} secret={["payment_token"]} initial={{ enabled: now?.enabled ? "true" : "", threshold: now?.threshold.amount ?? "", amount: now?.amount.amount ?? "", payment_token: "" }} onSubmit={send}>
        <Check name="enabled" label={t("shop.auto_enabled")} />
        <Field name="threshold" label={t("shop.threshold", { currency: card.balance.currency })} inputmode="decimal" />
        <Field name="amount" label={t("shop.amount", { currency: card.balance.currency })} inputmode="decimal" />
        <Field name="payment_token" label={t("shop.token")} hint={t("shop.token_hint")} autocomplete="off" />
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <p role="status">{news.value}</p>
    </section>
  );
}

function Block({ card, changed }: { card: Card; changed(): void }): JSX.Element {
  const send = async ({ reason = "" }: Record<string, string>): Promise<void> => {
    const path = { card_id: card.id };
    await deed(`block:${card.id}`, (header) => answerOf(mine.POST("/api/v1/users/nfc-cards/{card_id}/block/", { body: { reason }, params: { path, header } })));
    changed();
  };
  return (
    <section class="card">
      <h2>{t("shop.block")}</h2>
      <p>{t("shop.block_hint")}</p>
      <Form label={t("shop.block")} draft={`block.${card.id}`} onSubmit={send}>
        <Field name="reason" label={t("shop.reason")} required />
        <Submit class="danger">{t("shop.block")}</Submit>
      </Form>
    </section>
  );
}

const TYPES = ["reload", "purchase", "refund", "transfer_in", "transfer_out", "adjustment", "auto_reload"] as const satisfies readonly Schemas["EntryType"][];

function Movements({ id, turn }: { id: string; turn(): string }): JSX.Element {
  const type = (): Schemas["EntryType"] | undefined => TYPES.find((each) => each === query.value.get("type"));
  const list = useList(
    (cursor) => answerOf(mine.GET("/api/v1/users/nfc-cards/{card_id}/transactions/", { params: { path: { card_id: id }, query: { type: type(), cursor } } })),
    () => `${type() ?? ""}${turn()}`,
  );
  return (
    <section>
      <div class="row">
        <h2 class="grow">{t("shop.movements")}</h2>
        <label>
          <span class="unseen">{t("shop.filter.type")}</span>
          <select value={type() ?? ""} onChange={(event) => go(event.currentTarget.value ? `/cards/${id}?type=${event.currentTarget.value}` : `/cards/${id}`, { replace: true })}>
            <option value="">{t("shop.any_type")}</option>
            {TYPES.map((each) => (
              <option key={each} value={each}>
                {t(`shop.entry.${each}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Listing
        list={list}
        label={t("shop.movements")}
        empty={<p>{t("shop.no_movements")}</p>}
        columns={[t("shop.when"), t("shop.filter.type"), t("shop.amount_plain"), t("shop.balance")]}
        row={(entry) => (
          <tr key={entry.id}>
            <td>
              <bdi>{time(entry.created_at)}</bdi>
            </td>
            <td>{word("shop.entry", entry.type)}</td>
            <td>
              <Num>{money(entry.amount)}</Num>
            </td>
            <td>
              <Num>{money(entry.balance_after)}</Num>
            </td>
          </tr>
        )}
      />
    </section>
  );
}
