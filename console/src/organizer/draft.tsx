// A draft of an event in five steps. Each step is stored on the server; what is typed meanwhile survives a reload.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import { Refused } from "../ui/api/client.ts";
import { Form, Submit, type Values } from "../ui/form.tsx";
import { t, word } from "../ui/i18n.ts";
import { Failure, Shown, useRead, type Read } from "../ui/list.tsx";
import { go, path } from "../ui/router.ts";

import { changeDraft, createDraft, readEvent, type EventDetail } from "./data.ts";
import { CategoriesFields, RulesFields, WhatFields, WhenFields } from "./fields.tsx";
import { addressOf, elsewhere, leadTo } from "./lead.ts";
import { Review } from "./review.tsx";
import { changesOf, STEPS, valuesOf, type Step } from "./steps.ts";

// What the first step of an unsaved draft has: the API takes a draft from its title and times on.
const KEPT = "gatehouse.organizer.new";
const kept = (): Values => {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") as Values;
  } catch {
    return {};
  }
};
const keep = (values: Values | null): void => {
  try {
    if (values === null) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, JSON.stringify(values));
  } catch {
    // no storage: the draft is kept from its second step on
  }
};

async function store(id: string, step: Step, values: Values, event: EventDetail | null): Promise<string> {
  if (event !== null) {
    await changeDraft(id, { ...changesOf(step, values, event), version: event.version });
    return id;
  }
  const both = { ...kept(), ...values };
  if (step === "what") {
    keep(values);
    return id;
  }
  const first = changesOf("what", both, null);
  const made = await createDraft({ title: both.title ?? "", starts_at: "", ends_at: "", ...first, ...changesOf("when", both, null) });
  keep(null);
  return made.id;
}

/** The view of one step; `id` is `new` for a draft that is not stored yet. */
export function Draft({ id, step }: { id: string; step: string }): JSX.Element {
  const here = STEPS.find((each) => each === step) ?? "what";
  if (id === "new") return <Frame id={id} here={here} event={null} reload={() => undefined} />;
  return <Stored key={id} id={id} here={here} />;
}

function Stored({ id, here }: { id: string; here: Step }): JSX.Element {
  const read: Read<EventDetail> = useRead(() => readEvent(id));
  return (
    <Shown read={read}>
      {(event) =>
        event.status === "draft" ? <Frame id={id} here={here} event={event} reload={read.reload} /> : <Published id={id} status={event.status} />
      }
    </Shown>
  );
}

function Published({ id, status }: { id: string; status: string }): JSX.Element {
  return (
    <div class="card narrow">
      <h1>{word("organizer.status", status)}</h1>
      <p>{t("organizer.draft.no_longer")}</p>
      <a class="button primary" href={`/organizer/e/${id}`}>
        {t("organizer.open_event")}
      </a>
    </div>
  );
}

interface FrameProps {
  id: string;
  here: Step;
  event: EventDetail | null;
  reload(): void;
}

function Frame({ id, here, event, reload }: FrameProps): JSX.Element {
  const place = STEPS.indexOf(here);
  return (
    <div class="wizard">
      <p class="quiet">
        <a href="/organizer">{t("organizer.events")}</a>
      </p>
      <h1>{event?.title || t("organizer.draft.new")}</h1>
      {event?.review ? <ReviewState event={event} /> : null}
      <nav aria-label={t("organizer.draft.steps")}>
        <ol class="steps">
          {STEPS.map((step, number) => (
            <li key={step} class={number < place ? "past" : ""}>
              {event || number <= place ? (
                <a href={addressOf(id, step)} aria-current={step === here ? "step" : undefined}>
                  <span class="step-number">{number + 1}</span> {t(`organizer.step.${step}`)}
                </a>
              ) : (
                <span>
                  <span class="step-number">{number + 1}</span> {t(`organizer.step.${step}`)}
                </span>
              )}
            </li>
          ))}
        </ol>
      </nav>
      {here === "review" && event ? <Review event={event} reload={reload} /> : <StepForm key={`${id}.${here}`} id={id} here={here} event={event} reload={reload} />}
    </div>
  );
}

/** The state of a draft with the staff, and their note. */
export function ReviewState({ event }: { event: Pick<EventDetail, "review" | "review_note"> }): JSX.Element {
  return (
    <div class={`band review ${event.review === "rejected" ? "sent-back" : ""}`} role="status">
      <p>
        <strong>{t(`organizer.review.${event.review ?? "none"}`)}</strong>
      </p>
      {event.review_note ? (
        <blockquote>
          <bdi>{event.review_note}</bdi>
        </blockquote>
      ) : null}
      <p class="hint">{t(`organizer.review.${event.review ?? "none"}.next`)}</p>
    </div>
  );
}

function StepForm({ id, here, event, reload }: FrameProps): JSX.Element {
  const found = elsewhere.value;
  const refused = found?.id === id && found.step === here ? found.refused : null;
  const next = STEPS[STEPS.indexOf(here) + 1] ?? "review";
  const back = STEPS[STEPS.indexOf(here) - 1];
  // What is typed of a category belongs to its place in the list: it is dropped where the list has changed, and
  // the list that is typed does not follow another one.
  const begun = useRef(event);
  const about = here === "categories" ? begun.current : event;
  const list = here === "categories" || here === "rules" ? `.${about?.ticket_categories.map((each) => each.id).join(".") ?? ""}` : "";
  const send = async (values: Values): Promise<void> => {
    const from = path.value;
    try {
      const stored = await store(id, here, values, event);
      elsewhere.value = null;
      reload();
      if (path.value === from) go(addressOf(stored, next)); // unless another step was chosen meanwhile
    } catch (error) {
      if (error instanceof Refused && error.status === 409) reload(); // its version: the next try is of what is there now
      leadTo(id, here, error);
      throw error; // this step was not stored either: it keeps what was typed
    }
  };
  if (event === null && here !== "what" && here !== "when") return <Failure error={new Refused(404, "NOT_FOUND", t("organizer.draft.not_yet"))} />;
  return (
    <Form
      class="card"
      label={t(`organizer.step.${here}`)}
      draft={`organizer.${id}.${here}${list}`}
      initial={{ ...valuesOf(about), ...(event === null ? kept() : {}) }}
      refused={refused}
      onSubmit={send}
    >
      <h2>{t(`organizer.step.${here}`)}</h2>
      <p class="quiet">{t(`organizer.step.${here}.about`)}</p>
      <Fields here={here} event={event} />
      <div class="row">
        {back ? (
          <a class="button" href={addressOf(id, back)}>
            {t("ui.back")}
          </a>
        ) : null}
        <Submit>{t("organizer.draft.next")}</Submit>
      </div>
    </Form>
  );
}

function Fields({ here, event }: { here: Step; event: EventDetail | null }): JSX.Element | null {
  if (here === "what") return <WhatFields />;
  if (here === "when") return <WhenFields event={event} />;
  if (here === "categories") return <CategoriesFields />;
  return event && <RulesFields event={event} />;
}
