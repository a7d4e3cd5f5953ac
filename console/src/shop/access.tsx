// Log in, register and reset the password, in place: what was begun before goes on afterwards.
import { effect, signal, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, leave, type Schemas } from "../ui/api/client.ts";
import { keep, session } from "../ui/api/session.ts";
import { Deed, Field, Form, Submit } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { CodeForm } from "../ui/login.tsx";
import { useSaid, type Saying } from "../ui/said.ts";

import { mine, open } from "./api.ts";
import { draft, drafted, erase } from "./keep.ts";

type Way = "login" | "register" | "forgot";

/** A code that was sent and is not used yet; kept over a reload until it expires. */
interface Sent {
  way: Way;
  challenge: string;
  number: string;
  until: number;
}

const SENT = "shop.code";
/** Whether the session ended by itself, such as after an end from another device. */
const ended = signal(false);

let before = session("webapp").peek()?.who.id ?? null;
effect(() => {
  const now = session("webapp").value?.who.id ?? null;
  if (before !== null && now !== before) {
    erase({ drafts: false });
    ended.value = now === null;
  }
  if (now !== null) ended.value = false;
  before = now;
});

function logged({ access, refresh, customer }: Schemas["WebappLoggedInOut"]): void {
  draft(SENT, null);
  keep("webapp", { access, refresh, who: { id: customer.id, name: customer.name, mobile_number: customer.mobile_number } });
}

/** End the session here and at the platform, and erase what this device keeps of the account. */
export async function logOut(): Promise<void> {
  await leave("webapp", () => mine.POST("/api/v1/users/logout/"));
  erase({ drafts: true });
  ended.value = false;
}

async function finish(sent: Sent, otp: string): Promise<void> {
  const body = { challenge_id: sent.challenge, otp };
  const call = sent.way === "register" ? open.POST("/api/v1/users/verify-otp/", { body }) : open.POST("/api/v1/users/verify-login-otp/", { body });
  logged(await answerOf<Schemas["WebappLoggedInOut"]>(call));
}

export interface AccessProps {
  /** Why one must log in here. */
  reason?: string;
  first?: Way;
  level?: "h1" | "h2";
}

/** The forms of log-in and registration; the view around them goes on when the session is there. */
export function Access({ reason, first = "login", level: Heading = "h2" }: AccessProps): JSX.Element {
  const kept = drafted<Sent>(SENT);
  const sent = useSignal<Sent | null>(kept && kept.until > Date.now() ? kept : null);
  const way = useSignal<Way>(sent.value?.way ?? first);
  const news = useSaid();
  const part = useRef<HTMLElement>(null);
  const shown = `${way.value}${sent.value?.challenge ?? ""}`;
  const begun = useRef(shown);

  useEffect(() => {
    if (begun.current === shown) return;
    begun.current = shown;
    part.current?.querySelector<HTMLElement>("input")?.focus();
  }, [shown]);

  const send = (kind: Way, number: string, answer: Schemas["ChallengeOut"]): void => {
    sent.value = { way: kind, challenge: answer.challenge_id, number, until: Date.now() + answer.expires_in * 1000 };
    draft(SENT, sent.value);
  };
  const back = (): void => {
    sent.value = null;
    draft(SENT, null);
  };
  const choose = (next: Way, said: Saying | "" = ""): void => {
    back();
    way.value = next;
    news.value = said;
  };

  return (
    <section ref={part} class="card narrow access">
      <Heading>{t(`shop.${way.value}`)}</Heading>
      {ended.value ? <p class="band">{t("ui.session_ended")}</p> : null}
      {reason && !sent.value ? <p>{reason}</p> : null}
      <p role="status" class="news">
        {news.value}
      </p>
      {sent.value === null ? <Begin way={way.value} send={send} /> : <Code sent={sent.value} send={send} back={back} reset={() => choose("login", () => t("shop.password_set"))} />}
      {sent.value === null ? (
        <nav class="ways" aria-label={t("shop.ways")}>
          {(["login", "register", "forgot"] as const)
            .filter((each) => each !== way.value)
            .map((each) => (
              <button key={each} type="button" class="plain" onClick={() => choose(each)}>
                {t(`shop.to_${each}`)}
              </button>
            ))}
        </nav>
      ) : null}
    </section>
  );
}

