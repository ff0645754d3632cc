/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-dns-ask.h"

#include "base/clock.h"
#include "base/list.h"
#include "netd/messages/messages-dns-ask.h"
#include "netd/messages/messages.h"
#include "netd/service/services-internal.h"
#include "rpc/protocol.h"

#include <errno.h>
#include <time.h>

struct ask {
	struct list link;
	struct dns_asks *all;
	struct message_dns_ask m;
	char net_name[RPC_NAME_MAX + 1];
	uint32_t worker; /* the process that was asked; 0: none yet */
	services_dns_told_fn *told;
	void *data;
	sd_event_source *timer;
};

struct dns_asks {
	sd_event *loop;
	struct list waiting;
	size_t n;
	uint64_t last_token;
};

struct dns_asks *dns_asks_new(sd_event *loop)
{
	struct dns_asks *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->loop = loop;
	list_init(&a->waiting);
	return a;
}

static void forget(struct ask *one)
{
	list_remove(&one->link);
	one->all->n--;
	sd_event_source_disable_unref(one->timer);
	free(one);
}

static void fail(struct ask *one, const char *why)
{
	struct err e;

	err_set(&e, ERR_OPERATION_FAILED, "the name service of network '%s' %s", one->net_name,
		why);
	(void)one->told(one->data, NULL, NULL, &e);
	forget(one);
}

void dns_asks_free(struct dns_asks *a)
{
	struct ask *one;

	if (!a)
		return;
	list_foreach (one, &a->waiting, struct ask, link)
		fail(one, "ends");
	free(a);
}

static int on_timer(sd_event_source *source, uint64_t at, void *data)
{
	fail(data, "doesn't answer");
	return 0;
}

static void post(struct ask *one, struct worker_proc *p)
{
	uint8_t body[DNS_ASK_MAX];
	struct wr w = wr_over(body, sizeof(body));

	message_dns_ask_encode(&w, &one->m);
	worker_post(p, MSG_DNS_ASK, body, wr_len(&w), NULL, 0);
	one->worker = worker_id(p);
}

void dns_asks_post(struct dns_asks *a, struct worker_proc *p, const struct net *n)
{
	struct ask *one;

	list_foreach (one, &a->waiting, struct ask, link) {
		if (one->m.net_id != n->id)
			continue;
		/* It may have died of this very question. */
		if (one->worker)
			fail(one, "had to be restarted; try again");
		else
			post(one, p);
	}
}

void dns_asks_end(struct dns_asks *a, const struct net *n)
{
	struct ask *one;

	list_foreach (one, &a->waiting, struct ask, link)
		if (one->m.net_id == n->id)
			fail(one, "has been stopped");
}

static struct ask *find(struct dns_asks *a, uint64_t token)
{
	struct ask *one;

	list_foreach (one, &a->waiting, struct ask, link)
		if (one->m.token == token)
			return one;
	return NULL;
}

/* An answer to what isn't asked any more is late, and that is no crime. */
bool dns_asks_told(struct dns_asks *a, struct worker_proc *p, const struct channel_message *m)
{
	struct rd body = rd_over(m->body, m->n);
	struct message_dns_told head;

	if (message_dns_told_decode(&body, &head) < 0)
		return false;
	struct ask *one = find(a, head.token);
	if (!one || one->worker != worker_id(p))
		return true;
	if (head.what != one->m.what || head.net_id != one->m.net_id)
		return false;
	if (!head.served) {
		fail(one, "doesn't run; the log says why");
		return true;
	}
	bool ok = one->told(one->data, &head, &body, NULL);
	forget(one);
	return ok;
}

int services_dns_ask(struct services *s, const struct net *n, struct message_dns_ask *ask,
		     services_dns_told_fn *told, void *data, struct err *e)
{
	struct worker_proc *p = n->service ? n->service->worker[WORKER_DNS] : NULL;
	struct dns_asks *a = s->dns_asks;

	if (!p)
		return err_set(e, ERR_OPERATION_INVALID, "network '%s' %s", n->name,
			       n->live ? "has no name service" : "is not active");
	if (a->n == DNS_ASKS_MAX)
		return err_set(e, ERR_OPERATION_FAILED,
			       "%d questions to name services wait already; try again later",
			       DNS_ASKS_MAX);
	struct ask *one = calloc(1, sizeof(*one));
	if (!one)
		return err_sys(e, ENOMEM, "network '%s': name service", n->name);
	*one = (struct ask){ .all = a, .m = *ask, .told = told, .data = data };
	one->m.net_id = n->id;
	one->m.token = ++a->last_token;
	copy_text(one->net_name, sizeof(one->net_name), n->name);
	list_add_tail(&a->waiting, &one->link);
	a->n++;
	if (sd_event_add_time_relative(a->loop, &one->timer, CLOCK_BOOTTIME,
				       DNS_ASK_SEC * USEC_PER_SEC, 0, on_timer, one) < 0) {
		forget(one);
		return err_sys(e, ENOMEM, "network '%s': name service", n->name);
	}
	/* One that isn't told yet is asked as soon as it has been. */
	if (worker_id(p) && list_is_empty(&n->service->untold))
		post(one, p);
	return 0;
}
