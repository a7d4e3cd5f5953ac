// The colour scheme: the system's, or one that was chosen here.
import { signal } from "@preact/signals";

export type Scheme = "auto" | "light" | "dark";
const KEPT = "gatehouse.scheme";

export const scheme = signal<Scheme>("auto");

function show(): void {
  if (scheme.value === "auto") delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = scheme.value;
}

/** Apply the scheme that was chosen on an earlier visit. */
export function applyScheme(): void {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept === "light" || kept === "dark") scheme.value = kept;
  } catch {
    // no storage: the system's
  }
  show();
}

/** Choose a scheme, at once and for later visits. */
export function choose(next: Scheme): void {
  scheme.value = next;
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // kept for this page alone
  }
  show();
}
