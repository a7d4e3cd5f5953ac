// Reservations that are still open: to go on with, or to give back.
import type { JSX } from "preact";

import { useAgain } from "../ui/again.ts";
import { answerOf } from "../ui/api/client.ts";
import { Deed } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { Listing, useList } from "../ui/list.tsx";

import { mine } from "./api.ts";
import { Countdown, drop, Lines } from "./checkout.tsx";
import { Title } from "./parts.tsx";

/** The list of open reservations. */
export function Bookings(): JSX.Element {
  const list = useList((cursor) => answerOf(mine.GET("/api/v1/users/bookings/", { params: { query: { cursor } } })));
  useAgain(list.refresh);
  return (
    <>
      <Title text={t("shop.bookings")} />
      <p class="quiet">{t("shop.bookings_hint")}</p>
      <Listing
        list={list}
        label={t("shop.bookings")}
        empty={
          <>
            <p>{t("shop.no_bookings")}</p>
            <a href="/">{t("shop.all_events")}</a>
          </>
        }
        row={(booking) => (
          <li key={booking.id}>
            <h2>
              <bdi>{booking.tickets[0]?.event.title}</bdi>
            </h2>
            <Lines booking={booking} />
            <Countdown until={booking.expires_at} over={list.reload} />
            <div class="row">
              <a class="button primary" href={`/bookings/${booking.id}`}>
                {t("shop.go_on")}
              </a>
              <Deed
                act={async () => {
                  await drop(booking);
                  list.replace(({ id }) => id === booking.id, null);
                }}
              >
                {t("shop.drop")}
              </Deed>
            </div>
          </li>
        )}
      />
    </>
  );
}
