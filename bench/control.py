# SPDX-License-Identifier: Apache-2.0
"""pluto's control socket (docs/org.cygnet.pluto.varlink), as far as measuring needs it."""

import json
import socket

AHEAD = 64  # calls sent whose answers have not been read


class Control:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.pending = b""

    def close(self):
        self.socket.close()

    def _send(self, method, parameters, more=False):
        call = {"method": "org.cygnet.pluto." + method, "parameters": parameters}
        if more:
            call["more"] = True
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def _reply(self):
        while b"\0" not in self.pending:
            data = self.socket.recv(1 << 18)
            if not data:
                raise ConnectionError("pluto closed the control connection")
            self.pending += data
        message, self.pending = self.pending.split(b"\0", 1)
        reply = json.loads(message)
        if "error" in reply:
            raise RuntimeError(f"pluto: {reply['error']}: {reply.get('parameters')}")
        return reply

    def call(self, method, **parameters):
        """The parameters of the one reply; the code must be a good one."""
        self._send(method, parameters)
        answer = self._reply().get("parameters", {})
        if answer.get("code", 0) not in (0, 2, 4):
            raise RuntimeError(f"{method} {parameters}: {answer}")
        return answer

    def call_many(self, method, all_parameters):
        """The same call many times over, each with its parameters; sent ahead of the answers."""
        ahead = 0
        for parameters in all_parameters:
            if ahead == AHEAD:
                self._reply()
                ahead -= 1
            self._send(method, parameters)
            ahead += 1
        for _ in range(ahead):
            self._reply()

    def daemon(self):
        """What Status tells of the daemon itself."""
        self._send("Status", {"brief": True}, more=True)
        found, reply = {}, {"continues": True}
        while reply.get("continues"):
            reply = self._reply()
            found.update(reply.get("parameters", {}).get("daemon") or {})
        return found
