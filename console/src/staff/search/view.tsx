// What was found, in groups; the arrow keys go from one to the next.
import type { JSX } from "preact";

import { Num } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { Failure, Shown, useRead } from "../../ui/list.tsx";
import { query } from "../../ui/router.ts";
import { State, Title } from "../parts/shown.tsx";

import { search, type Found, type Hit } from "./ask.ts";

/** Move the focus among the hits, and back into the field above the first. */
export function arrows(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const hits = [...document.querySelectorAll<HTMLElement>(".hits a")];
  const at = hits.indexOf(document.activeElement as HTMLElement);
  const next = event.key === "ArrowDown" ? hits[at + 1] : at > 0 ? hits[at - 1] : document.querySelector<HTMLElement>(".seek input");
  if (!next) return;
  event.preventDefault();
  next.focus();
}

export function SearchView(): JSX.Element {
  const wanted = (query.value.get("q") ?? "").trim();
  const read = useRead(
    () => search(query.peek().get("q") ?? ""),
    () => query.value.get("q") ?? "",
  );
  return (
    <div onKeyDown={arrows}>
      <Title>{t("staff.search.title")}</Title>
      {wanted ? <Shown read={read}>{({ typed, found }) => <Results found={found} forms={typed.kinds} busy={read.loading} again={read.reload} />}</Shown> : <p class="quiet">{t("staff.search.hint")}</p>}
    </div>
  );
}

function Results({ found, forms, busy, again }: { found: readonly Found[]; forms: readonly string[]; busy: boolean; again(): void }): JSX.Element {
  const total = found.reduce((sum, each) => sum + each.hits.length, 0);
  const failed = found.filter((each) => each.error);
  return (
    <div aria-busy={busy}>
      <p class="quiet" role="status">
        {t("staff.search.found", { count: total, forms: forms.map((each) => word("staff.form", each)).join(t("staff.or")) })}
      </p>
      {failed.map((each) => (
        <Failure key={each.group} error={each.error} again={again} />
      ))}
      {total === 0 && failed.length === 0 ? <div class="empty">{t("staff.search.nothing")}</div> : null}
      {found
        .filter((each) => each.hits.length)
        .map((each) => (
          <section key={each.group} class="group" aria-label={word("staff.group", each.group)}>
            <h2>{word("staff.group", each.group)}</h2>
            <ul class="hits">
              {each.hits.map((hit) => (
                <Row key={hit.to} hit={hit} />
              ))}
            </ul>
            {each.more ? <p class="hint">{t("staff.search.more")}</p> : null}
          </section>
        ))}
    </div>
  );
}

function Row({ hit }: { hit: Hit }): JSX.Element {
  return (
    <li>
      <a href={hit.to}>
        <b>
          <Num>{hit.name}</Num>
        </b>
        {hit.about.filter(Boolean).map((each) => (
          <span key={each}>
            <Num>{each}</Num>
          </span>
        ))}
        {hit.state ? (
          <small>
            <State value={hit.state} />
          </small>
        ) : null}
      </a>
    </li>
  );
}
