"""What the browser keeps of the work, also without room or permission; run by Chromium."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def vault(scripts):
    """A blank page with an empty vault, as `vault`, and `entry(key, more)` that makes an entry."""
    open_vault(scripts)
    scripts.evaluate("() => Vault.finished(vault.store('readwrite').clear())")
    again(scripts)
    return scripts


def open_vault(page):
    page.evaluate(
        """async () => {
            window.entry = (key, more = {}) => ({key, name: key, added: 1, time: Date.now(),
                photo: new Blob(["photo"]), pending: [], document: {objects: []}, ...more});
            window.vault = new Vault();
            await vault.ready;
        }"""
    )


def again(page):
    """The vault of a page that was reloaded."""
    page.evaluate("async () => { window.vault = new Vault(); await vault.ready; }")


def keys(page):
    return page.evaluate("() => vault.all().map(one => one.key)")


def put(page, key, more=None):
    return page.evaluate("([key, more]) => vault.put(entry(key, more))", [key, more or {}])


def test_what_was_kept_is_there_after_a_reload(vault):
    assert put(vault, "photo 1", {"time": 1}) is True
    assert put(vault, "sample cat", {"time": 2, "photo": None}) is True
    again(vault)
    assert keys(vault) == ["sample cat", "photo 1"]  # the last worked on first
    assert vault.evaluate("async () => await (await vault.get('photo 1')).photo.text()") == "photo"
    assert vault.evaluate("async () => await vault.get('photo 2')") is None


def test_parts_lie_beside_their_entry_and_go_with_it(vault):
    put(vault, "photo 1", {"time": 1})
    put(vault, "photo 2")
    keep = "([kind, key, part]) => vault.putPart(kind, key, part)"
    assert vault.evaluate(keep, ["proposals", "photo 1", {"masks": [1]}]) is True
    assert vault.evaluate(keep, ["partition", "photo 2", {"shown": 3}]) is True
    again(vault)
    part = "async ([kind, key]) => (await vault.part(kind, key)) ?? null"
    assert vault.evaluate(part, ["proposals", "photo 1"])["masks"] == [1]
    assert vault.evaluate(part, ["amount", "photo 1"]) is None
    assert sorted(keys(vault)) == ["photo 1", "photo 2"]
    assert vault.evaluate("() => vault.entries.get('photo 1').time") > 1  # it was worked on
    vault.evaluate("() => vault.remove('photo 1')")
    again(vault)
    assert keys(vault) == ["photo 2"]
    assert vault.evaluate(part, ["proposals", "photo 1"]) is None
    assert vault.evaluate(part, ["partition", "photo 2"])["shown"] == 3


def test_a_part_is_there_before_it_is_stored(vault):
    found = vault.evaluate(
        """async () => {
            vault.putPart("amount", "photo 1", {amount: 3});
            return await vault.part("amount", "photo 1");
        }"""
    )
    assert found == {"amount": 3}


def test_two_tabs_see_each_other_s_work_and_the_newer_wins(vault, open_blank):
    other = open_blank(vault.context)
    open_vault(other)
    put(vault, "photo 1", {"time": 5, "name": "first"})
    assert other.evaluate("async () => (await vault.get('photo 1')).name") == "first"
    put(other, "photo 1", {"time": 6, "name": "second"})
    put(other, "photo 2", {"time": 7})
    assert vault.evaluate("async () => (await vault.get('photo 1')).name") == "second"
    vault.evaluate("() => vault.read()")
    assert sorted(keys(vault)) == ["photo 1", "photo 2"]
    other.evaluate("() => vault.putPart('amount', 'photo 1', {amount: 4})")
    assert vault.evaluate("async () => (await vault.part('amount', 'photo 1')).amount") == 4


@pytest.fixture
def full(vault):
    """The page in a browser without room: it aborts what is written, as Chromium does then."""
    vault.evaluate(
        """() => {
            window.commit = IDBTransaction.prototype.commit;
            IDBTransaction.prototype.commit = function () { this.abort(); };
        }"""
    )
    yield vault
    vault.evaluate("() => { IDBTransaction.prototype.commit = commit; }")


def test_a_full_storage_is_told_and_the_work_stays_until_the_page_is_closed(full):
    assert put(full, "photo 1") is False
    assert full.evaluate("async () => (await vault.get('photo 1')).name") == "photo 1"
    part = """async () => [await vault.putPart("amount", "photo 1", {amount: 2}),
        (await vault.part("amount", "photo 1")).amount]"""
    assert full.evaluate(part) == [False, 2]
    again(full)
    assert keys(full) == []


def test_what_was_stored_before_is_whole_when_there_is_no_room_for_more(vault, request):
    put(vault, "photo 1", {"name": "before"})
    request.getfixturevalue("full")
    assert put(vault, "photo 1", {"name": "after", "time": 9e12}) is False
    again(vault)
    assert vault.evaluate("async () => (await vault.get('photo 1')).name") == "before"


@pytest.fixture
def forbidden(vault):
    """The page in a browser that forbids storage."""
    vault.evaluate(
        """() => {
            const names = ["indexedDB", "localStorage", "sessionStorage"];
            const get = () => { throw new DOMException("no", "SecurityError"); };
            window.allowed = names.map(name => {
                const before = Object.getOwnPropertyDescriptor(window, name);
                Object.defineProperty(window, name, {get, configurable: true});
                return [name, before];
            });
        }"""
    )
    yield vault
    vault.evaluate(
        "() => allowed.forEach(([name, property]) => Object.defineProperty(window, name, property))"
    )


def test_where_storage_is_forbidden_the_vault_remembers_until_the_page_is_closed(forbidden):
    again(forbidden)
    assert put(forbidden, "photo 1") is False
    assert keys(forbidden) == ["photo 1"]
    found = forbidden.evaluate(
        """async () => {
            const kept = await vault.putPart("amount", "photo 1", {amount: 2});
            const part = await vault.part("amount", "photo 1");
            const lost = [...vault.unkept.keys()];
            await vault.remove("photo 1");
            return [kept, part, lost, vault.all(), (await vault.part("amount", "photo 1")) ?? null];
        }"""
    )
    assert found == [False, {"amount": 2}, ["photo 1", "part amount of photo 1"], [], None]


RECALL = "() => [recall('look'), recall('tab', 'sessionStorage'), recall('tab'), recall('none')]"


def test_settings_are_remembered(vault):
    vault.evaluate("() => remember('look', 'fills')")
    vault.evaluate("() => remember('tab', 'click', 'sessionStorage')")
    assert vault.evaluate(RECALL) == ["fills", "click", None, None]


def test_where_storage_is_forbidden_settings_are_not_remembered(forbidden):
    forbidden.evaluate("() => remember('look', 'boundaries')")
    assert forbidden.evaluate(RECALL) == [None] * 4


def test_a_hundred_photos_are_kept_and_none_goes_by_itself(vault):
    vault.evaluate(
        """async () => {
            for (let i = 0; i < 100; i += 1) await vault.put(entry(`photo ${i}`, {time: i}));
        }"""
    )
    again(vault)
    assert keys(vault) == [f"photo {number}" for number in reversed(range(100))]


def test_what_had_no_room_is_stored_when_something_else_is_forgotten(vault, request):
    put(vault, "photo 1")
    request.getfixturevalue("full")
    put(vault, "photo 2")
    assert vault.evaluate("() => [...vault.unkept.keys()]") == ["photo 2"]
    vault.evaluate("() => { IDBTransaction.prototype.commit = commit; }")
    vault.evaluate("() => vault.remove('photo 1')")
    assert vault.evaluate("() => [...vault.unkept.keys()]") == []
    again(vault)
    assert keys(vault) == ["photo 2"]
