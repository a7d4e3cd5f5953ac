import "uplot/dist/uPlot.min.css";
import "./board.css";

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { session } from "../ui/api/session.ts";
import { t } from "../ui/i18n.ts";
import { match } from "../ui/router.ts";
import { Shell } from "../ui/shell.tsx";
import { start } from "../ui/start.tsx";

import { candidates, PORTALS, type BoardPortal } from "./data.ts";
import { Events } from "./events.tsx";
import { LogIn, logOut } from "./login.tsx";
import messages from "./messages.en.json";
import { Screen } from "./screen.tsx";

function Page(): JSX.Element {
  const event = match("/board/:event")?.event ?? null;
  // Read all of them: a log-in in another tab opens this one too.
  for (const portal of PORTALS) void session(portal).value;
  // A session that ended while the Board was shown is asked for again on top of it, so its portal is kept.
  const shown = useSignal<{ event: string; portal: BoardPortal } | null>(null);
  const refused = useSignal<{ event: string; portals: readonly BoardPortal[] }>({ event: "", portals: [] });
  const tried = refused.value.event === event ? refused.value.portals : [];
  const [found] = candidates(event).filter((portal) => !tried.includes(portal));
  const portal = event !== null && shown.value?.event === event ? shown.value.portal : found;
  return (
    <Shell title={t("board.title")} links={[["/board", t("board.events")]]} portal={portal} logOut={portal ? () => logOut(portal).then(() => void (shown.value = null)) : undefined}>
      {portal === undefined ? (
        <LogIn key={event ?? ""} event={event} />
      ) : event === null ? (
        <Events />
      ) : (
        <Screen
          key={`${portal}/${event}`}
          portal={portal}
          event={event}
          shown={() => (shown.value = { event, portal })}
          refused={() => {
            // Another session of this browser may see the event: it is tried next.
            const others = candidates(event).filter((each) => each !== portal && !tried.includes(each));
            if (others.length === 0) return false;
            refused.value = { event, portals: [...tried, portal] };
            return true;
          }}
        />
      )}
    </Shell>
  );
}

void start({ segments: ["board"], messages: { en: messages, ur: () => import("./messages.ur.json") }, view: Page });
