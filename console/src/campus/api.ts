// Campus' part of the API: the names of its bodies, its session, and answers that are files.
import { answerOf, authorized, connect, leave, refusalOf, type Schemas } from "../ui/api/client.ts";
import { keep, session } from "../ui/api/session.ts";

export type CampusEvent = Schemas["CampusEventOut"];
export type AttendanceRecord = Schemas["CampusRecordOut"];
export type Missing = Schemas["CampusMissingOut"];
export type Profile = Schemas["CampusProfileOut"];
export type Role = Schemas["CampusRole"];

export const api = connect("campus");

/** Return who is logged in; the views that call it are shown to nobody else. */
export function me(): { id: string; name: string; role: Role } {
  const who = session("campus").value?.who;
  return { id: who?.id ?? "", name: who?.name ?? "", role: (who?.role ?? "student") as Role };
}

export const isStaff = (role: Role): boolean => role !== "student";
/** Hr and admins see the people and the figures of all campuses. */
export const isOffice = (role: Role): boolean => role === "hr" || role === "admin";

/** Keep the tokens of a log-in, and read the name that the page's head shows. */
export async function begin(tokens: { access: string; refresh: string }, user: { id: string; username: string; role: Role }): Promise<void> {
  keep("campus", { access: tokens.access, refresh: tokens.refresh, who: { id: user.id, name: user.username, role: user.role } });
  await readProfile().catch(() => undefined); // the name can wait
}

/** Read the own profile, and keep its name and role: staff may have changed them. */
export async function readProfile(): Promise<Profile> {
  const profile = await answerOf(api.GET("/api/campus/auth/profile/"));
  const now = session("campus").peek();
  const name = fullName(profile);
  if (now && (now.who.name !== name || now.who.role !== profile.role)) {
    keep("campus", { ...now, who: { id: profile.id, name, role: profile.role } });
  }
  return profile;
}

export const fullName = ({ first_name: first, last_name: last }: { first_name: string; last_name: string }): string => `${first} ${last}`.trim();

/** End the session here and at the platform. */
export async function logOut(): Promise<void> {
  try {
    const { forget } = await import("./attend/flow.ts");
    await forget();
  } catch {
    // Without a network the script may not be there: what was collected is forgotten a day after it was begun.
  }
  await leave("campus", () => api.POST("/api/campus/auth/logout/"));
}

/** Send a form with a file. Raises Refused. */
export async function sendForm<T>(path: string, form: FormData, method = "POST"): Promise<T> {
  const response = await authorized("campus", new Request(path, { method, body: form }));
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refusalOf(response, body);
  return body as T;
}

export interface Delivered {
  /** The file; null where the answer is a job that makes it. */
  file: Blob | null;
  name: string;
  reportId: string | null;
  sha256: string | null;
  job: Schemas["CampusStartedReportOut"] | null;
}

/** Ask for a document with the session's token: its file, or the job that makes it. Raises Refused. */
export async function deliver(path: string, query: Readonly<Record<string, string>>): Promise<Delivered> {
  const filters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
  const response = await authorized("campus", new Request(`${path}?${filters}`));
  if (!response.ok) throw refusalOf(response, await response.json().catch(() => null));
  const head = (name: string): string | null => response.headers.get(name);
  const delivered: Delivered = { file: null, name: "report", reportId: head("X-Report-Id"), sha256: head("X-Report-Sha256"), job: null };
  if (response.status === 202) return { ...delivered, job: (await response.json()) as Schemas["CampusStartedReportOut"] };
  const file = await response.blob();
  if (response.headers.get("Content-Type")?.startsWith("application/json")) {
    const report = JSON.parse(await file.text()) as Schemas["CampusReportOut"];
    return { ...delivered, file, name: `report-${report.report_id}.json`, reportId: report.report_id, sha256: report.sha256 };
  }
  return { ...delivered, file, name: /filename="?([^";]+)/.exec(head("Content-Disposition") ?? "")?.[1] ?? "report" };
}
