// Hand-overs of this device: a hold lives ten minutes on the platform, and its view survives a reload or a closed tab.
import { signal } from "@preact/signals";

import { session } from "../ui/api/session.ts";
import { now } from "../ui/now.ts";

import { PORTAL, type Assignment, type HandedOver } from "./data.ts";

export interface HandOver {
  assignment: Assignment;
  number: string;
  customer: string;
  /** What the platform answered to the right code. */
  done: HandedOver | null;
}

const MOST = 20;
const keyOf = (): string => `gatehouse.merchant.handed.${session(PORTAL).peek()?.who.id ?? ""}`;

function read(): readonly HandOver[] {
  try {
    return JSON.parse(localStorage.getItem(keyOf()) ?? "[]") as HandOver[];
  } catch {
    return [];
  }
}

/** The newest hand-overs, also those of other tabs. */
export const handed = signal<readonly HandOver[]>([]);

export function load(): void {
  handed.value = read();
}

addEventListener("storage", (event) => {
  if (event.key === keyOf()) load();
});

/** Keep a hand-over in place of what was known of it. */
export function remember(one: HandOver): void {
  const others = read().filter(({ assignment }) => assignment.assignment_id !== one.assignment.assignment_id);
  handed.value = [one, ...others].slice(0, MOST);
  try {
    localStorage.setItem(keyOf(), JSON.stringify(handed.value));
  } catch {
    // known until this page is closed
  }
}

export const find = (id: string): HandOver | undefined => handed.value.find(({ assignment }) => assignment.assignment_id === id);

export const isOpen = ({ assignment, done }: HandOver): boolean => done === null && Date.parse(assignment.expires_at) > now();
