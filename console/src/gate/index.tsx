import type { JSX } from "preact";

import { t } from "../ui/i18n.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import messages from "./messages.en.json";

function Page(): JSX.Element {
  return (
    <Shell title={t("gate.title")}>
      <h1>{t("gate.title")}</h1>
    </Shell>
  );
}

void start({ segments: ["gate"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
