/* SPDX-License-Identifier: GPL-2.0-or-later */
/* foreign.h — what other people's rules do to guests' packets: an accept in our table can't win
 * against a drop in another's, for every base chain of a hook has its say.
 *
 * Others' chains of the hooks forward and input are read into a model of which we understand
 * interfaces, protocols, ports and whether a rule is for replies only. A packet is then led through
 * them. A rule with a condition that we don't understand is taken as not matching; where only a set
 * isn't known, as matching when it accepts: better no alarm than a false one. */
#ifndef FIREWALL_FOREIGN_H
#define FIREWALL_FOREIGN_H

#include "base/err.h"

#include <net/if.h>

#define FW_FOREIGN_NAME_MAX   64    /* of tables and chains; longer ones are cut */
#define FW_FOREIGN_RULES_MAX  16384 /* beyond so many rules nothing is told */
#define FW_FOREIGN_CHAINS_MAX 4096

enum fw_foreign_hook { FW_FOREIGN_REGULAR, FW_FOREIGN_FORWARD, FW_FOREIGN_INPUT };
enum fw_foreign_verdict {
	FW_FOREIGN_CONTINUE,
	FW_FOREIGN_ACCEPT,
	FW_FOREIGN_DROP,
	FW_FOREIGN_JUMP,
	FW_FOREIGN_GOTO,
	FW_FOREIGN_RETURN,
};

/* An interface's name in a rule; "" is any, and one that ends in '*' a beginning. */
struct fw_foreign_interface {
	char name[IF_NAMESIZE + 1];
	bool inverted;
};
struct fw_foreign_rule {
	struct fw_foreign_interface in, out;
	bool replies; /* of connections that exist */
	bool unknown; /* has conditions that aren't understood */
	bool maybe;   /* has a set that isn't known */
	int family;   /* AF_*; 0: any */
	uint8_t proto;
	uint16_t port_first, port_last; /* destination; 0..0: any */
	enum fw_foreign_verdict verdict;
	char target[FW_FOREIGN_NAME_MAX];
	uint64_t handle; /* of one that bears our mark; else 0 */
};
struct fw_foreign_chain {
	int family; /* AF_INET, AF_INET6; 0: both */
	char table[FW_FOREIGN_NAME_MAX], name[FW_FOREIGN_NAME_MAX];
	enum fw_foreign_hook hook;
	bool policy_drop;
	struct fw_foreign_rule *rules;
	size_t n_rules, cap_rules;
};
struct fw_foreign {
	struct fw_foreign_chain *chains;
	size_t n, cap, n_rules;
	bool too_many;
};

struct fw_foreign_chain *fw_foreign_add_chain(struct fw_foreign *f,
					      const struct fw_foreign_chain *like);
/* 0 or -ENOMEM. Rules of chains that aren't there are passed over. */
int fw_foreign_add_rule(struct fw_foreign *f, int family, const char *table, const char *chain,
			const struct fw_foreign_rule *rule) mustcheck;
void fw_foreign_done(struct fw_foreign *f);

struct fw_foreign_packet {
	int family;
	const char *in, *out; /* NULL: an interface that no rule names */
	bool reply;
	uint8_t proto;
	uint16_t port;
};
/* Whether the base chain drops it. */
bool fw_foreign_drops(const struct fw_foreign *f, const struct fw_foreign_chain *base,
		      const struct fw_foreign_packet *p);

struct fw_kernel;
/* Read others' chains of hooks forward and input, with those that they jump to. 0 or -errno; ends
 * with fw_foreign_done(). */
int fw_foreign_read(struct fw_kernel *k, struct fw_foreign *ret, struct err *e) mustcheck;

/* An accept of ours in another's chain, or with `remove`, a handle, its end. */
#define FW_FOREIGN_MARK "netd"
struct fw_foreign_opening {
	int family;
	char table[FW_FOREIGN_NAME_MAX], chain[FW_FOREIGN_NAME_MAX];
	char bridge[IF_NAMESIZE];
	bool outgoing; /* what leaves by the bridge; else what comes in by it */
	uint8_t proto;
	uint16_t port; /* 0: any */
	uint64_t remove;
};
/* The chain in which administrators are meant to put theirs: Docker's DOCKER-USER, else `base`. */
const struct fw_foreign_chain *fw_foreign_place(const struct fw_foreign *f,
						const struct fw_foreign_chain *base);
/* All of them or none. Blocking. */
int fw_foreign_open(const struct fw_foreign_opening *list, size_t n, struct err *e) mustcheck;

#endif
