// Log-in of staff: e-mail, password, and the code of the second factor where the account has one.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, connect, Refused } from "../ui/api/client.ts";
import { keep } from "../ui/api/session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, Submit, type Values } from "../ui/form.tsx";
import { t } from "../ui/i18n.ts";
import { Settings } from "../ui/shell.tsx";

import { logOut, me, working } from "./parts/api.ts";

const asksForCode = (error: unknown): boolean =>
  error instanceof Refused && error.code === "INVALID_CREDENTIALS" && /totp/i.test(error.message);

// The refresh token comes as a cookie that no script reads; what is kept here is worthless without it.
async function logIn({ email = "", password = "", totp = "" }: Values): Promise<void> {
  const body = { email: email.trim(), password, totp: totp.replaceAll(/\s/g, "") || null };
  const answer = await answerOf(connect(null).POST("/api/auth/login/", { params: { query: { cookie: "1" } }, body }));
  const { admin } = answer;
  keep("admin", {
    access: answer.access,
    refresh: answer.refresh ?? undefined,
    csrf: answer.csrf_token ?? undefined,
    who: { ...admin, must_enrol: answer.must_enrol },
  });
  working.value = true;
}

function LogInForm({ email }: { email?: string }): JSX.Element {
  const needsCode = useSignal(false);
  return (
    <Form
      label={t("staff.login.title")}
      draft="staff.login"
      initial={email ? { email } : {}}
      secret={["password", "totp"]}
      onSubmit={async (values) => {
        try {
          await logIn(values);
        } catch (error) {
          if (!asksForCode(error) || needsCode.value) throw error;
          needsCode.value = true;
          queueMicrotask(() => requestAnimationFrame(() => document.querySelector<HTMLInputElement>("input[name=totp]")?.focus()));
        }
      }}
    >
      <Field name="email" label={t("staff.email")} type="email" autocomplete="username" required />
      <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
      {needsCode.value ? <Field name="totp" label={t("staff.login.totp")} hint={t("staff.login.totp_hint")} autocomplete="one-time-code" required /> : null}
      <Submit>{t("ui.log_in")}</Submit>
    </Form>
  );
}

/** The first view of somebody who is not logged in. */
export function LogIn(): JSX.Element {
  return (
    <>
      <a class="skip" href="#main">
        {t("ui.skip")}
      </a>
      <header class="head">
        <p class="brand">{t("staff.brand")}</p>
        <div class="settings">
          <Settings />
        </div>
      </header>
      <main id="main" tabIndex={-1} class="doorway">
        <section class="card narrow">
          <h1>{t("staff.login.title")}</h1>
          <LogInForm />
          <p class="hint">{t("staff.login.forgotten")}</p>
        </section>
      </main>
    </>
  );
}

/** The log-in above a page whose session has run out: what was typed stays, and what was sent goes on afterwards. */
export function LogInAgain(): JSX.Element {
  return (
    <Dialog title={t("staff.session.title")} close={() => void (me.peek() === null ? logOut() : undefined)}>
      <p>{t("staff.session.why")}</p>
      <LogInForm />
    </Dialog>
  );
}
