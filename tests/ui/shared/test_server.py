"""The line of operations to the server, above all when the connection is bad; run by Chromium."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def link(scripts):
    """A page with a `link` to a server made up here.

    `asked` lists its requests. `answer(value)` answers the one that waits, `lose()` cuts it off.
    `heard` lists what came of it.
    """
    scripts.evaluate(
        """() => {
            Object.assign(window, {asked: [], heard: [], waiting: [], troubles: [], gone: 0});
            window.answer = value => waiting.shift().resolve(value);
            window.lose = () => waiting.shift().reject(new TypeError("Failed to fetch"));
            window.link = new Link(request => {
                asked.push(structuredClone(request));
                return new Promise((resolve, reject) => waiting.push({resolve, reject}));
            }, {
                hear: (answer, operations) => heard.push([answer, operations.map(one => one.do)]),
                gone: () => { window.gone += 1; },
                trouble: isThere => troubles.push(isThere),
            });
        }"""
    )
    return scripts


def begin(link, token="t", sequence=0, document=None, pending=(), **first):
    link.evaluate(
        """([token, sequence, document, pending, first]) => {
            const operations = pending.map(name => ({do: name}));
            link.begin({token, sequence}, document, operations, first ?? undefined);
        }""",
        [token, sequence, document, list(pending), first.get("first")],
    )


def push(link, *names, **more):
    link.evaluate(
        "([names, more]) => names.forEach(name => link.push({do: name, ...more}))",
        [list(names), more],
    )


def answer(link, **value):
    link.evaluate("value => answer(value)", value)


def requests(link, count):
    """The first requests, as soon as there are so many."""
    link.wait_for_function("count => asked.length >= count", arg=count)
    return link.evaluate("() => asked")


def names(request):
    return [operation["do"] for operation in request["operations"]]


def heard(link):
    return link.evaluate("() => heard")


def test_the_first_request_brings_the_work_that_the_server_does_not_know(link):
    begin(link, document={"objects": []}, pending=["a", "b", "c"], first=1)
    (first,) = requests(link, 1)
    assert (first["token"], first["sequence"], first["known"]) == ("t", 1, None)
    assert first["document"] == {"objects": []}
    assert names(first) == ["a"]
    answer(link, sequence=1)
    _, second = requests(link, 2)
    assert (second["sequence"], second["document"], names(second)) == (2, None, ["b", "c"])
    assert heard(link) == [[{"sequence": 1}, ["a"]]]


def test_work_that_the_server_refused_to_take_is_sent_with_the_next_request(link):
    begin(link, document={"objects": []})
    requests(link, 1)
    answer(link, error="The server failed.")
    push(link, "a")
    assert requests(link, 2)[1]["document"] == {"objects": []}


def test_one_request_is_under_way_and_what_is_done_meanwhile_goes_with_the_next(link):
    begin(link)
    requests(link, 1)
    push(link, "a", "b")
    assert link.evaluate("() => asked.length") == 1
    assert link.evaluate("() => link.pending.map(one => one.do)") == ["a", "b"]
    answer(link, ok=1)
    assert names(requests(link, 2)[1]) == ["a", "b"]
    push(link, "c")
    answer(link, ok=2)
    assert names(requests(link, 3)[2]) == ["c"]
    assert heard(link) == [[{"ok": 1}, []], [{"ok": 2}, ["a", "b"]]]


def test_a_request_names_the_last_answer_that_came(link):
    begin(link)
    requests(link, 1)
    answer(link, sequence=1)
    push(link, "a")
    assert requests(link, 2)[1]["known"] == 1
    link.evaluate("() => lose()")
    assert requests(link, 3)[2]["known"] == 1
    answer(link, error="refused")  # an answer that tells of no object
    push(link, "b")
    assert requests(link, 4)[3]["known"] is None
    answer(link, sequence=3)
    begin(link, "another")
    assert requests(link, 5)[4]["known"] is None


def test_where_the_work_never_came_its_steps_are_not_looked_for(link):
    begin(link, "first")
    answer(link, ok=1)
    push(link, "a")
    answer(link, gone=True)
    begin(link, "second", document={"objects": []})
    assert requests(link, 3)[2]["earlier"] == "first"
    answer(link, gone=True)  # before it took the document
    link.wait_for_function("() => gone === 2")
    begin(link, "third", document={"objects": []})
    assert requests(link, 4)[3]["earlier"] == "first"


def test_no_request_is_longer_than_the_server_takes(link):
    begin(link)
    push(link, *["a"] * 200)
    answer(link, ok=1)
    assert len(requests(link, 2)[1]["operations"]) == 128
    answer(link, ok=2)
    assert len(requests(link, 3)[2]["operations"]) == 72


def test_within_a_gesture_the_last_word_counts(link):
    begin(link)
    push(link, "move", gesture="g1", row=1)
    push(link, "move", gesture="g1", row=2)
    push(link, "move", gesture="g2", row=3)
    push(link, "delete")
    answer(link, ok=1)
    sent = requests(link, 2)[1]["operations"]
    assert [(one["do"], one.get("row")) for one in sent] == [
        ("move", 2),
        ("move", 3),
        ("delete", None),
    ]


def test_the_moment_of_a_click_stays_here(link):
    begin(link)
    push(link, "click", at=123.5)
    answer(link, ok=1)
    assert requests(link, 2)[1]["operations"] == [{"do": "click"}]


@pytest.mark.parametrize("loss", ["lose()", "answer(undefined)", "answer(null)"])
def test_a_request_whose_answer_got_lost_is_sent_again_under_the_same_number(link, loss):
    begin(link)
    answer(link, ok=1)
    push(link, "a")
    requests(link, 2)
    link.evaluate(f"() => {loss}")
    push(link, "b")  # goes with the next one, not with the repeated one
    _, lost, again = requests(link, 3)
    assert again == lost
    link.evaluate(f"() => {loss}")
    assert requests(link, 4)[3] == lost
    answer(link, ok=2)
    last = requests(link, 5)[4]
    assert (last["sequence"], names(last)) == (lost["sequence"] + 1, ["b"])
    assert link.evaluate("() => troubles") == [False, False, True]
    assert heard(link)[-1] == [{"ok": 2}, ["a"]]


def test_everything_is_sent_again_to_a_server_that_forgot_the_session(link):
    begin(link)
    answer(link, ok=1)
    push(link, "a")
    requests(link, 2)
    push(link, "b")
    answer(link, gone=True)
    link.wait_for_function("() => gone === 1")
    assert link.evaluate("() => link.queue.map(one => one.do)") == ["a", "b"]
    push(link, "c")  # waits for a new session
    link.wait_for_timeout(50)
    assert link.evaluate("() => asked.length") == 2
    link.evaluate("() => link.begin({token: 'new', sequence: 0}, {objects: []}, link.queue)")
    third = requests(link, 3)[2]
    assert (third["token"], third["sequence"], names(third)) == ("new", 1, ["a", "b", "c"])


@pytest.mark.parametrize("late", ["answer({objects: []})", "lose()", "answer({gone: true})"])
def test_an_answer_about_a_photo_no_longer_shown_is_dropped(link, late):
    begin(link, token="first")
    push(link, "a")
    requests(link, 1)
    begin(link, token="second")
    link.evaluate(f"() => {late}")
    second = requests(link, 2)[1]
    assert (second["token"], names(second)) == ("second", [])
    answer(link, ok=1)
    link.evaluate("() => link.idle()")
    assert heard(link) == [[{"ok": 1}, []]]
    assert link.evaluate("() => [gone, asked.length, troubles.length]") == [0, 2, 0]


def test_who_waits_until_all_is_answered_waits_no_longer_than_for_this_photo(link):
    begin(link)
    push(link, "a")
    link.evaluate("() => { window.rested = 0; link.idle().then(() => { rested += 1; }); }")
    answer(link, ok=1)
    requests(link, 2)
    assert link.evaluate("() => rested") == 0
    begin(link, token="other")
    link.wait_for_function("() => rested === 1")


def test_calls_of_a_server_that_cannot_be_reached_have_no_answer(link):
    found = link.evaluate(
        """async () => {
            const failing = {
                answer: () => Promise.reject(new Error("503")),
                slip: () => { throw new Error("slip"); },
            };
            connect({server: failing, trigger: () => {}});
            return [await call("answer", {}), await call("slip", {}), await call("none", {})]
                .map(value => value === undefined);
        }"""
    )
    assert found == [True, True, True]


def test_a_file_that_does_not_arrive_has_no_answer(link):
    link.route("http://localhost/tamingseg/photo*", lambda route: route.abort())
    assert link.evaluate("async () => await sendFile('photo?name=x', new Blob(['x']))") is None
    link.unroute_all()
    link.route(
        "http://localhost/tamingseg/photo*",
        lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"),
    )
    assert link.evaluate("async () => await sendFile('photo?name=x', new Blob(['x']))") is None
    link.unroute_all()
