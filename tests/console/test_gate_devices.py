"""Gate: a new release in the middle of an evening; cards by Web NFC and the lamp, whose devices alone are fake."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.console.browsers import Opener
from tests.console.conftest import CameraPage
from tests.console.gate_night import night
from tests.console.scanner import scan
from tests.console.site import Site
from tests.console.test_gate import installed, kept, log_in, ready, shows, until_sent, waiting

QUIET = "01:10"
CACHES = "() => caches.keys()"
# Web NFC as a browser gives it: `tap` is a card that comes near.
NFC = """() => {
  globalThis.NDEFReader = class extends EventTarget {
    async scan({ signal }) {
      globalThis.tap = (serialNumber, url) => {
        if (signal.aborted) return false;
        const data = url && new DataView(new TextEncoder().encode(url).buffer);
        const message = { records: data ? [{ recordType: "url", data }] : [] };
        return this.dispatchEvent(Object.assign(new Event("reading"), { serialNumber, message }));
      };
    }
  };
}"""
# The lamp of a phone's camera: the track is the browser's own, with one capability more.
TORCH = """() => {
  const own = MediaStreamTrack.prototype.getCapabilities, apply = MediaStreamTrack.prototype.applyConstraints;
  MediaStreamTrack.prototype.getCapabilities = function () { return { ...own.call(this), torch: true }; };
  MediaStreamTrack.prototype.applyConstraints = async function (wanted) {
    const lamp = wanted?.advanced?.find((each) => "torch" in each);
    if (lamp === undefined) return apply.call(this, wanted);
    globalThis.lit = lamp.torch;
  };
}"""


@contextmanager
def released(built: Path, before: str) -> Iterator[str]:
    """Serve another release of the gate's worker; return the name of its cache."""
    worker, index = built / "gate-worker.js", built / "pages.json"
    own, stamp = worker.read_text(encoding="utf-8"), index.stat()
    release, fresh = before.removeprefix("gate-"), "0123456789ab"
    assert release in own
    try:
        worker.write_text(own.replace(release, fresh), encoding="utf-8")
        os.utime(index, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
        yield f"gate-{fresh}"
    finally:
        worker.write_text(own, encoding="utf-8")
        os.utime(index, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


@pytest.mark.by_day
def test_a_new_release_waits_for_a_quiet_minute_and_loses_no_scan(open_page: Opener, site: Site, built: Path) -> None:
    tonight = night(site)
    sold = tonight.sell(3)
    tonight.synced()
    context = open_page.context()
    context.clock.install()
    page = context.new_page()
    log_in(page, tonight)
    ready(page)
    installed(page)
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    [before] = page.evaluate(CACHES)
    with released(built, before) as after:
        page.evaluate(
            "() => navigator.serviceWorker.getRegistration().then((one) => one.update()).then(() => undefined)"
        )
        expect(page.get_by_text("A new version is ready")).to_be_visible()
        # The network goes, and a queue begins.
        context.set_offline(True)
        for code in sold[:2]:
            scan(page, code)
            shows(page, "admit", "Decided by this phone")
            expect(page.locator(".verdict")).to_contain_text(tonight.tickets[sold.index(code)]["number"])
        # Somebody types: the page stays.
        field = page.get_by_role("textbox", name="Number, card or code")
        field.fill("12")
        page.evaluate("() => { window.stays = true; }")
        context.clock.fast_forward(QUIET)
        assert page.evaluate("() => window.stays")
        assert sorted(page.evaluate(CACHES)) == sorted([before, after])
        field.fill("")
        context.clock.fast_forward(QUIET)
        page.wait_for_function("() => window.stays === undefined")
        page.wait_for_function("(after) => caches.keys().then((found) => found.join() === after)", arg=after)
        expect(page.locator(".state")).to_contain_text("2 waiting")
        assert waiting(page) == 2
        scan(page, sold[2])
        shows(page, "admit", "Decided by this phone")
    context.set_offline(False)
    until_sent(page)
    mine = [entry["scan_id"] for entry in kept(page)]
    logged = tonight.logged(3)
    assert sorted(mine) == sorted(entry["scan_id"] for entry in logged)
    assert [entry["result"] for entry in logged] == ["valid"] * 3


def tap(page: Page, uid: str, url: str | None = None) -> None:
    serial = ":".join(uid[place : place + 2] for place in range(0, len(uid), 2)).lower()
    assert page.evaluate("([serial, url]) => globalThis.tap(serial, url ?? undefined)", [serial, url])


@pytest.fixture
def phone(camera_page: CameraPage) -> Page:
    """The demo usher's phone, with a camera that sees no code, a lamp and a reader of cards."""
    opener = camera_page(None, seconds=0.2)
    context = opener.context(viewport="phone")
    for fake in (NFC, TORCH):
        context.add_init_script(f"({fake})()")
    page = context.new_page()
    page.goto(f"/gate?event={demo.EVENT_ID}&usher={demo.USHER_USERNAME}")
    page.get_by_label("Password").fill(demo_passwords.USHER)
    page.get_by_role("button", name="Begin").click()
    page.locator("main.gate").wait_for()
    return page


def test_a_phone_reads_family_and_secure_cards_and_lights_its_lamp(phone: Page) -> None:
    lamp = phone.get_by_role("button", name="Torch")
    phone.wait_for_function("() => document.querySelector('video')?.videoWidth > 0")
    for lit in (True, False):
        lamp.click()
        expect(lamp).to_have_attribute("aria-pressed", str(lit).lower())
        assert phone.evaluate("() => globalThis.lit") is lit

    sent: list[dict[str, Any]] = []

    def asked(request: Request) -> None:
        if "scan/result" in request.url:
            sent.append(request.post_data_json or {})

    phone.on("request", asked)
    cards = phone.get_by_role("button", name="Read cards")
    cards.click()
    expect(cards).to_have_attribute("aria-pressed", "true")
    first, *others = [guest.name for guest in demo.FAMILY]
    tap(phone, demo.FAMILY_UID)
    shows(phone, "admit", first, f"{len(others)} more may come in by this card")
    expect(phone.locator(".verdict .rest li")).to_have_text(others)
    # A card that lies on the reader is one tap.
    tap(phone, demo.FAMILY_UID)
    shows(phone, "admit", first, "The same tap again")
    assert [body["card_id"] for body in sent] == [demo.FAMILY_UID] * 2

    # What a secure card says of itself goes to the platform, which alone can check it.
    picc, cmac = "AB" * 16, "CD" * 8
    tap(phone, "04" + "C1" * 6, f"https://gatehouse.example/t?p={picc}&m={cmac}")
    phone.locator(".verdict:is(.refuse, .unknown)").wait_for()
    assert sent[-1]["sun"] == {"picc_data": picc, "cmac": cmac}
    cards.click()
    expect(cards).to_have_attribute("aria-pressed", "false")
    assert phone.evaluate("() => globalThis.tap('04:00', undefined)") is False


def test_a_phone_shows_the_photo_of_who_shows_a_card(site: Site, phone: Page) -> None:
    session, picture = site.session("webapp"), BytesIO()
    Image.new("RGB", (60, 60), "teal").save(picture, "PNG")

    def change(**sent: Any) -> None:
        headers = {"Authorization": f"Bearer {session['access']}"}
        assert site.run.client.put("/api/v1/users/profile/", headers=headers, **sent).is_success

    change(files={"photo": ("me.png", picture.getvalue(), "image/png")})
    try:
        phone.get_by_role("button", name="Read cards").click()
        tap(phone, demo.CARD_UID)
        expect(phone.locator(".verdict img.photo")).to_have_attribute("alt", f"Photo of {demo.CUSTOMER_NAME}")
        phone.wait_for_function("() => document.querySelector('.verdict img.photo')?.naturalWidth > 0")
    finally:
        change(json={"photo_key": None})
