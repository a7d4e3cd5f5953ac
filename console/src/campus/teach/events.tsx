// Events: those of the caller's role, with their period in words.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { answerOf } from "../../ui/api/client.ts";
import { Num, time } from "../../ui/format.tsx";
import { t } from "../../ui/i18n.ts";
import { Listing, Unread, useList, useWhole } from "../../ui/list.tsx";
import { api, isStaff, me, type CampusEvent } from "../api.ts";
import { Title } from "../parts.tsx";
import { periodOf } from "../period.ts";

export function Period({ event }: { event: CampusEvent }): JSX.Element {
  const { is: period } = periodOf(event);
  return <span class={`badge ${period === "open" ? "good" : period === "inactive" ? "bad" : ""}`}>{t(`campus.period.${period}`)}</span>;
}

export default function Events(): JSX.Element {
  const staff = isStaff(me().role);
  const search = useSignal("");
  const campus = useSignal("");
  const from = useSignal("");
  const to = useSignal("");
  const list = useList<CampusEvent>(
    (cursor) => {
      const query = { cursor, search: search.peek(), campus: campus.peek(), date_from: from.peek(), date_to: to.peek() };
      return answerOf(api.GET("/api/campus/events/", { params: { query } }));
    },
    () => [search.value, campus.value, from.value, to.value].join("\n"),
  );
  return (
    <>
      <div class="row spread">
        <Title>{t("campus.events")}</Title>
        {staff ? (
          <div class="row">
            <a class="button" href="/campus/events/many">
              {t("campus.many")}
            </a>
            <a class="button primary" href="/campus/events/new">
              {t("campus.events.new")}
            </a>
          </div>
        ) : null}
      </div>
      <form class="filters" role="search" aria-label={t("campus.filters")} onSubmit={(event) => event.preventDefault()}>
        <label>
          {t("ui.search")}
          <input type="search" value={search.value} onChange={(event) => (search.value = event.currentTarget.value)} />
        </label>
        <CampusFilter value={campus.value} choose={(value) => (campus.value = value)} />
        <label>
          {t("campus.date_from")}
          <input type="date" value={from.value} onChange={(event) => (from.value = event.currentTarget.value)} />
        </label>
        <label>
          {t("campus.date_to")}
          <input type="date" value={to.value} onChange={(event) => (to.value = event.currentTarget.value)} />
        </label>
      </form>
      <Listing list={list} label={t("campus.events")} empty={<p>{t(staff ? "campus.events.empty_staff" : "campus.events.empty")}</p>} row={(event) => <Row key={event.id} event={event} staff={staff} />} />
    </>
  );
}

/** Choose one of the campuses, or all. */
export function CampusFilter({ value, choose }: { value: string; choose(value: string): void }): JSX.Element {
  const campuses = useWhole((whole) => whole((cursor) => answerOf(api.GET("/api/campus/campuses/", { params: { query: { page_size: 100, cursor } } }))));
  return (
    <>
      <label>
        {t("campus.campus")}
        <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{t("campus.all")}</option>
          {campuses.value?.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Unread read={campuses} />
    </>
  );
}

export function Row({ event, staff }: { event: CampusEvent; staff: boolean }): JSX.Element {
  const isOpen = periodOf(event).is === "open";
  return (
    <li class="row">
      <div class="grow">
        <h2 class="of-row">
          <a href={`/campus/events/${event.id}`}><bdi>{event.title}</bdi></a>
        </h2>
        <p class="quiet">
          <Num>{time(event.start_datetime, event.timezone)}</Num> · <bdi>{event.location}</bdi> · <bdi>{event.campus}</bdi>
        </p>
      </div>
      <Period event={event} />
      {staff ? (
        <a class={`button ${isOpen ? "primary" : ""}`} href={`/campus/events/${event.id}/show`} aria-label={`${t("campus.show_code")}: ${event.title}`}>
          {t("campus.show_code")}
        </a>
      ) : isOpen ? (
        <a class="button primary" href={`/campus/attend/${event.id}`} aria-label={`${t("campus.attend")}: ${event.title}`}>
          {t("campus.attend")}
        </a>
      ) : null}
    </li>
  );
}
