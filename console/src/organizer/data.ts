// What the organizer's views read and write, as the API has it.
import { answerOf, connect, deed, leave, shown, type Schemas } from "../ui/api/client.ts";
import { keep } from "../ui/api/session.ts";
import type { Whole } from "../ui/list.tsx";

export type EventRow = Schemas["OrganizerEventOut"];
export type EventDetail = Schemas["OrganizerEventDetailOut"];
export type OwnEvent = Schemas["OrganizerOwnEventOut"];
export type DraftChange = Schemas["OrganizerDraftChangeIn"];
export type Payout = Schemas["OrganizerPayoutOut"];
export type PayoutDetail = Schemas["OrganizerPayoutDetailOut"];
export type Profile = Schemas["OrganizerProfileOut"];

export const PORTAL = "organizer" as const;
export const api = connect(PORTAL);

export const STATUSES = ["draft", "published", "live", "ended", "cancelled", "archived"] as const;
export type Status = (typeof STATUSES)[number];
export const PAYOUT_STATUSES = ["scheduled", "processing", "paid", "failed", "on_hold"] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

/** Which colour a state has; its word says the same. */
export const TONES: Readonly<Record<string, string>> = {
  live: "good",
  published: "good",
  paid: "good",
  approved: "good",
  submitted: "warn",
  processing: "warn",
  pending: "warn",
  on_hold: "warn",
  cancelled: "bad",
  failed: "bad",
  rejected: "bad",
};

const at = (event_id: string): { params: { path: { event_id: string } } } => ({ params: { path: { event_id } } });

/** Begin a log-in: the password is checked, and a code is sent. */
export const beginLogIn = (contact_mobile: string, password: string): Promise<Schemas["ChallengeOut"]> =>
  answerOf(connect(null).POST("/api/organizer/login/", { body: { contact_mobile, password } }));

/** Complete a log-in, and keep its session. */
export async function finishLogIn(challenge_id: string, otp: string): Promise<void> {
  const { access, refresh, organizer } = await answerOf(connect(null).POST("/api/organizer/verify-otp/", { body: { challenge_id, otp } }));
  keep(PORTAL, { access, refresh, who: { id: organizer.id, name: organizer.name } });
}

export const logOut = (): Promise<void> => leave(PORTAL, () => api.POST("/api/organizer/logout/"));

export const readEvent = async (id: string): Promise<EventDetail> => shown(await answerOf(api.GET("/api/organizer/events/{event_id}/", at(id))));

export const readPayout = async (payout_id: string): Promise<PayoutDetail> =>
  shown(await answerOf(api.GET("/api/organizer/payouts/{payout_id}/", { params: { path: { payout_id } } })));

/** Create a draft; a repeated click or a lost answer makes one draft. */
export const createDraft = (body: Schemas["OrganizerDraftIn"]): Promise<OwnEvent> =>
  deed(`draft:${JSON.stringify(body)}`, (header) => answerOf(api.POST("/api/organizer/events/", { params: { header }, body })));

export const changeDraft = (id: string, body: DraftChange): Promise<OwnEvent> => answerOf(api.PUT("/api/organizer/events/{event_id}/", { ...at(id), body }));

export const submitDraft = (id: string): Promise<OwnEvent> => answerOf(api.POST("/api/organizer/events/{event_id}/submit/", at(id)));

/** Ask the staff for a change of a published event. */
export const requestEdit = (id: string, body: Schemas["OrganizerEditRequestIn"]): Promise<Schemas["OrganizerEditRequestOut"]> =>
  deed(`edit:${id}:${JSON.stringify(body)}`, (header) =>
    answerOf(api.POST("/api/organizer/events/{event_id}/edit-request/", { params: { path: { event_id: id }, header }, body })),
  );

export interface KnownVenue {
  id: string;
  label: string;
}

/** Return the venues that the organizer's own and the public events name: the API has no list of venues for organizers. */
export async function knownVenues(whole: Whole): Promise<readonly KnownVenue[]> {
  const page = (cursor: string | undefined) => ({ params: { query: { page_size: 100, cursor } } });
  const [own, open] = await Promise.all([
    whole((cursor) => answerOf(api.GET("/api/organizer/events/", page(cursor)))),
    whole((cursor) => answerOf(connect(null).GET("/api/v1/public/events/", page(cursor)))),
  ]);
  const found = new Map<string, string>();
  for (const { venue } of [...own, ...open])
    if (venue?.id) found.set(venue.id, [venue.name, venue.city].filter(Boolean).join(", "));
  return [...found].map(([id, label]) => ({ id, label })).sort((a, b) => a.label.localeCompare(b.label));
}
