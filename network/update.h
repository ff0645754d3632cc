/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update.h — change a part of a definition: libvirt's net-update and metadata calls. Pure: the old
 * definition is not touched, the new one is a complete, validated definition of its own. */
#ifndef NETWORK_UPDATE_H
#define NETWORK_UPDATE_H

#include "network/xml.h"

/* Numbers are libvirt's (virNetworkUpdateCommand, virNetworkUpdateSection). */
enum network_update_command {
	NETWORK_UPDATE_MODIFY = 1,
	NETWORK_UPDATE_DELETE = 2,
	NETWORK_UPDATE_ADD_LAST = 3,
	NETWORK_UPDATE_ADD_FIRST = 4,
};

enum network_section {
	NETWORK_SECTION_BRIDGE = 1,
	NETWORK_SECTION_DOMAIN = 2,
	NETWORK_SECTION_IP = 3,
	NETWORK_SECTION_IP_DHCP_HOST = 4,
	NETWORK_SECTION_IP_DHCP_RANGE = 5,
	NETWORK_SECTION_FORWARD = 6,
	NETWORK_SECTION_FORWARD_INTERFACE = 7,
	NETWORK_SECTION_FORWARD_PF = 8,
	NETWORK_SECTION_PORTGROUP = 9,
	NETWORK_SECTION_DNS_HOST = 10,
	NETWORK_SECTION_DNS_TXT = 11,
	NETWORK_SECTION_DNS_SRV = 12,
};

/* `xml` is the element of the section (<host …/>, <range …/>, …), `n` octets. `parent_index`
 * chooses the <ip> for the two dhcp sections, counted from 0 over all families; -1: the first that
 * has DHCP, else the first IPv4, else the first IPv6 one. The result is validated as a definition
 * is; every refusal names what was wrong. *ret is the caller's. */
int network_update(const struct network *old, enum network_update_command command,
		   enum network_section section, int parent_index, const char *xml, size_t n,
		   struct network **ret, struct network_warnings *warnings, struct err *e)
    mustcheck;

/* Numbers are libvirt's (virNetworkMetadataType). */
enum network_metadata_type {
	NETWORK_METADATA_DESCRIPTION = 0,
	NETWORK_METADATA_TITLE = 1,
	NETWORK_METADATA_ELEMENT = 2,
};

/* Set (text) or remove (NULL) the title, the description, or the metadata element of namespace
 * `uri`, to which `key` is given as prefix. A title with a newline, an element without namespace:
 * ERR_XML, as libvirt. */
int network_set_metadata(const struct network *old, enum network_metadata_type type,
			 const char *text, const char *key, const char *uri, struct network **ret,
			 struct err *e) mustcheck;

/* The text, or the element as XML; ERR_NO_NETWORK_METADATA when there is none. *ret is the
 * caller's. */
int network_get_metadata(const struct network *n, enum network_metadata_type type, const char *uri,
			 char **ret, struct err *e) mustcheck;

#endif
