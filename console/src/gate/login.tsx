// Log-in with event, user name and password; an enrolment QR fills in the first two.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Field, Form, Submit } from "../ui/form.tsx";
import { Num } from "../ui/format.tsx";
import { t } from "../ui/i18n.ts";
import { useSaid, type Saying } from "../ui/said.ts";
import { Shell } from "../ui/shell.tsx";

import { logIn, person } from "./person.ts";
import { keepEvent } from "./state.ts";

const LAST = "gatehouse.gate.last";

interface Enrolment {
  event_id: string;
  username: string;
}

/** Return what an enrolment QR says: an address of this page with `event` and `usher`, or the event's id alone. */
export function enrolmentOf(text: string): Enrolment | null {
  const plain = text.trim();
  if (/^evt_\w+$/.test(plain)) return { event_id: plain, username: "" };
  try {
    const { searchParams } = new URL(plain);
    const event = searchParams.get("event");
    return event ? { event_id: event, username: searchParams.get("usher") ?? "" } : null;
  } catch {
    return null;
  }
}

function beginning(): Enrolment {
  const asked = enrolmentOf(location.href);
  if (asked !== null) return asked;
  try {
    return JSON.parse(localStorage.getItem(LAST) ?? "") as Enrolment;
  } catch {
    return { event_id: "", username: "" };
  }
}

function EnrolmentCamera({ seen, end }: { seen(found: Enrolment): void; end(why: Saying): void }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const said = useSaid();
  useEffect(() => {
    let stop: (() => void) | null = null;
    let ended = false;
    void (async () => {
      try {
        const { watch } = await import("../ui/camera.ts");
        if (video.current === null || ended) return;
        const camera = await watch(video.current, ({ text }) => {
          const found = enrolmentOf(text);
          if (found === null) said.value = () => t("gate.enrol.other");
          else seen(found);
        });
        if (ended) camera.stop();
        else stop = camera.stop;
      } catch {
        end(() => t("gate.camera.refused"));
      }
    })();
    return () => {
      ended = true;
      stop?.();
    };
  }, []);
  return (
    <div class="enrol">
      <video ref={video} muted playsInline aria-label={t("gate.camera")} />
      <p role="status">{said.value || t("gate.enrol.show")}</p>
    </div>
  );
}

/** The page before anybody works here. */
export function LogIn(): JSX.Element {
  const initial = useSignal(beginning());
  const looking = useSignal(false);
  const problem = useSaid();
  return (
    <Shell title={t("gate.title")}>
      <section class="card narrow">
        <h1>{t("gate.log_in")}</h1>
        <p class="quiet">{t("gate.log_in.hint")}</p>
        {looking.value ? (
          <EnrolmentCamera
            seen={(found) => {
              initial.value = found;
              looking.value = false;
            }}
            end={(why) => {
              problem.value = why;
              looking.value = false;
            }}
          />
        ) : null}
        <p>
          <button type="button" aria-expanded={looking.value} onClick={() => (looking.value = !looking.value)}>
            {t(looking.value ? "ui.close" : "gate.enrol")}
          </button>
        </p>
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <Form
          key={`${initial.value.event_id} ${initial.value.username}`}
          label={t("gate.log_in")}
          initial={{ event_id: initial.value.event_id, username: initial.value.username }}
          secret={["password"]}
          onSubmit={async ({ event_id: eventId = "", username = "", password = "" }) => {
            const event = await logIn(eventId.trim(), username.trim(), password);
            try {
              localStorage.setItem(LAST, JSON.stringify({ event_id: event.id, username: username.trim() }));
            } catch {
              // typed again next time
            }
            await keepEvent(event);
          }}
        >
          <Field name="event_id" label={t("gate.event_id")} autocomplete="off" hint={t("gate.event_id.hint")} required />
          <Field name="username" label={t("gate.username")} autocomplete="username" required />
          <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
          <Submit>{t("gate.begin")}</Submit>
        </Form>
      </section>
    </Shell>
  );
}

/** The log-in in place: scans go on beside it, and are sent after it. */
export function LogInAgain(): JSX.Element | null {
  const usher = person.value;
  if (usher === null) return null;
  return (
    <section class="again" aria-label={t("gate.again")}>
      <p role="alert">{t("gate.again.why")}</p>
      <Form
        label={t("gate.again")}
        secret={["password"]}
        onSubmit={async ({ password = "" }) => keepEvent(await logIn(usher.event_id, usher.username, password))}
      >
        <p>
          <Num>{usher.username}</Num>
        </p>
        <Field name="password" label={t("ui.password")} type="password" autocomplete="current-password" required />
        <Submit>{t("gate.again")}</Submit>
      </Form>
    </section>
  );
}
