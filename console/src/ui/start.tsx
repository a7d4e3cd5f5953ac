// The beginning of every page: its messages, its styles, and a last place for errors that no view caught.
import "./base.css";

import { Component, render, type ComponentChildren, type JSX } from "preact";

import { loadMessages, t, type Catalogue } from "./i18n.ts";
import { route } from "./router.ts";
import { applyScheme } from "./scheme.ts";

export interface PageFacts {
  /** The first segments of the addresses that the page answers; `""` is the root. */
  segments: readonly string[];
  messages: Catalogue;
  view: () => JSX.Element;
}

class LastResort extends Component<{ children: ComponentChildren }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static override getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ComponentChildren {
    if (this.state.error === null) return this.props.children;
    return (
      <main id="main" class="failure" aria-live="assertive">
        <h1>{t("ui.broken")}</h1>
        <p>{this.state.error.message}</p>
        <button type="button" onClick={() => location.reload()}>
          {t("ui.reload")}
        </button>
      </main>
    );
  }
}

/**
 * Show a page. Where the language changes, each part that says something is rendered again by itself: what is shown once,
 * such as recovery codes, and what is typed stay.
 */
export async function start({ segments, messages, view: View }: PageFacts): Promise<void> {
  route(segments);
  applyScheme();
  await loadMessages(messages);
  const root = document.getElementById("page");
  if (root === null) throw new Error("the page has no root");
  render(
    <LastResort>
      <View />
    </LastResort>,
    root,
  );
}
