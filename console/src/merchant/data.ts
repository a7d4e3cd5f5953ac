// What the merchant's views read and write, as the API has it.
import { answerOf, connect, leave, Refused, refusedAt, type Schemas } from "../ui/api/client.ts";
import { keep, latest } from "../ui/api/session.ts";
import type { Amount } from "../ui/format.tsx";

export type CardRow = Schemas["MerchantCardOut"];
export type CardStatus = CardRow["status"];
export type Recipient = Schemas["MerchantRecipientOut"];
export type Assignment = Schemas["MerchantAssignmentOut"];
export type HandedOver = Schemas["MerchantHandedOverOut"];

export const PORTAL = "merchant" as const;
export const api = connect(PORTAL);
export const CARD_STATUSES = ["stock", "held", "active", "blocked", "lost", "replaced"] as const satisfies readonly CardStatus[];

/** Which colour a card's state has; its word says the same. */
export const TONES: Readonly<Record<CardStatus, string>> = { stock: "", held: "warn", active: "good", blocked: "bad", lost: "bad", replaced: "bad" };

function kept(shop: Schemas["MerchantShopOut"]): { id: string; name: string; card_fee: Amount } {
  return { id: shop.id, name: shop.name, card_fee: shop.card_fee };
}

/** Begin a log-in: the password is checked, and a code is sent. */
export const beginLogIn = (mobile_number: string, password: string): Promise<Schemas["ChallengeOut"]> =>
  answerOf(connect(null).POST("/api/merchant/login/", { body: { mobile_number, password } }));

/** Complete a log-in, and keep its session with the price of a card. */
export async function finishLogIn(challenge_id: string, otp: string): Promise<void> {
  const { access, refresh, merchant } = await answerOf(connect(null).POST("/api/merchant/verify-otp/", { body: { challenge_id, otp } }));
  keep(PORTAL, { access, refresh, who: kept(merchant) });
}

/** Look a customer up. What is refused is the number, which is a part of the address and of no body. */
export async function lookUp(mobile: string): Promise<Recipient> {
  if (!mobile.trim()) throw refusedAt("mobile_number", () => "must not be empty");
  try {
    return await answerOf(api.GET("/api/merchant/verify-customer/{mobile}/", { params: { path: { mobile } } }));
  } catch (error) {
    const message = error instanceof Refused ? error.details.find(({ field }) => field === "mobile")?.message : undefined;
    throw message === undefined ? error : refusedAt("mobile_number", () => message);
  }
}

export const logOut = (): Promise<void> => leave(PORTAL, () => api.POST("/api/merchant/logout/"));

/** The price of a card, as the log-in said it; the platform's answer to a hand-over is the one that counts. */
export function cardFee(): Amount | null {
  return (latest(PORTAL)?.who.card_fee as Amount | undefined) ?? null;
}
