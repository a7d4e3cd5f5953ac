// The customer's NFC cards with their balances, and the request for one.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, deed, type Schemas } from "../ui/api/client.ts";
import { Choice, Field, Form, Submit, useForm } from "../ui/form.tsx";
import { money, Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, useList } from "../ui/list.tsx";

import { mine, type Card } from "./api.ts";
import { Title } from "./parts.tsx";

const TONES: Readonly<Record<string, string>> = { active: "good", blocked: "bad", lost: "bad" };

/** A card's status in words. */
export function CardStatus({ card }: { card: Card }): JSX.Element {
  return <span class={`badge ${TONES[card.status] ?? ""}`}>{word("shop.card", card.status)}</span>;
}

/** The list of cards. */
export function Cards(): JSX.Element {
  const requests = useSignal<readonly Schemas["WebappOpenRequestOut"][]>([]);
  const list = useList(async (cursor) => {
    const page = await answerOf(mine.GET("/api/v1/users/nfc-cards/", { params: { query: { cursor } } }));
    requests.value = page.requests;
    return page;
  });
  return (
    <>
      <Title text={t("shop.cards")} />
      <p class="quiet">{t("shop.cards_hint")}</p>
      <Listing
        list={list}
        label={t("shop.cards")}
        empty={<p>{t("shop.no_cards")}</p>}
        row={(card) => (
          <li key={card.id} class="row">
            <div class="grow">
              <h2>
                <a href={`/cards/${card.id}`}>
                  {t("shop.card_name")} <Num>{`…${card.uid.slice(-4)}`}</Num>
                </a>
              </h2>
              <p class="row">
                <CardStatus card={card} />
                {card.merchant?.name ? <bdi class="quiet">{card.merchant.name}</bdi> : null}
              </p>
            </div>
            <p class="figure-value">
              <Num>{money(card.balance)}</Num>
            </p>
          </li>
        )}
      />
      {requests.value.length ? (
        <section aria-labelledby="requests">
          <h2 id="requests">{t("shop.requests")}</h2>
          <ul class="rows">
            {requests.value.map(({ id, status, reason }) => (
              <li key={id} class="row">
                <div class="grow">
                  <p>{t("shop.request")}</p>
                  {reason ? <p class="quiet"><bdi>{reason}</bdi></p> : null}
                </div>
                <span class="badge">{word("shop.request", status)}</span>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <RequestCard made={list.reload} />
    </>
  );
}

function RequestCard({ made }: { made(): void }): JSX.Element {
  const fee = useSignal("");
  const send = async (values: Record<string, string>): Promise<void> => {
    const delivery = values.delivery === "post" ? "post" : "pickup";
    const { line1 = "", line2, city = "", postal_code } = values;
    const address = { line1, city, ...(line2 ? { line2 } : {}), ...(postal_code ? { postal_code } : {}) };
    const body = delivery === "post" ? ({ delivery, address } as const) : ({ delivery } as const);
    const answer = await deed(`request_card:${JSON.stringify(body)}`, (header) => answerOf(mine.POST("/api/v1/users/nfc-cards/request/", { body, params: { header } })));
    fee.value = money(answer.fee);
    made();
  };
  return (
    <details class="card more">
      <summary>{t("shop.request_card")}</summary>
      <Form label={t("shop.request_card")} draft="request_card" onSubmit={send}>
        <Choice name="delivery" label={t("shop.delivery")} options={[["pickup", t("shop.pickup")], ["post", t("shop.post")]]} />
        <Address />
        <Submit>{t("shop.request_card")}</Submit>
      </Form>
      <p role="status">{fee.value ? t("shop.requested", { fee: fee.value }) : ""}</p>
    </details>
  );
}

function Address(): JSX.Element | null {
  if (useForm().values.delivery !== "post") return null;
  return (
    <>
      <Field name="line1" label={t("shop.line1")} autocomplete="address-line1" required />
      <Field name="line2" label={t("shop.line2")} autocomplete="address-line2" />
      <Field name="city" label={t("shop.filter.city")} autocomplete="address-level2" required />
      <Field name="postal_code" label={t("shop.postal_code")} autocomplete="postal-code" />
    </>
  );
}
