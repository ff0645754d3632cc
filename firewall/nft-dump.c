/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-dump.c — the kernel's table as a struct fw_state. */
#include "firewall/nft-internal.h"

#include "base/cursor.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

static struct nlmsghdr *ask_for(struct fw_kernel *k, uint8_t buf[static MESSAGE_MAX], uint16_t type,
				bool dump)
{
	return nftnl_nlmsg_build_hdr((char *)buf, type, NFPROTO_INET, dump ? NLM_F_DUMP : 0,
				     ++k->seq);
}

/* One message of an answer. 1: the answer is complete; 0: more follows; else -errno. */
static int take_one(const struct nlmsghdr *request, const struct nlmsghdr *h, fw_take_fn *take,
		    void *data, bool *interrupted)
{
	if (h->nlmsg_seq != request->nlmsg_seq)
		return 0; /* left from a request that was given up */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		*interrupted = true;
	if (h->nlmsg_type == NLMSG_DONE)
		return 1;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = mnl_nlmsg_get_payload(h);
		return error->error ? error->error : 1;
	}
	int rc = take(data, h);
	return rc < 0 ? rc : !(h->nlmsg_flags & NLM_F_MULTI);
}

int fw_ask(struct fw_kernel *k, const struct nlmsghdr *request, fw_take_fn *take, void *data)
{
	bool interrupted = false;
	int rc = 0;

	if (mnl_socket_sendto(k->nl, request, request->nlmsg_len) < 0)
		return -errno;
	while (rc == 0) {
		ssize_t got = mnl_socket_recvfrom(k->nl, k->in, sizeof(k->in));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)k->in; rc == 0 && mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			rc = take_one(request, h, take, data, &interrupted);
	}
	return rc < 0 ? rc : interrupted ? -EINTR : 0;
}

static int take_generation(void *data, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == NFTA_GEN_ID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			*(uint32_t *)data = ntohl(mnl_attr_get_u32(a));
	}
	return 0;
}

static int get_generation(struct fw_kernel *k, uint32_t *ret)
{
	uint8_t buf[MESSAGE_MAX];

	return fw_ask(k, ask_for(k, buf, NFT_MSG_GETGEN, false), take_generation, ret);
}

struct dump {
	struct fw_kernel *k;
	struct fw_state *state;
	bool owner; /* the table should be owned */
	uint32_t generation;
	bool shaped[FW_MAPS]; /* maps that are there in their right shape: their elements can be
				 read */
};

static enum fw_fit fit_of(const struct dump *d, const struct nftnl_table *t)
{
	uint32_t flags = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS);

	if (!d->owner)
		return flags == 0 ? FW_FIT_RIGHT : FW_FIT_WRONG;
	if (flags == NFT_TABLE_F_PERSIST)
		return FW_FIT_ADOPT;
	return flags == fw_owner_flags(d->k) &&
		       nftnl_table_get_u32(t, NFTNL_TABLE_OWNER) == fw_kernel_port(d->k)
		   ? FW_FIT_RIGHT
		   : FW_FIT_WRONG;
}

static int take_table(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	struct nftnl_table *t = nftnl_table_alloc();

	if (!t)
		return -ENOMEM;
	int rc = nftnl_table_nlmsg_parse(h, t) < 0 ? -EBADMSG : 0;
	if (rc == 0)
		rc = fw_state_table(d->state, fit_of(d, t), d->generation);
	nftnl_table_free(t);
	return rc;
}

/* Which of our base chains this is; FW_REGULAR when it is none. */
static enum fw_hook hook_of(const struct nftnl_chain *c)
{
	static const struct {
		enum fw_hook hook;
		const char *name;
	} ours[] = {
		{ FW_FORWARD, "forward" },
		{ FW_POST, "post" },
		{ FW_INPUT, "input" },
		{ FW_OUTPUT, "output" },
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		const struct fw_hook_desc *hook = &fw_hook_desc[ours[i].hook];
		if (strcmp(nftnl_chain_get_str(c, NFTNL_CHAIN_NAME), ours[i].name) == 0 &&
		    nftnl_chain_is_set(c, NFTNL_CHAIN_TYPE) &&
		    strcmp(nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE), hook->type) == 0 &&
		    nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM) == hook->number &&
		    nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO) == hook->priority &&
		    nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_ACCEPT)
			return ours[i].hook;
	}
	return FW_REGULAR;
}

