"""OpenStack Swift with its S3 interface, all of it in one process on loopback, for tests.

Usage: swift-server.py FOLDER ACCESS_KEY=SECRET[:admin]...   Prints its port when it answers. Keys read "account:user".
"""

import array
import os
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402

folder = sys.argv[1]
users = [word.split("=", 1) for word in sys.argv[2:]]

with open(os.path.join(folder, "swift.conf"), "w") as conf:
    conf.write("[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = gold\ndefault = yes\n")
utils.SWIFT_CONF_FILE = os.path.join(folder, "swift.conf")
utils.HASH_PATH_SUFFIX = b"tests"

from swift.account import server as account_server  # noqa: E402
from swift.common import storage_policy  # noqa: E402
from swift.common.middleware import catch_errors, gatekeeper, listing_formats, slo, tempauth  # noqa: E402
from swift.common.middleware.s3api import s3api  # noqa: E402
from swift.common.ring import RingData  # noqa: E402
from swift.container import server as container_server  # noqa: E402
from swift.obj import server as object_server  # noqa: E402
from swift.proxy import server as proxy_server  # noqa: E402

storage_policy.reload_storage_policies()
os.makedirs(os.path.join(folder, "devices", "one"))

base = {
    "swift_dir": folder,
    "devices": os.path.join(folder, "devices"),
    "mount_check": "false",
    "bind_ip": "127.0.0.1",
    "fallocate_reserve": "0",
    "disable_fallocate": "true",
    "account_autocreate": "true",
    "allow_account_management": "true",
}
log = utils.get_logger({}, "swift", log_route="swift")


class Silence:
    """Where eventlet's server would write a line per request."""

    def write(self, _line):
        pass


class Memory:
    """What memcached would remember, as far as this one process asks."""

    def __init__(self):
        self.kept = {}

    def get(self, key, raise_on_error=False):
        return self.kept.get(key)

    def set(self, key, value, *_args, **_options):
        self.kept[key] = value

    def delete(self, key, *_args, **_options):
        self.kept.pop(key, None)


def remembering(app):
    memory = Memory()

    def answer(env, start_response):
        env["swift.cache"] = memory
        return app(env, start_response)

    return answer


def listen(app, listener):
    eventlet.spawn(wsgi.server, listener, app, Silence(), max_size=100, keepalive=True)


def ring(name, listener):
    device = {"id": 0, "zone": 0, "region": 1, "device": "one", "ip": "127.0.0.1", "weight": 1.0}
    device.update(port=listener.getsockname()[1], replication_ip=device["ip"], replication_port=listener.getsockname()[1])
    RingData([array.array("H", [0, 0])], [device], 31).save(os.path.join(folder, name + ".ring.gz"))


for name, make in (
    ("account", account_server.AccountController),
    ("container", container_server.ContainerController),
    ("object", object_server.ObjectController),
):
    listener = eventlet.listen(("127.0.0.1", 0))
    ring(name, listener)
    listen(make(base), listener)

keys = {"user_" + name.replace(":", "_"): " ".join(secret.split(":")).replace(" admin", " .admin") for name, secret in users}
app = proxy_server.Application(base, logger=log)
# Objects that were uploaded in parts.
app = slo.filter_factory(base)(app)
app = tempauth.filter_factory(base, **keys)(app)
app = s3api.filter_factory(base, location="us-east-1", dns_compliant_bucket_names="true")(app)
app = listing_formats.filter_factory(base)(app)
app = gatekeeper.filter_factory(base)(app)
app = catch_errors.filter_factory(base)(app)
front = eventlet.listen(("127.0.0.1", 0))
listen(remembering(app), front)
print(front.getsockname()[1], flush=True)

# The end of who started it is the end of this.
eventlet.tpool.execute(sys.stdin.read)
