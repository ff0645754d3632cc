/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-dns-ask.h — questions to dns workers that wait for their answer (services_dns_ask()). At
 * most DNS_ASKS_MAX wait at a time, none longer than DNS_ASK_SEC. */
#ifndef NETD_SERVICE_DNS_ASK_H
#define NETD_SERVICE_DNS_ASK_H

#include "netd/service/workers.h"

#include <systemd/sd-event.h>

#define DNS_ASKS_MAX 32
#define DNS_ASK_SEC  10 /* a lookup takes 5 s at most */

struct dns_asks;

struct dns_asks *dns_asks_new(sd_event *loop) mustcheck;
void dns_asks_free(struct dns_asks *a); /* those that wait are told so; NULL is fine */

/* The worker has just been told about the network: put what waits for that. What an earlier process
 * was asked has no answer. */
void dns_asks_post(struct dns_asks *a, struct worker_proc *p, const struct net *n);
/* MSG_DNS_TOLD. False: not an answer of ours. */
bool dns_asks_told(struct dns_asks *a, struct worker_proc *p, const struct channel_message *m)
    mustcheck;
/* The network is served no more. */
void dns_asks_end(struct dns_asks *a, const struct net *n);

#endif
