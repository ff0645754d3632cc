/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-names.h — what a client may be called. Pure functions over guests' bytes. */
#ifndef DHCP_DHCP4_NAMES_H
#define DHCP_DHCP4_NAMES_H

#include "dhcp/dhcp4-options.h"

/* The first label of a host name as clients send it (option 12, or ASCII in option 81): lower case,
 * without trailing NULs, domain and dot. False, and "" in buf, unless all of it is letters, digits,
 * '-', '_' and dots and the label has 1 to 63 octets and no '-' at its ends. */
bool dhcp4_clean_name(const uint8_t *p, size_t n, char buf[static DHCP4_NAME_MAX]);

/* The name in a client-fqdn option (RFC 4702 §2): either encoding, also partial. */
bool dhcp4_fqdn_name(struct dhcp4_span fqdn, char buf[static DHCP4_NAME_MAX]);

/* Names that software gives a meaning of its own: localhost, wpad, isatap, … */
bool dhcp4_name_is_special(const char *name);

/* A machine's name, as VM managers write them, as one label: letters in lower case, digits, '-' and
 * '_'; whatever else is '-', once; without '-' at its ends, and without ".DOMAIN" behind it
 * (`domain` may be NULL). "" when nothing is left, or for a name with a meaning of its own. */
void dhcp4_machine_name(const char *machine, const char *domain, char buf[static DHCP4_NAME_MAX]);

/* The value of the client-fqdn option in a reply: we do the forward registration (S), whatever the
 * client asked for, unless it wants none (N). Returns its length, 0 if it doesn't fit. */
size_t dhcp4_fqdn_reply(uint8_t client_flags, const char *name, const char *domain,
			uint8_t buf[static 255]);

#endif
