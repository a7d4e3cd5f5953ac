// A long work of the platform: its progress, its errors by row and its file.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { answerOf, connect, type Schemas } from "./api/client.ts";
import type { Portal } from "./api/session.ts";
import { count } from "./format.tsx";
import { saidOfField, t } from "./i18n.ts";
import { Failure } from "./list.tsx";

const EVERY = 1000;

/** Follow a job until it ends; `ended` is called once with its last state. */
export function JobProgress({ portal, id, ended }: { portal: Portal; id: string; ended?: (job: Schemas["BackgroundJobOut"]) => void }): JSX.Element {
  const job = useSignal<Schemas["BackgroundJobOut"] | null>(null);
  const error = useSignal<unknown>(null);
  const turn = useSignal(0);
  useEffect(() => {
    let stopped = false;
    let wake = 0;
    const ask = async (): Promise<void> => {
      try {
        const found = await answerOf(connect(portal).GET("/api/jobs/{job_id}/", { params: { path: { job_id: id } } }));
        if (stopped) return;
        job.value = found;
        error.value = null;
        if (found.status === "open") wake = setTimeout(() => void ask(), EVERY);
        else ended?.(found);
      } catch (problem) {
        if (!stopped) error.value = problem;
      }
    };
    void ask();
    return () => {
      stopped = true;
      clearTimeout(wake);
    };
  }, [id, turn.value]);
  if (error.value) return <Failure error={error.value} again={() => (turn.value += 1)} />;
  const state = job.value;
  if (state === null) return <p class="quiet">{t("ui.loading")}</p>;
  return (
    <div class="job" aria-live="polite">
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
