/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-internal.h — what the nft*.c files share; they alone know libnftnl and libmnl. */
#ifndef FIREWALL_NFT_INTERNAL_H
#define FIREWALL_NFT_INTERNAL_H

#include "firewall/firewall-internal.h"
#include "firewall/nft.h"

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <string.h>

#define BUFFER      65536 /* octets of one receive */
#define MESSAGE_MAX 4096  /* no message of ours is longer */
#define TRIES       8     /* against a ruleset that others keep changing */

#ifndef NFT_TABLE_F_PERSIST /* Linux 6.9 */
#define NFT_TABLE_F_PERSIST 0x4
#endif

struct fw_kernel {
	struct mnl_socket *nl;
	bool no_persist; /* the kernel doesn't know NFT_TABLE_F_PERSIST */
	uint32_t seq;
	uint8_t *out; /* the batch; kept for the next */
	size_t out_cap;
	alignas(struct nlmsghdr) uint8_t in[BUFFER];
};

/* Userdata are {type, length, value}; this type is ours, far from those that nft may give a
 * meaning. */
#define UDATA_HASH 200

/* nft's own numbers of types and byte orders, by which it knows how to show a key. */
struct fw_key_shape {
	uint32_t type, byteorder, len, flags;
};
extern const struct fw_key_shape fw_key_shape[];
uint32_t fw_set_flags(enum fw_map map);

static inline uint32_t fw_owner_flags(const struct fw_kernel *k)
{
	return NFT_TABLE_F_OWNER | (k->no_persist ? 0 : NFT_TABLE_F_PERSIST);
}

static inline bool fw_is_our_table(const char *table)
{
	return table && strcmp(table, FW_TABLE) == 0;
}

/* Send the request and hand each message of the answer to `take`. -EINTR: the ruleset changed
 * during the dump. nft-dump.c. */
typedef int fw_take_fn(void *data, const struct nlmsghdr *h);
int fw_ask(struct fw_kernel *k, const struct nlmsghdr *request, fw_take_fn *take, void *data)
    mustcheck;

/* Wire order of an address; returns its length. */
uint32_t fw_address_bytes(const struct ip *a, uint8_t out[static 16]);

/* The rule with its expressions and userdata, for the caller to free; NULL when out of memory. */
struct nftnl_rule *fw_nft_rule(const struct fw_chain *chain, const struct fw_rule *r) mustcheck;

#endif
