// A payment from its choice to its end. Each step may be repeated: the same keys go out until the outcome is final.
import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { answerOf, done, inWords, isFinal, once, Refused, Unreachable } from "../ui/api/client.ts";
import { messageOf } from "../ui/form.tsx";
import { money, type Amount } from "../ui/format.tsx";
import { known, saidBy, t, word } from "../ui/i18n.ts";
import { Unread, useRead } from "../ui/list.tsx";
import { useSaid, type Saying } from "../ui/said.ts";

import { mine, settingsOf, type Card, type Confirmed, type Payment, type PlatformSettings } from "./api.ts";
import { draft, drafted } from "./keep.ts";
import type { CardForm } from "./stripe.ts";

/** How the customer pays. */
export interface PayWay {
  method: "card" | "wallet";
  /** The NFC card whose balance pays. */
  card?: string;
  /** A test card of the sandbox. */
  token?: string;
}

type Step =
  | { at: "choose"; problem?: Saying }
  | { at: "working" }
  /** The answer was lost, or the provider is slow: the same is sent again. */
  | { at: "unsure"; problem: Saying }
  | { at: "typing"; payment: Payment }
  | { at: "action"; payment: Payment };

export interface PayProps {
  /** What is paid, for keys and drafts. */
  name: string;
  total: Amount;
  /** Cards whose balance may pay. */
  cards: readonly Card[];
  open(way: PayWay, header: { "Idempotency-Key": string }): Promise<Payment>;
  settled(payment: Confirmed): void;
  /** Called after a refusal and after a payment that failed: what is paid may have changed meanwhile. */
  refused?(): void;
}

const TEST_CARDS = ["tok_ok", "tok_declined", "tok_3ds", "tok_timeout"] as const;
const TRIES = 3;
// Seconds that a payer is left without a word; after a longer wait the payer asks again.
const LONGEST_PAUSE = 5;
const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const deedOf = (name: string, way: PayWay): string => `pay:${name}:${JSON.stringify(way)}`;

/** What is said at a step. */
const wordsAt = (step: Step): string => ("problem" in step ? (step.problem?.() ?? "") : "");

/** The words for why a payment failed. */
function reasonOf(payment: { failure_reason?: string | null }): string {
  const reason = payment.failure_reason ?? "";
  const text = known(`shop.declined.${reason}`) ? t(`shop.declined.${reason}`) : reason ? (saidBy(reason) ?? word("shop.declined", reason)) : t("shop.declined.unknown");
  return t("shop.declined", { reason: text });
}

class Paying {
  constructor(
    readonly props: PayProps,
    readonly step: Signal<Step>,
    readonly settings: PlatformSettings | null,
  ) {}

  /** Open the payment, and charge it where nothing has to be typed. */
  async run(way: PayWay): Promise<void> {
    const name = deedOf(this.props.name, way);
    draft(this.props.name, way);
    await this.guarded(name, async () => {
      const payment = await this.repeated(() => this.props.open(way, { "Idempotency-Key": once(name) }));
      if (payment.status === "requires_action") this.step.value = { at: "action", payment };
      else if (payment.status === "requires_confirmation" && payment.provider === "stripe") this.step.value = { at: "typing", payment };
      else await this.charge(payment, name);
    });
  }

  /** Charge an open payment, also one whose owner has acted. */
  async confirm(payment: Payment, way: PayWay): Promise<void> {
    const name = deedOf(this.props.name, way);
    await this.guarded(name, () => this.charge(payment, name));
  }

  private async charge(payment: Payment, opened: string): Promise<void> {
    const name = `confirm:${payment.id}`;
    const header = { "Idempotency-Key": once(name) };
    const answer = await this.repeated(() => answerOf(mine.POST("/api/v1/payments/confirm/", { body: { payment_id: payment.id }, params: { header } })));
    if (answer.status === "requires_action") this.step.value = { at: "action", payment: answer };
    else if (answer.status === "requires_confirmation") this.step.value = { at: "unsure", problem: () => t("shop.pay_undecided") };
    else {
      done(name);
      done(opened);
      draft(this.props.name, null);
      if (answer.status === "failed") {
        this.step.value = { at: "choose", problem: () => reasonOf(answer) };
        this.props.refused?.();
      } else this.props.settled(answer);
    }
  }

