# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates for the laboratory, made by openssl."""

import subprocess
import tempfile
from pathlib import Path

KINDS = {
    "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "ecdsa": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ecdsa384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed25519": ["ED25519"],
}


def openssl(*words, **more):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, **more).stdout


class Party:
    """A key and its certificate, both as PEM; an authority when it may issue others."""

    def __init__(self, name, kind="ecdsa", issuer=None, ca=False, names="", days=30, start=None, extra="", key=None):
        """`key`: another party's, in place of one of its own."""
        self.name, self.issuer, self.serial, self.number = f"C=CH, O=Lab, CN={name}", issuer, 0, 0
        self.key = key or openssl("genpkey", "-algorithm", *KINDS[kind])
        extensions = [f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}", "subjectKeyIdentifier=hash"]
        if ca:
            extensions.append("keyUsage=critical,keyCertSign,cRLSign")
        if issuer:
            extensions.append("authorityKeyIdentifier=keyid")
        if names:
            extensions.append(f"subjectAltName={names}")
        self.cert = self._sign(name, "\n".join([*extensions, extra]), days, start)

    def _sign(self, name, extensions, days, start):
        with tempfile.TemporaryDirectory() as folder:
            at = Path(folder)
            (at / "key").write_bytes(self.key)
            signer = self.issuer or self
            (at / "signer").write_bytes(signer.key)
            (at / "ext").write_text(extensions + "\n")
            request = openssl("req", "-new", "-key", at / "key", "-subj", f"/C=CH/O=Lab/CN={name}")
            (at / "req").write_bytes(request)
            words = ["x509", "-req", "-in", at / "req", "-extfile", at / "ext", "-days", days]
            if self.issuer:
                (at / "ca").write_bytes(self.issuer.cert)
                self.issuer.serial += 1
                self.number = self.issuer.serial
                words += ["-CA", at / "ca", "-CAkey", at / "signer", "-set_serial", self.issuer.serial]
            else:
                words += ["-signkey", at / "signer"]
            return openssl(*words)

    def crl(self, *revoked):
        """Its list of revoked certificates, as PEM."""
        with tempfile.TemporaryDirectory() as folder:
            at = Path(folder)
            (at / "key").write_bytes(self.key)
            (at / "cert").write_bytes(self.cert)
            (at / "index").write_text("".join(
                f"R\t500101000000Z\t260101000000Z\t{party.number:02X}\tunknown\t/CN={i}\n"
                for i, party in enumerate(revoked)))
            (at / "number").write_text("01\n")
            (at / "conf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={at}/index\ncrlnumber={at}/number\n"
                                     "default_md=sha256\ndefault_crl_days=7\n")
            return openssl("ca", "-gencrl", "-config", at / "conf", "-keyfile", at / "key", "-cert", at / "cert")