static int take_chain(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	struct nftnl_chain *c = nftnl_chain_alloc();
	int rc = 0;

	if (!c)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(h, c) < 0 || !nftnl_chain_is_set(c, NFTNL_CHAIN_NAME)) {
		rc = -EBADMSG;
	} else if (fw_is_our_table(nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE))) {
		enum fw_hook hook = hook_of(c);
		bool base = nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM);
		rc = fw_state_chain(d->state, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME), hook,
				    !base || hook != FW_REGULAR);
	}
	nftnl_chain_free(c);
	return rc;
}

static uint64_t hash_in_userdata(const void *bytes, size_t n)
{
	struct rd r = rd_over(bytes, n);
	uint64_t hash = 0;

	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r), len = rd_u8(&r);
		struct rd value = rd_sub(&r, len);
		if (type == UDATA_HASH && rd_left(&value) == sizeof(hash))
			hash = rd_u64(&value);
	}
	return r.bad ? 0 : hash;
}

/* Counters, quotas, flow tables …: we have none, so these are a stranger's. */
static int take_stray(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
		    fw_is_our_table(mnl_attr_get_str(a)))
			return fw_state_table(d->state, FW_FIT_WRONG, d->generation);
	}
	return 0;
}

/* Parsed by hand: of a rule only its place and its userdata matter, not its expressions. */
static int take_rule(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	const char *table = NULL, *chain = NULL;
	uint64_t hash = 0;
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		uint16_t type = mnl_attr_get_type(a);
		if (type == NFTA_RULE_USERDATA)
			hash =
			    hash_in_userdata(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
		else if (type == NFTA_RULE_TABLE && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			table = mnl_attr_get_str(a);
		else if (type == NFTA_RULE_CHAIN && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			chain = mnl_attr_get_str(a);
	}
	if (fw_is_our_table(table) && chain)
		fw_state_rule(d->state, chain, hash);
	return 0;
}

static bool shape_right(const struct nftnl_set *s, enum fw_map map)
{
	enum fw_key key = fw_map_desc[map].key;

	return nftnl_set_get_u32(s, NFTNL_SET_FLAGS) == fw_set_flags(map) &&
	       nftnl_set_get_u32(s, NFTNL_SET_KEY_LEN) == fw_key_shape[key].len &&
	       (fw_map_desc[map].set ||
		nftnl_set_get_u32(s, NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT);
}

static int take_map(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	struct nftnl_set *s = nftnl_set_alloc();
	bool right = false;
	int rc = 0;

	if (!s)
		return -ENOMEM;
	if (nftnl_set_nlmsg_parse(h, s) < 0 || !nftnl_set_is_set(s, NFTNL_SET_NAME)) {
		rc = -EBADMSG;
	} else if (fw_is_our_table(nftnl_set_get_str(s, NFTNL_SET_TABLE)) &&
		   !(nftnl_set_get_u32(s, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)) {
		const char *name = nftnl_set_get_str(s, NFTNL_SET_NAME);
		for (unsigned m = 0; m < FW_MAPS; m++)
			if (strcmp(name, fw_map_name((enum fw_map)m)) == 0)
				right = d->shaped[m] = shape_right(s, (enum fw_map)m);
		rc = fw_state_map(d->state, name, right);
	}
	nftnl_set_free(s);
	return rc;
}

/* --- elements --- */

struct key {
	struct fw_element element;
	uint8_t bytes[16];
	bool is_end, is_jump;
};

struct keys {
	enum fw_map map;
	struct key *key;
	size_t n, cap;
	struct nftnl_set *set;
};

static int take_elements(void *data, const struct nlmsghdr *h)
{
	struct keys *keys = data;

	return nftnl_set_elems_nlmsg_parse(h, keys->set) < 0 ? -EBADMSG : 0;
}

static int take_element(struct nftnl_set_elem *x, void *data)
{
	struct keys *keys = data;
	uint32_t len = 0;
	const void *bytes = nftnl_set_elem_get(x, NFTNL_SET_ELEM_KEY, &len);

	if (GROW(keys->key, keys->cap, keys->n + 1) < 0)
		return -1;
	struct key *key = &keys->key[keys->n++];
	*key = (struct key){ .element = { .map = keys->map } };
	if (bytes)
		memcpy(key->bytes, bytes, MIN_OF(len, sizeof(key->bytes)));
	if (nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_FLAGS))
		key->is_end =
		    nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END;
	if (nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_CHAIN))
		key->is_jump = copy_text(key->element.chain, sizeof(key->element.chain),
					 nftnl_set_elem_get_str(x, NFTNL_SET_ELEM_CHAIN)) &&
			       (int)nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_VERDICT) == NFT_JUMP;
	return 0;
}

/* By address; where one interval ends and the next begins, the end first. */
static int by_address(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c = memcmp(x->bytes, y->bytes, sizeof(x->bytes));

	return c ? c : (int)y->is_end - (int)x->is_end;
}

static struct ip address_of(const struct key *key)
{
	struct ip a = { .family = fw_key_family(fw_map_desc[key->element.map].key) };
	struct rd r = rd_over(key->bytes, sizeof(key->bytes));

	if (a.family == AF_INET)
		a.v4 = rd_u32(&r);
	else
		rd_copy(&r, a.v6, sizeof(a.v6));
	return a;
}

static struct ip address_before(const struct key *key)
{
	struct ip a = address_of(key);

	if (a.family == AF_INET)
		a.v4--;
	else
		for (size_t i = sizeof(a.v6); i-- > 0 && a.v6[i]-- == 0;)
			;
	return a;
}

/* Pair the keys of an interval map: each begin runs up to the key that follows it. */
static int record_ranges(struct dump *d, struct keys *keys)
{
	int rc = 0;

	if (keys->n)
		qsort(keys->key, keys->n, sizeof(*keys->key), by_address);
	for (size_t i = 0; i < keys->n && rc == 0; i++) {
		struct key *key = &keys->key[i];
		if (key->is_end)
			continue;
		struct fw_prefix all = { .net = address_of(key), .len = 0 };
		key->element.first = all.net;
		key->element.last =
		    i + 1 < keys->n ? address_before(key + 1) : fw_prefix_last(&all);
		rc = fw_state_element(d->state, &key->element, key->is_jump);
	}
	return rc;
}

static int record_nets(struct dump *d, struct keys *keys)
{
	int rc = 0;

	for (size_t i = 0; i < keys->n && rc == 0; i++) {
		struct key *key = &keys->key[i];
		struct fw_prefix net = { .net = address_of(key) };
		net.len = net.net.family == AF_INET ? FW_NET4_LEN : FW_NET6_LEN;
		key->element.first = net.net;
		key->element.last = fw_prefix_last(&net);
		rc = fw_state_element(d->state, &key->element, key->is_jump);
	}
	return rc;
}

static int record_ifaces(struct dump *d, struct keys *keys)
{
	int rc = 0;

	for (size_t i = 0; i < keys->n && rc == 0; i++) {
		struct key *key = &keys->key[i];
		memcpy(key->element.iface, key->bytes, IFNAMSIZ - 1);
		rc = fw_state_element(d->state, &key->element, key->is_jump);
	}
	return rc;
}

static int dump_elements(struct dump *d, enum fw_map map)
{
	uint8_t buf[MESSAGE_MAX];
	struct keys keys = { .map = map, .set = nftnl_set_alloc() };
	struct nlmsghdr *h = ask_for(d->k, buf, NFT_MSG_GETSETELEM, true);

	if (!keys.set)
		return -ENOMEM;
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, FW_TABLE);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, fw_map_name(map));
	int rc = fw_ask(d->k, h, take_elements, &keys);
	if (rc == 0 && nftnl_set_elem_foreach(keys.set, take_element, &keys) < 0)
		rc = -ENOMEM;
	if (rc == 0)
		rc = fw_map_desc[map].key == FW_KEY_IFACE       ? record_ifaces(d, &keys)
		     : fw_key_is_interval(fw_map_desc[map].key) ? record_ranges(d, &keys)
								: record_nets(d, &keys);
	free(keys.key);
	nftnl_set_free(keys.set);
	return rc;
}

