/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml.h — a <network> document to struct network and back.
 *
 * Errors carry libvirt's class and name the line, the element, the offending value and a remedy,
 * such as line 6: <range start='172.16.10.101'> is outside the network's subnet 127.16.10.0/24 (<ip
 *   address='127.16.10.1'>, line 4); probably <ip address='172.16.10.1'> is meant */
#ifndef NETWORK_XML_H
#define NETWORK_XML_H

#include "base/err.h"
#include "network/network.h"

#define NETWORK_XML_MAX (1024 * 1024) /* octets of one document */

/* What libvirt doesn't have stands in this namespace; nothing unknown is passed over in it. */
#define NETD_NAMESPACE "urn:netd:network:1"

/* A doubt that does not stop the definition: an unknown element, a classful mask … One line each.
 */
struct network_warnings {
	char **line;
	size_t n, cap;
};
void network_warnings_done(struct network_warnings *w);

enum network_parse_flags {
	NETWORK_PARSE_VALIDATE = 1, /* refuse what is unknown, too, by the tables and by the
				     * RelaxNG schema */
	NETWORK_PARSE_STORED = 2,   /* a file that is already on disk: what is merely unwise is a
				     * warning, so   that no network that ran yesterday is dropped */
};

/* Parse and validate `n` octets of XML. On success *ret is owned by the caller. `warnings` may be
 * NULL. */
int network_parse(const char *xml, size_t n, unsigned flags, struct network **ret,
		  struct network_warnings *warnings, struct err *e) mustcheck;

enum network_format_flags {
	NETWORK_FORMAT_LIVE = 1, /* the running form: `connections`, default NAT ports */
};

/* libvirt's form to the byte: two-space indent, single quotes, trailing newline. `connections` is
 * the number of ports, shown in the live form when it isn't 0. Returns a new string, or NULL when
 * out of memory. */
char *network_format(const struct network *n, unsigned flags, unsigned connections) mustcheck;

/* Who uses the network while it runs. */
struct network_use {
	unsigned connections;       /* its ports */
	const unsigned *interfaces; /* of these, those plugged into each of forward.interfaces;
				       NULL: none */
};
/* The running form with all of it. */
char *network_format_live(const struct network *n, const struct network_use *use) mustcheck;

/* An independent copy, all but the static hosts by way of format and parse. NULL when out of
 * memory. */
struct network *network_copy(const struct network *n) mustcheck;

#endif
