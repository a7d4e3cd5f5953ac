// What every view shows alike: titles, facts, states in colour and word, ids that can be copied, times, links.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { clock, money, Num, time, type Amount } from "../../ui/format.tsx";
import { t, word } from "../../ui/i18n.ts";
import { copied } from "../../ui/copy.ts";
import { useSaid } from "../../ui/said.ts";

const GOOD = new Set("active valid used published live approved refunded paid done complete fulfilled won enrolled closed whole resolved admitted let_in".split(" "));
const WARN = new Set("pending awaiting_second requested submitted scheduled processing open in_progress running on_hold held reserved draft preview contested provisioned link_sent refunding".split(" "));
const BAD = new Set("blocked suspended lost failed rejected cancelled broken invalid already_scanned not_found refused revoked deactivated erased expired offline transferred".split(" "));

/** A state as a badge: its word always, its colour beside it. */
export function State({ value }: { value: string }): JSX.Element {
  const tone = GOOD.has(value) ? "good" : WARN.has(value) ? "warn" : BAD.has(value) ? "bad" : "";
  return <span class={`badge ${tone}`}>{word("staff.state", value)}</span>;
}

/** A title with what can be done beside it; it takes the focus when the view has changed. */
export function Title({ children, actions }: { children: ComponentChildren; actions?: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest("nav")) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div class="title">
      <h1 tabIndex={-1} ref={heading}>
        {children}
      </h1>
      {actions ? <div class="actions">{actions}</div> : null}
    </div>
  );
}

/** In the place of a view that is not there, or not for this role. */
export function Nothing({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <>
      <Title>{children}</Title>
      <p>
        <a href="/staff">{t("staff.home")}</a>
      </p>
    </>
  );
}

/** Facts by name; those without a value are left out. */
export function Facts({ of }: { of: readonly (readonly [label: string, value: ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** An id or number with a button that copies it. */
export function Copied({ children }: { children: string }): JSX.Element {
  const said = useSaid();
  return (
    <>
      <Num>{children}</Num>
      <button
        type="button"
        class="copy"
        aria-label={t("staff.copy", { what: children })}
        onClick={async () => {
          const isCopied = await copied(children);
          said.value = () => t(isCopied ? "staff.copied" : "ui.copy.refused");
        }}
      >
        {t("staff.copy_short")}
      </button>
      <small role="status">{said.value}</small>
    </>
  );
}

const PLACES: Readonly<Record<string, string>> = {
  cus: "customers",
  tkt: "tickets",
  crd: "cards",
  dev: "devices",
  ord: "orders",
  evt: "events",
  ven: "venues",
  org: "users",
  mer: "users",
  ush: "users",
  adm: "users",
};

/** The address of the page of a thing, by the beginning of its id; null where there is none. */
export function placeOf(id: string): string | null {
  const place = PLACES[id.split("_")[0] ?? ""];
  return place ? `/staff/${place}/${encodeURIComponent(id)}` : null;
}

/** A link to the page of a thing, by its id; its name where that is known. */
export function Thing({ id, name }: { id: string | null | undefined; name?: string | null }): JSX.Element | null {
  if (!id) return null;
  const to = placeOf(id);
  // A name goes on in the next line; an id or a ticket's number does not.
  const text = name?.includes(" ") ? <bdi>{name}</bdi> : <Num>{name ?? short(id)}</Num>;
  return to ? (
    <a href={to} title={id}>
      {text}
    </a>
  ) : (
    <span title={id}>{text}</span>
  );
}

/** An id in a table: its beginning and its end, which differ. */
export function short(id: string): string {
  const [kind, rest] = id.split("_");
  return rest && rest.length > 14 ? `${kind}_…${rest.slice(-6)}` : id;
}

/** A time, short; the whole of it as a title. */
export function When({ at, zone }: { at: string | null | undefined; zone?: string | null }): JSX.Element | null {
  if (!at) return null;
  return (
    <time dateTime={at} title={time(at, zone)}>
      {clock(at, zone)}
    </time>
  );
}

/** An act of the audit log in words, and by the code that its filter takes. */
export function Act({ code }: { code: string }): JSX.Element {
  return (
    <>
      {word("staff.act", code)}
      <small class="code-of">
        <Num>{code}</Num>
      </small>
    </>
  );
}

/** An amount. */
export function Sum({ of }: { of: Amount | null | undefined }): JSX.Element | null {
  return of ? <Num>{money(of)}</Num> : null;
}

/** What was done, said to everybody. */
export function Note({ children, tone = "" }: { children: ComponentChildren; tone?: "" | "warn" | "bad" }): JSX.Element {
  return (
    <p class={`note ${tone}`} role="status">
      {children}
    </p>
  );
}