static int dump_kind(struct dump *d, uint16_t type, bool dump, fw_take_fn *take)
{
	uint8_t buf[MESSAGE_MAX];
	struct nlmsghdr *h = ask_for(d->k, buf, type, dump);

	/* Kernels that can't filter show all tables; attribute 1 is the table's name in every kind.
	 */
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_TABLE);
	return fw_ask(d->k, h, take, d);
}

static int dump_table(struct dump *d)
{
	int rc = get_generation(d->k, &d->generation);

	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETTABLE, false, take_table);
	if (rc == -ENOENT) {
		fw_state_no_table(d->state, d->generation);
		return 0;
	}
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETCHAIN, true, take_chain);
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETRULE, true, take_rule);
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETSET, true, take_map);
	for (unsigned m = 0; m < FW_MAPS && rc == 0; m++)
		if (d->shaped[m])
			rc = dump_elements(d, (enum fw_map)m);
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETOBJ, true, take_stray);
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETFLOWTABLE, true, take_stray);
	uint32_t generation = 0;
	if (rc == 0)
		rc = get_generation(d->k, &generation);
	return rc == 0 && generation != d->generation ? -EINTR : rc;
}

int fw_have(struct fw_kernel *k, const struct fw_options *o, struct fw_state **ret, struct err *e)
{
	int rc = -EINTR;

	for (unsigned i = 0; i < TRIES && (rc == -EINTR || rc == -ENOENT); i++) {
		struct dump d = { .k = k, .state = fw_state_new(), .owner = o->owner };
		rc = d.state ? dump_table(&d) : -ENOMEM;
		if (rc == 0) {
			*ret = d.state;
			return 0;
		}
		fw_state_free(d.state);
	}
	return err_sys(e, -rc, "firewall: cannot read table inet " FW_TABLE);
}

