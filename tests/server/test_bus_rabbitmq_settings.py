"""What a node calls things in the broker."""

from server.bus_rabbitmq_settings import RabbitmqSettings

SETTINGS = RabbitmqSettings("amqp://me:secret@broker:5672/im", "im", "n1")


def test_every_name_begins_with_the_cluster() -> None:
    assert SETTINGS.exchange == "im.fanout"
    assert SETTINGS.queue == "im.node.n1"
    assert SETTINGS.queue_of("n2") == "im.node.n2"


def test_the_address_holds_no_password() -> None:
    assert SETTINGS.address == "amqp://me:***@broker:5672/im"
