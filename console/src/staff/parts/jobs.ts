// The long works that this account began here: a job is shown to whoever began it, and has no list at the platform.
import { now } from "../../ui/now.ts";

import { myself } from "./api.ts";

export interface KeptJob {
  id: string;
  what: string;
  at: string;
}

const MOST = 50;
const keyOf = (): string => `gatehouse.staff.jobs.${myself()}`;

/** Return the jobs that are kept, the newest first. */
export function keptJobs(): readonly KeptJob[] {
  try {
    return JSON.parse(localStorage.getItem(keyOf()) ?? "[]") as KeptJob[];
  } catch {
    return [];
  }
}

/** Keep a job that was begun; the same one is kept once. */
export function keepJob(id: string, what: string): void {
  const others = keptJobs().filter((each) => each.id !== id);
  store([{ id, what, at: new Date(now()).toISOString() }, ...others].slice(0, MOST));
}

/** Forget a job here; at the platform it goes on. */
export function forgetJob(id: string): void {
  store(keptJobs().filter((each) => each.id !== id));
}

function store(jobs: readonly KeptJob[]): void {
  try {
    localStorage.setItem(keyOf(), JSON.stringify(jobs));
  } catch {
    // A browser that keeps nothing.
  }
}
