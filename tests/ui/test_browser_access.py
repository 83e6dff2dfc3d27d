"""The page for who does not see it, or sees it on a phone: axe-core finds nothing in any state."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED = (165, 185)
LONG = 300_000
"""Milliseconds that a run may take on a machine which is busy with other work."""
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


def faults(user):
    return violations(user) + cut_off(user)


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=str)
def test_axe_finds_nothing_in_the_first_tab_and_nothing_is_cut_off(visitor, discs_png, options):
    user = visitor(**options)
    assert faults(user) == []
    user.upload(discs_png)
    field = user.page.locator(".classes input")
    field.fill("cup")
    field.press("Enter")
    user.page.mouse.click(*user.at(RED))
    user.has_objects(1)
    user.settled()
    user.page.click(".active .swatch")
    user.page.locator(".shape summary").click()
    assert faults(user) == []  # an object, its colours, what can be done to it
    user.page.click("[data-do=lock]")
    user.settled()
    user.page.click("[data-do=brush]")
    assert faults(user) == []  # a locked object, and a tool
    for opens in ("[data-do=help]", ".save [data-do=export]"):
        user.page.click(opens)
        assert faults(user) == []
        user.page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("tab", "begin", "done"),
    [
        ("proposals", "#panel-proposals [data-do=propose]", "#panel-proposals .listed"),
        ("partition", None, "[data-do=saveRegionsPng]"),
        ("mosaics", "[data-do=makeMosaic]", ".gallery img"),
    ],
    ids=["proposals", "partition", "mosaics"],
)
def test_axe_finds_nothing_in_the_other_tabs(visitor, discs_png, tab, begin, done):
    user = visitor(**PHONE).upload(discs_png)
    user.page.click(f"#tab-{tab}")
    if begin:
        user.page.click(begin)
    user.page.locator(f"{done} >> visible=true").first.wait_for(timeout=LONG)
    assert faults(user) == []
    user.page.set_viewport_size({"width": 1280, "height": 800})
    assert violations(user) == []
