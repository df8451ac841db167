"""What to do about a service that cannot be used, in a line for whoever started a command. Pure."""

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_reason import LOGIN_REFUSED, VHOST_REFUSED
from server.redis_errors import is_login_refusal

# How each is called by `scripts/services`, and by the option that names it.
_NAMES = {
    "ZooKeeper": ("zookeeper", "--zk"),
    "Redis": ("redis", "--redis"),
    "RabbitMQ": ("rabbitmq", "--amqp"),
}


def cure_of(exc: ServiceUnavailable) -> str:
    """Return what to do; to start it is no cure for one that answers and lets nobody in."""
    script, option = _NAMES[exc.service]
    if exc.reason in (LOGIN_REFUSED, VHOST_REFUSED) or is_login_refusal(exc.reason):
        return f"see user and password in {option}; 'server doctor' says more"
    return f"start it with 'scripts/services up {script}', or name another with {option}"
