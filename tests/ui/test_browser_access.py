"""The page for who does not see it, or sees it on a phone: axe-core finds nothing in any state."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE = (165, 185), (300, 440)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def violations(user):
    """What axe-core finds on the page, a line each."""
    found = Axe().run(user.frame().page).response["violations"]
    return [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]


def cut_off(user):
    """Controls and texts that are wider than their place, or beyond the edge of the window."""
    return user.page.evaluate(
        """() => [...document.querySelectorAll(".seg *")].filter(one => {
            const box = one.getBoundingClientRect(), style = getComputedStyle(one);
            if (!box.width || style.visibility === "hidden") return false;
            if (one.closest(".photos, dialog:not([open]), svg, .skip")) return false;
            return box.left < -1 || box.right > innerWidth + 1;
        }).map(one => one.outerHTML.slice(0, 120))"""
    )


def propose(user):
    user.page.click("#tab-proposals")
    user.page.locator("#panel-proposals [data-do=propose]").click()
    user.page.locator("#panel-proposals .listed").wait_for()


def partition(user):
    user.page.click("#tab-partition")
    user.page.locator("[data-do=saveRegionsPng]:enabled").wait_for()


def draw(user):
    user.page.click("#tab-mosaics")
    user.page.click("[data-do=makeMosaic]")
    user.page.locator(".gallery img").first.wait_for()


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=str)
def test_axe_finds_nothing_and_nothing_is_cut_off(visitor, discs_png, options):
    user = visitor(**options)
    found = {"start": violations(user) + cut_off(user)}

    def look(state):
        found[state] = violations(user) + cut_off(user)

    user.upload(discs_png)
    field = user.page.locator(".classes input")
    field.fill("cup")
    field.press("Enter")
    user.page.mouse.click(*user.at(RED))
    user.has_objects(1)
    user.settled()
    look("an object")
    user.page.click(".active .swatch")
    user.page.locator(".shape summary").click()
    look("colours and shape")
    user.page.click("[data-do=lock]")
    user.settled()
    look("a locked object")
    user.page.click("[data-do=brush]")
    look("brush")
    user.page.click("[data-do=help]")
    look("help")
    user.page.keyboard.press("Escape")
    user.page.click(".save [data-do=export]")
    look("export")
    user.page.keyboard.press("Escape")
    for prepare in (propose, partition, draw):
        prepare(user)
        look(prepare.__name__)
    assert {state: faults for state, faults in found.items() if faults} == {}
