// A forgotten password: a code of eight digits is sent to the number, and sets a new one.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, connect } from "../ui/api/client.ts";
import { Field, Form, Submit } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { LocalCode } from "../ui/local.tsx";

const open = connect(null);

export function Forgotten(): JSX.Element {
  const number = useSignal("");
  const challenge = useSignal("");
  const offered = useSignal("");
  const done = useSignal(false);
  const part = useRef<HTMLElement>(null);
  // The form that had the focus is gone.
  useEffect(() => {
    if (number.value) part.current?.focus();
  }, [number.value, done.value]);
  return (
    <section ref={part} tabIndex={-1} class="card narrow">
      <h1>{t("organizer.forgotten")}</h1>
      <p role="status">{done.value ? t("organizer.forgotten.done") : ""}</p>
      {done.value ? null : number.value ? (
        <Form
          key={offered.value}
          label={t("organizer.forgotten")}
          initial={{ otp: offered.value }}
          onSubmit={async ({ otp = "", new_password = "" }) => {
            const body = { challenge_id: challenge.value, contact_mobile: number.value, otp: otp.trim(), new_password };
            await answerOf(open.POST("/api/organizer/reset-password/", { body }));
            done.value = true;
          }}
        >
          <p>
            {t("organizer.forgotten.sent")} <Num>{number.value}</Num>
          </p>
          <Field name="otp" label={t("ui.code")} inputmode="numeric" autocomplete="one-time-code" required />
          <LocalCode to={number.value} use={(code) => (offered.value = code)} />
          <Field name="new_password" label={t("ui.password.new")} type="password" autocomplete="new-password" hint={t("ui.password.hint")} required />
          <Submit>{t("ui.save")}</Submit>
        </Form>
      ) : (
        <Form
          label={t("organizer.forgotten")}
          onSubmit={async ({ contact_mobile = "" }) => {
            const sent = await answerOf(open.POST("/api/organizer/forgot-password/", { body: { contact_mobile } }));
            challenge.value = sent.challenge_id;
            number.value = contact_mobile;
          }}
        >
          <Field name="contact_mobile" label={t("ui.number")} type="tel" autocomplete="tel" required />
          <Submit>{t("ui.send_code")}</Submit>
        </Form>
      )}
      <p>
        <a href="/organizer">{t("ui.log_in")}</a>
      </p>
    </section>
  );
}
