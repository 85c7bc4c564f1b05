# SPDX-License-Identifier: Apache-2.0
"""What strongSwan is told: one connection `t`, of which a test says what it is about, as lines of swanctl.conf."""

IKE, ESP = "aes128gcm16-prfsha256-x25519", "aes128gcm16-x25519"


def secret_of(text):
    """The shared secret of everybody, for `secrets`."""
    return f'ike-1 {{\n secret = "{text}"\n }}'


def swanctl(us, them, local, remote, secrets="", ike=IKE, esp=ESP, words="", child=None, more=""):
    """charon's at the host `us`. `child`: its lines; without them, both networks."""
    if child is None:
        child = f"local_ts = {us.net}\n remote_ts = {them.net}"
    return f"""
connections {{
    t {{
        local_addrs = {us.address}
        remote_addrs = {them.address}
        version = 2
        encap = yes
        proposals = {ike}
        {words}
        local {{
            {local}
        }}
        remote {{
            {remote}
        }}
        children {{
            t {{
                {child}
                esp_proposals = {esp}
            }}
        }}
    }}
}}
secrets {{
    {secrets}
}}
{more}
"""
