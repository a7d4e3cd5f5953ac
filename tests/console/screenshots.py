"""`make screenshots`: pictures of every page into docs/screenshots, 1.5 MB in all at most.

`python -m tests.console.screenshots [PAGE ...]` takes those of some pages only.
"""

import argparse
import importlib
import importlib.util
import io
import subprocess
from contextlib import ExitStack
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from infra import pages
from tests.console import browsers
from tests.console.browsers import Opener
from tests.console.shots import Shot
from tests.console.site import Site
from tests.local.local_run import LocalRun

FOLDER = pages.ROOT / "docs" / "screenshots"
LIMIT = 1_500_000
# The reader sits where the events are.
_ZONE = "Asia/Karachi"
_QUALITIES = (82, 70, 58, 46, 34)
_SETTINGS = {
    "desktop": {"viewport": "desktop"},
    "phone": {"viewport": "phone"},
    "dark": {"viewport": "desktop", "scheme": "dark"},
    "ur": {"viewport": "desktop", "language": "ur"},
}


def main() -> int:
    """Take the pictures; return 1 where a page cannot be photographed, or all are too large together."""
    parser = argparse.ArgumentParser(prog="make screenshots", description="Photograph the pages of the console.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="these pages alone")
    chosen = set(parser.parse_args().pages)
    if unknown := chosen - {page.name for page in pages.pages()}:
        parser.error(f"there is no page {', '.join(sorted(unknown))}")
    if browsers.chromium() is None:
        print("there is no chromium here: infra/setup.sh browser installs it")
        return 1
    subprocess.run(["sh", "infra/setup.sh", "console"], cwd=pages.ROOT, check=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    taken: dict[Path, Image.Image] = {}
    failed = []
    with ExitStack() as undo:
        run = LocalRun({"LOG": "json"})
        undo.callback(run.end)
        site = Site(run.until_ready())
        browser = undo.enter_context(browsers.launched(undo.enter_context(sync_playwright())))
        for page in pages.pages():
            if chosen and page.name not in chosen:
                continue
            for stale in FOLDER.glob(f"{page.name}-*.webp"):
                stale.unlink()
            for shot in _shots(page.name, site):
                try:
                    taken |= _pictures(Opener(browser, site), page.name, shot)
                except Exception as error:  # noqa: BLE001  # the other pages' pictures are worth having
                    failed.append(f"{page.name}-{shot.name}: {error}")
    total = _write(taken)
    print(f"{len(taken)} pictures; docs/screenshots has {total / 1000:,.0f} of {LIMIT / 1000:,.0f} KB")
    print("\n".join(failed), end="\n" if failed else "")
    return 1 if failed or total > LIMIT else 0


def _shots(name: str, site: Site) -> list[Shot]:
    module = f"tests.console.shots.{name}"
    if importlib.util.find_spec(module) is None:
        return [Shot("start", "/_local/" if name == "local" else f"/{name}" if name != "shop" else "/")]
    found: list[Shot] = importlib.import_module(module).shots(site)
    return found


def _pictures(opener: Opener, name: str, shot: Shot) -> dict[Path, Image.Image]:
    taken = {}
    for variant in shot.variants:
        settings = {"timezone_id": _ZONE, **_SETTINGS[variant], **shot.settings}
        page = opener(shot.path, sessions=dict(shot.sessions), **settings)
        page.locator("h1").first.wait_for()
        shot.prepare(page)
        _settle(page)
        taken[FOLDER / f"{name}-{shot.name}-{variant}.webp"] = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        page.context.close()
    opener.close()
    return taken


def _settle(page: Page) -> None:
    """Wait until pictures are loaded and nothing moves."""
    page.wait_for_function(
        """() => [...document.images].every((each) => each.complete)
             && document.getAnimations().every(
               (each) => each.playState !== "running" || each.effect?.getTiming().iterations === Infinity)
             && document.querySelector("[aria-busy=true]") === null"""
    )


def _write(taken: dict[Path, Image.Image]) -> int:
    """Write the pictures, as well as the limit for all allows; return what the folder has then."""
    others = sum(path.stat().st_size for path in FOLDER.glob("*.webp") if path not in taken)
    packed: dict[Path, bytes] = {}
    for quality in _QUALITIES:
        packed = {path: _webp(picture, quality) for path, picture in taken.items()}
        if others + sum(map(len, packed.values())) <= LIMIT:
            break
    for path, content in packed.items():
        path.write_bytes(content)
    return others + sum(map(len, packed.values()))


def _webp(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=quality, method=6)
    return out.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
