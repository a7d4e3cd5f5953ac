// Log-in, registration (also by an invite), and a forgotten password.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, connect } from "../ui/api/client.ts";
import { Field, Form, Submit } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { LocalCode } from "../ui/local.tsx";
import { query } from "../ui/router.ts";

import { enter } from "./api.ts";

const PUBLIC = connect(null);
type Way = "login" | "register" | "forgot";

function LogInForm(): JSX.Element {
  return (
    <Form
      label={t("ui.log_in")}
      draft="tix.login"
      secret={["password"]}
      onSubmit={async ({ email = "", password = "" }) => enter(await answerOf(PUBLIC.POST("/api/tix/auth/login", { body: { email: email.trim(), password } })))}
    >
      <Field name="email" label={t("tix.email")} type="email" autocomplete="username" required />
      <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
      <Submit>{t("ui.log_in")}</Submit>
    </Form>
  );
}

function RegisterForm({ invite }: { invite: string | null }): JSX.Element {
  return (
    <Form
      label={t("tix.register")}
      draft="tix.register"
      secret={["password"]}
      initial={invite ? { invite_code: invite } : {}}
      onSubmit={async ({ email = "", password = "", name = "", organization = "", invite_code = "" }) => {
        const place = invite === null ? { organization: organization.trim() || undefined } : { invite_code: invite_code.trim() };
        enter(await answerOf(PUBLIC.POST("/api/tix/auth/register", { body: { email: email.trim(), password, name: name.trim(), ...place } })));
      }}
    >
      <Field name="name" label={t("tix.your_name")} autocomplete="name" required />
      {invite === null ? (
        <Field name="organization" label={t("tix.organization")} autocomplete="organization" hint={t("tix.organization.hint")} />
      ) : (
        <Field name="invite_code" label={t("tix.invite_code")} required />
      )}
      <Field name="email" label={t("tix.email")} type="email" autocomplete="email" required />
      <Field name="password" label={t("ui.password")} type="password" autocomplete="new-password" hint={t("tix.password.hint")} required />
      <Submit>{t(invite === null ? "tix.register" : "tix.join")}</Submit>
    </Form>
  );
}

function ForgotForm({ back }: { back(): void }): JSX.Element {
  const sentTo = useSignal<string | null>(null);
  const code = useSignal("");
  const address = sentTo.value;
  if (address === null)
    return (
      <Form
        label={t("tix.forgot")}
        draft="tix.forgot"
        onSubmit={async ({ email = "" }) => {
          await answerOf(PUBLIC.POST("/api/tix/auth/forgot-password", { body: { email: email.trim() } }));
          sentTo.value = email.trim();
        }}
      >
        <Field name="email" label={t("tix.email")} type="email" autocomplete="username" required />
        <Submit>{t("ui.send_code")}</Submit>
      </Form>
    );
  return (
    <Form
      key={code.value}
      label={t("tix.new_password")}
      initial={{ code: code.value }}
      onSubmit={async ({ code: given = "", new_password = "" }) => {
        await answerOf(PUBLIC.POST("/api/tix/auth/reset-password", { body: { email: address, code: given.trim(), new_password } }));
        back();
      }}
    >
      <p>
        {t("ui.code_sent")} <Num>{address}</Num>
      </p>
      <Field name="code" label={t("ui.code")} inputmode="numeric" autocomplete="one-time-code" required />
      <LocalCode to={address} use={(found) => (code.value = found)} />
      <Field name="new_password" label={t("tix.new_password")} type="password" autocomplete="new-password" hint={t("tix.password.hint")} required />
      <Submit>{t("ui.save")}</Submit>
    </Form>
  );
}

/** The first view of somebody who is not logged in; it stands in the place of a view whose session has ended. */
export function Doorway(): JSX.Element {
  const invite = query.value.get("invite");
  const way = useSignal<Way>(invite ? "register" : "login");
  const joins = useSignal(invite !== null);
  const changed = useSignal(false);
  const show = (next: Way): void => {
    way.value = next;
    changed.value = false;
  };
  return (
    <section class="card narrow">
      <h1>{t(`tix.way.${way.value}`)}</h1>
      <p role="status">{changed.value ? t("tix.password.changed") : ""}</p>
      {way.value === "login" ? <LogInForm /> : null}
      {way.value === "register" ? (
        <>
          <RegisterForm key={String(joins.value)} invite={joins.value ? (invite ?? "") : null} />
          <button type="button" class="plain" onClick={() => (joins.value = !joins.value)}>
            {t(joins.value ? "tix.found_instead" : "tix.join_instead")}
          </button>
        </>
      ) : null}
      {way.value === "forgot" ? (
        <ForgotForm
          back={() => {
            show("login");
            changed.value = true;
          }}
        />
      ) : null}
      <p class="row ways">
        {(["login", "register", "forgot"] as const)
          .filter((each) => each !== way.value)
          .map((each) => (
            <button key={each} type="button" class="plain" onClick={() => show(each)}>
              {t(`tix.to.${each}`)}
            </button>
          ))}
      </p>
    </section>
  );
}
