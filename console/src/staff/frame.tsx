// The desk: a head with the one field for everything, the parts at the side, and the view of the address.
import { useSignal, useSignalEffect } from "@preact/signals";
import { Fragment, type FunctionComponent, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Num } from "../ui/format.tsx";
import { language, t } from "../ui/i18n.ts";
import { go, match, path, query } from "../ui/router.ts";
import { Settings, useTurn } from "../ui/shell.tsx";

import { logOut, may, me, type Permission } from "./parts/api.ts";
import { OpenDecision } from "./parts/decision.tsx";
import { lazy } from "./parts/lazy.tsx";
import { pending, readPending } from "./parts/pending.ts";
import { Nothing } from "./parts/shown.tsx";
import { arrows, SearchView } from "./search/view.tsx";

interface Part {
  pattern: string;
  view: FunctionComponent;
  /** Roles with one of these see it. */
  needs?: readonly Permission[];
}

const work = { cancellation: () => import("./work/cancellation.tsx"), readiness: () => import("./work/readiness.tsx") };
const PARTS: readonly Part[] = [
  { pattern: "/staff", view: lazy(() => import("./home.tsx").then((part) => part.Home)) },
  { pattern: "/staff/search", view: SearchView },
  { pattern: "/staff/queues/:queue", view: lazy(() => import("./queues/view.tsx").then((part) => part.Queues)) },
  { pattern: "/staff/lost-card", view: lazy(() => import("./work/lost-card.tsx").then((part) => part.LostCard)), needs: ["support"] },
  { pattern: "/staff/customers", view: lazy(() => import("./things/lists.tsx").then((part) => part.Customers)), needs: ["read", "support"] },
  { pattern: "/staff/customers/:id", view: lazy(() => import("./things/customer.tsx").then((part) => part.Customer)), needs: ["read", "support"] },
  { pattern: "/staff/tickets", view: lazy(() => import("./things/lists.tsx").then((part) => part.Tickets)), needs: ["read", "support"] },
  { pattern: "/staff/tickets/:id", view: lazy(() => import("./things/ticket.tsx").then((part) => part.Ticket)), needs: ["read", "support"] },
  { pattern: "/staff/cards", view: lazy(() => import("./things/lists.tsx").then((part) => part.Cards)), needs: ["read", "support"] },
  { pattern: "/staff/cards/:id", view: lazy(() => import("./things/card.tsx").then((part) => part.Card)), needs: ["read", "support"] },
  { pattern: "/staff/orders/:id", view: lazy(() => import("./things/order.tsx").then((part) => part.Order)), needs: ["read", "support"] },
  { pattern: "/staff/devices", view: lazy(() => import("./things/device.tsx").then((part) => part.Devices)), needs: ["read", "devices"] },
  { pattern: "/staff/devices/:id", view: lazy(() => import("./things/device.tsx").then((part) => part.Device)), needs: ["read", "devices"] },
  { pattern: "/staff/readiness", view: lazy(() => work.readiness().then((part) => part.Readiness)), needs: ["read", "devices"] },
  { pattern: "/staff/events", view: lazy(() => import("./things/events.tsx").then((part) => part.Events)), needs: ["read"] },
  { pattern: "/staff/events/new", view: lazy(() => import("./things/event-form.tsx").then((part) => part.NewEvent)), needs: ["manage"] },
  { pattern: "/staff/events/:id", view: lazy(() => import("./things/event.tsx").then((part) => part.Event)), needs: ["read"] },
  { pattern: "/staff/events/:id/cancellation", view: lazy(() => work.cancellation().then((part) => part.Cancellation)), needs: ["read"] },
  { pattern: "/staff/venues", view: lazy(() => import("./things/venues.tsx").then((part) => part.Venues)), needs: ["read"] },
  { pattern: "/staff/venues/:id", view: lazy(() => import("./things/venues.tsx").then((part) => part.Venue)), needs: ["read"] },
  { pattern: "/staff/users", view: lazy(() => import("./things/users.tsx").then((part) => part.Users)), needs: ["read", "ushers"] },
  { pattern: "/staff/users/:id", view: lazy(() => import("./things/user.tsx").then((part) => part.User)), needs: ["read", "ushers"] },
  { pattern: "/staff/finances/:part", view: lazy(() => import("./money/view.tsx").then((part) => part.Finances)), needs: ["read"] },
  { pattern: "/staff/checkins", view: lazy(() => import("./work/logs.tsx").then((part) => part.Checkins)), needs: ["read", "support", "ushers"] },
  { pattern: "/staff/audit", view: lazy(() => import("./work/logs.tsx").then((part) => part.Audit)), needs: ["read", "support"] },
  { pattern: "/staff/jobs", view: lazy(() => import("./work/jobs.tsx").then((part) => part.Jobs)) },
  { pattern: "/staff/account", view: lazy(() => import("./account.tsx").then((part) => part.Account)) },
];

function Missing(): JSX.Element {
  return <Nothing>{t("staff.no_view")}</Nothing>;
}

/** The view of the address. Its key is the path and the person, so that a view of another begins from nothing. */
function Outlet(): JSX.Element {
  const turn = useTurn(me.value?.who.id);
  const found = PARTS.find(({ pattern }) => match(pattern) !== null);
  if (found === undefined) return <Missing />;
  if (found.needs && !may(...found.needs)) return <Nothing>{t("staff.not_yours")}</Nothing>;
  const View = found.view;
  return (
    <Fragment key={`${path.value} ${turn}`}>
      <View />
      <OpenDecision />
    </Fragment>
  );
}

