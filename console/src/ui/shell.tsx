// The frame of a page: skip link, head with navigation and settings, main part.
import { useSignalEffect } from "@preact/signals";
import { Fragment, type ComponentChildren, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { hasEnded, session, type Portal } from "./api/session.ts";
import { Num } from "./format.tsx";
import { language, speak, t } from "./i18n.ts";
import { path, query } from "./router.ts";
import { choose, scheme, type Scheme } from "./scheme.ts";

export interface ShellProps {
  title: string;
  /** The name of the view that is shown, for the document's title; read again when it changes. */
  view?: () => string;
  /** Links of the page: address and label. */
  links?: readonly (readonly [href: string, label: string])[];
  /** Whose session the head shows, with its log-out. */
  portal?: Portal;
  logOut?: () => Promise<void>;
  children: ComponentChildren;
}

/** Count the people that this tab has had: a log-in of the same one, and the first log-in, change nothing. */
export function useTurn(id: string | undefined): number {
  const last = useRef({ id, turn: 0 });
  if (id !== undefined && last.current.id !== id) last.current = { id, turn: last.current.turn + (last.current.id === undefined ? 0 : 1) };
  return last.current.turn;
}

/** Keep the focus in the page after a log-in and a log-out, whose form or button is gone. */
export function useFocus(id: string | undefined): void {
  const before = useRef(id);
  useEffect(() => {
    if (before.current !== id && document.activeElement === document.body) document.getElementById("main")?.focus();
    before.current = id;
  }, [id]);
}

/** Render a page within its frame; the title is the document's too. */
export function Shell({ title, view, links = [], portal, logOut, children }: ShellProps): JSX.Element {
  const who = portal ? session(portal).value?.who : undefined;
  // Another tab may log somebody else in: nothing of the former person stays in a view or in a form.
  const turn = useTurn(who?.id);
  useFocus(who?.id);
  useSignalEffect(() => {
    void language.value;
    const shown = view?.() || title;
    document.title = shown === "Gatehouse" ? shown : `${shown} · Gatehouse`;
  });
  return (
    <>
      <a class="skip" href="#main">
        {t("ui.skip")}
      </a>
      <header class="head">
        <p class="brand">{title}</p>
        {links.length ? (
          <nav aria-label={t("ui.navigation")}>
            {links.map(([href, label]) => (
              <a key={href} href={href} aria-current={isShown(href) ? "page" : undefined}>
                {label}
              </a>
            ))}
          </nav>
        ) : null}
        <div class="settings">
          {who ? (
            <span class="who">
              <Num>{who.name}</Num>
            </span>
          ) : null}
          {who && logOut ? (
            <button type="button" class="plain" onClick={() => void logOut()}>
              {t("ui.log_out")}
            </button>
          ) : null}
          <Settings />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {/* The shop says so at its form, which is not on every view. */}
        {hasEnded.value && !who && portal !== "webapp" ? <p class="band">{t("ui.session_ended")}</p> : null}
        <Fragment key={turn}>{children}</Fragment>
      </main>
    </>
  );
}

/** Whether an address is the one that is shown; views that differ by `view` are addresses of their own. */
function isShown(href: string): boolean {
  const url = new URL(href, location.href);
  return url.pathname === path.value && url.searchParams.get("view") === query.value.get("view");
}

/** Language and colour scheme. */
export function Settings(): JSX.Element {
  const other = language.value === "en" ? "ur" : "en";
  return (
    <>
      <button type="button" class="plain" lang={other} onClick={() => void speak(other)}>
        {other === "ur" ? "اردو" : "English"}
      </button>
      <label class="scheme">
        <span class="unseen">{t("ui.scheme")}</span>
        <select value={scheme.value} onChange={(event) => choose(event.currentTarget.value as Scheme)}>
          {(["auto", "light", "dark"] as const).map((each) => (
            <option key={each} value={each}>
              {t(`ui.scheme.${each}`)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
