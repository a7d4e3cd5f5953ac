// A student's submission as it grows. All of it is kept in IndexedDB, so that a reload, a lost network or an expired
// session costs nothing; what was collected is sent as soon as the network is there.
import { signal } from "@preact/signals";
import { openDB, type IDBPDatabase } from "idb";

import { answerOf, deed, Refused, Unreachable, type Schemas } from "../../ui/api/client.ts";
import { api, me, sendForm } from "../api.ts";

export type Side = "front" | "back";
export type Step = "code" | "position" | "photos" | "signature" | "send" | "done";
/** `sentFor` is the verification that the piece was sent for: after another one it is sent again. */
interface Piece {
  sentFor: string | null;
}
export interface Position extends Piece {
  latitude: number;
  longitude: number;
  accuracy: number;
  checked: Schemas["CampusLocationOut"] | null;
}
export interface Photo extends Piece {
  blob: Blob;
}
export interface Signature extends Piece {
  data: string;
}
export type Strokes = readonly (readonly (readonly [x: number, y: number])[])[];
export interface Result {
  attendanceId: string;
  at: number;
  /** Null where the platform had the submission before. */
  answer: Schemas["CampusSubmittedOut"] | null;
}
export interface Flow {
  step: Step;
  startedAt: number;
  event: Schemas["CampusVerifiedEventOut"] | null;
  rules: Schemas["CampusEventOut"] | null;
  submissionId: string | null;
  /** Names one verification of a code. */
  verification: string | null;
  position: Position | null;
  front: Photo | null;
  back: Photo | null;
  strokes: Strokes;
  typed: string;
  signature: Signature | null;
  /** Whether the student has pressed the last button: it goes on when the network is back. */
  wanted: boolean;
  result: Result | null;
}

const EMPTY: Flow = {
  step: "code",
  startedAt: 0,
  event: null,
  rules: null,
  submissionId: null,
  verification: null,
  position: null,
  front: null,
  back: null,
  strokes: [],
  typed: "",
  signature: null,
  wanted: false,
  result: null,
};
const KEPT_FOR = 24 * 3600 * 1000;
// What came of a submission is shown again so long after it: later the page is opened for the next event.
const SHOWN_FOR = 10 * 60_000;
const STORE = "flows";
// A form of the platform takes 4.4 MB; what is larger goes to the bucket.
const LARGEST_FORM = 4_000_000;

/** The submission in progress; null until it was read from the store. */
export const flow = signal<Flow | null>(null);
/** Why the last sending failed; the pieces are kept and sent again. */
export const trouble = signal<unknown>(null);
/** Why the student is at the step of the code again. */
export const returned = signal<string>("");
export const sending = signal(false);

let opened: Promise<IDBPDatabase | null> | null = null;
const store = (): Promise<IDBPDatabase | null> => (opened ??= open().catch(() => null));

async function open(): Promise<IDBPDatabase> {
  const database = await openDB("gatehouse.campus", 1, { upgrade: (made) => void made.createObjectStore(STORE) });
  // Whose session ended by itself did not log out: their photos do not stay on a shared device either.
  for (let at = await database.transaction(STORE, "readwrite").store.openCursor(); at; at = await at.continue()) {
    if (Date.now() - (at.value as Flow).startedAt >= KEPT_FOR) await at.delete();
  }
  return database;
}
let owner = "";
let writes: Promise<unknown> = Promise.resolve();

/** Read the submission of the person who is logged in. One that has ended gives way to another event. */
export async function restore(asked?: string): Promise<void> {
  const { id } = me();
  if (owner !== id || flow.peek() === null) {
    owner = id;
    const kept = (await (await store())?.get(STORE, id).catch(() => undefined)) as Flow | undefined;
    flow.value = kept && Date.now() - kept.startedAt < KEPT_FOR ? { ...EMPTY, ...kept } : { ...EMPTY, startedAt: Date.now() };
  }
  const now = flow.peek();
  if (now?.step !== "done") return;
  const isOther = asked !== undefined && now.event?.id !== asked;
  if (isOther || Date.now() - (now.result?.at ?? 0) > SHOWN_FOR) await forget();
}

/** Change the submission, here and in the store. */
export function change(to: Partial<Flow>): void {
  const next = { ...(flow.peek() ?? EMPTY), ...to };
  flow.value = next;
  const id = owner;
  writes = writes.then(async () => (await store())?.put(STORE, next, id)).catch(() => undefined); // kept in memory alone
}

