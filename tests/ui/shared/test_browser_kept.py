"""The page in a real Chromium: what is kept of the work."""

import pytest

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE = (165, 185), (300, 440)


def test_a_reload_keeps_everything_even_the_steps(user, discs):
    user.click(RED).press("n").click(BLUE)
    user.saved()
    user.reload()
    user.has_objects(2)
    user.press("Control+z")
    user.has_objects(1)


def test_a_click_before_a_reload_and_one_after_it_are_two_steps(user, discs):
    user.click(RED)
    user.saved()
    user.reload()
    user.has_objects(1)
    user.click(BLUE)
    assert (user.mask() == (discs > 0)).all()
    user.press("Control+z")
    assert (user.mask() == (discs == 1)).all()


def test_what_the_server_forgot_the_browser_brings_back(user, app, discs):
    user.click(RED)
    user.saved()
    app.workspaces._workspaces.clear()
    user.click(BLUE)
    assert (user.mask() == (discs > 0)).all()
    user.saved()
    app.workspaces._workspaces.clear()
    user.reload()
    user.has_objects(1)
    assert (user.mask() == (discs > 0)).all()


def test_even_the_steps_come_back_when_the_server_drops_a_photo(user, app, discs):
    user.click(RED).press("n").click(BLUE)
    for token in list(app.workspaces._workspaces):
        app.workspaces._drop(token)
    user.press("Control+z").press("Control+z").press("Control+z")
    user.has_objects(0)


def test_work_on_another_photo_is_found_again(user, discs):
    user.click(RED)
    user.page.click('button.photo[title="cat"]')
    user.page.wait_for_selector('canvas[data-ready="sample cat"]')
    user.has_objects(0)
    user.page.click('button.photo[title="discs.png"]')
    user.has_objects(1)
    assert (user.mask() == (discs == 1)).all()


def test_points_not_answered_before_a_reload_are_answered_after_it(user, discs_png, discs, slow):
    slow.set()
    user.upload(discs_png).click(RED, answers=0).click(BLUE, answers=0)
    user.reload()
    slow.clear()
    user.has_objects(1)
    assert (user.mask() == (discs > 0)).all()


def test_a_point_whose_answer_a_reload_cut_off_is_placed_once(user, discs):
    held = []
    user.says("Ready")

    def cut_off(route):
        if '"add_click"' not in (route.request.post_data or ""):
            return route.continue_()
        held.append(route.fetch())

    user.page.route("**/component_server/**", cut_off)
    user.click(RED, answers=0)
    user.click(BLUE, answers=0)
    user.page.wait_for_timeout(300)
    assert len(held) == 1
    user.page.unroute_all()
    user.reload()
    user.has_objects(1)
    user.settled()
    assert (user.mask() == (discs > 0)).all()
    user.press("Control+z")
    assert (user.mask() == (discs == 1)).all()
    user.press("Control+z")
    user.has_objects(0)


def test_two_tabs_keep_each_others_work(user, discs, app):
    second = user.saved().another_tab(app.address)
    user.click(RED)
    user.saved()
    second.page.click('button.photo[title="cat"]')
    second.page.wait_for_selector('canvas[data-ready="sample cat"]')
    second.page.click('button.photo[title="discs.png"] >> nth=0')
    second.page.click("[data-do=goOnHere]")
    second.has_objects(1)
    assert (second.mask() == (discs == 1)).all()
    assert second.errors == []
    second.page.close()


def test_a_browser_that_forbids_storage_is_told_and_the_page_works(
    user_without_storage, discs, discs_png
):
    user = user_without_storage.upload(discs_png)
    notice = user.page.locator(".notice")
    notice.wait_for()
    assert "does not keep your work" in notice.inner_text()
    user.click(RED)
    assert (user.mask() == (discs == 1)).all()
    user.page.click('button.photo[title="cat"]')
    user.page.wait_for_selector('canvas[data-ready="sample cat"]')
    user.page.click('button.photo[title="discs.png"]')  # as long as the page is open
    user.has_objects(1)
    assert notice.is_visible()


def test_a_page_that_gradio_builds_anew_begins_again_with_the_work(user, discs):
    user.click(RED)
    with user.page.expect_navigation():
        user.page.evaluate(
            """() => {
                const link = document.querySelector("link[href$='/shared/main.js']");
                import(link.href).then(({start}) => start({}));
            }"""
        )
    user.has_objects(1)
    assert (user.mask() == (discs == 1)).all()


def test_a_browser_that_keeps_the_work_says_nothing_of_it(user):
    user.click(RED)
    user.saved()
    assert user.page.locator(".notice").is_hidden()


def test_a_photo_is_forgotten_on_request_asked_twice(user, discs_png):
    user.upload(discs_png, name="once.png")
    user.click(RED)
    user.page.click(".forget")
    assert user.page.locator('button.photo[title="once.png"]').count() == 1
    user.page.click(".forget")
    user.page.wait_for_selector('canvas[data-ready="sample coffee"]')
    user.reload()
    user.page.wait_for_timeout(300)
    assert user.page.locator('button.photo[title="once.png"]').count() == 0


def test_forgetting_says_what_it_asks_and_is_called_off_by_going_elsewhere(user):
    forget = user.page.locator(".forget")
    forget.click()
    user.says("Press once more to forget discs.png")
    assert "once more" in forget.get_attribute("aria-label")
    user.page.locator("canvas.view").focus()
    assert forget.inner_text() == "×"
    assert forget.get_attribute("aria-label") == "Forget discs.png and the work on it"
    forget.click()
    assert user.page.locator('button.photo[title="discs.png"][aria-pressed=true]').count() == 1