type Send = (way: Way, number: string, answer: Schemas["ChallengeOut"]) => void;

function Begin({ way, send }: { way: Way; send: Send }): JSX.Element {
  const begin = async (values: Record<string, string>): Promise<void> => {
    const { mobile_number = "", password = "", name = "", email } = values;
    if (way === "login") send(way, mobile_number, await answerOf(open.POST("/api/v1/users/login/", { body: { mobile_number, password } })));
    else if (way === "register") {
      const body = { mobile_number, password, name, ...(email ? { email } : {}) };
      send(way, mobile_number, await answerOf(open.POST("/api/v1/users/register/", { body })));
    } else send(way, mobile_number, await answerOf(open.POST("/api/v1/users/forgot-password/request-otp/", { body: { mobile_number } })));
  };
  const isNew = way === "register";
  return (
    <Form key={way} label={t(`shop.${way}`)} draft="shop.access" secret={["password"]} onSubmit={begin}>
      {isNew ? <Field name="name" label={t("shop.name")} autocomplete="name" required /> : null}
      <Field name="mobile_number" label={t("ui.number")} type="tel" autocomplete="tel" required hint={isNew ? t("shop.number_hint") : undefined} />
      {isNew ? <Field name="email" label={t("shop.email")} type="email" autocomplete="email" hint={t("shop.email_hint")} /> : null}
      {way === "forgot" ? null : (
        <Field name="password" label={t("ui.password")} type="password" autocomplete={isNew ? "new-password" : "current-password"} required hint={isNew ? t("shop.password_hint") : undefined} />
      )}
      <Submit>{t("ui.send_code")}</Submit>
    </Form>
  );
}

function Code({ sent, send, back, reset }: { sent: Sent; send: Send; back(): void; reset(): void }): JSX.Element {
  const again = useSignal(0);
  const resend = async (): Promise<void> => {
    const body = { challenge_id: sent.challenge };
    send(sent.way, sent.number, await answerOf(open.POST("/api/v1/users/resend-otp/", { body })));
    again.value += 1;
  };
  return (
    <>
      {sent.way === "forgot" ? <Reset sent={sent} done={reset} /> : <CodeForm to={sent.number} finish={(otp) => finish(sent, otp)} />}
      <div class="row ways">
        {sent.way === "forgot" ? null : (
          <Deed class="plain" act={resend}>
            {t("shop.resend")}
          </Deed>
        )}
        <button type="button" class="plain" onClick={back}>
          {t("ui.back")}
        </button>
      </div>
      <p role="status" class="hint">
        {again.value ? t("shop.resent") : ""}
      </p>
    </>
  );
}

function Reset({ sent, done }: { sent: Sent; done(): void }): JSX.Element {
  const save = async ({ otp = "", new_password = "" }: Record<string, string>): Promise<void> => {
    const body = { challenge_id: sent.challenge, mobile_number: sent.number, otp: otp.replace(/[\s-]/g, ""), new_password };
    await answerOf(open.POST("/api/v1/users/reset-password/", { body }));
    done();
  };
  return (
    <Form label={t("shop.forgot")} secret={["otp", "new_password"]} onSubmit={save}>
      <p>
        {t("ui.code_sent")} <Num>{sent.number}</Num>
      </p>
      <Field name="otp" label={t("ui.code")} inputmode="numeric" autocomplete="one-time-code" required />
      <Field name="new_password" label={t("shop.new_password")} type="password" autocomplete="new-password" hint={t("shop.password_hint")} required />
      <Submit>{t("ui.save")}</Submit>
    </Form>
  );
}

/** Show a view to who is logged in; to others the log-in, after which the view is there. */
export function Private({ children, reason }: { children: ComponentChildren; reason?: string }): JSX.Element {
  const who = session("webapp").value?.who;
  if (who === undefined) return <Access level="h1" reason={reason} />;
  return <div key={who.id}>{children}</div>;
}
