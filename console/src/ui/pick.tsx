// A choice of one of many: a list of the API with a search above it, where the list is longer than one page.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";

import { useTyped } from "./filters.tsx";
import { useForm } from "./form.tsx";
import { count } from "./format.tsx";
import { t } from "./i18n.ts";
import { Failure, useRead, type Page } from "./list.tsx";

export type Named = readonly [id: string, label: string];

export interface PickedProps {
  name?: string;
  label: string;
  value: string;
  choose(id: string): void;
  /** The words of the first choice, which is none. */
  none: string;
  /** Read the first page of things whose name begins like a text; all things where it is empty. */
  find(text: string): Promise<Page<Named>>;
  /** What is chosen already, with its name, where that is known. */
  present?: Named | null;
  error?: string;
}

/** Choose one thing of a list. What is chosen stays a choice, also where the search does not find it. */
export function Picked({ name, label, value, choose, none, find, present, error }: PickedProps): JSX.Element {
  const id = useId();
  const text = useSignal("");
  const typed = useTyped(text.value, (next) => (text.value = next));
  const read = useRead(
    () => find(text.peek()),
    () => text.value,
  );
  const names = useRef(new Map<string, string>());
  const isLong = useRef(false);
  const found = read.value?.results ?? [];
  const isMore = Boolean(read.value?.next);
  if (present) names.current.set(...present);
  for (const each of found) names.current.set(...each);
  isLong.current ||= isMore;
  const listed = new Set(found.map(([each]) => each));
  const chosen: readonly Named[] = value && !listed.has(value) ? [[value, names.current.get(value) ?? value]] : [];
  const described = [isLong.current ? `${id}-found` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;
  return (
    <div class={`field ${error ? "wrong" : ""}`}>
      <label for={id}>{label}</label>
      {isLong.current ? (
        <input
          type="search"
          autocomplete="off"
          aria-label={t("ui.pick.search", { label })}
          placeholder={t("ui.pick.placeholder")}
          aria-controls={id}
          {...typed}
          // Enter would send the form around it.
          onKeyDown={(event) => (event.key === "Enter" ? event.preventDefault() : undefined)}
        />
      ) : null}
      <select id={id} name={name} value={value} aria-busy={read.loading} aria-invalid={error ? "true" : undefined} aria-describedby={described} onChange={(event) => choose(event.currentTarget.value)}>
        {([["", none], ...chosen, ...found] as const).map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
      {isLong.current ? (
        <p class="hint" id={`${id}-found`} role="status">
          {read.loading ? t("ui.loading") : t(isMore ? "ui.pick.more" : "ui.pick.found", { count: count(found.length) })}
        </p>
      ) : null}
      {read.error ? <Failure error={read.error} again={read.reload} /> : null}
      {error ? (
        <p class="problem" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** The same as a field of the form around it. */
export function Pick({ name, ...more }: Omit<PickedProps, "value" | "choose" | "error"> & { name: string }): JSX.Element {
  const form = useForm();
  return <Picked {...more} name={name} value={form.values[name] ?? ""} choose={(id) => form.set(name, id)} error={form.errors[name]} />;
}
