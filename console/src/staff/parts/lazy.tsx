// Views that are loaded when they are first shown.
import { useSignal } from "@preact/signals";
import type { FunctionComponent, JSX } from "preact";
import { useEffect } from "preact/hooks";

import { t } from "../../ui/i18n.ts";
import { Failure } from "../../ui/list.tsx";

/** A view of another file; `load` imports it. */
export function lazy(load: () => Promise<FunctionComponent>): FunctionComponent {
  let found: FunctionComponent | null = null;
  return function Lazy(): JSX.Element {
    const ready = useSignal(found !== null);
    const error = useSignal<unknown>(null);
    const turn = useSignal(0);
    useEffect(() => {
      if (found !== null) return;
      load().then(
        (view) => {
          found = view;
          ready.value = true;
        },
        (problem: unknown) => (error.value = problem),
      );
    }, [turn.value]);
    if (error.value) return <Failure error={error.value} again={() => ((error.value = null), (turn.value += 1))} />;
    const View = found;
    return ready.value && View !== null ? <View /> : <p class="quiet">{t("ui.loading")}</p>;
  };
}
