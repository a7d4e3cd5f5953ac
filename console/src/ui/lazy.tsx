// Views that are fetched when they are first shown, so that a page's first load stays small.
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";

import { Unreachable } from "./api/client.ts";
import { t } from "./i18n.ts";
import { Failure } from "./list.tsx";

type Props<P> = P & { load: () => Promise<ComponentType<P>> };
const loaded = new Map<unknown, unknown>();

/** Show a view as soon as its script is there; `load` is one function for each view. */
export function Lazy<P extends object>({ load, ...props }: Props<P>): JSX.Element {
  const turn = useSignal(0);
  const error = useSignal<unknown>(null);
  const again = (): void => {
    error.value = null;
    turn.value += 1;
  };
  useEffect(() => {
    if (loaded.has(load)) return;
    load().then(
      (view) => {
        loaded.set(load, view);
        turn.value += 1;
      },
      (cause: unknown) => (error.value = new Unreachable("a part of the page did not arrive", { cause })),
    );
  }, [load, error.value === null]);
  void turn.value;
  if (error.value) return <Failure error={error.value} again={again} />;
  const View = loaded.get(load) as ComponentType<P> | undefined;
  return View === undefined ? <p class="quiet">{t("ui.loading")}</p> : <View {...(props as unknown as P)} />;
}
