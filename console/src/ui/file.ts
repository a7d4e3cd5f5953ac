// Files of the API: a link cannot send a token, so the answer is fetched and then saved by the browser.
import { authorized, refusalOf, Unreachable } from "./api/client.ts";
import type { Portal } from "./api/session.ts";

/** What a route of a file answers: the file, or the job that writes it. */
export type FileOrJob = { file: Blob; name: string } | { jobId: string };

/** Read a file of the API as a portal's principal. Raises Refused and Unreachable. */
export async function fileOf(portal: Portal, path: string): Promise<FileOrJob> {
  const response = await authorized(portal, new Request(path));
  if (!response.ok) throw refusalOf(response, await response.json().catch(() => null));
  if (response.status === 202) return { jobId: ((await response.json()) as { job_id: string }).job_id };
  const file = await response.blob().catch((cause: unknown) => {
    throw new Unreachable("The file did not arrive whole.", { cause });
  });
  return { file, name: nameOf(response, path) };
}

function nameOf(response: Response, path: string): string {
  const said = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "");
  return said?.[1] ?? path.split("?")[0]?.split("/").filter(Boolean).at(-1) ?? "file";
}

/** Hand a file to the browser, which saves it under its name. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}
