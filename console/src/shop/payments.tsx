// What the customer has paid and got back, with the invoices.
import type { JSX } from "preact";

import { answerOf } from "../ui/api/client.ts";
import { fileOf, save } from "../ui/file.ts";
import { Deed } from "../ui/form.tsx";
import { money, Num, time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, useList } from "../ui/list.tsx";
import { go, query } from "../ui/router.ts";

import { mine } from "./api.ts";

const STATES = ["succeeded", "refunded", "failed", "requires_confirmation", "requires_action"] as const;
const TONES: Readonly<Record<string, string>> = { succeeded: "good", failed: "bad", refunded: "warn" };

/** The list of payments. */
export function Payments(): JSX.Element {
  const status = (): (typeof STATES)[number] | undefined => STATES.find((each) => each === query.value.get("status"));
  const list = useList(
    (cursor) => answerOf(mine.GET("/api/v1/users/payment-history/", { params: { query: { status: status(), cursor } } })),
    () => status() ?? "",
  );
  const invoice = async (id: string): Promise<void> => {
    const got = await fileOf("webapp", `/api/v1/users/payment-history/${encodeURIComponent(id)}/invoice/`);
    if ("file" in got) save(got.file, got.name.endsWith(".pdf") ? got.name : `${id}.pdf`);
  };
  return (
    <>
      <p>
        <label>
          <span class="unseen">{t("shop.filter.status")}</span>
          <select value={status() ?? ""} onChange={(event) => go(event.currentTarget.value ? `/account/payments?status=${event.currentTarget.value}` : "/account/payments", { replace: true })}>
            <option value="">{t("shop.any_status")}</option>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {t(`shop.payment.${each}`)}
              </option>
            ))}
          </select>
        </label>
      </p>
      <Listing
        list={list}
        label={t("shop.account.payments")}
        empty={<p>{t("shop.no_payments")}</p>}
        row={(each) => (
          <li key={each.id} class="row payment">
            <div class="grow">
              <p>
                <b>
                  <Num>{money(each.amount)}</Num>
                </b>{" "}
                {each.event_title ? <bdi>{each.event_title}</bdi> : t(each.card_id ? "shop.top_up" : "shop.payment")}
              </p>
              <p class="quiet">
                <bdi>{time(each.created_at)}</bdi> · {t(`shop.method.${each.method}`)}
                {each.receipt_number ? (
                  <>
                    {" "}
                    · <Num>{each.receipt_number}</Num>
                  </>
                ) : null}
              </p>
              {each.refunds.map((refund) => (
                <p key={refund.created_at} class="hint">
                  {t("shop.refund_line", { amount: money(refund.amount), state: word("shop.refund_state", refund.status) })}
                </p>
              ))}
            </div>
            <span class={`badge ${TONES[each.status] ?? ""}`}>{word("shop.payment", each.status)}</span>
            {each.booking_id && (each.status === "requires_confirmation" || each.status === "requires_action") ? (
              <a class="button" href={`/bookings/${each.booking_id}`}>
                {t("shop.go_on")}
              </a>
            ) : null}
            {each.invoice_number ? <Deed act={() => invoice(each.id)}>{t("shop.invoice")}</Deed> : null}
          </li>
        )}
      />
    </>
  );
}
