// Addresses within one page: links of it change the view without a reload.
import { signal } from "@preact/signals";

/** The path and query that are shown. */
export const path = signal(location.pathname);
export const query = signal(new URLSearchParams(location.search));

function read(): void {
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
}

/** Show another address of this page; a path of another page is loaded. */
export function go(to: string, { replace = false } = {}): void {
  const url = new URL(to, location.href);
  if (url.origin !== location.origin || !ownSegments.has(segmentOf(url.pathname))) {
    location.assign(url);
    return;
  }
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  read();
  scrollTo(0, 0);
}

const segmentOf = (name: string): string => name.split("/")[1] ?? "";
let ownSegments = new Set([segmentOf(location.pathname)]);
/** The address of the page's first view. */
export const root = signal("/");

/** Name the first segments that this page answers, and follow its links. */
export function route(segments: readonly string[]): void {
  ownSegments = new Set(segments);
  root.value = `/${segments[0] ?? ""}`;
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !ownSegments.has(segmentOf(url.pathname))) return;
    if (url.pathname === location.pathname && url.hash) return; // a place on this view
    event.preventDefault();
    go(url.href);
  });
}

/** Return the variables of a pattern such as `/e/:id` where the path fits it, else null. Read within a view. */
export function match(pattern: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.value.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [place, part] of wanted.entries()) {
    const value = given[place] ?? "";
    if (part.startsWith(":")) {
      try {
        found[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (part !== value) return null;
  }
  return found;
}
