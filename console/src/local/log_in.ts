// Log in as an account of the demo data: by the portal's own door, with the code that it really sends.
import { answerOf, connect } from "../ui/api/client.ts";
import { keep, type Session } from "../ui/api/session.ts";

import { codeIn, sentTo, type Account } from "./desk.ts";

const LOOK_MS = 250;
const PATIENCE_MS = 30_000;
const open = connect(null);

interface Pair {
  access: string;
  refresh?: string | null;
}

/** Where a portal's page is. */
export const PAGES: Readonly<Record<Account["portal"], string>> = {
  webapp: "/",
  organizer: "/organizer",
  merchant: "/merchant",
  usher: "/gate",
  admin: "/staff",
  tix: "/tix",
  campus: "/campus",
};

/** Log in, and keep the session as the portal's page keeps its own. Raises Refused and Unreachable. */
export async function logInAs(account: Account): Promise<void> {
  keep(account.portal, await DOORS[account.portal](account));
}

const DOORS: Readonly<Record<Account["portal"], (account: Account) => Promise<Session>>> = {
  async webapp({ name, password }) {
    const { challenge, otp } = await byCode(name, () => answerOf(open.POST("/api/v1/users/login/", { body: { mobile_number: name, password } })));
    const said = await answerOf(open.POST("/api/v1/users/verify-login-otp/", { body: { challenge_id: challenge, otp } }));
    const { id, name: own, mobile_number } = said.customer;
    return kept(said, { id, name: own, mobile_number });
  },
  async organizer({ name, password }) {
    const { challenge, otp } = await byCode(name, () => answerOf(open.POST("/api/organizer/login/", { body: { contact_mobile: name, password } })));
    const said = await answerOf(open.POST("/api/organizer/verify-otp/", { body: { challenge_id: challenge, otp } }));
    return kept(said, { ...said.organizer });
  },
  async merchant({ name, password }) {
    const { challenge, otp } = await byCode(name, () => answerOf(open.POST("/api/merchant/login/", { body: { mobile_number: name, password } })));
    const said = await answerOf(open.POST("/api/merchant/verify-otp/", { body: { challenge_id: challenge, otp } }));
    return kept(said, { ...said.merchant });
  },
  async usher({ name, password, event_id = "" }) {
    const said = await answerOf(open.POST("/api/usher/login/", { body: { event_id, username: name, password } }));
    return kept(said, { ...said.usher, username: name, event_id: said.event.id });
  },
  async admin({ name, password }) {
    const said = await answerOf(open.POST("/api/auth/login/", { body: { email: name, password } }));
    return kept(said, { ...said.admin });
  },
  async tix({ name, password }) {
    const said = await answerOf(open.POST("/api/tix/auth/login", { body: { email: name, password } }));
    return kept({ access: said.token }, { ...said.user, name: said.user.email });
  },
  async campus({ name, password }) {
    const said = await answerOf(open.POST("/api/campus/auth/login/", { body: { username: name, password } }));
    return kept(said, { id: said.user.id, name: said.user.username, role: said.user.role });
  },
};

const kept = ({ access, refresh }: Pair, who: Session["who"]): Session => ({ access, ...(refresh ? { refresh } : {}), who });

/** Begin a log-in, and wait for the code that it sends. */
async function byCode(to: string, begin: () => Promise<{ challenge_id: string }>): Promise<{ challenge: string; otp: string }> {
  const before = (await sentTo(to)).length;
  const { challenge_id: challenge } = await begin();
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const messages = await sentTo(to);
    const fresh = messages.slice(0, Math.max(0, messages.length - before));
    const otp = fresh.map(({ body }) => codeIn(body)).find((code) => code !== null);
    if (otp) return { challenge, otp };
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`no code was sent to ${to}`);
}
