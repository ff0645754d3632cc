/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-leases.c — what is said about leases to the workers: verdicts, names, ends. */
#include "netd/lease/leases.h"
#include "netd/messages/messages.h"
#include "netd/service/service-dhcp.h"
#include "netd/service/services-internal.h"

/* A worker that hasn't taken its messages for so long would have been replaced. */
#define CHANGE_USEC (5 * USEC_PER_SEC)

void service_post_dns_lease(struct worker_proc *p, const struct message_dns_lease *m)
{
	uint8_t body[DNS_MESSAGE_SMALL];
	struct wr w = wr_over(body, sizeof(body));

	message_dns_lease_encode(&w, m);
	worker_post(p, MSG_DNS_LEASE, body, wr_len(&w), NULL, 0);
}

uint32_t services_dhcp_worker(const struct services *s, const struct net *n)
{
	return n->service && n->service->worker[WORKER_DHCP]
		   ? worker_id(n->service->worker[WORKER_DHCP])
		   : 0;
}

bool services_addresses(const struct net *n, bool *ret_dhcp4, bool *ret_ip6)
{
	*ret_dhcp4 = n->service && n->service->dhcp4;
	*ret_ip6 = n->service && n->service->ip6;
	return *ret_dhcp4 || *ret_ip6;
}

bool services_changed_lately(const struct net *n)
{
	usec_t changed = n->service ? n->service->changed : 0;

	if (n->service && n->service->by != n->live) /* the kernel is being told first */
		return true;
	return changed && clock_boottime() - changed < CHANGE_USEC;
}

void services_flush_verdicts(struct services *s)
{
	uint8_t body[4 + MSG_DHCP_RECORDS_MAX * 24];
	struct wr w = wr_over(body, sizeof(body));
	/* A worker that has died since has forgotten what it asked. */
	struct worker_proc *p = s->n_verdicts ? workers_find(s->workers, s->verdict_worker) : NULL;

	if (p) {
		msg_put_dhcp4_verdicts(&w, s->verdict, s->n_verdicts);
		worker_post(
		    p, s->verdict_family == AF_INET6 ? MSG_DHCP6_COMMITTED : MSG_DHCP4_COMMITTED,
		    body, wr_len(&w), NULL, 0);
	}
	s->n_verdicts = 0;
}

void services_lease_verdict(struct services *s, uint32_t worker, int family, uint32_t net_id,
			    uint64_t token, enum dhcp4_verdict verdict)
{
	if (!worker)
		return;
	if (s->n_verdicts && (s->verdict_worker != worker || s->verdict_family != family ||
			      s->n_verdicts == MSG_DHCP_RECORDS_MAX))
		services_flush_verdicts(s);
	s->verdict_worker = worker;
	s->verdict_family = family;
	s->verdict[s->n_verdicts++] = (struct msg_dhcp4_verdict){ net_id, token, verdict };
}

void services_dns_lease(struct services *s, const struct net *n, const char *name,
			const struct ip *address, bool add, usec_t expires)
{
	struct worker_proc *p = n->service ? n->service->worker[WORKER_DNS] : NULL;
	struct message_dns_lease m = {
		.net_id = n->id, .add = add, .ip = *address, .expires = expires
	};

	if (!p)
		return;
	copy_text(m.name, sizeof(m.name), name);
	service_post_dns_lease(p, &m);
}

void services_port_gone(struct services *s, struct net *n, uint32_t ifindex)
{
	struct worker_proc *p = n->service ? n->service->worker[WORKER_DHCP] : NULL;

	leases_port_gone(s->c->leases, n, ifindex);
	if (p && worker_id(p) && list_is_empty(&n->service->untold))
		service_dhcp_port_gone(p, n, ifindex);
}

void services_free_lease(struct services *s, const struct net *n, const struct ip *ip)
{
	struct worker_proc *p = n->service ? n->service->worker[WORKER_DHCP] : NULL;

	if (p && worker_id(p) && list_is_empty(&n->service->untold))
		service_dhcp_free(p, n, ip);
}
