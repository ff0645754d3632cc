/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-batch.c — a plan as one transaction.
 *
 * It becomes one batch in one sendto(): the kernel answers during the call, so that all errors are
 * in the socket when it returns. Each message has a sequence number of its own, by which an error
 * finds its object; the last one asks for an acknowledgement, which comes after the commit. */
#include "firewall/nft-internal.h"

#include "base/cursor.h"

#include <libnftnl/chain.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/* --- the batch --- */

/* Where a message came from: the step, and which of its rules. */
struct origin {
	const struct fw_step *step;
	size_t rule;
};

struct batch {
	struct fw_kernel *k;
	size_t len;
	uint32_t first_seq; /* of origin[0] */
	struct origin *origin;
	size_t n, cap;
	size_t last; /* offset of the newest message */
	const struct fw_step *step;
	size_t rule;
	bool failed;
};

static uint8_t *batch_room(struct batch *b)
{
	struct fw_kernel *k = b->k;
	size_t need = b->len + MESSAGE_MAX;

	if (!b->failed && GROW(k->out, k->out_cap, need) < 0)
		b->failed = true;
	return b->failed ? NULL : k->out + b->len;
}

/* Start a message; NULL sticks. */
static struct nlmsghdr *message(struct batch *b, uint16_t type, uint16_t flags)
{
	uint8_t *room = batch_room(b);

	if (!room || GROW(b->origin, b->cap, b->n + 1) < 0) {
		b->failed = true;
		return NULL;
	}
	b->origin[b->n] = (struct origin){ b->step, b->rule };
	b->last = b->len;
	return nftnl_nlmsg_build_hdr((char *)room, type, NFPROTO_INET, flags,
				     b->first_seq + (uint32_t)b->n++);
}

static void message_end(struct batch *b, const struct nlmsghdr *h)
{
	if (h)
		b->len += MNL_ALIGN(h->nlmsg_len);
}

/* The begin or end of the batch. */
static void batch_edge(struct batch *b, uint16_t type, uint32_t seq, uint32_t generation)
{
	uint8_t *room = batch_room(b);

	if (!room)
		return;
	struct nlmsghdr *h = mnl_nlmsg_put_header(room);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = seq;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (generation)
		mnl_attr_put_u32(h, NFNL_BATCH_GENID, htonl(generation));
	message_end(b, h);
}
/* --- rows to messages --- */

static void put_rule(struct batch *b, const struct fw_chain *chain, const struct fw_rule *r)
{
	struct nftnl_rule *rule = fw_nft_rule(chain, r);
	struct nlmsghdr *h = message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	if (rule && h)
		nftnl_rule_nlmsg_build_payload(h, rule);
	message_end(b, h);
	b->failed |= !rule;
	if (rule)
		nftnl_rule_free(rule);
}

/* A message that only names the table and, with `attr`, an object in it. */
static void put_name(struct batch *b, uint16_t type, uint16_t attr, const char *name)
{
	struct nlmsghdr *h = message(b, type, 0);

	if (!h)
		return;
	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, FW_TABLE); /* 1 in every kind of message */
	if (name)
		mnl_attr_put_strz(h, attr, name);
	message_end(b, h);
}

static void put_table(struct batch *b, const struct fw_step *step)
{
	uint16_t fresh = step->op == FW_ADD_TABLE ? NLM_F_EXCL : 0;
	struct nlmsghdr *h = message(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | fresh);

	if (!h)
		return;
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_TABLE);
	mnl_attr_put_u32(h, NFTA_TABLE_FLAGS, htonl(step->owner ? fw_owner_flags(b->k) : 0));
	message_end(b, h);
}

static void put_chain_comment(struct nftnl_chain *c, const char *why)
{
	uint8_t buf[FW_WHY_MAX + 2];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t n = strlen(why) + 1;

	wr_u8(&w, NFTNL_UDATA_CHAIN_COMMENT);
	wr_u8(&w, (uint8_t)n);
	wr_bytes(&w, why, n);
	nftnl_chain_set_data(c, NFTNL_CHAIN_USERDATA, buf, (uint32_t)wr_len(&w));
}

static void put_chain(struct batch *b, const struct fw_chain *chain)
{
	const struct fw_hook_desc *hook = &fw_hook_desc[chain->hook];
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nlmsghdr *h = message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);

	if (c && h) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, FW_TABLE);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name);
		put_chain_comment(c, chain->why);
	}
	if (c && h && chain->hook != FW_REGULAR) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, hook->type);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook->number);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, hook->priority);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	if (c && h)
		nftnl_chain_nlmsg_build_payload(h, c);
	message_end(b, h);
	b->failed |= !c;
	if (c)
		nftnl_chain_free(c);
}

const struct fw_key_shape fw_key_shape[] = {
	[FW_KEY_IFACE] = { 41, 1, IFNAMSIZ, NFT_SET_MAP },
	[FW_KEY_IP4] = { 7, 2, 4, NFT_SET_MAP | NFT_SET_INTERVAL },
	[FW_KEY_IP6] = { 8, 2, 16, NFT_SET_MAP | NFT_SET_INTERVAL },
	[FW_KEY_IP4_NET] = { 7, 2, 4, NFT_SET_MAP },
	[FW_KEY_IP6_NET] = { 8, 2, 16, NFT_SET_MAP },
};

