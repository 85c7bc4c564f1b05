# SPDX-License-Identifier: Apache-2.0
"""Servers that tell which certificates were revoked: a web server, an OCSP responder, a directory."""

import base64
import http.server
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
from lab import Chrooted, wait_until
from pki import openssl

WEB, OCSP, LDAP = 8080, 8081, 3890
_numbers = iter(range(1, 1000000))


def crl(ca, *revoked, seconds=86400, der=True):
    """A list of an authority, newer than all before."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "key").write_bytes(ca.key)
        (at / "cert").write_bytes(ca.cert)
        (at / "index").write_text(index(revoked=revoked))
        (at / "number").write_text(f"{next(_numbers):04X}\n")
        (at / "conf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={at}/index\ncrlnumber={at}/number\n"
                                 "default_md=sha256\n")
        made = openssl("ca", "-gencrl", "-config", at / "conf", "-keyfile", at / "key", "-cert", at / "cert",
                       "-crlsec", seconds)
        if not der:
            return made
        return openssl("crl", "-outform", "DER", input=made)


def index(good=(), revoked=()):
    """What openssl's tools know of an authority's certificates; subjects must differ."""
    lines = [f"V\t500101000000Z\t\t{party.number:02X}\tunknown\t/CN=good{party.number}\n" for party in good]
    lines += [f"R\t500101000000Z\t260101000000Z,keyCompromise\t{party.number:02X}\tunknown\t/CN=revoked\n"
              for party in revoked]
    return "".join(lines)


class Web:
    """Files of a folder over HTTP on a host's own port 8080; `asked` are the paths."""

    def __init__(self, lab, host, files=()):
        self.folder = lab.folder / f"web-{host.name}-{len(lab.daemons)}"
        self.folder.mkdir()
        self.host, self.process = host, None
        self.put(dict(files))
        lab.daemons.append(self)
        self.start()

    def put(self, files):
        for name, octets in files.items():
            (self.folder / name).write_bytes(octets)

    def start(self):
        self.process = subprocess.Popen(
            self.host.command(sys.executable, __file__, self.folder, WEB), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def asked(self):
        log = self.folder / ".asked"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Silent:
    """A server on a host's own port 8080 that takes connections, and answers them all when it is told what."""

    PROGRAM = """import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(flush=True)
octets = sys.stdin.buffer.read()
while octets:
    peer, _ = server.accept()
    peer.recv(65536)
    peer.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + octets)
    peer.close()
"""

    def __init__(self, lab, host):
        self.process = subprocess.Popen(host.command(sys.executable, "-c", self.PROGRAM, WEB),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        lab.daemons.append(self)
        self.process.stdout.readline()

    def answer(self, octets):
        self.process.stdin.write(octets)
        self.process.stdin.close()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Responder:
    """openssl's OCSP responder for an authority on a host's own port 8081."""

    def __init__(self, lab, host, ca, signer, good=(), revoked=(), words=("-nmin", "5")):
        self.folder = lab.folder / f"ocsp-{host.name}-{len(lab.daemons)}"
        self.folder.mkdir()
        self.host, self.words, self.process = host, words, None
        for name, octets in {"ca": ca.cert, "signer": signer.cert, "key": signer.key}.items():
            (self.folder / name).write_bytes(octets)
        lab.daemons.append(self)
        self.tell(good, revoked)

    def tell(self, good=(), revoked=()):
        """Begin anew with other facts."""
        self.close()
        (self.folder / "index").write_text(index(good, revoked))
        out = self.folder / "out"
        at = self.folder
        with out.open("w") as log:
            self.process = subprocess.Popen(
                self.host.command("openssl", "ocsp", "-port", OCSP, "-index", at / "index", "-CA", at / "ca",
                                  "-rsigner", at / "signer", "-rkey", at / "key", "-ignore_err", *self.words),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: "waiting for" in out.read_text().lower(), what="the OCSP responder: " + out.read_text())

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Directory(Chrooted):
    """OpenLDAP's slapd on a host's own port 3890, with one entry that has a list."""

    BASE = "cn=Root,o=Lab"
    URL = f"ldap://127.0.0.1:{LDAP}/cn=Root,o=Lab?certificateRevocationList;binary"

    def __init__(self, lab, host, octets):
        super().__init__(lab, host, peers.unpack("slapd"), "slapd")
        (self.folder / "db").mkdir()
        (self.folder / "slapd.conf").write_text(
            "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
            "pidfile /etc/peer/pid\ndatabase mdb\nsuffix \"o=Lab\"\ndirectory /etc/peer/db\nmaxsize 10485760\n")
        (self.folder / "entries").write_text(
            "dn: o=Lab\nobjectClass: organization\no: Lab\n\n"
            f"dn: {self.BASE}\nobjectClass: cRLDistributionPoint\ncn: Root\n"
            f"certificateRevocationList;binary:: {base64.b64encode(octets).decode()}\n")
        script = ("slapadd -f /etc/peer/slapd.conf -l /etc/peer/entries && "
                  f"exec slapd -h ldap://127.0.0.1:{LDAP} -f /etc/peer/slapd.conf -d 0")
        self.start("/bin/sh", "-c", script, PATH="/usr/sbin:/usr/bin:/sbin:/bin")
        self.wait_for_start(lambda: (self.folder / "pid").exists())


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        with (Path(self.directory) / ".asked").open("a") as log:
            log.write(json.dumps(self.path) + "\n")
        super().do_GET()

    def log_message(self, format, *args):  # noqa: A002: the name is the base class's
        pass


def main(folder, port):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", int(port)), lambda *args: _Handler(*args, directory=folder))
    print("serving", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
