// Log-in, registration and a forgotten password.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, connect } from "../ui/api/client.ts";
import { Field, Form, Submit } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { LocalCode } from "../ui/local.tsx";
import { go, match } from "../ui/router.ts";

import { begin } from "./api.ts";
import { Title } from "./parts.tsx";

const open = connect(null);

/** What is shown to those who are not logged in; afterwards the page goes on where it was. */
export function Entrance(): JSX.Element {
  if (match("/campus/register")) return <Register />;
  if (match("/campus/reset")) return <Reset />;
  return <LogIn />;
}

function LogIn(): JSX.Element {
  return (
    <section class="card narrow">
      <Title>{t("campus.log_in")}</Title>
      <p class="quiet">{t("campus.log_in_what")}</p>
      <Form
        label={t("campus.log_in")}
        draft="campus.login"
        secret={["password"]}
        onSubmit={async ({ username = "", password = "" }) => {
          const found = await answerOf(open.POST("/api/campus/auth/login/", { body: { username, password } }));
          await begin(found, found.user);
        }}
      >
        <Field name="username" label={t("campus.user_or_email")} autocomplete="username" required more={{ autocapitalize: "none", spellcheck: false }} />
        <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
        <Submit>{t("ui.log_in")}</Submit>
      </Form>
      <p class="row">
        <a href="/campus/register">{t("campus.register")}</a>
        <a href="/campus/reset">{t("campus.reset")}</a>
        <a href="/campus/verify">{t("campus.verify_report")}</a>
      </p>
    </section>
  );
}

function Register(): JSX.Element {
  return (
    <section class="card narrow">
      <Title>{t("campus.register")}</Title>
      <p class="quiet">{t("campus.register_what")}</p>
      <Form
        label={t("campus.register")}
        draft="campus.register"
        secret={["password"]}
        onSubmit={async (values) => {
          const { username = "", email = "", password = "", first_name = "", last_name = "", department = "", campus = "" } = values;
          const optional = { student_id: values.student_id || null, year_level: values.year_level || null };
          const body = { username, email, password, first_name, last_name, department, campus, ...optional };
          const made = await answerOf(open.POST("/api/campus/auth/register/", { body }));
          await begin(made.tokens, made.user);
          go("/campus", { replace: true });
        }}
      >
        <Field name="first_name" label={t("campus.first_name")} autocomplete="given-name" required />
        <Field name="last_name" label={t("campus.last_name")} autocomplete="family-name" required />
        <Field name="username" label={t("campus.username")} hint={t("campus.username_hint")} autocomplete="username" required more={{ autocapitalize: "none", spellcheck: false }} />
        <Field name="email" label={t("campus.email")} type="email" autocomplete="email" required />
        <Field name="password" label={t("ui.password")} hint={t("campus.password_hint")} type="password" autocomplete="new-password" required />
        <Field name="campus" label={t("campus.campus")} hint={t("campus.campus_hint")} required />
        <Field name="department" label={t("campus.department")} required />
        <Field name="student_id" label={t("campus.student_id")} />
        <Field name="year_level" label={t("campus.year_level")} inputmode="numeric" />
        <Submit>{t("campus.register")}</Submit>
      </Form>
      <p>
        <a href="/campus">{t("campus.have_account")}</a>
      </p>
    </section>
  );
}

function Reset(): JSX.Element {
  const sentTo = useSignal("");
  const offered = useSignal("");
  const isDone = useSignal(false);
  if (isDone.value)
    return (
      <section class="card narrow" role="status">
        <Title>{t("campus.reset_done")}</Title>
        <a class="button primary" href="/campus">
          {t("ui.log_in")}
        </a>
      </section>
    );
  if (!sentTo.value)
    return (
      <section class="card narrow">
        <Title>{t("campus.reset")}</Title>
        <Form
          label={t("campus.reset")}
          draft="campus.reset"
          onSubmit={async ({ email = "" }) => {
            await answerOf(open.POST("/api/campus/auth/password-reset/", { body: { email } }));
            sentTo.value = email.trim();
          }}
        >
          <Field name="email" label={t("campus.email")} type="email" autocomplete="email" required />
          <Submit>{t("ui.send_code")}</Submit>
        </Form>
        <a href="/campus">{t("ui.back")}</a>
      </section>
    );
  return (
    <section class="card narrow">
      <Title>{t("campus.reset_new")}</Title>
      <p>{t("campus.reset_sent")}</p>
      <p>
        <Num>{sentTo.value}</Num>
      </p>
      <Form
        key={offered.value}
        label={t("campus.reset_new")}
        initial={{ code: offered.value }}
        onSubmit={async ({ code = "", new_password: password = "" }) => {
          const body = { email: sentTo.value, code: code.trim(), new_password: password };
          await answerOf(open.POST("/api/campus/auth/password-reset-confirm/", { body }));
          isDone.value = true;
        }}
      >
        <Field name="code" label={t("ui.code")} inputmode="numeric" autocomplete="one-time-code" required />
        <LocalCode to={sentTo.value} use={(code) => (offered.value = code)} />
        <Field name="new_password" label={t("campus.new_password")} hint={t("campus.password_hint")} type="password" autocomplete="new-password" required />
        <Submit>{t("ui.save")}</Submit>
      </Form>
      <button type="button" class="plain" onClick={() => (sentTo.value = "")}>
        {t("ui.back")}
      </button>
    </section>
  );
}
