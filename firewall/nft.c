/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft.c — the two sockets: the writer's, and the one that hears what others do. */
#include "firewall/nft-internal.h"

#include <stdio.h>

#include <sys/socket.h>

#define SOCKET_SPACE                                                                               \
	(64 << 20) /* octets: a whole ruleset of thousands of networks is one batch                \
		    */

/* --- sockets --- */

static void set_option(const struct mnl_socket *nl, int level, int option, int value)
{
	/* All of them improve matters where the kernel has them; none is needed. */
	(void)!setsockopt(mnl_socket_get_fd(nl), level, option, &value, sizeof(value));
}

static void tune(const struct mnl_socket *nl)
{
	set_option(nl, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	set_option(nl, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	set_option(nl, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_SPACE);
	set_option(nl, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_SPACE / 8);
}

static struct mnl_socket *writer_socket(int fd)
{
	if (fd >= 0)
		return mnl_socket_fdopen(fd);
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		mnl_socket_close(nl);
		errno = saved;
		return NULL;
	}
	return nl;
}

/* The former user may have died in the middle of a dump: one that isn't read to its end makes the
 * next fail with EBUSY. */
static void drain(struct fw_kernel *k)
{
	while (recv(fw_kernel_fd(k), k->in, sizeof(k->in), MSG_DONTWAIT) >= 0 || errno == EINTR ||
	       errno == ENOBUFS)
		;
}

int fw_kernel_open(int fd, struct fw_kernel **ret, struct err *e)
{
	struct fw_kernel *k = calloc(1, sizeof(*k));

	if (!k) {
		close_fd(&fd);
		return err_sys(e, ENOMEM, "firewall");
	}
	k->nl = writer_socket(fd);
	if (!k->nl) {
		int saved = errno;
		close_fd(&fd);
		free(k);
		return err_sys(e, saved, "firewall: cannot open a netfilter socket");
	}
	tune(k->nl);
	if (fd >= 0)
		drain(k);
	random_bytes(&k->seq, sizeof(k->seq));
	*ret = k;
	return 0;
}

void fw_kernel_free(struct fw_kernel *k)
{
	if (!k)
		return;
	mnl_socket_close(k->nl);
	free(k->out);
	free(k);
}

int fw_kernel_fd(const struct fw_kernel *k)
{
	return mnl_socket_get_fd(k->nl);
}

uint32_t fw_kernel_port(const struct fw_kernel *k)
{
	return mnl_socket_get_portid(k->nl);
}

bool fw_lives_by_socket(const struct fw_kernel *k, const struct fw_options *o)
{
	return o->owner && k->no_persist;
}

/* One round. `*ret_had` is set on success only. */
static int sync_once(struct fw_kernel *k, const struct fw_rows *want, struct fw_state **ret_had,
		     size_t *ret_steps, struct err *e)
{
	struct fw_options o = { .owner = want->owner, .host_chains = want->host_chains };
	struct fw_state *had = NULL;
	struct fw_plan *p = NULL;
	int rc = fw_have(k, &o, &had, e);

	if (rc == 0)
		rc = fw_plan_all(had, want, &p, e);
	if (rc == 0)
		rc = fw_apply(k, p, e);
	if (rc == 0 && fw_state_commit(had, p) < 0)
		rc = err_sys(e, ENOMEM, "firewall");
	if (rc == 0) {
		*ret_steps = p->n;
		*ret_had = take_ptr(had);
	}
	fw_plan_free(p);
	fw_state_free(had);
	return rc;
}

int fw_sync(struct fw_kernel *k, const struct fw_rows *want, struct fw_state **ret_had,
	    size_t *ret_steps, struct err *e)
{
	struct fw_state *had = NULL;
	size_t steps = 0;
	int rc = -ERESTART;

	for (unsigned i = 0; i < TRIES && rc == -ERESTART; i++) {
		err_clear(e);
		rc = sync_once(k, want, &had, &steps, e);
	}
	if (rc < 0)
		return rc;
	if (ret_steps)
		*ret_steps = steps;
	if (ret_had)
		*ret_had = take_ptr(had);
	fw_state_free(had);
	return 0;
}

/* --- events --- */

struct fw_watch {
	struct mnl_socket *nl;
	uint32_t own_port;
	bool others;  /* have been heard of */
	bool foreign; /* in the transaction that is being told of */
	char who[40];
	alignas(struct nlmsghdr) uint8_t in[BUFFER];
};

int fw_watch_open(uint32_t own_port, struct fw_watch **ret, struct err *e)
{
	struct fw_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return err_sys(e, ENOMEM, "firewall");
	w->own_port = own_port;
	w->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!w->nl || mnl_socket_bind(w->nl, 1 << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		fw_watch_free(w);
		return err_sys(e, saved, "firewall: cannot listen to nftables events");
	}
	set_option(w->nl, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_SPACE / 8);
	*ret = w;
	return 0;
}

void fw_watch_free(struct fw_watch *w)
{
	if (!w)
		return;
	if (w->nl)
		mnl_socket_close(w->nl);
	free(w);
}

int fw_watch_fd(const struct fw_watch *w)
{
	return mnl_socket_get_fd(w->nl);
}

static enum fw_event event_of(struct fw_watch *w, const struct nlmsghdr *h)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*g) ||
	    h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || (h->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		return FW_EVENT_NONE;
	if (g->nfgen_family != NFPROTO_INET) {
		w->others = true;
		return FW_EVENT_NONE;
	}
	mnl_attr_for_each(a, h, sizeof(*g))
	{
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
		    fw_is_our_table(mnl_attr_get_str(a)))
			return h->nlmsg_pid == w->own_port ? FW_EVENT_OWN : FW_EVENT_FOREIGN;
	}
	w->others = true;
	return FW_EVENT_NONE;
}

/* A transaction ends with a message that says whose it was. */
static void note_who(struct fw_watch *w, const struct nlmsghdr *h, enum fw_event event)
{
	const struct nlattr *a;
	char name[24] = "";
	uint32_t pid = 0;

	w->foreign |= event == FW_EVENT_FOREIGN;
	if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg))
		return;
	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		uint16_t type = mnl_attr_get_type(a);
		if (type == NFTA_GEN_PROC_PID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			pid = ntohl(mnl_attr_get_u32(a));
		else if (type == NFTA_GEN_PROC_NAME &&
			 mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			copy_text(name, sizeof(name), mnl_attr_get_str(a));
	}
	if (w->foreign && pid)
		snprintf(w->who, sizeof(w->who), "%s (pid %u)", name, pid);
	w->foreign = false;
}

const char *fw_watch_who(const struct fw_watch *w)
{
	return w->who;
}

bool fw_watch_others(struct fw_watch *w)
{
	bool others = w->others;

	w->others = false;
	return others;
}

enum fw_event fw_events(struct fw_watch *w)
{
	enum fw_event gravest = FW_EVENT_NONE;

	for (;;) {
		ssize_t got = recv(fw_watch_fd(w), w->in, sizeof(w->in), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != ENOBUFS)
			return gravest;
		if (got < 0) {
			gravest = FW_EVENT_OVERFLOW;
			w->others = true;
			continue;
		}
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)w->in; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			enum fw_event event = event_of(w, h);
			note_who(w, h, event);
			gravest = MAX_OF(gravest, event);
		}
	}
}
