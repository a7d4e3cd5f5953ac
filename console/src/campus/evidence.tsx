// Evidence in words: what was checked of a submission, and what staff should look at.
import type { JSX } from "preact";

import type { Schemas } from "../ui/api/client.ts";
import { Said } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";

/** The parts of the evidence: passed, not passed, or not asked for, each by mark, word and text. */
export function Factors({ factors }: { factors: readonly Schemas["CampusRecordFactorOut"][] }): JSX.Element {
  return (
    <ul class="checks" aria-label={t("campus.factors")}>
      {factors.map(({ factor, passed, message }) => (
        <li key={factor} class={passed === null ? "quiet" : passed ? "good" : "warn"}>
          <span aria-hidden="true">{passed === null ? "–" : passed ? "✓" : "!"}</span>
          <span>
            <strong>{word("campus.factor", factor)}</strong>
            <span class="unseen"> {t(passed === null ? "campus.factor_open" : passed ? "campus.factor_passed" : "campus.factor_failed")}</span>
            <br />
            <Said>{message}</Said>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What looks unusual. A flag is a reason to look, and no verdict. */
export function Flags({ flags }: { flags: readonly Schemas["CampusRecordFlagOut"][] }): JSX.Element | null {
  if (!flags.length) return null;
  return (
    <ul class="checks" aria-label={t("campus.flags")}>
      {flags.map(({ flag, message }) => (
        <li key={flag} class="warn">
          <span aria-hidden="true">⚑</span>
          <span>
            <strong>{word("campus.flag", flag)}</strong>
            <br />
            <Said>{message}</Said>
          </span>
        </li>
      ))}
    </ul>
  );
}
