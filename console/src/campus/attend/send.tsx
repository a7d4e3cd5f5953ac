// The last steps: what will be sent, and what came of it, factor by factor.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { readUntil } from "../../ui/again.ts";
import { answerOf, type Schemas } from "../../ui/api/client.ts";
import { Deed } from "../../ui/form.tsx";
import { Said } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Failure } from "../../ui/list.tsx";
import { go } from "../../ui/router.ts";
import { api } from "../api.ts";
import { Badge } from "../parts.tsx";

import { Factors } from "../evidence.tsx";
import { change, flow, forget, sending, stepsOf, submit, type Step } from "./flow.ts";

const BETWEEN = 2000;
const MOST_TURNS = 60;

export function SendStep(): JSX.Element {
  const now = flow.value;
  const has: Readonly<Partial<Record<Step, boolean>>> = {
    code: true,
    position: Boolean(now?.position),
    photos: Boolean(now?.front && now.back),
    signature: Boolean(now?.signature),
  };
  const steps = stepsOf(now?.rules ?? null).filter((step) => step !== "send");
  const isWhole = steps.every((step) => has[step]);
  return (
    <section class="card">
      <ul class="checks">
        {steps.map((step) => (
          <li key={step} class={has[step] ? "good" : "warn"}>
            <span aria-hidden="true">{has[step] ? "✓" : "!"}</span>
            <span>
              {t(`campus.step.${step}`)}: {t(has[step] ? "campus.send.there" : "campus.send.missing")}
            </span>
            {step === "code" ? null : (
              <button type="button" class="plain" onClick={() => change({ step, wanted: false })}>
                {t(has[step] ? "campus.send.change" : "campus.send.add")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {isWhole ? null : <p>{t("campus.send.missing_what")}</p>}
      <button type="button" class="primary large" aria-busy={sending.value} onClick={() => void submit().catch(() => undefined)}>
        {sending.value ? t("campus.send.sending") : t("campus.send.send")}
      </button>
    </section>
  );
}

export function DoneStep(): JSX.Element {
  const result = flow.value?.result;
  const answer = result?.answer ?? null;
  const feedback = useSignal<Schemas["CampusFeedbackOut"] | null>(null);
  const error = useSignal<unknown>(null);
  const turn = useSignal(0);
  useEffect(() => {
    if (!result) return;
    let turns = 0;
    const query = { attendance_id: result.attendanceId };
    return readUntil({
      read: () => answerOf(api.GET("/api/campus/attendance/verification-feedback/", { params: { query } })),
      isOver: ({ overall }) => overall !== "pending" || (turns += 1) >= MOST_TURNS,
      take(found) {
        feedback.value = found;
        error.value = null;
      },
      fail: (problem) => (error.value = problem),
      every: BETWEEN,
    });
  }, [result?.attendanceId, turn.value]);
  if (!result) return <p>{t("ui.nothing")}</p>;
  const overall = feedback.value?.overall ?? answer?.verification_status;
  return (
    <section class="card">
      <p class="large-line" role="status">
        <strong>{t(answer ? "campus.done.counted" : "campus.done.before")}</strong>{" "}
        {answer ? <Badge kind="status" value={answer.status} /> : null} {overall ? <Badge kind="verification" value={overall} /> : null}
      </p>
      {overall ? <p>{t(`campus.done.${overall}`)}</p> : null}
      {answer?.next_steps.map((step) => (
        <p key={step} class="hint">
          <Said>{step}</Said>
        </p>
      ))}
      {error.value ? <Failure error={error.value} again={() => (turn.value += 1)} /> : null}
      {feedback.value ? <Factors factors={feedback.value.factors} /> : null}
      <div class="row">
        <Deed class="primary" act={async () => (await forget(), go("/campus"))}>
          {t("campus.done.finish")}
        </Deed>
        <a href={`/campus/records/${result.attendanceId}`}>{t("campus.done.record")}</a>
      </div>
    </section>
  );
}
