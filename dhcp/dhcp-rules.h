/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-rules.h — who is told what: options, lease times and boot files for some clients and not for
 * others, in both families.
 *
 * A rule says who it is for and what these get. Rules stand in the order of their precedence: of
 * those that match a client, the first that says something about a matter (an option, the lease,
 * the boot file) decides it. Values are octets in the wire's form, made when the definition was
 * read. Everything is flat and bounded, so that it can be copied and sent as it stands. */
#ifndef DHCP_DHCP_RULES_H
#define DHCP_DHCP_RULES_H

#include "base/addr.h"

#define DHCP_RULES_MAX        512
#define DHCP_RULE_OPTIONS_MAX 4096            /* of all rules */
#define DHCP_RULE_BYTES_MAX   (1024U * 1024U) /* values of all options */
#define DHCP_RULE_VALUE_MAX   1024
#define DHCP_RULE_ARCHS_MAX   16
#define DHCP_RULE_TEXT_MAX    256 /* vendor and user class, boot file or URL; with the end */
#define DHCP_RULE_NAME_MAX    64
#define DHCP_SETTINGS_MAX     128 /* options for one client; more are left out */

struct dhcp_rule_option {
	uint16_t code;
	bool force;  /* sent to those, too, who don't ask for it */
	bool absent; /* never sent, whatever else would be */
	uint16_t n;  /* octets */
	uint32_t at; /* in the rules' bytes */
};

struct dhcp_rule {
	/* Who: all that is given must hold; nothing given: everybody. */
	bool has_mac, has_uuid;
	struct mac mac;
	struct uuid uuid;                /* of the machine: option 97 of DHCPv4 */
	char name[DHCP_RULE_NAME_MAX];   /* the host's, "" for any */
	char vendor[DHCP_RULE_TEXT_MAX]; /* what the vendor class begins with, "" for any */
	char user[DHCP_RULE_TEXT_MAX];   /* one of the user classes, "" for any */
	enum { DHCP_RULE_ANY, DHCP_RULE_IPXE, DHCP_RULE_NOT_IPXE } ipxe;
	uint16_t arch[DHCP_RULE_ARCHS_MAX]; /* one of these is the client's first; none: any */
	uint8_t n_arch;

	/* What: zero or "" says nothing. */
	uint32_t lease_sec, t1_sec, t2_sec;
	bool has_boot;                 /* DHCPv4; in DHCPv6 it is made of options */
	char boot[DHCP_RULE_TEXT_MAX]; /* file, or URL; "" with has_boot: none */
	uint32_t boot_server;          /* 0: ours */
	uint16_t first_option, n_options;
};

struct dhcp_rules {
	struct dhcp_rule *rule;
	size_t n;
	struct dhcp_rule_option *option;
	size_t n_options;
	uint8_t *bytes;
	size_t n_bytes;
};
/* A copy of everything. 0 or -ENOMEM (nothing to free then). */
int dhcp_rules_copy(struct dhcp_rules *to, const struct dhcp_rules *from) mustcheck;
void dhcp_rules_done(struct dhcp_rules *r);
/* Nothing points to the outside, every text has its end. */
bool dhcp_rules_are_sound(const struct dhcp_rules *r);

/* What a client says of itself. */
struct dhcp_text {
	const uint8_t *p;
	size_t n;
};
#define DHCP_CLIENT_TEXTS_MAX 4 /* of one kind; further ones are not looked at */
struct dhcp_client {
	const struct mac *mac;
	const char *name; /* "" for none */
	struct dhcp_text vendor[DHCP_CLIENT_TEXTS_MAX], user[DHCP_CLIENT_TEXTS_MAX];
	size_t n_vendor, n_user;
	bool has_arch, has_uuid, ipxe;
	uint16_t arch;
	uint8_t uuid[16];
};

/* What the rules have for one client. */
struct dhcp_settings {
	const struct dhcp_rules *rules;
	const struct dhcp_rule_option *option[DHCP_SETTINGS_MAX];
	size_t n;
	uint32_t lease_sec, t1_sec, t2_sec; /* 0: not said */
	const struct dhcp_rule *boot;       /* NULL: not said */
};
void dhcp_rules_apply(const struct dhcp_rules *r, const struct dhcp_client *c,
		      struct dhcp_settings *ret);
/* NULL: not said. */
const struct dhcp_rule_option *dhcp_settings_find(const struct dhcp_settings *s, unsigned code);
static inline const uint8_t *dhcp_settings_value(const struct dhcp_settings *s,
						 const struct dhcp_rule_option *o)
{
	return s->rules->bytes + o->at;
}
/* T1 and T2 for a lease of `sec`, if the rules have both and they fit into it; else false. */
bool dhcp_settings_times(const struct dhcp_settings *s, uint32_t sec, uint32_t *ret_t1,
			 uint32_t *ret_t2);

/* The parts of a user class (DHCPv4 option 77): as RFC 3004 has it, each with its length, and as
 * iPXE and others send it, plainly. The whole comes first. */
size_t dhcp_user_class4(const uint8_t *p, size_t n,
			struct dhcp_text ret[static DHCP_CLIENT_TEXTS_MAX]);
/* The parts of DHCPv6's classes, each with its length in 16 bits. */
size_t dhcp_class6(const uint8_t *p, size_t n, struct dhcp_text ret[static DHCP_CLIENT_TEXTS_MAX]);

#endif
