// One reservation: what it holds, until when, and its payment. Its address is what a reload and "back" return to.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { useAgain } from "../ui/again.ts";
import { answerOf } from "../ui/api/client.ts";
import { Deed } from "../ui/form.tsx";
import { clock, money, Num, Said } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Shown, Unread, useRead, useWhole, type Read } from "../ui/list.tsx";
import { go } from "../ui/router.ts";

import { mine, ownCards, type Booking, type Card, type Confirmed } from "./api.ts";
import { draft, forgetDeeds } from "./keep.ts";
import { Title, useNow } from "./parts.tsx";
import { Pay } from "./pay.tsx";

/** Give a reservation back at once. */
export async function drop(booking: Booking): Promise<void> {
  await answerOf<unknown>(mine.DELETE("/api/v1/users/bookings/{booking_id}/", { params: { path: { booking_id: booking.id } } }));
  draft(`booking:${booking.id}`, null);
  forgetDeeds(`book:${booking.event_id}:`); // the same basket is a new booking now
}

/** Minutes and seconds that are left. */
export function Countdown({ until, over }: { until: string; over?: () => void }): JSX.Element {
  const now = useNow(1000);
  const left = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
  const reported = useRef(false);
  useEffect(() => {
    if (left > 0 || reported.current) return;
    reported.current = true;
    over?.();
  }, [left === 0]);
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return (
    <p class={`countdown ${left < 120 ? "soon" : ""}`}>
      {t("shop.runs_out")} <Num>{clock(until)}</Num> <span aria-hidden="true">· {t("shop.left")}:</span>{" "}
      <span role="timer" aria-label={t("shop.left")}>
        <Num>{text}</Num>
      </span>
      <span class="unseen" role="status">
        {left === 0 ? t("shop.ran_out") : left <= 120 ? t("shop.two_minutes") : ""}
      </span>
    </p>
  );
}

/** What a booking holds, with its prices. */
export function Lines({ booking }: { booking: Booking }): JSX.Element {
  return (
    <table class="lines">
      <caption class="unseen">{t("shop.what")}</caption>
      <tbody>
        {booking.items.map((item) => (
          <tr key={item.category_id}>
            <th scope="row">
              <Num>{item.quantity}</Num> × <bdi>{item.name}</bdi>
            </th>
            <td class="num">{money(item.subtotal)}</td>
          </tr>
        ))}
        <tr class="sum">
          <th scope="row">{t("shop.total")}</th>
          <td class="num">{money(booking.total)}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** The view of one booking. */
export function Checkout({ id }: { id: string }): JSX.Element {
  const booking = useRead(() => answerOf(mine.GET("/api/v1/users/bookings/{booking_id}/", { params: { path: { booking_id: id } } })));
  const cards = useWhole(ownCards);
  const paid = useSignal<Confirmed | null>(null);
  const settle = (payment: Confirmed): void => {
    paid.value = payment;
    draft(`booking:${id}`, null);
    booking.reload();
  };
  useAgain(booking.reload); // another tab may have paid it, or given it back
  return (
    <Shown read={booking}>
      {(found) => {
        if (paid.value?.status === "refunded") return <Late booking={found} payment={paid.value} />;
        if (paid.value?.status === "succeeded" || found.status === "paid") return <Paid booking={found} payment={paid.value} />;
        if (found.status !== "reserved") return <Over booking={found} />;
        return <Reserved booking={found} cards={cards} settled={settle} reload={booking.reload} />;
      }}
    </Shown>
  );
}

interface ReservedProps {
  booking: Booking;
  cards: Read<readonly Card[]>;
  settled(payment: Confirmed): void;
  reload(): void;
}

function Reserved({ booking, cards, settled, reload }: ReservedProps): JSX.Element {
  const title = booking.tickets[0]?.event.title ?? "";
  return (
    <section class="narrow wide">
      <Title text={t("shop.checkout")} />
      <div class="card">
        <h2>
          <a href={`/e/${booking.event_id}`}>
            <bdi>{title}</bdi>
          </a>
        </h2>
        <Lines booking={booking} />
        <Countdown until={booking.expires_at} over={reload} />
        {booking.tickets.some(({ holder }) => holder.name) ? (
          <p class="hint">
            {t("shop.tickets_for")} <bdi>{[...new Set(booking.tickets.map(({ holder }) => holder.name))].join(", ")}</bdi>
          </p>
        ) : null}
      </div>
      <div class="card">
        <h2>{t("shop.payment")}</h2>
        <Unread read={cards} />
        <Pay
          name={`booking:${booking.id}`}
          total={booking.total}
          cards={cards.value ?? []}
          settled={settled}
          refused={reload}
          open={({ method, card, token }, header) => {
            const body = { booking_id: booking.id, method, ...(card ? { card_id: card } : {}), ...(token ? { payment_token: token } : {}) };
            return answerOf(mine.POST("/api/v1/payments/process/", { body, params: { header } }));
          }}
        />
      </div>
      <Deed
        class="plain"
        act={async () => {
          await drop(booking);
          go(`/e/${booking.event_id}`, { replace: true });
        }}
      >
        {t("shop.drop")}
      </Deed>
    </section>
  );
}

/** Move the reader to the outcome of what was begun. */
function useFocus(): { current: HTMLDivElement | null } {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  return place;
}

function Paid({ booking, payment }: { booking: Booking; payment: Confirmed | null }): JSX.Element {
  const place = useFocus();
  const tickets = payment?.tickets.length ? payment.tickets : booking.tickets;
  return (
    <section class="narrow wide">
      <div ref={place} tabIndex={-1} role="status" class="outcome good">
        <Title text={t("shop.paid")} />
        <p>
          <bdi>{tickets[0]?.event.title}</bdi>
        </p>
        {payment?.receipt_number ? (
          <p class="hint">
            {t("shop.receipt")} <Num>{payment.receipt_number}</Num>
          </p>
        ) : null}
      </div>
      <h2>{t("shop.your_tickets")}</h2>
      <ul class="rows">
        {tickets.map((ticket) => (
          <li key={ticket.id} class="row">
            <span class="grow">
              <bdi>{ticket.category.name}</bdi> · <bdi>{ticket.holder.name}</bdi> <br />
              <small>
                <Num>{ticket.number}</Num>
              </small>
            </span>
            <a class="button primary" href={`/tickets/${ticket.id}`}>
              {t("shop.show_ticket")}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Late({ booking, payment }: { booking: Booking; payment: Confirmed }): JSX.Element {
  const place = useFocus();
  return (
    <section class="narrow wide">
      <div ref={place} tabIndex={-1} role="alert" class="outcome warn">
        <Title text={t("shop.refunded")} />
        <p>{t("shop.refunded_hint", { amount: money(payment.amount) })}</p>
        {payment.failure_reason ? (
          <p class="hint">
            <Said>{payment.failure_reason}</Said>
          </p>
        ) : null}
      </div>
      <a class="button" href={`/e/${booking.event_id}`}>
        {t("shop.book_again")}
      </a>
    </section>
  );
}

function Over({ booking }: { booking: Booking }): JSX.Element {
  const place = useFocus();
  return (
    <section class="narrow wide">
      <div ref={place} tabIndex={-1} class="outcome warn">
        <Title text={t(booking.status === "expired" ? "shop.expired" : "shop.dropped")} />
        <p>{t(booking.status === "expired" ? "shop.expired_hint" : "shop.dropped_hint")}</p>
      </div>
      <a class="button primary" href={`/e/${booking.event_id}`}>
        {t("shop.book_again")}
      </a>
    </section>
  );
}
