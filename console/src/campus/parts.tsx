// Small parts that several views of campus show.
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { count, Num, percent } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Failure } from "../ui/list.tsx";

const TONES: Readonly<Record<string, string>> = {
  present: "good",
  verified: "good",
  corrected: "good",
  late: "warn",
  left_early: "warn",
  pending: "warn",
  open: "warn",
  flagged: "warn",
  medium: "warn",
  absent: "bad",
  rejected: "bad",
  high: "bad",
};

/** A value of the API as a badge: its word says all, its colour only repeats it. */
export function Badge({ kind, value }: { kind: string; value: string }): JSX.Element {
  return <span class={`badge ${TONES[value] ?? ""}`}>{word(`campus.${kind}`, value)}</span>;
}

/** Figures side by side; one without a value is shown as unknown, never as zero. */
export function Figures({ of }: { of: readonly (readonly [label: string, value: number | null | undefined, isRate?: boolean])[] }): JSX.Element {
  return (
    <dl class="figures">
      {of.map(([label, value, isRate]) => (
        <div key={label} class="panel figure">
          <dt class="quiet">{label}</dt>
          <dd class="figure-value">
            <Num>{value === null || value === undefined ? "–" : isRate ? percent(value) : count(value)}</Num>
          </dd>
        </div>
      ))}
    </dl>
  );
}

// The first view of a page leaves the focus where the browser puts it: before the skip link.
let isFirst = true;

/** A heading that takes the focus when its view follows another, so that keyboards and readers begin there. */
export function Title({ children }: { children: string }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      <bdi>{children}</bdi>
    </h1>
  );
}

type View = ComponentType;
const loaded = new Map<string, View>();

/** A view whose script is fetched when it is first shown. */
export function Later({ name, load }: { name: string; load(): Promise<{ default: View }> }): JSX.Element {
  const turn = useSignal(0);
  const error = useSignal<unknown>(null);
  useEffect(() => {
    if (loaded.has(name)) return;
    error.value = null;
    load().then(
      (part) => {
        loaded.set(name, part.default);
        turn.value += 1;
      },
      (problem: unknown) => (error.value = problem),
    );
  }, [name, turn.value]);
  const Found = loaded.get(name);
  if (Found) return <Found />;
  if (error.value) return <Failure error={error.value} again={() => (turn.value += 1)} />;
  return <p class="quiet">{t("ui.loading")}</p>;
}

/** Links to the parts of a view, of which one is shown. */
export function Tabs({ base, tabs, chosen }: { base: string; tabs: readonly (readonly [id: string, label: string])[]; chosen: string }): JSX.Element {
  return (
    <nav class="tabs" aria-label={t("campus.parts")}>
      {tabs.map(([id, label]) => (
        <a key={id} href={id ? `${base}?part=${id}` : base} aria-current={id === chosen ? "page" : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}