uint32_t fw_set_flags(enum fw_map map)
{
	return fw_map_desc[map].set ? 0 : fw_key_shape[fw_map_desc[map].key].flags;
}

static void put_byteorder(struct nftnl_set *s, uint32_t byteorder)
{
	uint8_t udata[2 + sizeof(byteorder)] = { NFTNL_UDATA_SET_KEYBYTEORDER, sizeof(byteorder) };

	memcpy(udata + 2, &byteorder, sizeof(byteorder)); /* in host order: nft reads it so */
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, udata, sizeof(udata));
}

static void put_map(struct batch *b, enum fw_map map)
{
	enum fw_key key = fw_map_desc[map].key;
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *h = message(b, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);

	if (s && h) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, FW_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, fw_map_name(map));
		nftnl_set_set_u32(s, NFTNL_SET_ID, (uint32_t)map + 1);
		nftnl_set_set_u32(s, NFTNL_SET_FLAGS, fw_set_flags(map));
		nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, fw_key_shape[key].type);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, fw_key_shape[key].len);
		if (!fw_map_desc[map].set) {
			nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
			nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, 16);
		}
		put_byteorder(s, fw_key_shape[key].byteorder);
		if (!fw_key_is_interval(
			key)) /* with a size and no timeout the kernel takes the fixed hash */
			nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, FW_MAP_SIZE);
		nftnl_set_nlmsg_build_payload(h, s);
	}
	message_end(b, h);
	b->failed |= !s;
	if (s)
		nftnl_set_free(s);
}

/* One past the address; false after the very last one. */
static bool next_address(uint8_t *bytes, uint32_t len)
{
	while (len-- > 0)
		if (++bytes[len])
			return true;
	return false;
}

static bool add_elem(struct nftnl_set *s, const void *key, uint32_t len, uint32_t flags,
		     const char *chain)
{
	struct nftnl_set_elem *x = nftnl_set_elem_alloc();

	if (!x)
		return false;
	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, key, len);
	if (flags)
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_FLAGS, flags);
	if (chain) {
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_JUMP);
		nftnl_set_elem_set_str(x, NFTNL_SET_ELEM_CHAIN, chain);
	}
	nftnl_set_elem_add(s, x);
	return true;
}

/* An interval is two elements: its first key, and the key after its last. */
static bool add_keys(struct nftnl_set *s, const struct fw_element *element, const char *chain)
{
	uint8_t key[16];

	if (fw_map_desc[element->map].key == FW_KEY_IFACE)
		return add_elem(s, element->iface, IFNAMSIZ, 0, chain);
	uint32_t len = fw_address_bytes(&element->first, key);
	if (!add_elem(s, key, len, 0, chain))
		return false;
	if (!fw_key_is_interval(fw_map_desc[element->map].key))
		return true;
	fw_address_bytes(&element->last, key);
	return !next_address(key, len) || add_elem(s, key, len, NFT_SET_ELEM_INTERVAL_END, NULL);
}

static void put_element(struct batch *b, const struct fw_element *element, bool add)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *h = message(b, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
				     add ? NLM_F_CREATE | NLM_F_EXCL : 0);

	if (s && h) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, FW_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, fw_map_name(element->map));
		b->failed |=
		    !add_keys(s, element, add && element->chain[0] ? element->chain : NULL);
		nftnl_set_elems_nlmsg_build_payload(h, s);
	}
	message_end(b, h);
	b->failed |= !s;
	if (s)
		nftnl_set_free(s);
}

static void put_rules(struct batch *b, const struct fw_chain *chain)
{
	for (size_t i = 0; i < chain->n_rules; i++) {
		b->rule = i;
		put_rule(b, chain, &chain->rules[i]);
	}
}

static void put_step(struct batch *b, const struct fw_step *step)
{
	b->step = step;
	b->rule = 0;
	switch (step->op) {
	case FW_DELETE_TABLE:
		put_name(b, NFT_MSG_DELTABLE, 0, NULL);
		break;
	case FW_DELETE_ELEMENT:
	case FW_ADD_ELEMENT:
		put_element(b, &step->element, step->op == FW_ADD_ELEMENT);
		break;
	case FW_FLUSH_CHAIN:
		put_name(b, NFT_MSG_DELRULE, NFTA_RULE_CHAIN, step->name);
		break;
	case FW_DELETE_CHAIN:
		put_name(b, NFT_MSG_DELCHAIN, NFTA_CHAIN_NAME, step->name);
		break;
	case FW_DELETE_MAP:
		put_name(b, NFT_MSG_DELSET, NFTA_SET_NAME, step->name);
		break;
	case FW_ADD_TABLE:
	case FW_ADOPT_TABLE:
		put_table(b, step);
		break;
	case FW_ADD_MAP:
		put_map(b, step->map);
		break;
	case FW_ADD_CHAIN:
		put_chain(b, &step->chain);
		break;
	case FW_ADD_RULES:
		put_rules(b, &step->chain);
		break;
	}
}

