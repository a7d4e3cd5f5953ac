// The last step: the customer's code, then the receipt. Both are found again after a reload by the hand-over's id.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, deed, Refused } from "../ui/api/client.ts";
import { Failure } from "../ui/list.tsx";
import { money, Num, time } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { CodeForm } from "../ui/login.tsx";
import { now } from "../ui/now.ts";

import { api } from "./data.ts";
import { CodeAgain, Steps } from "./give.tsx";
import { find, handed, isOpen, remember, type HandOver } from "./handed.ts";

const EVERY = 1000;

export function HandOverView({ id }: { id: string }): JSX.Element {
  void handed.value; // shown again when another tab has completed it
  const one = find(id);
  return (
    <div class="narrow">
      <h1>{t("merchant.give")}</h1>
      {one === undefined ? <Unknown /> : one.done ? <Receipt one={one} /> : <Code one={one} />}
    </div>
  );
}

function Unknown(): JSX.Element {
  return (
    <div class="card">
      <Failure error={new Refused(404, "NOT_FOUND", t("merchant.unknown"))} />
      <a class="button" href="/merchant">
        {t("merchant.give_next")}
      </a>
    </div>
  );
}

/** Minutes and seconds that are left of a hold. */
function Left({ until }: { until: string }): JSX.Element {
  const at = useSignal(now());
  useEffect(() => {
    const wake = setInterval(() => (at.value = now()), EVERY);
    return () => clearInterval(wake);
  }, []);
  const seconds = Math.max(0, Math.floor((Date.parse(until) - at.value) / 1000));
  return <Num>{`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`}</Num>;
}

function Code({ one }: { one: HandOver }): JSX.Element {
  const { assignment, number, customer } = one;
  const id = assignment.assignment_id;
  const late = useSignal(!isOpen(one));
  useEffect(() => {
    const wake = setInterval(() => (late.value = !isOpen(one)), EVERY);
    return () => clearInterval(wake);
  }, [id]);
  const finish = async (otp: string): Promise<void> => {
    const body = { assignment_id: id, otp };
    await deed(`hand-over:${id}:${otp}`, async (header) => {
      remember({ ...one, done: await answerOf(api.POST("/api/merchant/verify-customer-otp/", { params: { header }, body })) });
    });
  };
  return (
    <>
      <Steps at="code" />
      <section class="card">
        <h2>{t("merchant.step.code")}</h2>
        <dl class="facts">
          <div>
            <dt>{t("merchant.customer")}</dt>
            <dd>
              <bdi>{customer}</bdi>
            </dd>
          </div>
          <div>
            <dt>{t("merchant.card")}</dt>
            <dd>
              <Num>{assignment.card.uid}</Num>
            </dd>
          </div>
          <div>
            <dt>{t("merchant.fee")}</dt>
            <dd>
              <Num>{money(assignment.fee)}</Num>
            </dd>
          </div>
          <div>
            <dt>{t("merchant.held_for")}</dt>
            <dd>
              <Left until={assignment.expires_at} />
            </dd>
          </div>
        </dl>
        <div role="alert">{late.value ? <p class="band">{t("merchant.late")}</p> : null}</div>
        {late.value ? (
          <a class="button primary" href={`/merchant?card=${assignment.card.uid}`}>
            {t("merchant.begin_again")}
          </a>
        ) : (
          <>
            <p class="quiet">{t("merchant.code.ask")}</p>
            <CodeForm to={number} finish={finish} label={t("merchant.code")} />
            <CodeAgain id={id} />
          </>
        )}
      </section>
    </>
  );
}

function Receipt({ one }: { one: HandOver }): JSX.Element | null {
  const given = one.done;
  const place = useRef<HTMLElement>(null);
  // The form that had the focus is gone.
  useEffect(() => place.current?.focus(), []);
  if (given === null) return null;
  return (
    <>
      <Steps at="done" />
      <section ref={place} tabIndex={-1} class="card receipt" role="status">
        <h2>
          <span aria-hidden="true">✓</span> {t("merchant.done")}
        </h2>
        <dl class="facts">
          <div>
            <dt>{t("merchant.customer")}</dt>
            <dd>
              <bdi>{one.customer}</bdi> · <Num>{one.number}</Num>
            </dd>
          </div>
          <div>
            <dt>{t("merchant.card")}</dt>
            <dd>
              <Num>{one.assignment.card.uid}</Num>
            </dd>
          </div>
          <div>
            <dt>{t("merchant.fee.booked")}</dt>
            <dd>
              <Num>{money(given.fee)}</Num>
            </dd>
          </div>
          {given.card.assigned_at ? (
            <div>
              <dt>{t("merchant.assigned_at")}</dt>
              <dd>
                <Num>{time(given.card.assigned_at)}</Num>
              </dd>
            </div>
          ) : null}
          <div>
            <dt>{t("merchant.receipt_number")}</dt>
            <dd>
              <Num>{given.assignment_id}</Num>
            </dd>
          </div>
        </dl>
        {given.note ? <p class="band">{given.note}</p> : null}
        <div class="row">
          <a class="button primary" href="/merchant">
            {t("merchant.give_next")}
          </a>
          <button type="button" onClick={() => print()}>
            {t("merchant.print")}
          </button>
        </div>
      </section>
    </>
  );
}
