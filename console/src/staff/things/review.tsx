// The answer to an organizer's submitted draft: it is published, or sent back with a note.
import type { JSX } from "preact";

import type { Schemas } from "../../ui/api/client.ts";
import { Field } from "../../ui/form.tsx";
import { t } from "../../ui/i18n.ts";
import { api, deed, may } from "../parts/api.ts";
import { Decision } from "../parts/decision.tsx";

type Known = Pick<Schemas["AdminEventOut"], "id" | "title" | "status" | "review" | "version">;

/** Publish a draft, or send it back where an organizer submitted it. */
export function Review({ event, answered, refused }: { event: Known; answered(next: Schemas["AdminEventDetailOut"]): void; refused?(): void }): JSX.Element | null {
  if (!may("manage") || event.status !== "draft") return null;
  const send = async (body: Schemas["AdminEventChangeIn"]): Promise<void> => {
    answered(await deed(`review.${event.id}`, body, (headers) => api.PUT("/api/events/{event_id}/", { params: { path: { event_id: event.id } }, body, headers })));
  };
  return (
    <>
      <Decision label={t("staff.publish")} title={t("staff.publish_of", { title: event.title })} tone="primary" name={`publish.${event.id}`} refused={refused} act={() => send({ status: "published", version: event.version })}>
        <p>{t("staff.publish_why")}</p>
      </Decision>
      {event.review === "submitted" ? (
        <Decision
          label={t("staff.send_back")}
          title={t("staff.send_back_of", { title: event.title })}
          name={`sendback.${event.id}`}
          refused={refused}
          act={({ review_note: note = "" }) => send({ review: "rejected", review_note: note, version: event.version })}
        >
          <Field name="review_note" label={t("staff.note")} lines={3} hint={t("staff.note_shown")} required />
        </Decision>
      ) : null}
    </>
  );
}
