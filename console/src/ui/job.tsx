// A long work of the platform: its progress, its errors by row and its file.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { readUntil } from "./again.ts";
import { answerOf, connect, type Schemas } from "./api/client.ts";
import type { Portal } from "./api/session.ts";
import { count } from "./format.tsx";
import { saidOfField, t } from "./i18n.ts";
import { Unread } from "./list.tsx";

/** Follow a job until it ends; `ended` is called once with its last state. */
export function JobProgress({ portal, id, ended }: { portal: Portal; id: string; ended?: (job: Schemas["BackgroundJobOut"]) => void }): JSX.Element {
  const job = useSignal<Schemas["BackgroundJobOut"] | null>(null);
  const error = useSignal<unknown>(null);
  const turn = useSignal(0);
  useEffect(
    () =>
      readUntil({
        read: () => answerOf(connect(portal).GET("/api/jobs/{job_id}/", { params: { path: { job_id: id } } })),
        isOver: ({ status }) => status !== "open",
        take(found) {
          job.value = found;
          error.value = null;
          if (found.status !== "open") ended?.(found);
        },
        fail: (problem) => (error.value = problem),
      }),
    [id, turn.value],
  );
  const state = job.value;
  const unread = <Unread read={{ error: error.value, reload: () => (turn.value += 1) }} />;
  if (state === null) return error.value ? unread : <p class="quiet">{t("ui.loading")}</p>;
  return (
    <div class="job" aria-live="polite">
      {unread}
      <p>
        {t(`ui.job.${state.status}`)}{" "}
        {state.total ? t("ui.job.progress", { done: count(state.done ?? 0), total: count(state.total) }) : null}
      </p>
      {state.status === "open" ? <progress max={state.total || undefined} value={state.total ? (state.done ?? 0) : undefined} aria-label={t("ui.job.open")} /> : null}
      {state.url ? (
        <p>
          <a href={state.url} download>
            {t("ui.job.file")}
          </a>
        </p>
      ) : null}
      {state.errors?.length ? (
        <ul class="problems">
          {state.errors.map((each) => (
            <li key={`${each.row}${each.message}`}>{t("ui.job.row", { row: each.row ?? "–", message: saidOfField(each.message) })}</li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
