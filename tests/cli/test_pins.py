# SPDX-License-Identifier: Apache-2.0
"""PINs in names of what is on a token: refused wherever they are written, and shown nowhere."""

import pytest

PIN = "493716"


@pytest.mark.parametrize("word", ["leftcert", "rightrsasigkey", "leftsigkey"])
@pytest.mark.parametrize("how", ["pin-value=", "PIN-VALUE=", "pin-source=file:/"])
def test_a_pin_in_a_name_is_refused(folder, word, how):
    folder.write(f'conn t\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=pubkey\n'
                 f'\t{word}="pkcs11:token=office;{how}{PIN}"\n')
    for command in (["checkconf"], ["checkconf", "--json"], ["auto", "--add", "t"]):
        done = folder.ipsec(*command)
        assert done.returncode != 0 and "with pin-value or pin-source is not taken" in done.stdout + done.stderr, command
        assert PIN not in done.stdout + done.stderr, command
