"""Slots on their way from one primary of a cluster to another, step by step, as a tool that reshards takes them."""

import time

from valkey import Valkey
from valkey.exceptions import ResponseError


class Primary:
    """A primary, and a connection to it that follows nobody elsewhere."""

    def __init__(self, host, port, node_id):
        self.host, self.port, self.id = host, port, node_id
        self.client = Valkey(host=host, port=port, decode_responses=True)

    def setslot(self, slot, state, node_id=None):
        self.client.execute_command("CLUSTER SETSLOT", slot, state, *filter(None, [node_id]))


class Slots:
    """The slots of the cluster that the node at `port` belongs to."""

    def __init__(self, port):
        primaries = {}
        for _, _, (host, own_port, node_id, *_), *_ in Valkey(port=port).execute_command("CLUSTER SLOTS"):
            primaries[node_id.decode()] = Primary(host.decode(), own_port, node_id.decode())
        self.primaries = sorted(primaries.values(), key=lambda primary: primary.port)

    def owner(self, slot):
        """Who serves `slot`, as it says itself."""
        for primary in self.primaries:
            for first, last, (_, port, *_), *_ in primary.client.execute_command("CLUSTER SLOTS"):
                if first <= slot <= last and port == primary.port:
                    return primary
        raise AssertionError(f"nobody serves slot {slot}")

    def other(self, primary):
        """The primary after this one."""
        return self.primaries[(self.primaries.index(primary) + 1) % len(self.primaries)]

    def begin(self, slot, target):
        """From now on the slot is on its way to `target`; gives who has had it."""
        source = self.owner(slot)
        target.setslot(slot, "IMPORTING", source.id)
        source.setslot(slot, "MIGRATING", target.id)
        return source

    def move_keys(self, slot, source, target, pause=0.0):
        """Moves key after key, for as long as there are any."""
        while keys := source.client.execute_command("CLUSTER GETKEYSINSLOT", slot, 2):
            source.client.execute_command("MIGRATE", target.host, target.port, "", 0, 5000, "KEYS", *keys)
            time.sleep(pause)

    def end(self, slot, source, target):
        """The slot is the target's; everybody is told."""
        target.setslot(slot, "NODE", target.id)
        source.setslot(slot, "NODE", target.id)
        for primary in self.primaries:
            if primary not in (source, target):
                self._tell(primary, slot, target)

    def _tell(self, primary, slot, target):
        # It may have heard of a claim that is newer than what this one says.
        try:
            primary.setslot(slot, "NODE", target.id)
        except ResponseError:
            pass

    def move(self, slot, target, pause=0.0):
        """Moves the slot with what is in it."""
        source = self.begin(slot, target)
        self.move_keys(slot, source, target, pause)
        self.end(slot, source, target)
        return source

    def forget_move(self, slot):
        """The slot stays where it is."""
        for primary in self.primaries:
            primary.setslot(slot, "STABLE")
