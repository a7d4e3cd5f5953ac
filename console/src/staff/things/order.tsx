// An order: its tickets, and its booking where the customer's list has it.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Num } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Shown, useRead } from "../../ui/list.tsx";
import { match, query } from "../../ui/router.ts";
import { api, ask, asked } from "../parts/api.ts";
import { Copied, Facts, State, Sum, Thing, Title, When } from "../parts/shown.tsx";
import { orderStem } from "../search/ask.ts";

import { History } from "./history.tsx";

type Booking = Schemas["AdminListedBookingOut"];
// Pages of a customer's bookings that are looked through; nobody has more in a year.
const PAGES = 10;

async function bookingOf(orderId: string, customerId: string): Promise<Booking | null> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = asked({ page_size: "100" }, cursor);
    const found = await ask(() => api.GET("/api/customers/{customer_id}/bookings/", { params: { path: { customer_id: customerId }, query } }));
    const booking = found.results.find((each) => each.id === orderId);
    if (booking || !found.next) return booking ?? null;
    cursor = found.next;
  }
  return null;
}

// An order has no address of its own at the platform: its tickets' numbers begin with the end of its id, and its
// booking is in the list of the customer who made it.
async function read(orderId: string): Promise<{ tickets: readonly Schemas["AdminStaffTicketOut"][]; booking: Booking | null; customer: string | null }> {
  const page = await ask(() => api.GET("/api/tickets/", { params: { query: asked({ search: orderStem(orderId), page_size: "100" }) } }));
  const tickets = page.results.filter((each) => each.booking_id === orderId);
  const known = query.peek().get("customer");
  for (const id of new Set([known, ...tickets.map((each) => each.customer_id)])) {
    if (!id) continue;
    const booking = await bookingOf(orderId, id); // a ticket that was handed on is another customer's
    if (booking) return { tickets, booking, customer: id };
  }
  return { tickets, booking: null, customer: null };
}

export function Order(): JSX.Element {
  const id = match("/staff/orders/:id")?.id ?? "";
  const found = useRead(() => read(id));
  return (
    <Shown read={found}>
      {({ tickets, booking, customer }) => (
        <>
          <Title>
            {t("staff.order")} <Num>{id.slice(-8)}</Num> {booking ? <State value={booking.status} /> : null}
          </Title>
          {booking === null && tickets.length === 0 ? <p class="empty">{t("staff.order_missing")}</p> : null}
          <section class="panel" aria-label={t("staff.facts")}>
            <Facts
              of={[
                [t("staff.customer"), customer ? <Thing id={customer} /> : null],
                [t("staff.event"), booking ? <Thing id={booking.event_id} name={booking.event_title} /> : null],
                [t("staff.items"), booking?.items.map((item) => `${item.quantity} × ${item.name}`).join(", ")],
                [t("staff.total"), booking ? <Sum of={booking.total} /> : null],
                [t("staff.payment"), booking?.payment_id ? <Copied>{booking.payment_id}</Copied> : null],
                [t("staff.card"), booking?.card_id ? <Thing id={booking.card_id} /> : null],
                [t("staff.made"), booking ? <When at={booking.created_at} /> : null],
                [t("staff.until"), booking?.status === "reserved" ? <When at={booking.expires_at} /> : null],
                [t("staff.id"), <Copied>{id}</Copied>],
              ]}
            />
          </section>
          <h2>{t("staff.group.tickets")}</h2>
          {tickets.length ? (
            <ul class="hits">
              {tickets.map((ticket) => (
                <li key={ticket.id}>
                  <a href={`/staff/tickets/${ticket.id}`}>
                    <b>
                      <Num>{ticket.number}</Num>
                    </b>
                    <Num>{ticket.holder_name}</Num>
                    <small>
                      <State value={ticket.status} />
                    </small>
                  </a>
                </li>
              ))}
            </ul>
          ) : (
            <p class="empty">{t("staff.none.tickets")}</p>
          )}
          <History id={id} />
        </>
      )}
    </Shown>
  );
}
