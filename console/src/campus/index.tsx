// Campus: attendance for students, teachers and the office.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { session } from "../ui/api/session.ts";
import { t } from "../ui/i18n.ts";
import { match, path } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { Entrance } from "./account.tsx";
import { isOffice, isStaff, logOut, me, readProfile, type Role } from "./api.ts";
import "./campus.css";
import { Home } from "./home.tsx";
import messages from "./messages.en.json";
import { Later } from "./parts.tsx";
import { Records } from "./records.tsx";

type Part = readonly [name: string, load: () => Promise<{ default: () => JSX.Element }>];
const PARTS: Readonly<Record<string, Part>> = {
  "/campus/attend": ["attend", () => import("./attend/attend.tsx")],
  "/campus/attend/:event": ["attend", () => import("./attend/attend.tsx")],
  "/campus/records/:id": ["record", () => import("./record.tsx")],
  "/campus/profile": ["profile", () => import("./profile.tsx")],
  "/campus/events": ["events", () => import("./teach/events.tsx")],
  "/campus/events/:id": ["event", () => import("./teach/event.tsx")],
};
const STAFF_PARTS: Readonly<Record<string, Part>> = {
  "/campus/events/many": ["many", () => import("./teach/many.tsx")],
  "/campus/events/new": ["event-form", () => import("./teach/event-form.tsx")],
  "/campus/events/:id/edit": ["event-form", () => import("./teach/event-form.tsx")],
  "/campus/appeals": ["appeals", () => import("./teach/appeals.tsx")],
  "/campus/analytics": ["analytics", () => import("./office/analytics.tsx")],
  "/campus/reports": ["reports", () => import("./office/reports.tsx")],
};
const OFFICE_PARTS: Readonly<Record<string, Part>> = {
  "/campus/users": ["users", () => import("./office/users.tsx")],
  "/campus/users/:id": ["user", () => import("./office/user.tsx")],
};
const WALL: Part = ["wall", () => import("./teach/wall.tsx")];
const CHECK: Part = ["check", () => import("./check.tsx")];

function linksOf(role: Role): (readonly [string, string])[] {
  const links: (readonly [string, string])[] = [["/campus", t("campus.home")]];
  if (!isStaff(role)) links.push(["/campus/attend", t("campus.attend")]);
  links.push(["/campus/events", t("campus.events")], ["/campus/records", t(isStaff(role) ? "campus.records" : "campus.records.own")]);
  if (isStaff(role)) {
    links.push(["/campus/appeals", t("campus.appeals")], ["/campus/analytics", t("campus.analytics")], ["/campus/reports", t("campus.reports")]);
  }
  if (isOffice(role)) links.push(["/campus/users", t("campus.users")]);
  return [...links, ["/campus/profile", t("campus.profile")]];
}

function shown({ parts }: { parts: Readonly<Record<string, Part>> }): JSX.Element | null {
  const found = Object.keys(parts).find((pattern) => match(pattern));
  const part = found === undefined ? undefined : parts[found];
  return part ? <Later key={`${part[0]} ${path.value}`} name={part[0]} load={part[1]} /> : null;
}

function View(): JSX.Element {
  const { role } = me();
  if (match("/campus") || match("/campus/register") || match("/campus/reset")) return <Home />;
  if (match("/campus/records")) return <Records />;
  const office = isOffice(role) ? OFFICE_PARTS : {};
  const staff = isStaff(role) ? STAFF_PARTS : {};
  // "new" is no event's id, so staff's own addresses come first.
  return shown({ parts: { ...office, ...staff, ...PARTS } }) ?? <Nothing />;
}

function Nothing(): JSX.Element {
  return (
    <section class="card narrow">
      <h1>{t("campus.nothing_here")}</h1>
      <a href="/campus">{t("campus.home")}</a>
    </section>
  );
}

function Page(): JSX.Element {
  const who = session("campus").value?.who.id;
  const isIn = who !== undefined;
  useEffect(() => {
    if (isIn) void readProfile().catch(() => undefined); // the name that was kept does
  }, [who]);
  if (match("/campus/verify") || match("/campus/verify/:id")) {
    return (
      <Shell title={t("campus.title")} links={isIn ? linksOf(me().role) : [["/campus", t("campus.home")]]}>
        <Later name={CHECK[0]} load={CHECK[1]} />
      </Shell>
    );
  }
  if (!isIn)
    return (
      <Shell title={t("campus.title")}>
        <Entrance />
      </Shell>
    );
  if (match("/campus/events/:id/show") && isStaff(me().role)) {
    return (
      <main id="main" class="full">
        <Later name={WALL[0]} load={WALL[1]} />
      </main>
    );
  }
  return (
    <Shell title={t("campus.title")} links={linksOf(me().role)} portal="campus" logOut={logOut}>
      <View />
    </Shell>
  );
}

void start({ segments: ["campus"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