/** Forget the submission, for example at log-out: its photos do not stay on a shared device. */
export async function forget(): Promise<void> {
  flow.value = { ...EMPTY, startedAt: Date.now() };
  trouble.value = null;
  returned.value = "";
  const id = me().id;
  writes = writes.then(async () => (await store())?.delete(STORE, id)).catch(() => undefined);
  await writes;
}

/** Return the steps that an event asks for. */
export function stepsOf(rules: Flow["rules"]): readonly Step[] {
  const asked: Step[] = ["code"];
  if (rules?.require_location ?? true) asked.push("position");
  if (rules?.require_photos) asked.push("photos");
  if (rules?.require_signature) asked.push("signature");
  return [...asked, "send"];
}

/** Go to the step behind this one, past those that are complete. */
export function goOn(): void {
  const now = flow.peek();
  if (now === null) return;
  const steps = stepsOf(now.rules);
  change({ step: steps[steps.indexOf(now.step) + 1] ?? "send" });
  void sendPieces().catch(() => undefined); // `trouble` has it
}

/** Return the key of this device: random, made once; three people with one device are looked at. */
export function deviceKey(): string {
  const name = "gatehouse.device";
  try {
    const kept = localStorage.getItem(name) ?? crypto.randomUUID();
    localStorage.setItem(name, kept);
    return kept;
  } catch {
    return crypto.randomUUID();
  }
}

/** Verify a code. What was collected before stays and belongs to the new verification. Raises Refused, Unreachable. */
export async function verify(code: { qr_token: string } | { code: string; event_id: string }): Promise<void> {
  const found = await answerOf(api.POST("/api/campus/attendance/verify-qr/", { body: { ...code, device_key: deviceKey() } }));
  const isOther = flow.peek()?.event?.id !== found.event.id;
  if (isOther) change({ ...EMPTY, startedAt: Date.now() });
  change({ event: found.event, submissionId: found.submission_id, verification: crypto.randomUUID() });
  returned.value = "";
  settle(); // of a fresh event the view reads first what it asks for
}

/** Read what the event of a verified code asks for, and go to the first step that is missing. Raises Unreachable. */
export async function readRules(): Promise<void> {
  const event = flow.peek()?.event;
  if (!event) return;
  const rules = await answerOf(api.GET("/api/campus/events/{event_id}/", { params: { path: { event_id: event.id } } }));
  change({ rules });
  settle();
}

/** Leave the step of the code, where it is complete. */
function settle(): void {
  const now = flow.peek();
  if (now?.step !== "code" || now.rules === null) return;
  change({ step: firstMissing(now) });
  if (now.wanted) void submit().catch(() => undefined);
}

function firstMissing(now: Flow): Step {
  const has: Readonly<Record<Step, boolean>> = {
    code: true,
    position: now.position !== null,
    photos: now.front !== null && now.back !== null,
    signature: now.signature !== null,
    send: false,
    done: false,
  };
  return now.wanted ? "send" : (stepsOf(now.rules).find((step) => !has[step]) ?? "send");
}

async function sendPhoto(side: Side, submissionId: string, photo: Photo): Promise<void> {
  const path = `/api/campus/attendance/upload-${side}-photo/`;
  const form = new FormData();
  if (photo.blob.size <= LARGEST_FORM) {
    form.set("submission_id", submissionId);
    form.set("photo", photo.blob, `${side}.jpg`);
    await sendForm(path, form);
    return;
  }
  const ask = (body: { content_type: string } | { uploaded: string }): Promise<Schemas["CampusEvidencePhotoOut"]> =>
    side === "front"
      ? answerOf(api.POST("/api/campus/attendance/upload-front-photo/", { body: { submission_id: submissionId, ...body } }))
      : answerOf(api.POST("/api/campus/attendance/upload-back-photo/", { body: { submission_id: submissionId, ...body } }));
  const { upload } = await ask({ content_type: photo.blob.type });
  if (upload === null) return;
  for (const [name, value] of Object.entries(upload.fields)) form.set(name, value);
  form.set("file", photo.blob);
  const taken = await fetch(upload.url, { method: "POST", body: form }).catch((cause: unknown) => {
    throw new Unreachable("The photo could not be uploaded.", { cause });
  });
  if (!taken.ok) throw new Refused(taken.status, "UPLOAD_REFUSED", "The photo was not taken. Take it again, or choose a smaller one.");
  await ask({ uploaded: upload.key });
}

let chain: Promise<void> = Promise.resolve();

