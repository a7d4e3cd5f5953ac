"""Campus: many events at once, all of them or none."""

import secrets

from playwright.sync_api import expect

from tests.console.browsers import Opener
from tests.console.campus_parts import answer, button, teacher
from tests.console.checks import axe, no_overflow
from tests.console.site import Site
from tests.local.conftest import wait_until

COLUMNS = "title,location,latitude,longitude,start,end"


def test_many_events_are_created_from_rows_or_none_and_wrong_rows_are_named(open_page: Opener, site: Site) -> None:
    by, term = teacher(site), secrets.token_hex(3)
    right = f'"Waves, {term}",Hall 1,31.5204,74.3587,2031-01-11 09:00,2031-01-11 10:30'
    other = f"Lenses {term},Hall 2,31.5204,74.3587,2031-01-12 09:00,2031-01-12 10:30"
    wrong = f"Optics {term},Hall 3,far,74.3587,2031-01-13 09:00,2031-01-13 08:00"
    page = open_page("/campus/events", sessions={"campus": by}, language="ur", viewport="narrow")
    page.locator("a[href='/campus/events/many']").click()
    rows = page.locator("textarea[name=rows]")
    rows.fill("\n".join([COLUMNS, right, "", wrong]))
    page.locator("button[type=submit]").click()
    problems = page.locator(".problems li")
    expect(problems).to_have_count(1)
    expect(problems).to_contain_text("4")
    expect(problems).to_contain_text("latitude")
    page.locator("summary").click()
    axe(page)
    no_overflow(page)

    def found() -> list[str]:
        listed = answer(site, "GET", f"/api/campus/events/?search={term}", None, by)["results"]
        return sorted(each["title"] for each in listed)

    assert found() == []
    page.locator("header button[lang=en]").click()
    rows.fill("\n".join([COLUMNS, right, "", other]))
    button(page, "Create all").click()
    expect(page.get_by_role("status").filter(has_text="Events created: 2")).to_be_visible()
    expect(page.get_by_role("link", name=f"Waves, {term}", exact=True)).to_be_visible()
    axe(page)
    wait_until(lambda: len(found()) == 2)
    assert found() == [f"Lenses {term}", f"Waves, {term}"]