  /** Repeat what the provider had no time for; the keys make it one. */
  private async repeated<T>(send: () => Promise<T>): Promise<T> {
    for (let turn = 1; ; turn += 1) {
      try {
        return await send();
      } catch (error) {
        const busy = error instanceof Refused && (error.status === 503 || error.code === "IDEMPOTENCY_IN_PROGRESS");
        const wait = error instanceof Refused ? (error.retryAfter ?? 1) : 1;
        if (!busy || turn === TRIES || wait > LONGEST_PAUSE) throw error;
        await pause(wait);
      }
    }
  }

  private async guarded(name: string, work: () => Promise<void>): Promise<void> {
    this.step.value = { at: "working" };
    try {
      await work();
    } catch (error) {
      if (isFinal(error)) {
        done(name);
        this.props.refused?.();
      }
      const unsure = error instanceof Unreachable || (error instanceof Refused && error.status >= 500);
      const problem: Saying = () => (unsure ? `${messageOf(error)} ${t("shop.pay_again_safe")}` : messageOf(error));
      this.step.value = unsure ? { at: "unsure", problem } : { at: "choose", problem };
    }
  }
}

/** Choose how to pay, and follow the payment to its end. */
export function Pay(props: PayProps): JSX.Element {
  const settings = useRead(settingsOf);
  const begun = drafted<PayWay>(props.name);
  const way = useSignal<PayWay>(begun ?? { method: "card" });
  const step = useSignal<Step>({ at: "choose", problem: begun ? () => t("shop.pay_begun") : undefined });
  const area = useRef<HTMLDivElement>(null);
  const paying = new Paying(props, step, settings.value);
  const now = step.value;
  const at = now.at;
  const first = useRef(true);
  useEffect(() => {
    if (!first.current && at !== "working") area.current?.focus();
    first.current = false;
  }, [at]);

  const run = (): void => {
    if (step.value.at !== "working") void paying.run(way.value);
  };
  const form = settings.value?.payments;
  const problem = wordsAt(now);
  const opened = { publishable: form?.publishable_key ?? null, cancel: () => (step.value = { at: "choose" }) };
  const proceed = (payment: Payment) => (): Promise<void> => paying.confirm(payment, way.value);
  const sandbox = form === null;
  return (
    <div class="pay">
      <Unread read={settings} />
      <div ref={area} tabIndex={-1} role="alert" class={problem ? "failure" : ""}>
        {problem ? <p>{problem}</p> : null}
      </div>
      <p role="status" class="quiet">
        {at === "working" ? t("shop.paying") : ""}
      </p>
      {now.at === "action" ? <Act {...opened} payment={now.payment} proceed={proceed(now.payment)} /> : null}
      {now.at === "typing" ? <Typing {...opened} payment={now.payment} proceed={proceed(now.payment)} /> : null}
      {now.at === "choose" || now.at === "unsure" || now.at === "working" ? (
        <Start at={now.at} way={way.value} choose={(next) => (way.value = next)} cards={props.cards} total={props.total} sandbox={sandbox} run={run} />
      ) : null}
    </div>
  );
}

/** The ways to pay, and the button that begins. */
function Start({ at, run, ...ways }: Omit<WaysProps, "busy"> & { at: "choose" | "unsure" | "working"; run(): void }): JSX.Element {
  const free = Number(ways.total.amount) === 0;
  const text = { choose: free ? t("shop.get_free") : t("shop.pay", { amount: money(ways.total) }), unsure: t("shop.pay_check"), working: t("ui.working") };
  return (
    <>
      {free ? null : <Ways {...ways} busy={at !== "choose"} />}
      <button type="button" class="primary large" aria-busy={at === "working"} onClick={run}>
        {text[at]}
      </button>
    </>
  );
}

interface WaysProps {
  way: PayWay;
  choose(way: PayWay): void;
  cards: readonly Card[];
  total: Amount;
  /** Whether test cards can be chosen. */
  sandbox: boolean;
  busy: boolean;
}

