# SPDX-License-Identifier: Apache-2.0
"""The kernel's xfrm interfaces, in a kernel that has them."""

from test_scopes import interface, test_packets_go_through_an_interface  # noqa: F401 (pytest's to find)
