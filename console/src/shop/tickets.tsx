// The customer's tickets; without a network those that were opened on this device.
import type { JSX } from "preact";

import { answerOf, type Schemas } from "../ui/api/client.ts";
import { Num } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, useList, useRead } from "../ui/list.tsx";
import { go, query } from "../ui/router.ts";

import { eventOf, isAway, mine, type Ticket } from "./api.ts";
import { keptTickets, noteOf } from "./keep.ts";
import { Title, When } from "./parts.tsx";

const SHOWN = ["reserved", "valid", "used", "cancelled", "refunded", "transferred"] as const satisfies readonly Schemas["TicketShown"][];
const SPANS = ["upcoming", "past", "all"] as const;

const span = (): (typeof SPANS)[number] => SPANS.find((each) => each === query.value.get("show")) ?? "upcoming";
const status = (): Schemas["TicketShown"] | undefined => SHOWN.find((each) => each === query.value.get("status"));

function address(show: string, wanted: string | undefined): string {
  const asked = new URLSearchParams({ ...(show === "upcoming" ? {} : { show }), ...(wanted ? { status: wanted } : {}) }).toString();
  return asked ? `/tickets?${asked}` : "/tickets";
}

/** The list of tickets. */
export function Tickets(): JSX.Element {
  const list = useList(
    (cursor) => {
      const upcoming = span() === "all" ? undefined : span() === "upcoming";
      return answerOf(mine.GET("/api/v1/users/tickets/", { params: { query: { upcoming, status: status(), cursor } } }));
    },
    () => `${span()}${status() ?? ""}`,
  );
  const kept = list.state === "failed" && isAway(list.error) ? keptTickets() : [];
  return (
    <>
      <Title text={t("shop.tickets")} />
      <div class="row">
        <nav class="tabs grow" aria-label={t("shop.which")}>
          {SPANS.map((each) => (
            <a key={each} href={address(each, status())} aria-current={span() === each ? "page" : undefined}>
              {t(`shop.span.${each}`)}
            </a>
          ))}
        </nav>
        <label>
          <span class="unseen">{t("shop.filter.status")}</span>
          <select value={status() ?? ""} onChange={(event) => go(address(span(), event.currentTarget.value || undefined), { replace: true })}>
            <option value="">{t("shop.any_status")}</option>
            {SHOWN.map((each) => (
              <option key={each} value={each}>
                {t(`shop.status.${each}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {kept.length ? (
        <section aria-labelledby="kept">
          <h2 id="kept">{t("shop.kept")}</h2>
          <ul class="rows">
            {kept.map(({ ticket }) => (
              <TicketRow key={ticket.id} ticket={ticket} />
            ))}
          </ul>
        </section>
      ) : null}
      <Listing
        list={list}
        label={t("shop.tickets")}
        empty={
          <>
            <p>{t(span() === "past" ? "shop.no_past" : "shop.no_tickets")}</p>
            <a class="button" href="/">
              {t("shop.all_events")}
            </a>
          </>
        }
        row={(ticket) => <TicketRow key={ticket.id} ticket={ticket} />}
      />
    </>
  );
}

const TONES: Readonly<Record<string, string>> = { valid: "good", reserved: "warn", cancelled: "bad" };

/** A ticket's status in words. */
export function Status({ ticket }: { ticket: Ticket }): JSX.Element {
  return <span class={`badge ${TONES[ticket.status] ?? ""}`}>{word("shop.status", ticket.status)}</span>;
}

/** One ticket of a list, which leads to it. */
export function TicketRow({ ticket }: { ticket: Ticket }): JSX.Element {
  // The ticket has no zone: its event has, which most often is known already.
  const event = useRead(() => eventOf(ticket.event.id).catch(() => null));
  const said = noteOf(ticket.id);
  return (
    <li class="row ticket-row">
      <div class="grow">
        <h2>
          <a href={`/tickets/${ticket.id}`}>
            <bdi>{ticket.event.title}</bdi>
          </a>
        </h2>
        <p>
          <When at={ticket.event.starts_at} zone={event.value?.timezone} />
          {ticket.event.venue_name ? (
            <>
              {" · "}
              <bdi>{ticket.event.venue_name}</bdi>
            </>
          ) : null}
        </p>
        <p class="quiet">
          <bdi>{ticket.category.name}</bdi> · <bdi>{ticket.holder.name}</bdi> · <Num>{ticket.number}</Num>
        </p>
        {ticket.message ? <blockquote class="message" dir="auto">{ticket.message}</blockquote> : null}
      </div>
      <p class="row">
        <Status ticket={ticket} />
        {said && ticket.status === "valid" ? <span class="badge warn">{t(`shop.note.${said.kind}`)}</span> : null}
      </p>
    </li>
  );
}
