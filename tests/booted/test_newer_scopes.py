# SPDX-License-Identifier: Apache-2.0
"""The kernel's xfrm interfaces, in a kernel that has them."""

from test_scopes import (  # noqa: F401 (the tests, and what they need)
    interface, test_packets_go_through_an_interface, test_units_of_interfaces)
