// The API with the types of its own document: `schema.ts` is generated from it and is not kept.
import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];

/** The access token of one principal; null before its log-in. */
export interface Session {
  access: string | null;
}

/** A refusal of the platform, or a fault: `code` is for programs, `message` for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function connect(baseUrl: string): { api: Client<paths, "application/json">; session: Session } {
  const session: Session = { access: null };
  const api = createClient<paths, "application/json">({ baseUrl });
  api.use({
    onRequest({ request }) {
      if (session.access !== null) request.headers.set("Authorization", `Bearer ${session.access}`);
    },
  });
  return { api, session };
}

/** Return what a call answers, or throw the refusal. */
export async function answerOf<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (data === undefined) throw refusalOf(response.status, error);
  return data;
}

function refusalOf(status: number, body: unknown): Refused {
  const { error } = body as Schemas["ErrorOut"] | Schemas["TixErrorOut"];
  if (typeof error === "string") return new Refused(status, (body as Schemas["TixErrorOut"]).code, error);
  return new Refused(status, error.code, error.message);
}
