import "./local.css";

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { t } from "../ui/i18n.ts";
import { query } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { Accounts } from "./accounts.tsx";
import { Gates } from "./gates.tsx";
import messages from "./messages.en.json";
import { Outbox } from "./outbox.tsx";
import { Upkeep } from "./upkeep.tsx";
import { UsageView } from "./usage.tsx";

const VIEWS = ["", "gates", "usage", "upkeep"] as const;
const address = (view: string): string => (view ? `/_local/?view=${view}` : "/_local/");
const titleOf = (view: string): string => t(`local.view.${view || "start"}`);

function chosen(): (typeof VIEWS)[number] {
  const asked = query.value.get("view");
  return VIEWS.find((each) => each === asked) ?? "";
}

function Page(): JSX.Element {
  const view = chosen();
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(view);
  useEffect(() => {
    if (before.current !== view) heading.current?.focus();
    before.current = view;
  }, [view]);
  return (
    <Shell title={t("local.title")} view={() => titleOf(chosen())} links={VIEWS.map((each) => [address(each), titleOf(each)] as const)}>
      <h1 ref={heading} tabIndex={-1}>
        {titleOf(view)}
      </h1>
      {view === "gates" ? (
        <Gates />
      ) : view === "usage" ? (
        <UsageView />
      ) : view === "upkeep" ? (
        <Upkeep />
      ) : (
        <>
          <Accounts />
          <Outbox />
          <p class="elsewhere">
            <a href="/api/docs">{t("local.api_page")}</a>
          </p>
        </>
      )}
    </Shell>
  );
}

void start({ segments: ["_local"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
