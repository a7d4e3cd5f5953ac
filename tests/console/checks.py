"""What every page must hold, in any of its states: axe's rules, and no sideways scrolling."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from playwright.sync_api import Page

from infra.pages import SOURCE

_AXE = SOURCE / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.2 AA with everything before it, and axe's own good practice.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")

# What turns for ever, as a sign of waiting does, is left to turn.
_IS_STILL = "() => document.getAnimations().every((each) => each.effect.getComputedTiming().endTime === Infinity)"


@lru_cache(maxsize=1)
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


def violations(page: Page, *, tags: Sequence[str] = TAGS) -> list[str]:
    """Return what axe finds on a page as it is now, a line for each element.

    axe goes in by the debugger, in a world of its own: the page's policy refuses a script of another origin. It sees
    no colour of a transition, which is none of the page's own.
    """
    page.wait_for_function(_IS_STILL)
    session = page.context.new_cdp_session(page)
    try:
        tree = session.send("Page.getFrameTree")
        world = session.send("Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]})
        where = {"contextId": world["executionContextId"]}
        session.send("Runtime.evaluate", {"expression": _axe(), **where})
        run = f"axe.run(document, {{runOnly: {list(tags)!r}, resultTypes: ['violations']}})"
        picked = ".then(found => found.violations.flatMap(one => one.nodes.map(node => [one.id, one.impact, node])))"
        answer = session.send(
            "Runtime.evaluate",
            {"expression": run + picked, "awaitPromise": True, "returnByValue": True, **where},
        )
    finally:
        session.detach()
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return [_line(*each) for each in answer["result"]["value"]]


def axe(page: Page, *, tags: Sequence[str] = TAGS) -> None:
    """Fail where axe finds anything on a page as it is now."""
    found = violations(page, tags=tags)
    assert not found, "\n".join(found)


def no_overflow(page: Page) -> None:
    """Fail where a page is wider than its window, or a word of a button goes on in the next line.

    Open it with `viewport="narrow"` for 320 pixels.
    """
    found = page.evaluate(
        """() => {
          const limit = document.documentElement.clientWidth + 1;
          if (document.documentElement.scrollWidth <= limit) return [];
          return [...document.body.querySelectorAll("*")]
            .filter((each) => each.getBoundingClientRect().right > limit || each.getBoundingClientRect().left < -1)
            .map((each) => `${each.tagName} ${each.className} ${(each.textContent ?? "").slice(0, 40)}`)
            .slice(0, 10).concat(["wider than the window"]);
        }"""
    )
    assert not found, found
    broken = page.evaluate(
        """() => [...document.querySelectorAll("button, .button")].flatMap((control) => {
          const words = [];
          const texts = document.createTreeWalker(control, NodeFilter.SHOW_TEXT);
          while (texts.nextNode()) {
            for (const { 0: word, index } of texts.currentNode.data.matchAll(/\\p{L}{2,16}/gu)) {
              const range = document.createRange();
              range.setStart(texts.currentNode, index);
              range.setEnd(texts.currentNode, index + word.length);
              const tops = [...range.getClientRects()].map(({ top }) => top);
              if (Math.max(...tops) - Math.min(...tops) > 8) words.push(word);
            }
          }
          return words;
        })"""
    )
    assert not broken, broken


def _line(rule: str, impact: str, node: dict[str, Any]) -> str:
    return f"{rule} ({impact}): {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