function Ways({ way, choose, cards, total, sandbox, busy }: WaysProps): JSX.Element {
  const id = useId();
  const able = cards.filter((card) => card.status === "active" && card.balance.currency === total.currency && Number(card.balance.amount) >= Number(total.amount));
  return (
    <fieldset class="ways-to-pay" disabled={busy}>
      <legend>{t("shop.pay_with")}</legend>
      <label class="check">
        <input type="radio" name={id} checked={way.method === "card"} onChange={() => choose({ method: "card" })} />
        <span>{t("shop.pay_card")}</span>
      </label>
      {way.method === "card" && sandbox ? (
        <label class="field inset">
          <span>{t("shop.test_card")}</span>
          <select value={way.token ?? "tok_ok"} onChange={(event) => choose({ method: "card", token: event.currentTarget.value === "tok_ok" ? undefined : event.currentTarget.value })}>
            {TEST_CARDS.map((each) => (
              <option key={each} value={each}>
                {t(`shop.test.${each}`)}
              </option>
            ))}
          </select>
          <span class="hint">{t("shop.test_hint")}</span>
        </label>
      ) : null}
      {able.map((card) => (
        <label class="check" key={card.id}>
          <input type="radio" name={id} checked={way.method === "wallet" && way.card === card.id} onChange={() => choose({ method: "wallet", card: card.id })} />
          <span>
            {t("shop.pay_wallet")} <bdi class="num">{`…${card.uid.slice(-4)}`}</bdi> (<bdi class="num">{money(card.balance)}</bdi>)
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface OpenProps {
  payment: Payment;
  publishable: string | null;
  proceed(): Promise<void>;
  cancel(): void;
}

/** What the bank asks of the payer, such as 3-D Secure. */
function Act({ payment, publishable, proceed, cancel }: OpenProps): JSX.Element {
  const problem = useSaid();
  const busy = useSignal(false);
  const action = payment.next_action;
  const isStripes = payment.provider === "stripe" && publishable !== null && Boolean(action?.client_secret);
  const page = action?.url?.startsWith("https://") ? action.url : null;
  const run = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    try {
      const refused = isStripes && publishable ? await (await import("./stripe.ts")).act(publishable, action?.client_secret ?? "") : null;
      if (refused) problem.value = () => refused;
      else await proceed();
    } catch (error) {
      problem.value = () => messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="panel" aria-labelledby="bank">
      <h3 id="bank">{t("shop.bank")}</h3>
      <p>{t(page ? "shop.bank_page" : isStripes ? "shop.bank_here" : "shop.bank_sandbox")}</p>
      {page ? (
        <p>
          <a class="button" href={page}>
            {t("shop.bank_open")}
          </a>
        </p>
      ) : null}
      <div class="row">
        <button type="button" class="primary" aria-busy={busy.value} onClick={() => void run()}>
          {t(isStripes && !page ? "shop.bank_start" : "shop.bank_done")}
        </button>
        <button type="button" class="plain" onClick={cancel}>
          {t("ui.back")}
        </button>
      </div>
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </section>
  );
}

/** Stripe's form for a card, where Stripe is configured. */
function Typing({ payment, publishable, proceed, cancel }: OpenProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const form = useRef<CardForm | null>(null);
  const problem = useSaid();
  const ready = useSignal(false);
  const busy = useSignal(false);
  useEffect(() => {
    let stopped = false;
    const show = async (): Promise<void> => {
      if (publishable === null || place.current === null) throw inWords(new Error(), () => t("shop.no_key"));
      const { cardForm } = await import("./stripe.ts");
      const made = await cardForm(publishable, place.current, (complete) => (ready.value = complete));
      if (stopped) made.end();
      else form.current = made;
    };
    show().catch((error: unknown) => (problem.value = () => messageOf(error)));
    return () => {
      stopped = true;
      form.current?.end();
    };
  }, [publishable]);
  const send = async (): Promise<void> => {
    if (busy.value || form.current === null) return;
    busy.value = true;
    problem.value = "";
    try {
      const refused = await form.current.pay(payment.client_secret ?? "");
      if (refused) problem.value = () => refused;
      else await proceed();
    } catch (error) {
      problem.value = () => messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="panel" aria-label={t("shop.pay_card")}>
      <div ref={place} class="stripe-card" />
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <div class="row">
        <button type="button" class="primary" aria-disabled={!ready.value} aria-busy={busy.value} onClick={() => void send()}>
          {t("shop.pay", { amount: money(payment.amount) })}
        </button>
        <button type="button" class="plain" onClick={cancel}>
          {t("ui.back")}
        </button>
      </div>
    </section>
  );
}
