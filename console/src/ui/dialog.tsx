// Native dialogs: the browser keeps the focus inside, and Escape closes them.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { t } from "./i18n.ts";

/** A dialog that is open as long as it is rendered. */
export function Dialog({ title, close, children }: { title: string; close(): void; children: ComponentChildren }): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isGone = useRef(false);
  useEffect(() => {
    const before = document.activeElement;
    const opened = element.current;
    opened?.showModal();
    return () => {
      // Nothing outside takes the focus while it is open.
      isGone.current = true;
      opened?.close();
      // What opened it may be gone, as a row that is not in its list any more.
      const back = before instanceof HTMLElement && before.isConnected ? before : document.getElementById("main");
      back?.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-labelledby={id} onClose={() => (isGone.current ? undefined : close())}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="plain" onClick={close} aria-label={t("ui.close")}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