/** Send what was collected and not yet sent for this verification. Raises Refused, Unreachable. */
export function sendPieces(): Promise<void> {
  const run = chain.then(sendAll);
  chain = run.catch(() => undefined);
  return run.then(
    () => void (trouble.value = null),
    (problem: unknown) => {
      trouble.value = problem;
      throw problem;
    },
  );
}

async function sendAll(): Promise<void> {
  const now = flow.peek();
  if (!now?.submissionId || !now.verification || now.step === "done") return;
  const { submissionId, verification } = now;
  const isOpen = (piece: Piece | null): boolean => piece !== null && piece.sentFor !== verification;
  if (now.position && isOpen(now.position)) {
    const { latitude, longitude, accuracy } = now.position;
    const body = { submission_id: submissionId, latitude, longitude, accuracy };
    const checked = await answerOf(api.POST("/api/campus/attendance/verify-location/", { body }));
    mark("position", now.position, { checked, sentFor: verification });
  }
  for (const side of ["front", "back"] as const) {
    const photo = now[side];
    if (photo === null || !isOpen(photo)) continue;
    await taken(side, sendPhoto(side, submissionId, photo));
    mark(side, photo, { sentFor: verification });
  }
  if (now.signature && isOpen(now.signature)) {
    const body = { submission_id: submissionId, signature: now.signature.data };
    await taken("signature", answerOf(api.POST("/api/campus/attendance/capture-signature/", { body })));
    mark("signature", now.signature, { sentFor: verification });
  }
}

/**
 * Wait for the sending of a piece. One that is refused for what it is, such as another kind of picture, is given up: it
 * can be made again, and does not keep the student from submitting. One that the record has already counts as sent.
 */
async function taken(name: Side | "signature", sent: Promise<unknown>): Promise<void> {
  const piece = flow.peek()?.[name];
  try {
    await sent;
  } catch (problem) {
    if (!(problem instanceof Refused) || isOfCode(problem)) throw problem;
    if (problem.status === 409) return;
    if ([400, 413, 415].includes(problem.status) && flow.peek()?.[name] === piece) change({ [name]: null });
    throw problem;
  }
}

/** Whether a refusal is mended by another reading of the code: it is no code of the event, or it has expired. */
function isOfCode({ code, details }: Refused): boolean {
  return code === "QR_REQUIRED" || code === "INVALID_QR" || details.some(({ field }) => field === "submission_id");
}

/** Note that a piece was sent, unless another has taken its place meanwhile. */
function mark<K extends "position" | Side | "signature">(name: K, sent: NonNullable<Flow[K]>, facts: Partial<NonNullable<Flow[K]>>): void {
  if (flow.peek()?.[name] === sent) change({ [name]: { ...sent, ...facts } });
}

/** Send the submission. A refusal that another code mends leads back to the code, with everything kept. */
export async function submit(): Promise<void> {
  if (sending.peek()) return;
  sending.value = true;
  change({ wanted: true });
  try {
    await sendPieces();
    const now = flow.peek();
    if (!now?.event || !now.submissionId) return;
    const { latitude, longitude, accuracy } = now.position ?? {};
    const body = { event_id: now.event.id, submission_id: now.submissionId, latitude, longitude, accuracy, device_key: deviceKey() };
    const answer = await deed(`attend:${now.submissionId}:${now.verification}`, (header) => answerOf(api.POST("/api/campus/attendance/submit/", { params: { header }, body })));
    finish({ attendanceId: answer.attendance_id, answer });
  } catch (problem) {
    if (!handled(problem)) {
      trouble.value = problem;
      throw problem;
    }
  } finally {
    sending.value = false;
  }
}

function finish(result: Omit<Result, "at">): void {
  change({ step: "done", wanted: false, result: { ...result, at: Date.now() }, front: null, back: null, signature: null, strokes: [], position: null });
  trouble.value = null;
}

function handled(problem: unknown): boolean {
  if (!(problem instanceof Refused)) return false;
  const body = (typeof problem.body === "object" && problem.body !== null ? problem.body : {}) as Record<string, unknown>;
  if (body.duplicate && typeof body.attendance_id === "string") {
    finish({ attendanceId: body.attendance_id, answer: null });
    return true;
  }
  if (isOfCode(problem) || (problem.status === 404 && flow.peek()?.step !== "code")) {
    returned.value = "expired";
    trouble.value = null;
    change({ step: "code" });
    return true;
  }
  return false;
}
