/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate.h — whether a definition as a whole can work: how its values fit together. Pure.
 *
 * Single values were judged where they were read. */
#ifndef NETWORK_VALIDATE_H
#define NETWORK_VALIDATE_H

#include "network/report.h"

int validate_network(struct report *r, const struct network *n) mustcheck;

/* The parts of validate_network(), in the order in which it asks them. */
int validate_forward(struct report *r, const struct network *n) mustcheck; /* validate-forward.c */
int validate_ports(struct report *r, const struct network *n) mustcheck;
int validate_ips(struct report *r, const struct network *n) mustcheck; /* validate-ip.c */
int validate_routes(struct report *r, const struct network *n) mustcheck;
int validate_options(struct report *r, const struct network *n) mustcheck;   /* options.c */
int validate_netd_dhcp(struct report *r, const struct network *n) mustcheck; /* netd-dhcp.c */
int validate_relayed(struct report *r, const struct network *n) mustcheck;   /* netd-relayed.c */
int validate_dhcp(struct report *r, const struct network_ip *ip) mustcheck;  /* validate-dhcp.c */
int validate_netd_dns(struct report *r, const struct network *n) mustcheck;  /* netd-dns.c */
int validate_uplink(struct report *r, const struct network *n) mustcheck;    /* uplink.c */

/* Labels of 1 to 63 octets, 253 in all (RFC 1035 §2.3.4); letters, digits, '-', '_', and what an
 * internationalised name may hold. */
bool is_dns_name(const char *name);

/* What is wrong with the name of a device, for Linux (dev_valid_name()); NULL: nothing.
 * `is_template` allows one %d. */
const char *device_name_flaw(const char *name, bool is_template);

/* Two elements of an array. */
struct pair {
	const void *first, *second; /* in the order of the array; NULL: none */
};
/* Look through `n` elements of `size` octets in the order of `compare` for two neighbours that
 * `collide`, in n log n steps. The functions get elements of the array. -ENOMEM or 0. */
int find_pair(struct report *r, const void *array, size_t n, size_t size,
	      int (*compare)(const void *, const void *),
	      bool (*collide)(const void *, const void *), struct pair *ret) mustcheck;

#endif
