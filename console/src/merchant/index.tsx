// The merchants' page: hand out cards, stock, totals, look-up, account.
import "./merchant.css";

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { session } from "../ui/api/session.ts";
import { t } from "../ui/i18n.ts";
import { Lazy } from "../ui/lazy.tsx";
import { PhoneLogIn } from "../ui/login.tsx";
import { match, path, query } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { HandOverView } from "./code.tsx";
import { beginLogIn, finishLogIn, logOut, PORTAL } from "./data.ts";
import { Give } from "./give.tsx";
import { load } from "./handed.ts";
import messages from "./messages.en.json";

const stock = async () => (await import("./stock.tsx")).Stock;
const totals = async () => (await import("./stock.tsx")).Totals;
const lookUp = async () => (await import("./lookup.tsx")).LookUp;
const account = async () => (await import("./account.tsx")).Account;

function View(): JSX.Element {
  const one = match("/merchant/give/:id");
  if (one) return <HandOverView key={one.id} id={one.id ?? ""} />;
  if (match("/merchant/stock")) return <Lazy load={stock} />;
  if (match("/merchant/totals")) return <Lazy load={totals} />;
  if (match("/merchant/look-up")) return <Lazy load={lookUp} />;
  if (match("/merchant/account")) return <Lazy load={account} />;
  return <Give />;
}

function Page(): JSX.Element {
  const who = session(PORTAL).value?.who.id;
  const first = useRef(true);
  useEffect(load, [who]);
  useEffect(() => {
    if (!first.current) document.getElementById("main")?.focus();
    first.current = false;
  }, [path.value, query.value, who]);
  const links = [
    ["/merchant", t("merchant.give")],
    ["/merchant/stock", t("merchant.stock")],
    ["/merchant/totals", t("merchant.totals")],
    ["/merchant/look-up", t("merchant.look_up")],
    ["/merchant/account", t("merchant.account")],
  ] as const;
  return (
    <Shell title={t("merchant.title")} portal={PORTAL} links={who ? links : []} logOut={logOut}>
      {who ? (
        <View />
      ) : (
        <PhoneLogIn title={t("merchant.log_in")} begin={beginLogIn} finish={finishLogIn}>
          <p class="hint">{t("merchant.accounts")}</p>
        </PhoneLogIn>
      )}
    </Shell>
  );
}

void start({ segments: ["merchant"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
