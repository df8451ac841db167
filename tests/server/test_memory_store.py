"""The state that the memory backends share."""

from server.inbox_limits import InboxLimits
from server.memory_store import MemoryStore, UserInbox


def _inbox(count: int) -> UserInbox:
    inbox = UserInbox(InboxLimits())
    for number in range(1, count + 1):
        inbox.append(b"%d" % number)
    return inbox


def test_offsets_begin_at_one_and_have_no_holes() -> None:
    assert list(_inbox(3).after(0)) == [(1, b"1"), (2, b"2"), (3, b"3")]


def test_what_was_dropped_is_skipped() -> None:
    inbox = _inbox(4)
    inbox.drop_before(3)
    assert inbox.oldest == 3
    assert list(inbox.after(0)) == [(3, b"3"), (4, b"4")]


def test_dropping_goes_no_further_than_the_head() -> None:
    inbox = _inbox(2)
    inbox.drop_before(99)
    assert (inbox.head, inbox.oldest) == (2, 3)
    assert inbox.append(b"3") == 3


def test_dropping_what_is_gone_already_does_nothing() -> None:
    inbox = _inbox(3)
    inbox.drop_before(3)
    inbox.drop_before(1)
    assert inbox.oldest == 3


def test_looking_at_an_unknown_user_keeps_nothing() -> None:
    store = MemoryStore()
    assert store.look("bob").head == 0
    assert store.inboxes == {}


def test_wiping_forgets_everything_and_begins_an_epoch() -> None:
    store = MemoryStore()
    epoch = store.epoch
    store.inbox("bob").append(b"x")
    store.channels["bob"] = {"c1": "n1"}
    store.incarnations.add("n1")
    store.wipe()
    assert store.epoch != epoch
    assert (store.inboxes, store.channels, store.incarnations) == ({}, {}, set())
