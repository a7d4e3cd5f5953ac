// Handing out a card in three steps: the card, its customer, the customer's code. The address names the step.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { answerOf, deed, refusedAt } from "../ui/api/client.ts";
import { Check, Deed, Field, Form, Submit, useForm } from "../ui/form.tsx";
import { money, Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { go, query } from "../ui/router.ts";

import { api, cardFee, lookUp, type Recipient } from "./data.ts";
import { handed, isOpen, remember } from "./handed.ts";
import { hasNfc, listen, readCards, uidIn } from "./readers.ts";

const STEPS = ["card", "customer", "code"] as const;

export function Steps({ at }: { at: (typeof STEPS)[number] | "done" }): JSX.Element {
  const place = at === "done" ? STEPS.length : STEPS.indexOf(at);
  return (
    <ol class="steps" aria-label={t("merchant.steps")}>
      {STEPS.map((each, number) => (
        <li key={each} class={number < place ? "past" : ""} aria-current={each === at ? "step" : undefined}>
          <span class="step-number">{number < place ? "✓" : number + 1}</span> {t(`merchant.step.${each}`)}
        </li>
      ))}
    </ol>
  );
}

/** The first two steps; the card is in the address, so that back and reload keep it. */
export function Give(): JSX.Element {
  const uid = uidIn(query.value.get("card") ?? "");
  return (
    <div class="narrow">
      <h1>{t("merchant.give")}</h1>
      <Steps at={uid === null ? "card" : "customer"} />
      {uid === null ? <CardStep /> : <CustomerStep key={uid} uid={uid} />}
      {uid === null ? <Waiting /> : null}
    </div>
  );
}

const chosen = (uid: string): void => go(`/merchant?card=${encodeURIComponent(uid)}`);

function CardStep(): JSX.Element {
  const nfc = useSignal(false);
  useEffect(() => listen(chosen), []);
  useEffect(() => {
    if (!nfc.value) return;
    const stop = new AbortController();
    readCards(chosen, stop.signal).catch(() => (nfc.value = false));
    return () => stop.abort();
  }, [nfc.value]);
  return (
    <section class="card">
      <h2>{t("merchant.step.card")}</h2>
      <p class="quiet">{t("merchant.card.about")}</p>
      <Form
        label={t("merchant.step.card")}
        draft="merchant.card"
        onSubmit={({ card_uid = "" }) => {
          const uid = uidIn(card_uid);
          if (uid === null) throw refusedAt("card_uid", () => t("merchant.card.wrong"));
          chosen(uid);
          return Promise.resolve();
        }}
      >
        <Field name="card_uid" label={t("merchant.card.uid")} hint={t("merchant.card.hint")} autocomplete="off" required more={{ spellcheck: false, autocapitalize: "characters" }} />
        <Submit>{t("merchant.next")}</Submit>
      </Form>
      {hasNfc() ? (
        <p>
          <button type="button" aria-pressed={nfc.value} onClick={() => (nfc.value = !nfc.value)}>
            {t(nfc.value ? "merchant.nfc.reading" : "merchant.nfc.start")}
          </button>
        </p>
      ) : null}
    </section>
  );
}

/** Hand-overs that wait for their code: begun here, in another tab, or before a reload. */
function Waiting(): JSX.Element | null {
  const open = handed.value.filter(isOpen);
  if (!open.length) return null;
  return (
    <section class="card">
      <h2>{t("merchant.waiting")}</h2>
      <ul class="rows">
        {open.map(({ assignment, number, customer }) => (
          <li key={assignment.assignment_id} class="row">
            <span class="grow">
              <bdi>{customer}</bdi> · <Num>{number}</Num>
              <br />
              <small>
                <Num>{assignment.card.uid}</Num>
              </small>
            </span>
            <a class="button" href={`/merchant/give/${assignment.assignment_id}`}>
              {t("merchant.continue")}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function CustomerStep({ uid }: { uid: string }): JSX.Element {
  const found = useSignal<{ number: string; recipient: Recipient } | null>(null);
  const look = async (number: string): Promise<void> => {
    found.value = { number, recipient: await lookUp(number) };
  };
  const send = async (values: Readonly<Record<string, string>>): Promise<void> => {
    const mobile_number = values.mobile_number ?? "";
    if (found.value?.number !== mobile_number) return look(mobile_number);
    const { recipient } = found.value;
    if (recipient.customer === null) return look(mobile_number);
    const body = { mobile_number, card_uid: uid, fee_collected: values.fee_collected === "true" };
    const { name: customer } = recipient.customer;
    const held = await deed(`assign:${JSON.stringify(body)}`, async (header) => {
      const assignment = await answerOf(api.POST("/api/merchant/assign-card/", { params: { header }, body }));
      // The hold is known from here on; after it another one may be asked for.
      remember({ assignment, number: mobile_number, customer, done: null });
      return assignment;
    });
    go(`/merchant/give/${held.assignment_id}`, { replace: true });
  };
  return (
    <section class="card">
      <h2>{t("merchant.step.customer")}</h2>
      <p>
        {t("merchant.card")} <Num>{uid}</Num> <a href="/merchant">{t("merchant.other_card")}</a>
      </p>
      <Form label={t("merchant.step.customer")} draft={`merchant.customer.${uid}`} onSubmit={send}>
        <Field name="mobile_number" label={t("merchant.customer.number")} type="tel" autocomplete="off" required />
        <Looked found={found.value} />
      </Form>
    </section>
  );
}

function Looked({ found }: { found: { number: string; recipient: Recipient } | null }): JSX.Element {
  const { values, set } = useForm();
  const fee = cardFee();
  const recipient = found?.number === values.mobile_number ? found?.recipient : undefined;
  const id = recipient?.customer?.id;
  useEffect(() => {
    if (id) set("fee_collected", ""); // what another customer has paid is not this one's
  }, [id]);
  if (!recipient) return <Submit>{t("merchant.customer.find")}</Submit>;
  if (recipient.customer === null)
    return (
      <>
        <p class="band" role="status">
          {t("merchant.customer.unknown")}
        </p>
        <Submit>{t("merchant.customer.find_again")}</Submit>
      </>
    );
  const { customer, fee_paid } = recipient;
  return (
    <>
      <div class="person" role="status">
        {customer.photo_url ? <img class="portrait" src={customer.photo_url} alt="" /> : null}
        <div>
          <strong>
            <bdi>{customer.name}</bdi>
          </strong>
          <br />
          <small>{customer.active_cards ? t("merchant.customer.cards", { cards: customer.active_cards }) : t("merchant.customer.no_card")}</small>
        </div>
      </div>
      {fee_paid ? (
        <p>{t("merchant.fee.none")}</p>
      ) : (
        <div class="fee">
          <p>
            {t("merchant.fee.due")} <strong class="figure-value">{fee ? <Num>{money(fee)}</Num> : "?"}</strong>
          </p>
          <Check name="fee_collected" label={t("merchant.fee.collected")} />
        </div>
      )}
      <p class="hint">{t("merchant.code.about")}</p>
      <Submit>{t("merchant.code.send")}</Submit>
    </>
  );
}

/** Sends the customer another code, which voids the one before. */
export function CodeAgain({ id }: { id: string }): JSX.Element {
  const until = useSignal("");
  return (
    <Deed
      act={async () => {
        const sent = await answerOf(api.POST("/api/merchant/send-customer-otp/", { body: { assignment_id: id } }));
        until.value = sent.expires_at;
      }}
    >
      {t(until.value ? "merchant.code.sent_again" : "merchant.code.again")}
    </Deed>
  );
}
