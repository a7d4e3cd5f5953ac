// Stripe's own form for cards. Its script comes from Stripe, only when a payment is open there.
import { scheme } from "../ui/scheme.ts";

const SCRIPT = "https://js.stripe.com/v3/";

interface Result {
  error?: { message?: string; type?: string };
}
interface CardElement {
  mount(place: HTMLElement): void;
  destroy(): void;
  on(event: "ready" | "change", take: (change: { complete: boolean; error?: { message: string } }) => void): void;
}
interface Stripe {
  elements(options?: object): { create(type: "card", options?: object): CardElement };
  confirmCardPayment(secret: string, data: { payment_method: { card: CardElement } }): Promise<Result>;
  handleNextAction?(options: { clientSecret: string }): Promise<Result>;
  handleCardAction?(secret: string): Promise<Result>;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string };
}

/** A card that is typed into Stripe's form: this page never sees its number. */
export interface CardForm {
  /** Confirm a payment with the typed card; Stripe shows what the bank asks. Return why it was refused, else null. */
  pay(secret: string): Promise<string | null>;
  end(): void;
}

const places = globalThis as unknown as { Stripe?: (key: string) => Stripe; trustedTypes?: TrustedTypes };
let loading: Promise<(key: string) => Stripe> | undefined;

function isStripes(address: string): boolean {
  try {
    const { protocol, hostname } = new URL(address);
    return protocol === "https:" && (hostname === "js.stripe.com" || hostname.endsWith(".js.stripe.com"));
  } catch {
    return false;
  }
}

function script(): Promise<(key: string) => Stripe> {
  const createScriptURL = (address: string): string => {
    if (!isStripes(address)) throw new TypeError("Only scripts of Stripe are loaded here.");
    return address;
  };
  const policy = places.trustedTypes?.createPolicy("gatehouse", { createScriptURL });
  // Stripe's script adds scripts of its own, without a policy of theirs.
  places.trustedTypes?.createPolicy("default", { createScriptURL });
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = policy?.createScriptURL(SCRIPT) ?? SCRIPT;
    element.onload = () => (places.Stripe ? resolve(places.Stripe) : reject(new Error("Stripe's script is empty.")));
    element.onerror = () => reject(new Error("Stripe's form cannot be loaded."));
    document.head.append(element);
  });
}

async function stripe(key: string): Promise<Stripe> {
  loading ??= places.Stripe ? Promise.resolve(places.Stripe) : script();
  try {
    return (await loading)(key);
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** Show the form for a card in `place`. Raises Error where Stripe's script cannot be loaded. */
export async function cardForm(key: string, place: HTMLElement, changed: (complete: boolean) => void): Promise<CardForm> {
  const client = await stripe(key);
  const dark = scheme.value === "dark" || (scheme.value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const base = { fontSize: "17px", color: dark ? "#e6ece8" : "#16211b", "::placeholder": { color: dark ? "#a3b1aa" : "#52605a" } };
  const card = client.elements().create("card", { style: { base }, hidePostalCode: true });
  card.on("change", ({ complete }) => changed(complete));
  card.mount(place);
  return {
    async pay(secret) {
      const { error } = await client.confirmCardPayment(secret, { payment_method: { card } });
      return error ? (error.message ?? "declined") : null;
    },
    end: () => card.destroy(),
  };
}

/** Do at the bank what a payment waits for, such as 3-D Secure. Return why it was refused, else null. */
export async function act(key: string, secret: string): Promise<string | null> {
  const client = await stripe(key);
  const { error } = client.handleNextAction ? await client.handleNextAction({ clientSecret: secret }) : ((await client.handleCardAction?.(secret)) ?? {});
  return error ? (error.message ?? "declined") : null;
}