/* --- answers to a batch --- */

struct answer {
	const struct batch *b;
	struct err *e;
	int error; /* the first, positive */
	unsigned more;
	bool acknowledged;
};

/* The kernel's own words in an extended acknowledgement, or NULL. */
static const char *words_of(const struct nlmsghdr *h)
{
	const struct nlattr *a;
	size_t at = sizeof(struct nlmsgerr);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || h->nlmsg_len < NLMSG_HDRLEN + at)
		return NULL;
	mnl_attr_for_each(a, h, at)
	{
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	}
	return NULL;
}

static void describe(const struct origin *o, struct text *t)
{
	if (o->step->op != FW_ADD_RULES) {
		fw_step_text(o->step, t);
		if (t->len && !t->failed)
			t->s[--t->len] = '\0'; /* the newline */
		return;
	}
	text_addf(t, "add rule inet " FW_TABLE " %s ", o->step->chain.name);
	fw_rule_text(&o->step->chain.rules[o->rule], t);
}

static void take_error(struct answer *a, const struct nlmsghdr *h, int error)
{
	uint32_t i = h->nlmsg_seq - a->b->first_seq;
	const char *words = words_of(h);
	struct text t = { 0 };

	a->more += a->error != 0;
	if (a->error)
		return;
	a->error = error;
	if (i < a->b->n)
		describe(&a->b->origin[i], &t);
	err_sys(a->e, error, "firewall: cannot %s%s%s%s", t.s ? t.s : "commit the rules",
		words ? " (the kernel says \"" : "", words ? words : "", words ? "\")" : "");
	text_done(&t);
}

static void take_answer(struct answer *a, const struct nlmsghdr *h)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(h);
	uint32_t i =
	    h->nlmsg_seq - (a->b->first_seq - 1); /* the begin message has the number before */

	if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(error->error) ||
	    i > a->b->n + 1)
		return;
	if (error->error)
		take_error(a, h, -error->error);
	else
		a->acknowledged = true;
}

/* Everything is in the socket already. */
static int read_answers(struct fw_kernel *k, struct answer *a)
{
	for (;;) {
		ssize_t got = recv(fw_kernel_fd(k), k->in, sizeof(k->in), MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got < 0)
			return err_sys(a->e, errno, "firewall: cannot read the kernel's answer");
		int left = (int)MIN_OF((size_t)got, sizeof(k->in));
		for (const struct nlmsghdr *h = (void *)k->in; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			take_answer(a, h);
	}
}

static int send_batch(const struct batch *b, struct err *e)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct fw_kernel *k = b->k;

	/* Stale answers can't be there, but a dump that was given up may have left some. */
	while (recv(fw_kernel_fd(k), k->in, sizeof(k->in), MSG_DONTWAIT) >= 0 || errno == EINTR)
		;
	while (sendto(fw_kernel_fd(k), k->out, b->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		if (errno != EINTR)
			return err_sys(e, errno,
				       "firewall: cannot send a transaction of %zu octets", b->len);
	return 0;
}

static int commit(struct batch *b, const struct fw_plan *p, struct err *e)
{
	struct answer a = { .b = b, .e = e };

	batch_edge(b, NFNL_MSG_BATCH_BEGIN, b->first_seq - 1, p->generation);
	for (size_t i = 0; i < p->n; i++)
		put_step(b, &p->steps[i]);
	if (!b->failed)
		((struct nlmsghdr *)(void *)(b->k->out + b->last))->nlmsg_flags |= NLM_F_ACK;
	batch_edge(b, NFNL_MSG_BATCH_END, b->first_seq + (uint32_t)b->n, 0);
	if (b->failed)
		return err_sys(e, ENOMEM, "firewall: cannot build the transaction");
	int rc = send_batch(b, e);
	if (rc == 0)
		rc = read_answers(b->k, &a);
	b->k->seq = b->first_seq + (uint32_t)b->n;
	if (a.error)
		return -a.error;
	if (rc == 0 && !a.acknowledged)
		rc = err_sys(e, EIO, "firewall: the kernel did not answer");
	return rc;
}

static int commit_once(struct fw_kernel *k, const struct fw_plan *p, struct err *e)
{
	struct batch b = { .k = k, .first_seq = k->seq + 2 };
	int rc = commit(&b, p, e);

	free(b.origin);
	return rc;
}

static bool makes_owned_table(const struct fw_plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].owner)
			return true;
	return false;
}

int fw_apply(struct fw_kernel *k, const struct fw_plan *p, struct err *e)
{
	if (p->n == 0)
		return 0;
	int rc = commit_once(k, p, e);
	if (rc != -EOPNOTSUPP || k->no_persist || !makes_owned_table(p))
		return rc;
	k->no_persist = true;
	err_clear(e);
	return commit_once(k, p, e);
}
