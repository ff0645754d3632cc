/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq-internal.h — what the two translators of dnsmasq's lines share. */
#ifndef NETWORK_DNSMASQ_INTERNAL_H
#define NETWORK_DNSMASQ_INTERNAL_H

#include "network/dnsmasq.h"
#include "network/xml-internal.h"

/* One line being read: its value is cut into fields. */
struct dnsmasq_reading {
	struct report *r;
	struct network *n;
	const struct dnsmasq_option *option;
	const char *key;
	char *rest;      /* what follows; changed by reading */
	const char *why; /* why it isn't obeyed; NULL: it is */
};
/* The next field, without its quotes; NULL at the end. Fields are separated by commas. */
char *dnsmasq_field(struct dnsmasq_reading *x);

/* 0 or -ENOMEM; x->why is set when the line can't be obeyed. */
int dnsmasq_read_dns(struct dnsmasq_reading *x) mustcheck; /* dnsmasq-dns.c */
bool dnsmasq_is_dns(const char *key);

/* dnsmasq-dhcp.c: first all lines that define tags, then the others from the last to the first: of
 * two that fit, the later counts. */
struct dnsmasq_tags;
struct dnsmasq_tags *dnsmasq_tags_new(void) mustcheck;
void dnsmasq_tags_free(struct dnsmasq_tags *t);
bool dnsmasq_is_tag(const char *key);
int dnsmasq_read_tag(struct dnsmasq_tags *t, struct dnsmasq_reading *x) mustcheck;
bool dnsmasq_is_dhcp(const char *key);
int dnsmasq_read_dhcp(const struct dnsmasq_tags *t, struct dnsmasq_reading *x) mustcheck;

#endif
