"""What to do about a service that cannot be used, in a line for whoever started a command. Pure."""

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_reason import LOGIN_REFUSED, VHOST_REFUSED
from server.redis_errors import is_account_refusal

# How each is called by `scripts/services`, and by the option that names it.
_NAMES = {
    "ZooKeeper": ("zookeeper", "--zk"),
    "Redis": ("redis", "--redis"),
    "RabbitMQ": ("rabbitmq", "--amqp"),
}


def cure_of(exc: ServiceUnavailable) -> str:
    """Return what to do; to start it is no cure for one that answers, and refuses."""
    script, option = _NAMES[exc.service]
    if "NoAuthError" in exc.reason:
        return f"see the rights of this machine below {option}; 'server doctor' says more"
    if exc.reason in (LOGIN_REFUSED, VHOST_REFUSED) or is_account_refusal(exc.reason):
        return f"see the account in {option} and its rights; 'server doctor' says more"
    return f"start it with 'scripts/services up {script}', or name another with {option}"
