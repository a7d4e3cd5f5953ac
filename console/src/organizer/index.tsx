// The organizers' page: their events, payouts and account.
import "./organizer.css";

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { session } from "../ui/api/session.ts";
import { t } from "../ui/i18n.ts";
import { Lazy } from "../ui/lazy.tsx";
import { PhoneLogIn } from "../ui/login.tsx";
import { match, path } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { beginLogIn, finishLogIn, logOut, PORTAL } from "./data.ts";
import { Events } from "./events.tsx";
import messages from "./messages.en.json";

const draft = async () => (await import("./draft.tsx")).Draft;
const event = async () => (await import("./event.tsx")).EventView;
const payouts = async () => (await import("./payouts.tsx")).Payouts;
const payout = async () => (await import("./payouts.tsx")).PayoutView;
const account = async () => (await import("./account.tsx")).Account;
const forgotten = async () => (await import("./forgotten.tsx")).Forgotten;

function View(): JSX.Element {
  const drafted = match("/organizer/draft/:id/:step") ?? match("/organizer/draft/:id");
  if (drafted) return <Lazy load={draft} id={drafted.id ?? "new"} step={drafted.step ?? "what"} />;
  const shown = match("/organizer/e/:id");
  if (shown) return <Lazy load={event} key={shown.id} id={shown.id ?? ""} />;
  if (match("/organizer/payouts")) return <Lazy load={payouts} />;
  const paid = match("/organizer/payouts/:id");
  if (paid) return <Lazy load={payout} key={paid.id} id={paid.id ?? ""} />;
  if (match("/organizer/account")) return <Lazy load={account} />;
  return <Events />;
}

function LogIn(): JSX.Element {
  if (match("/organizer/forgotten")) return <Lazy load={forgotten} />;
  return (
    <PhoneLogIn title={t("organizer.log_in")} begin={beginLogIn} finish={finishLogIn}>
      <p>
        <a href="/organizer/forgotten">{t("organizer.forgotten")}</a>
      </p>
      <p class="hint">{t("organizer.accounts")}</p>
    </PhoneLogIn>
  );
}

function Page(): JSX.Element {
  const isIn = session(PORTAL).value !== null;
  const first = useRef(true);
  useEffect(() => {
    // A changed view is read from its beginning, unless it has put the focus at a field itself.
    if (!first.current && document.activeElement?.getAttribute("aria-invalid") !== "true") document.getElementById("main")?.focus();
    first.current = false;
  }, [path.value, isIn]);
  const links = [
    ["/organizer", t("organizer.events")],
    ["/organizer/payouts", t("organizer.payouts")],
    ["/organizer/account", t("organizer.account")],
  ] as const;
  return (
    <Shell title={t("organizer.title")} portal={PORTAL} links={isIn ? links : []} logOut={logOut}>
      {isIn ? <View /> : <LogIn />}
    </Shell>
  );
}

void start({ segments: ["organizer"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
