// From a refusal to the step of the draft that has its field.
import { signal } from "@preact/signals";

import { Refused } from "../ui/api/client.ts";
import { known, t } from "../ui/i18n.ts";
import { go } from "../ui/router.ts";

import { stepOf, type Step } from "./steps.ts";

export const addressOf = (id: string, step: Step): string => `/organizer/draft/${id}/${step}`;

/** A refusal whose field is in another step than the one that was sent. */
export const elsewhere = signal<{ id: string; step: Step; refused: Refused } | null>(null);

/** Return the words for a field of another step: the step, the category and the field, as they are labelled there. */
function labelOf(field: string, step: Step): string {
  const [list, place] = field.split(".");
  const label = `organizer.field.${field.split(".").at(-1) ?? ""}`;
  return [
    t(`organizer.step.${step}`),
    ...(list === "ticket_categories" && place ? [t("organizer.category.number", { number: Number(place) + 1 })] : []),
    ...(known(label) ? [t(label)] : []),
  ].join(" · ");
}

/** Return a refusal as a step shows it: the fields of other steps have no control there. */
function shownAt(here: Step, error: Refused): Refused {
  const details = error.details.map(({ field, message }) => {
    const step = stepOf(field);
    return step === null || step === here ? { field, message } : { field: labelOf(field, step), message };
  });
  return new Refused(error.status, error.code, error.message, details, error.requestId, error.retryAfter, error.body);
}

/** Go to the step that has a refused field, and show the refusal there. Raises what belongs to the step itself. */
export function leadTo(id: string, here: Step, error: unknown): void {
  if (!(error instanceof Refused)) throw error;
  const steps = error.details.map(({ field }) => stepOf(field));
  const there = steps.find((each) => each !== null && each !== here);
  if (steps.includes(here) || !there) throw shownAt(here, error);
  elsewhere.value = { id, step: there, refused: shownAt(there, error) };
  go(addressOf(id, there));
}