/* --- counters --- */

struct counting {
	struct fw_counter *out;
	size_t cap, n;
};

static int take_counter_expr(struct nftnl_expr *x, void *data)
{
	struct fw_counter *c = data;

	if (strcmp(nftnl_expr_get_str(x, NFTNL_EXPR_NAME), "counter") == 0) {
		c->packets = nftnl_expr_get_u64(x, NFTNL_EXPR_CTR_PACKETS);
		c->octets = nftnl_expr_get_u64(x, NFTNL_EXPR_CTR_BYTES);
	}
	return 0;
}

static int take_counter(void *data, const struct nlmsghdr *h)
{
	struct counting *counting = data;
	struct fw_counter c = { 0 };
	struct nftnl_rule *r = nftnl_rule_alloc();

	if (!r)
		return -ENOMEM;
	int rc = nftnl_rule_nlmsg_parse(h, r) < 0 ? -EBADMSG : 0;
	if (rc == 0 && counting->n < counting->cap) {
		nftnl_expr_foreach(r, take_counter_expr, &c);
		counting->out[counting->n++] = c;
	}
	nftnl_rule_free(r);
	return rc;
}

ssize_t fw_counters(struct fw_kernel *k, const char *chain, struct fw_counter *out, size_t cap,
		    struct err *e)
{
	uint8_t buf[MESSAGE_MAX];
	struct counting counting = { .out = out, .cap = cap };
	int rc = -EINTR;

	for (unsigned i = 0; i < TRIES && rc == -EINTR; i++) {
		struct nlmsghdr *h = ask_for(k, buf, NFT_MSG_GETRULE, true);
		mnl_attr_put_strz(h, NFTA_RULE_TABLE, FW_TABLE);
		mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
		counting.n = 0;
		rc = fw_ask(k, h, take_counter, &counting);
	}
	return rc < 0 ? err_sys(e, -rc, "firewall: cannot read chain %s", chain)
		      : (ssize_t)counting.n;
}
