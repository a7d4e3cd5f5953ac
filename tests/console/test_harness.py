"""The console's tests see what a page does wrong."""

import re

import pytest

from tests.console.browsers import Opener
from tests.console.checks import violations
from tests.console.conftest import CameraPage
from tests.console.site import Site


def test_an_error_a_violation_and_a_missing_file_are_problems(open_page: Opener) -> None:
    page = open_page("/")
    page.locator("h1").first.wait_for()
    page.evaluate(
        """() => {
          console.error("wrong");
          setTimeout(() => { throw new Error("uncaught one"); });
          try { document.body.innerHTML = "<b>x</b>"; } catch { }
          document.body.append(Object.assign(new Image(), { src: "/assets/none.svg" }));
          document.body.append(Object.assign(new Image(), { src: "https://elsewhere.example/x.svg" }));
        }"""
    )
    for sign in ("console: wrong", "uncaught: .*uncaught one", "TrustedHTML", "404 of .*none.svg", "elsewhere.example"):
        open_page.until(sign)
        open_page.allow(sign)
    open_page.allow("Content Security Policy")


def test_axe_finds_a_button_without_a_name(open_page: Opener) -> None:
    page = open_page("/")
    page.locator("h1").first.wait_for()
    page.evaluate("() => document.querySelector('main').append(document.createElement('button'))")
    assert any(line.startswith("button-name") for line in violations(page))


@pytest.mark.parametrize("portal", ["webapp", "organizer", "merchant", "usher", "admin", "campus", "tix"])
def test_a_session_of_a_door_is_kept_as_the_pages_keep_theirs(open_page: Opener, site: Site, portal: str) -> None:
    session = site.session(portal)
    page = open_page("/", sessions={portal: session})
    kept = page.evaluate("(name) => JSON.parse(localStorage.getItem(name))", f"gatehouse.session.{portal}")
    assert kept == session
    assert session["who"]["id"]
    assert session["who"]["name"]


def test_the_camera_shows_a_film(camera_page: CameraPage) -> None:
    page = camera_page("hello")("/gate")
    size = page.evaluate(
        """async () => {
          const stream = await navigator.mediaDevices.getUserMedia({ video: true });
          const video = document.createElement("video");
          video.srcObject = stream;
          await video.play();
          return `${video.videoWidth} x ${video.videoHeight}`;
        }"""
    )
    assert re.fullmatch(r"\d+ x \d+", size)
