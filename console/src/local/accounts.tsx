// One press to be any of the demo's people.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { session } from "../ui/api/session.ts";
import { Deed } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { Shown, useRead } from "../ui/list.tsx";

import { read, type Account, type Demo } from "./desk.ts";
import { logInAs, PAGES } from "./log_in.ts";

/** The demo's accounts, with whom this browser is logged in. */
export function Accounts(): JSX.Element {
  const demo = useRead(() => read<Demo>("demo/"));
  // The name that each portal's session was made with here, to mark one of several accounts of a portal.
  const chosen = useSignal<Readonly<Record<string, string>>>({});
  return (
    <section aria-labelledby="accounts">
      <h2 id="accounts">{t("local.accounts")}</h2>
      <p class="quiet">{t("local.accounts.hint")}</p>
      <Shown read={demo}>
        {({ accounts }) => (
          <ul class="accounts">
            {accounts.map((account) => (
              <One key={account.role} account={account} isChosen={chosen.value[account.portal] === account.role} choose={() => (chosen.value = { ...chosen.value, [account.portal]: account.role })} />
            ))}
          </ul>
        )}
      </Shown>
    </section>
  );
}

function One({ account, isChosen, choose }: { account: Account; isChosen: boolean; choose(): void }): JSX.Element {
  const who = session(account.portal).value?.who;
  const label = t(`local.role.${account.role}`);
  const isIn = who !== undefined && (isChosen || isOf(who, account));
  return (
    <li class={isIn ? "in" : ""}>
      <p class="account-name">
        <strong>{label}</strong>
        {isIn ? <span class="badge good">{t("local.logged_in")}</span> : null}
      </p>
      <p class="quiet">
        <Num>{account.name}</Num>
        {account.event_id ? (
          <>
            {" · "}
            <Num>{account.event_id}</Num>
          </>
        ) : null}
      </p>
      <div class="row">
        <Deed
          class={isIn ? "" : "primary"}
          act={async () => {
            await logInAs(account);
            choose();
            location.assign(PAGES[account.portal]);
          }}
        >
          {t("local.log_in")}
          <span class="unseen"> {label}</span>
        </Deed>
        {isIn ? (
          <a href={PAGES[account.portal]}>
            {t("local.open")}
            <span class="unseen"> {label}</span>
          </a>
        ) : null}
      </div>
    </li>
  );
}

/** Whether a session is this account's: by what the portals keep of a log-in. */
function isOf(who: Readonly<Record<string, unknown>>, { name, role }: Account): boolean {
  if ([who.name, who.username, who.email, who.mobile_number, who.contact_mobile].includes(name)) return true;
  return !role.startsWith("campus") && !("email" in who) && !("username" in who) && !("mobile_number" in who) && !("contact_mobile" in who);
}
