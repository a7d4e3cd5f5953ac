// The student's guided flow: one step at a time, and a way on at each of them.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { Refused, Unreachable } from "../../ui/api/client.ts";
import { messageOf } from "../../ui/form.tsx";
import { saidOfField, t } from "../../ui/i18n.ts";
import { match } from "../../ui/router.ts";
import { me } from "../api.ts";
import { Title } from "../parts.tsx";

import { CodeStep } from "./code.tsx";
import { flow, forget, restore, returned, sendPieces, stepsOf, submit, trouble, type Flow, type Step } from "./flow.ts";
import { PhotosStep } from "./photos.tsx";
import { PositionStep } from "./position.tsx";
import { DoneStep, SendStep } from "./send.tsx";
import { SignatureStep } from "./signature.tsx";

const VIEWS: Readonly<Record<Step, () => JSX.Element>> = {
  code: CodeStep,
  position: PositionStep,
  photos: PhotosStep,
  signature: SignatureStep,
  send: SendStep,
  done: DoneStep,
};

export default function Attend(): JSX.Element {
  const isOnline = useSignal(navigator.onLine);
  const asked = match("/campus/attend/:event")?.event;
  useEffect(() => void restore(asked), [me().id, asked]);
  useEffect(() => {
    const back = (): void => {
      isOnline.value = true;
      const now = flow.peek();
      if (now?.wanted && now.step === "send") void submit().catch(() => undefined);
      else void sendPieces().catch(() => undefined);
    };
    const gone = (): void => void (isOnline.value = false);
    addEventListener("online", back);
    addEventListener("offline", gone);
    return () => {
      removeEventListener("online", back);
      removeEventListener("offline", gone);
    };
  }, []);
  const now = flow.value;
  if (now === null) return <p class="quiet">{t("ui.loading")}</p>;
  const Step = VIEWS[now.step];
  return (
    <section class="attend">
      <p class="quiet" aria-live="polite">
        {now.event ? t("campus.attend.at", { event: now.event.title, place: now.event.location }) : null}
      </p>
      <Title key={`${now.step}-title`}>{t(`campus.attend.${now.step}`)}</Title>
      <Progress now={now} />
      {isOnline.value ? null : (
        <p class="band" role="status">
          {t("campus.attend.offline")}
        </p>
      )}
      <Trouble now={now} />
      <Step key={now.step} />
      {now.step !== "code" && now.step !== "done" ? (
        <p>
          <button type="button" class="plain" onClick={() => void forget()}>
            {t("campus.attend.drop")}
          </button>
        </p>
      ) : null}
    </section>
  );
}

function Progress({ now }: { now: Flow }): JSX.Element | null {
  if (now.step === "done") return null;
  const steps = stepsOf(now.rules);
  const place = steps.indexOf(now.step);
  if (now.rules === null) return null;
  return (
    <ol class="steps" aria-label={t("campus.attend.steps", { n: place + 1, of: steps.length })}>
      {steps.map((step, n) => (
        <li key={step} aria-current={n === place ? "step" : undefined} class={n < place ? "past" : ""}>
          {n < place ? <span aria-hidden="true">✓ </span> : null}
          {t(`campus.step.${step}`)}
          {n < place ? <span class="unseen"> {t("campus.step.complete")}</span> : null}
        </li>
      ))}
    </ol>
  );
}

/** What the last sending met: a piece that is refused, or no network. Everything is kept. */
function Trouble({ now }: { now: Flow }): JSX.Element | null {
  const problem = trouble.value;
  if (returned.value && now.step === "code")
    return (
      <p class="band" role="alert">
        {t("campus.attend.expired")}
      </p>
    );
  if (problem === null || now.step === "done" || now.step === "code") return null;
  if (problem instanceof Unreachable)
    return (
      <p class="band" role="status">
        {t(now.wanted ? "campus.attend.waiting" : "campus.attend.kept")}
      </p>
    );
  const body = problem instanceof Refused && typeof problem.body === "object" ? (problem.body as Record<string, unknown> | null) : null;
  return (
    <div class="failure" role="alert">
      <p>{messageOf(problem)}</p>
      {typeof body?.timing === "string" ? <p>{body.timing}</p> : null}
      {problem instanceof Refused ? problem.details.map(({ field, message }) => <p key={field}>{saidOfField(message)}</p>) : null}
    </div>
  );
}
