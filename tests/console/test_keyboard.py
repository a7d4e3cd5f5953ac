"""The keyboard alone: every control of every page is reached by Tab, shows that it has the focus, and is left again.

A page of `console/pages.json` that has no view here fails, so a new page cannot be forgotten.
"""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chalicelib.schemas.examples import demo
from infra import pages
from infra.local.demo import demo_passwords
from tests.console.browsers import Opener
from tests.console.site import Site

# Views of each page as its demo account sees them, beside the first one that everybody sees.
VIEWS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "shop": ("webapp", ("/", f"/e/{demo.EVENT_ID}", "/tickets", "/cards", "/account/family")),
    "gate": (None, ("/gate",)),
    "board": ("usher", (f"/board/{demo.EVENT_ID}",)),
    "organizer": (
        "organizer",
        ("/organizer", f"/organizer/e/{demo.PAST_EVENT_ID}", "/organizer/draft/new/when", "/organizer/account"),
    ),
    "merchant": ("merchant", ("/merchant", "/merchant/stock", "/merchant/account")),
    "staff": (
        "admin",
        (
            "/staff",
            f"/staff/events/{demo.EVENT_ID}",
            "/staff/finances/payouts",
            "/staff/finances/expenses",
            "/staff/devices",
            "/staff/jobs",
        ),
    ),
    "tix": ("tix", ("/tix", "/tix/tickets", "/tix/scan", "/tix/members", "/tix/settings")),
    "campus": ("campus", ("/campus", "/campus/events/new", "/campus/events/many")),
    "local": (None, ("/_local/", "/_local/?view=gates", "/_local/?view=usage", "/_local/?view=upkeep")),
}
# Pages whose views here have dialogs, and how many of a view are opened.
WITH_DIALOGS, _DIALOGS = {"shop", "staff"}, 3
# More presses than controls: a field of a date and a time has stops of its own.
_IN_A_DATE, _MORE = 6, 6

# Marks each control that gets the focus, and notes what is wrong with it then.
_WATCH = """() => {
  window.walk = { reached: new WeakSet(), wrong: [] };
  const name = (each) => `${each.tagName.toLowerCase()} ${each.getAttribute("name") ?? ""} ` +
    `${(each.getAttribute("aria-label") ?? each.textContent ?? "").trim().slice(0, 50)}`;
  window.walk.name = name;
  addEventListener("focusin", ({ target }) => {
    if (window.walk.reached.has(target)) return;
    window.walk.reached.add(target);
    const style = getComputedStyle(target);
    const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    if (!isSeen) window.walk.wrong.push(`unseen: ${name(target)}`);
    const box = target.getBoundingClientRect();
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    if (right - left < 1 || bottom - top < 1) {
      window.walk.wrong.push(`outside: ${name(target)}`);
      return;
    }
    const parts = [0.5, 0.1, 0.9];
    const at = ([x, y]) => document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
    const isOwn = (there) => target.contains(there) || there.contains(target) ||
      [...(target.labels ?? [])].some((one) => one.contains(there));
    const clear = parts.flatMap((x) => parts.map((y) => at([x, y]))).some((there) => there !== null && isOwn(there));
    if (!clear) window.walk.wrong.push(`covered: ${name(target)}`);
  }, true);
}"""

_CONTROLS = """(root) => {
  const all = [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  const seen = new Set();
  return all.filter((each) => {
    if (each.tabIndex < 0 || each.disabled || each.matches("[type=hidden]")) return false;
    const isShown = each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
    if (!isShown || each.closest("[inert]")) return false;
    if (each.matches("input[type=radio]")) {
      // The buttons of a group are one stop.
      const group = `${each.form?.outerHTML.length}/${each.name}`;
      if (seen.has(group)) return false;
      seen.add(group);
    }
    return true;
  });
}"""
_COUNT = f"(root) => ({_CONTROLS})(root).length"
_MISSED = f"""() => ({_CONTROLS})(document).filter((each) => {{
  if (each.matches("input[type=radio]"))
    return ![...document.getElementsByName(each.name)].some((one) => window.walk.reached.has(one));
  return !window.walk.reached.has(each);
}}).map((each) => `missed: ${{window.walk.name(each)}}`)"""