type Link = readonly [href: string, label: string, needs: readonly Permission[], due?: number];

function links(): readonly (readonly [title: string, links: readonly Link[]])[] {
  const due = pending.value;
  return [
    [
      "",
      [
        ["/staff", t("staff.home"), []],
        ["/staff/lost-card", t("staff.lost.title"), ["support"]],
      ],
    ],
    [
      t("staff.queues"),
      [
        ["/staff/queues/refunds", t("staff.queue.refunds"), ["read", "support"], due?.refunds],
        ["/staff/queues/drafts", t("staff.queue.drafts"), ["read"]],
        ["/staff/queues/edits", t("staff.queue.edits"), ["read"], due?.edit_requests],
        ["/staff/queues/cards", t("staff.queue.cards"), ["read", "support"], due?.card_requests],
        ["/staff/queues/conflicts", t("staff.queue.conflicts"), ["read", "support", "ushers"], due?.conflicts],
        ["/staff/queues/incidents", t("staff.queue.incidents"), ["read", "support", "ushers"]],
        ["/staff/queues/disputes", t("staff.queue.disputes"), ["read"]],
        ["/staff/queues/second", t("staff.queue.second"), ["read"]],
      ],
    ],
    [
      t("staff.people"),
      [
        ["/staff/customers", t("staff.group.customers"), ["read", "support"]],
        ["/staff/tickets", t("staff.group.tickets"), ["read", "support"]],
        ["/staff/cards", t("staff.group.cards"), ["read", "support"]],
        ["/staff/users", t("staff.group.users"), ["read", "ushers"]],
      ],
    ],
    [
      t("staff.events_gates"),
      [
        ["/staff/events", t("staff.group.events"), ["read"]],
        ["/staff/venues", t("staff.group.venues"), ["read"]],
        ["/staff/devices", t("staff.group.devices"), ["read", "devices"]],
        ["/staff/readiness", t("staff.readiness.title"), ["read", "devices"]],
        ["/staff/checkins", t("staff.checkins"), ["read", "support", "ushers"]],
      ],
    ],
    [
      t("staff.records"),
      [
        ["/staff/finances/company", t("staff.money"), ["read"], due?.payouts],
        ["/staff/audit", t("staff.audit"), ["read", "support"]],
        ["/staff/jobs", t("staff.jobs"), []],
        ["/staff/account", t("staff.account"), []],
      ],
    ],
  ];
}

function isCurrent(href: string): boolean {
  const here = path.value;
  if (href === "/staff") return here === href;
  if (href.startsWith("/staff/finances")) return here.startsWith("/staff/finances");
  return here === href || here.startsWith(`${href}/`);
}

function Parts(): JSX.Element {
  const narrow = matchMedia("(max-width: 56rem)").matches;
  const open = useSignal(!narrow);
  useSignalEffect(() => {
    void path.value;
    if (narrow) open.value = false;
  });
  return (
    <nav class="parts" aria-label={t("ui.navigation")}>
      <details open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
        <summary>{t("staff.parts")}</summary>
        <div class="all">
          {links().map(([title, all]) => {
            const shown = all.filter(([, , needs]) => needs.length === 0 || may(...needs));
            if (shown.length === 0) return null;
            return (
              <div key={title}>
                {title ? <p aria-hidden="true">{title}</p> : null}
                <ul aria-label={title || undefined}>
                  {shown.map(([href, label, , due]) => (
                    <li key={href}>
                      <a href={href} aria-current={isCurrent(href) ? "page" : undefined}>
                        {label}
                        {due ? (
                          <span class="many">
                            <Num>{due}</Num>
                          </span>
                        ) : null}
                      </a>
                    </li>
                  ))}
                </ul>
              </div>
            );
          })}
        </div>
      </details>
    </nav>
  );
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function Seek(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const typed = useSignal("");
  useSignalEffect(() => {
    if (path.value === "/staff/search") typed.value = query.value.get("q") ?? "";
  });
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <form
      class="seek"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = typed.value.trim();
        if (wanted) go(`/staff/search?q=${encodeURIComponent(wanted)}`);
      }}
      onKeyDown={arrows}
    >
      <input
        ref={field}
        type="search"
        aria-label={t("staff.search.label")}
        aria-keyshortcuts="/"
        placeholder={t("staff.search.placeholder")}
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

/** The whole desk. */
export function Frame(): JSX.Element {
  useSignalEffect(() => {
    void language.value;
    document.title = `${t("staff.title")} · Gatehouse`;
  });
  useEffect(() => readPending(), []);
  const who = me.value?.who;
  return (
    <>
      <a class="skip" href="#main">
        {t("ui.skip")}
      </a>
      <header class="head staff-head">
        <p class="brand">
          <a href="/staff">{t("staff.brand")}</a>
        </p>
        <Seek />
        <div class="settings">
          {who ? (
            <a class="who" href="/staff/account" title={t(`staff.role.${who.role ?? "support"}`)}>
              <Num>{who.name}</Num>
            </a>
          ) : null}
          <button type="button" class="plain" onClick={() => void logOut()}>
            {t("ui.log_out")}
          </button>
          <Settings />
        </div>
      </header>
      <div class="desk">
        <Parts />
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </>
  );
}
