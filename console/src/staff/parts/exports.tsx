// Files of what a list shows, by the filters of the address: a job writes them.
import type { JSX } from "preact";

import { Deed } from "../../ui/form.tsx";
import { t } from "../../ui/i18n.ts";
import { query } from "../../ui/router.ts";
import { useSaid } from "../../ui/said.ts";

import { keepJob } from "./jobs.ts";

/** Start a file of what is shown. `what` names it among the jobs. */
export function Exports({ what, start }: { what: string; start(filters: Record<string, string>): Promise<{ job_id: string }> }): JSX.Element {
  const said = useSaid();
  return (
    <>
      {(["csv", "xlsx"] as const).map((format) => (
        <Deed
          key={format}
          act={async () => {
            const filters = Object.fromEntries(query.peek());
            const job = await start({ ...filters, format });
            keepJob(job.job_id, `${what} (${format.toUpperCase()})`);
            said.value = () => t("staff.job_started");
          }}
        >
          {t("staff.export_as", { format: format.toUpperCase() })}
        </Deed>
      ))}
      <span role="status">
        {said.value ? (
          <>
            {said.value} <a href="/staff/jobs">{t("staff.jobs")}</a>
          </>
        ) : null}
      </span>
    </>
  );
}
