// The filters above a list, whose values live in a signal as long as the page is open.
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";

export interface FilterOf<Name> {
  name: Name;
  label: string;
  kind: "search" | "date" | "choice";
  /** Of a choice: its values with their words, the first of which is none of them. */
  options?: readonly (readonly [value: string, label: string])[];
}

/** Show filters, and put what is chosen into their signal. */
export function Filters<T extends object>({ of, fields }: { of: Signal<T>; fields: readonly FilterOf<keyof T>[] }): JSX.Element {
  const valueOf = (name: keyof T): string => String(of.value[name]);
  const set = (name: keyof T, value: string): void => {
    of.value = { ...of.value, [name]: value };
  };
  return (
    <search class="row filters">
      {fields.map(({ name, label, kind, options }) => (
        <label key={String(name)} class={kind === "search" ? "grow" : ""}>
          {label}
          {kind === "choice" ? (
            <select value={valueOf(name)} onChange={(event) => set(name, event.currentTarget.value)}>
              {options?.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          ) : kind === "date" ? (
            <input type="date" value={valueOf(name)} onChange={(event) => set(name, event.currentTarget.value)} />
          ) : (
            <input type="search" autocomplete="off" value={valueOf(name)} onInput={(event) => set(name, event.currentTarget.value)} />
          )}
        </label>
      ))}
    </search>
  );
}
