// The events whose Board the caller may open.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf, connect } from "../ui/api/client.ts";
import { time } from "../ui/format.tsx";
import { t, word } from "../ui/i18n.ts";
import { Listing, useList, type Page } from "../ui/list.tsx";

import { candidates, type BoardPortal } from "./data.ts";
import { LogIn } from "./login.tsx";

interface Listed {
  id: string;
  title: string;
  status: string;
  starts_at: string;
  timezone: string;
  venue: { name: string; city: string | null } | null;
}

function read(portal: BoardPortal, search: string, cursor: string | undefined): Promise<Page<Listed>> {
  if (portal === "usher") return answerOf(connect("usher").GET("/api/usher/events/"));
  const query = { search: search || undefined, cursor, page_size: 20 };
  if (portal === "organizer") return answerOf(connect("organizer").GET("/api/organizer/events/", { params: { query } }));
  return answerOf(connect("admin").GET("/api/events/", { params: { query: { ...query, ordering: "-starts_at" } } }));
}

function EventList({ portal }: { portal: BoardPortal }): JSX.Element {
  const search = useSignal("");
  const typed = useSignal("");
  const list = useList<Listed>(
    (cursor) => read(portal, search.peek(), cursor),
    () => search.value,
  );
  return (
    <>
      {portal === "usher" ? null : (
        <form
          role="search"
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            search.value = typed.value.trim();
          }}
        >
          <input type="search" class="grow" value={typed.value} onInput={(event) => (typed.value = event.currentTarget.value)} aria-label={t("board.events.search")} placeholder={t("board.events.search")} />
          <button type="submit">{t("ui.search")}</button>
        </form>
      )}
      <Listing
        list={list}
        label={t("board.events")}
        empty={t("board.events.empty")}
        row={(event) => (
          <li key={event.id} class="event-row">
            <a href={`/board/${event.id}`}>
              <bdi>{event.title}</bdi>
            </a>
            <span class="quiet">
              {time(event.starts_at, event.timezone)}
              {event.venue ? (
                <>
                  {" · "}
                  <bdi>{event.venue.name}</bdi>
                </>
              ) : null}
            </span>
            <span class="badge">{word("board.status", event.status)}</span>
          </li>
        )}
      />
    </>
  );
}

/** The caller's events, by session where there are several. */
export function Events(): JSX.Element {
  const portals = candidates(null);
  const chosen = useSignal<BoardPortal | null>(null);
  const other = useSignal(false);
  const portal = chosen.value !== null && portals.includes(chosen.value) ? chosen.value : portals[0];
  return (
    <>
      <h1>{t("board.events")}</h1>
      <p class="quiet">{t("board.events.hint")}</p>
      {portals.length > 1 ? (
        <div class="row" role="group" aria-label={t("board.login.as")}>
          {portals.map((each) => (
            <button key={each} type="button" aria-pressed={each === portal} onClick={() => (chosen.value = each)}>
              {t(`board.login.${each}`)}
            </button>
          ))}
        </div>
      ) : null}
      {portal ? <EventList key={portal} portal={portal} /> : null}
      {other.value ? (
        <LogIn event={null} />
      ) : (
        <button type="button" class="plain" onClick={() => (other.value = true)}>
          {t("board.login.other")}
        </button>
      )}
    </>
  );
}
