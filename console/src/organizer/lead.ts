// From a refusal to the step of the draft that has its field.
import { signal } from "@preact/signals";

import { Refused } from "../ui/api/client.ts";
import { go } from "../ui/router.ts";

import { stepOf, type Step } from "./steps.ts";

export const addressOf = (id: string, step: Step): string => `/organizer/draft/${id}/${step}`;

/** A refusal whose field is in another step than the one that was sent. */
export const elsewhere = signal<{ id: string; step: Step; refused: Refused } | null>(null);

/** Go to the step that has a refused field, and show the refusal there. Raises what belongs to the step itself. */
export function leadTo(id: string, here: Step, error: unknown): void {
  if (!(error instanceof Refused)) throw error;
  const steps = error.details.map(({ field }) => stepOf(field));
  const there = steps.find((each) => each !== null && each !== here);
  if (steps.includes(here) || !there) throw error;
  elsewhere.value = { id, step: there, refused: error };
  go(addressOf(id, there));
}
