/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-frame.h — a reply as a whole Ethernet frame, for clients that have no address yet and for a
 * sender that can do nothing but put frames on one bridge. */
#ifndef DHCP_DHCP4_FRAME_H
#define DHCP_DHCP4_FRAME_H

#include "dhcp/dhcp4.h"

#define DHCP4_FRAME_MAX (14 + 20 + 8 + DHCP4_PAYLOAD_MAX)

/* From port 67 of `server` at `from_mac` to port 68 of a->to_ip at a->to_mac (a is a DHCP4_SEND),
 * with both checksums and TOS 0xc0 (internetwork control, as other DHCP servers mark it). Returns
 * the frame's length, 0 if the payload is longer than DHCP4_PAYLOAD_MAX. */
size_t dhcp4_frame(uint8_t *buf, size_t cap, const struct mac *from_mac, uint32_t server,
		   const struct dhcp4_action *a);

#endif
