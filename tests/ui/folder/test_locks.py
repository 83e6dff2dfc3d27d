"""Who works on which photo."""

from tamingseg.ui.folder.locks import Locks


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_photo_is_one_page_s_until_it_goes_on_or_leaves():
    locks = Locks()
    assert locks.take("a", "page 1", "Ann") is None
    assert locks.take("a", "page 2", "Bob") == "Ann"
    assert locks.listed("page 2") == {"a": "Ann"}
    assert locks.listed("page 1") == {}
    assert locks.take("b", "page 1", "Ann") is None  # and lets go of the other
    assert locks.take("a", "page 2", "Bob") is None
    locks.release("page 1")
    assert locks.listed("page 3") == {"a": "Bob"}


def test_asking_again_is_no_quarrel():
    locks = Locks()
    assert locks.take("a", "page 1", "Ann") is None
    assert locks.take("a", "page 1", "Ann") is None
    assert locks.listed("page 2") == {"a": "Ann"}


def test_a_photo_may_be_taken_over_and_whoever_had_it_sees_that():
    locks = Locks()
    locks.take("a", "page 1", "Ann")
    assert locks.take("a", "page 2", "Bob", force=True) is None
    assert locks.listed("page 1") == {"a": "Bob"}


def test_who_is_silent_holds_nothing():
    clock = Clock()
    locks = Locks(seconds=10, clock=clock)
    locks.take("a", "page 1", "Ann")
    clock.now = 9
    locks.listed("page 1")  # heard of
    clock.now = 18
    assert locks.take("a", "page 2", "Bob") == "Ann"
    clock.now = 20
    assert locks.take("a", "page 2", "Bob") is None
