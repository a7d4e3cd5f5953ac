// The first step: the code on the wall, by camera or as eight digits.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { answerOf, Refused, Unreachable } from "../../ui/api/client.ts";
import { watch, type Camera } from "../../ui/camera.ts";
import { Choice, Field, Form, messageOf, Submit } from "../../ui/form.tsx";
import { clock } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Failure, Shown, useRead, useWhole } from "../../ui/list.tsx";
import { now } from "../../ui/now.ts";
import { match } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";
import { api, type CampusEvent } from "../api.ts";
import { periodOf } from "../period.ts";

import { flow, readRules, verify } from "./flow.ts";

export function CodeStep(): JSX.Element {
  const now = flow.value;
  if (now?.submissionId && now.verification && now.rules === null) return <Rules />;
  return (
    <div class="two">
      <Scanner />
      <section class="card">
        <h2>{t("campus.code.typed")}</h2>
        <Typed />
      </section>
    </div>
  );
}

/** The code was right, and the network went before the event could be read. */
function Rules(): JSX.Element {
  const rules = useRead(readRules);
  const { reload } = rules;
  useEffect(() => {
    addEventListener("online", reload);
    return () => removeEventListener("online", reload);
  }, []);
  return rules.error ? <Failure error={rules.error} again={reload} /> : <p role="status">{t("campus.code.right")}</p>;
}

function Scanner(): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const isOn = useSignal(false);
  const said = useSaid();
  const problem = useSaid();
  const camera = useRef<Camera | null>(null);
  const busy = useRef(false);

  const seen = async (text: string): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    said.value = () => t("campus.code.checking");
    problem.value = "";
    try {
      await verify({ qr_token: text });
    } catch (error) {
      said.value = "";
      problem.value = () => (error instanceof Unreachable ? t("campus.code.offline") : `${ended(messageOf(error))} ${t("campus.code.again")}`);
    } finally {
      busy.current = false;
    }
  };
  const begin = async (): Promise<void> => {
    problem.value = "";
    isOn.value = true;
    try {
      if (video.current === null) return;
      const started = await watch(video.current, ({ text }) => void seen(text));
      if (isOn.peek()) camera.current = started;
      else started.stop();
    } catch {
      isOn.value = false;
      problem.value = () => t("campus.camera.denied");
    }
  };
  useEffect(
    () => () => {
      isOn.value = false;
      camera.current?.stop();
    },
    [],
  );
  return (
    <section class="card">
      <h2>{t("campus.code.scan")}</h2>
      <p class="quiet">{t("campus.code.scan_what")}</p>
      <video ref={video} class="view" hidden={!isOn.value} muted playsInline aria-label={t("campus.code.view")} />
      {isOn.value ? null : (
        <button type="button" class="primary" onClick={() => void begin()}>
          {t("campus.camera.open")}
        </button>
      )}
      <p role="status">{said.value || (isOn.value && !problem.value ? t("campus.code.aim") : "")}</p>
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </section>
  );
}

/** Return a sentence with its full stop. */
const ended = (sentence: string): string => (/[.۔)]$/.test(sentence) ? sentence : `${sentence}.`);

// Somebody may be early, or late.
const AROUND = 30 * 60_000;

function Typed(): JSX.Element {
  const asked = match("/campus/attend/:event")?.event ?? flow.peek()?.event?.id;
  const events = useWhole(async (whole) => {
    const moment = (at: number): string => new Date(at).toISOString();
    const query = { date_from: moment(now() - AROUND), date_to: moment(now() + AROUND), page_size: 100 };
    const listed = [...(await whole((cursor) => answerOf(api.GET("/api/campus/events/", { params: { query: { ...query, cursor } } }))))];
    if (asked && !listed.some(({ id }) => id === asked)) {
      try {
        listed.push(await answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path: { event_id: asked } } })));
      } catch (error) {
        // One that is gone, or is another's: the others can be chosen.
        if (!(error instanceof Refused && error.status === 404)) throw error;
      }
    }
    const rank = (event: CampusEvent): number => (event.id === asked ? 2 : Number(periodOf(event).is === "open"));
    return listed.sort((one, other) => rank(other) - rank(one));
  });
  const label = ({ title, location, start_datetime: starts, timezone }: CampusEvent): string => `${title} · ${location} · ${clock(starts, timezone)}`;
  return (
    <Shown read={events}>
      {(found) =>
        found.length ? (
          <Form
            label={t("campus.code.typed")}
            draft="campus.code"
            secret={["code"]}
            initial={{ event_id: asked ?? found[0]?.id ?? "" }}
            onSubmit={({ event_id: event = "", code = "" }) => verify({ code, event_id: event || (found[0]?.id ?? "") })}
          >
            <Choice name="event_id" label={t("campus.event")} options={found.map((each) => [each.id, label(each)] as const)} />
            <Field name="code" label={t("campus.code.digits")} hint={t("campus.code.digits_hint")} inputmode="numeric" autocomplete="one-time-code" required />
            <Submit>{t("campus.code.check")}</Submit>
          </Form>
        ) : (
          <p class="empty">{t("campus.code.no_event")}</p>
        )
      }
    </Shown>
  );
}