OPENERS = "main [aria-haspopup=dialog]:visible:enabled"


def settled(page: Page) -> None:
    """Wait until a view shows what it has read."""
    page.locator("h1").first.wait_for()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("Loading…", exact=True)).to_have_count(0)


def walk(page: Page) -> list[str]:
    """Tab through a view from its beginning; return what is wrong with it."""
    page.evaluate("() => { document.activeElement?.blur(); getSelection()?.removeAllRanges(); scrollTo(0, 0); }")
    page.evaluate(_WATCH)
    count = page.locator("body").evaluate(_COUNT)
    for _ in range(count + _IN_A_DATE * page.locator("input[type=date], input[type=datetime-local]").count() + _MORE):
        page.keyboard.press("Tab")
    wrong: list[str] = page.evaluate("() => window.walk.wrong")
    missed: list[str] = page.evaluate(_MISSED)
    return [f"{page.url}: {each}" for each in [*wrong, *missed]]


def dialogs(page: Page) -> list[str]:
    """Open dialogs by Enter, Tab within them and close them by Escape; return what is wrong with them."""
    wrong: list[str] = []
    openers = page.locator(OPENERS)
    for place in range(min(openers.count(), _DIALOGS)):
        opener = openers.nth(place)
        called = f"{page.url}: dialog of {opener.inner_text()}"
        opener.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        stops = dialog.evaluate(_COUNT)
        for _ in range(stops + 1):
            inside = page.evaluate(
                "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
            if not inside:
                wrong.append(f"{called}: the focus leaves it")
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        try:
            expect(opener).to_be_focused()
        except AssertionError:
            wrong.append(f"{called}: the focus does not return")
    return wrong


def test_the_focus_stays_in_the_page_after_a_log_in_and_a_log_out(open_page: Opener, site: Site) -> None:
    """The form or the button that had it is gone: a reader goes on at the view, and not before the page's head."""
    at = "() => document.activeElement !== document.body && document.activeElement.closest('main') !== null"
    for name, (portal, [path, *_]) in VIEWS.items():
        if portal is None or name == "board":
            continue
        page = open_page(path, sessions={portal: site.session(portal)})
        settled(page)
        page.get_by_role("button", name="Log out").press("Enter")
        page.get_by_role("button", name="Log out").wait_for(state="detached")
        page.wait_for_function(at)
        # Who logs out knows it.
        expect(page.get_by_text("Your session has ended")).to_have_count(0)
        page.context.close()
    page = open_page("/tix/members")
    page.get_by_label("E-mail").fill(demo.TIX_EMAIL)
    page.get_by_label("Password").fill(demo_passwords.TIX)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").wait_for()
    page.wait_for_function(at)


def test_each_page_has_a_view_here() -> None:
    assert {page.name for page in pages.pages()} == set(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_each_control_of_a_page_is_reached_seen_and_left_by_keys(open_page: Opener, site: Site, name: str) -> None:
    portal, paths = VIEWS[name]
    open_page.allow(r"^503 of .*/api/usher/sync/")
    sessions: dict[str, dict[str, Any]] = {portal: site.session(portal)} if portal else {}
    page = open_page.context(sessions=sessions).new_page()
    wrong: list[str] = []
    openers = 0
    for path in paths:
        page.goto(path)
        settled(page)
        wrong += walk(page)
        openers += page.locator(OPENERS).count()
        wrong += dialogs(page)
    if name == "gate":
        page.goto(f"/gate?event={demo.EVENT_ID}&usher={demo.USHER_USERNAME}")
        page.get_by_label("Password").focus()
        page.keyboard.type(demo_passwords.USHER)
        page.keyboard.press("Enter")
        page.locator("main.gate").wait_for()
        wrong += walk(page)
    assert not wrong, "\n".join(wrong)
    assert openers or name not in WITH_DIALOGS
