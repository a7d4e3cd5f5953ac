import "./tix.css";

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { answerOf } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import { Num } from "../ui/format.tsx";
import { Field, Form, Submit } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { Failure, useRead } from "../ui/list.tsx";
import { LocalCode } from "../ui/local.tsx";
import { path } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { Account } from "./account.tsx";
import { api, followOrganization, logOut, zone, type Me } from "./api.ts";
import { Batches } from "./batches.tsx";
import { Doorway } from "./login.tsx";
import { Members } from "./members.tsx";
import messages from "./messages.en.json";
import { NewTickets } from "./new.tsx";
import { Overview } from "./overview.tsx";
import { Reports } from "./reports.tsx";
import { Scan } from "./scan.tsx";
import { SettingsView } from "./settings.tsx";
import { Tickets } from "./tickets.tsx";

type View = (props: { me: Me }) => JSX.Element;
const VIEWS: readonly (readonly [path: string, key: string, view: View])[] = [
  ["/tix", "overview", Overview],
  ["/tix/new", "new", NewTickets],
  ["/tix/scan", "scan", Scan],
  ["/tix/tickets", "tickets", Tickets],
  ["/tix/batches", "batches", Batches],
  ["/tix/reports", "reports", Reports],
  ["/tix/members", "members", Members],
  ["/tix/settings", "settings", SettingsView],
  ["/tix/account", "account", Account],
];

const place = (): string => path.value.replace(/\/+$/, "");

function Page(): JSX.Element {
  const who = session("tix").value;
  if (who === null)
    return (
      <Shell title={t("tix.title")}>
        <Doorway />
      </Shell>
    );
  const links = VIEWS.map(([at, key]) => [at, t(`tix.nav.${key}`)] as const);
  return (
    <Shell title={t("tix.title")} links={links} portal="tix" logOut={logOut}>
      <Inner key={who.who.id} />
    </Shell>
  );
}

function Inner(): JSX.Element {
  const me = useRead(() => answerOf(api.GET("/api/tix/auth/me")));
  const organization = me.value?.organizationId;
  useEffect(() => (organization === undefined ? undefined : followOrganization(organization)), [organization]);
  zone.value = me.value?.organization.timezone ?? null;
  if (me.value === null) return me.error ? <Failure error={me.error} again={me.reload} /> : <p class="quiet">{t("ui.loading")}</p>;
  const found = VIEWS.find(([at]) => at === place());
  return (
    <>
      {me.value.email_verified ? null : <Proof me={me.value} proved={me.reload} />}
      <Focused key={place()}>{found ? <ViewOf view={found[2]} me={me.value} /> : <NotFound />}</Focused>
    </>
  );
}

function ViewOf({ view: Shown, me }: { view: View; me: Me }): JSX.Element {
  return <Shown me={me} />;
}

function NotFound(): JSX.Element {
  return (
    <section class="empty">
      <h1>{t("tix.not_found")}</h1>
      <a href="/tix">{t("tix.nav.overview")}</a>
    </section>
  );
}

/** After a change of the view, the focus is at its beginning. */
function Focused({ children }: { children: ComponentChildren }): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (document.activeElement?.closest("nav")) element.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div ref={element} tabIndex={-1} class="view">
      {children}
    </div>
  );
}

/** The address is proved before anything is generated. */
function Proof({ me, proved }: { me: Me; proved(): void }): JSX.Element {
  const code = useSignal("");
  return (
    <section class="card proof" aria-label={t("tix.proof")}>
      <h2>{t("tix.proof")}</h2>
      <p>
        {t("ui.code_sent")} <Num>{me.email}</Num>. {t("tix.proof.hint")}
      </p>
      <Form
        key={code.value}
        label={t("tix.proof")}
        class="inline"
        initial={{ code: code.value }}
        onSubmit={async ({ code: given = "" }) => {
          await answerOf(api.POST("/api/tix/auth/verify-email", { body: { email: me.email, code: given.trim() } }));
          proved();
        }}
      >
        <Field name="code" label={t("ui.code")} inputmode="numeric" autocomplete="one-time-code" required />
        <Submit>{t("ui.confirm")}</Submit>
        <LocalCode to={me.email} use={(found) => (code.value = found)} />
      </Form>
    </section>
  );
}

void start({ segments: ["tix"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
