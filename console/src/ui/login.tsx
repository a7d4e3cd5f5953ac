// Log-in by phone: number and password, then the code that was sent. Organizers, merchants and customers share it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

import { draftOf, Field, Form, keepDraft, Submit, useForm } from "./form.tsx";
import { Num } from "./format.tsx";
import { t } from "./i18n.ts";
import { LocalCode } from "./local.tsx";

export interface PhoneLogInProps {
  title: string;
  /** Check the password and send a code; the answer names the challenge. Raises Refused. */
  begin(number: string, password: string): Promise<{ challenge_id: string }>;
  /** Exchange the code for a session, which the caller keeps. Raises Refused. */
  finish(challengeId: string, code: string): Promise<void>;
  /** What stands below the first form, such as a link to registration. */
  children?: ComponentChildren;
}

// How long a code is good for: after that, a reload begins with the password again.
const CODE_MS = 5 * 60_000;

/** Two steps; the typed number and the step survive a reload, the password and the code do not. */
export function PhoneLogIn({ title, begin, finish, children }: PhoneLogInProps): JSX.Element {
  const name = `code.${location.pathname}`;
  const kept = draftOf(name);
  const challenge = useSignal(kept.id && Number(kept.until) > Date.now() ? { id: kept.id, number: kept.number ?? "" } : null);
  const sent = (now: { id: string; number: string } | null): void => {
    challenge.value = now;
    keepDraft(name, now && { ...now, until: String(Date.now() + CODE_MS) });
  };
  const waiting = challenge.value;
  if (waiting === null)
    return (
      <section class="card narrow">
        <h1>{title}</h1>
        <Form
          label={title}
          draft={`login.${location.pathname}`}
          secret={["password"]}
          onSubmit={async ({ mobile_number: number = "", password = "" }) => {
            const { challenge_id: id } = await begin(number, password);
            sent({ id, number });
          }}
        >
          <Field name="mobile_number" label={t("ui.number")} type="tel" autocomplete="tel" required />
          <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
          <Submit>{t("ui.send_code")}</Submit>
        </Form>
        {children}
      </section>
    );
  return (
    <section class="card narrow">
      <h1>{title}</h1>
      <CodeForm to={waiting.number} finish={(code) => finish(waiting.id, code).then(() => keepDraft(name, null))} />
      <button type="button" class="plain" onClick={() => sent(null)}>
        {t("ui.back")}
      </button>
    </section>
  );
}

/** The field for a code that was sent to a number or an address; it can be pasted with spaces. */
export function CodeForm({ to, finish, label }: { to: string; finish(code: string): Promise<void>; label?: string }): JSX.Element {
  return (
    <Form label={label ?? t("ui.code")} onSubmit={({ otp = "" }) => finish(otp.replace(/[\s-]/g, ""))}>
      <p>
        {t("ui.code_sent")} <Num>{to}</Num>
      </p>
      <Field name="otp" label={label ?? t("ui.code")} inputmode="numeric" autocomplete="one-time-code" required />
      <Offered to={to} />
      <Submit>{t("ui.confirm")}</Submit>
    </Form>
  );
}

/** In a local run, the code that was sent: one press fills the field above. */
function Offered({ to }: { to: string }): JSX.Element {
  const form = useForm();
  return <LocalCode to={to} use={(code) => form.set("otp", code)} />;
}
