// Customers: events, buying, tickets, cards and the account.
import "./shop.css";

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { session } from "../ui/api/session.ts";
import { t } from "../ui/i18n.ts";
import { match, path } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { logOut, Private } from "./access.tsx";
import { EventView } from "./event.tsx";
import { Home } from "./home.tsx";
import messages from "./messages.en.json";
import { heading, lazily, Title } from "./parts.tsx";

const Bookings = lazily(async () => (await import("./bookings.tsx")).Bookings);
const Checkout = lazily(async () => (await import("./checkout.tsx")).Checkout);
const Tickets = lazily(async () => (await import("./tickets.tsx")).Tickets);
const TicketView = lazily(async () => (await import("./ticket.tsx")).TicketView);
const Claim = lazily(async () => (await import("./claim.tsx")).Claim);
const Cards = lazily(async () => (await import("./cards.tsx")).Cards);
const CardView = lazily(async () => (await import("./card.tsx")).CardView);
const Account = lazily(async () => (await import("./account.tsx")).Account);

const SEGMENTS = ["", "e", "tickets", "claim", "cards", "bookings", "account"] as const;

/** The view of an address that belongs to a customer. */
function ownView(): JSX.Element | null {
  const ticket = match("/tickets/:id")?.id;
  const booking = match("/bookings/:id")?.id;
  const card = match("/cards/:id")?.id;
  const part = match("/account/:part")?.part;
  if (match("/tickets")) return <Tickets />;
  if (ticket) return <TicketView key={ticket} id={ticket} />;
  if (match("/bookings")) return <Bookings />;
  if (booking) return <Checkout key={booking} id={booking} />;
  if (match("/cards")) return <Cards />;
  if (card) return <CardView key={card} id={card} />;
  if (match("/account") || part) return <Account part={part ?? "profile"} />;
  return null;
}

function View(): JSX.Element {
  const event = match("/e/:id")?.id;
  if (match("/")) return <Home />;
  if (event) return <EventView key={event} id={event} />;
  if (match("/claim")) return <Claim />;
  const own = ownView();
  if (own) return <Private>{own}</Private>;
  return (
    <>
      <Title text={t("shop.missing")} />
      <p>
        <a href="/">{t("shop.all_events")}</a>
      </p>
    </>
  );
}

function Page(): JSX.Element {
  const shown = useRef(path.value);
  useEffect(() => {
    if (shown.current === path.value) return;
    shown.current = path.value;
    document.getElementById("main")?.focus(); // a reader begins with the new view
  }, [path.value]);
  const links: [string, string][] = [
    ["/", t("shop.events")],
    ["/tickets", t("shop.tickets")],
    ["/cards", t("shop.cards")],
    ...(session("webapp").value ? ([["/bookings", t("shop.bookings")]] as [string, string][]) : []),
    ["/account", t("shop.account")],
  ];
  return (
    <Shell title="Gatehouse" view={() => heading.value} links={links} portal="webapp" logOut={logOut}>
      <View />
    </Shell>
  );
}

void start({ segments: SEGMENTS, messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
