/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp-rules.h"

#include "base/cursor.h"

#include <errno.h>
#include <string.h>

/* ---- the rules ---- */

/* A copy of an array; NULL for an empty one. */
static int copy_array(void *ret, const void *from, size_t n, size_t size)
{
	void **to = ret;

	*to = n ? malloc(n * size) : NULL;
	if (n && !*to)
		return -ENOMEM;
	if (n)
		memcpy(*to, from, n * size);
	return 0;
}

int dhcp_rules_copy(struct dhcp_rules *to, const struct dhcp_rules *from)
{
	*to = (struct dhcp_rules){ .n = from->n,
				   .n_options = from->n_options,
				   .n_bytes = from->n_bytes };
	if (copy_array(&to->rule, from->rule, from->n, sizeof(*to->rule)) < 0 ||
	    copy_array(&to->option, from->option, from->n_options, sizeof(*to->option)) < 0 ||
	    copy_array(&to->bytes, from->bytes, from->n_bytes, 1) < 0) {
		dhcp_rules_done(to);
		return -ENOMEM;
	}
	return 0;
}

void dhcp_rules_done(struct dhcp_rules *r)
{
	free(r->rule);
	free(r->option);
	free(r->bytes);
	*r = (struct dhcp_rules){ 0 };
}

static bool has_end(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static bool rule_is_sound(const struct dhcp_rules *r, const struct dhcp_rule *u)
{
	return has_end(u->name, sizeof(u->name)) && has_end(u->vendor, sizeof(u->vendor)) &&
	       has_end(u->user, sizeof(u->user)) && has_end(u->boot, sizeof(u->boot)) &&
	       u->n_arch <= DHCP_RULE_ARCHS_MAX && u->first_option <= r->n_options &&
	       u->n_options <= r->n_options - u->first_option;
}

bool dhcp_rules_are_sound(const struct dhcp_rules *r)
{
	if (r->n > DHCP_RULES_MAX || r->n_options > DHCP_RULE_OPTIONS_MAX ||
	    r->n_bytes > DHCP_RULE_BYTES_MAX)
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!rule_is_sound(r, &r->rule[i]))
			return false;
	for (size_t i = 0; i < r->n_options; i++) {
		const struct dhcp_rule_option *o = &r->option[i];
		if (o->n > DHCP_RULE_VALUE_MAX || o->at > r->n_bytes || o->n > r->n_bytes - o->at)
			return false;
	}
	return true;
}

/* ---- who ---- */

static bool text_in(const struct dhcp_text *texts, size_t n, const char *wanted, bool prefix)
{
	size_t len = strlen(wanted);

	for (size_t i = 0; i < n; i++)
		if (texts[i].n >= len && (prefix || texts[i].n == len) &&
		    memcmp(texts[i].p, wanted, len) == 0)
			return true;
	return false;
}

static bool arch_fits(const struct dhcp_rule *u, const struct dhcp_client *c)
{
	for (size_t i = 0; c->has_arch && i < u->n_arch; i++)
		if (u->arch[i] == c->arch)
			return true;
	return u->n_arch == 0;
}

/* The machine's firmware keeps the first three fields of its UUID with their low octets first
 * (SMBIOS); some boot loaders swap them for the wire, others don't. */
static bool uuid_fits(const struct uuid *u, const struct dhcp_client *c)
{
	static const uint8_t swapped[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	bool as_it_is = c->has_uuid, other_way = c->has_uuid;

	for (size_t i = 0; i < sizeof(u->b); i++) {
		as_it_is &= u->b[i] == c->uuid[i];
		other_way &= u->b[i] == c->uuid[swapped[i]];
	}
	return as_it_is || other_way;
}

static bool matches(const struct dhcp_rule *u, const struct dhcp_client *c)
{
	if (u->has_mac && !mac_equal(&u->mac, c->mac))
		return false;
	if (u->name[0] && strcmp(u->name, c->name) != 0)
		return false;
	if (u->has_uuid && !uuid_fits(&u->uuid, c))
		return false;
	if (u->vendor[0] && !text_in(c->vendor, c->n_vendor, u->vendor, true))
		return false;
	if (u->user[0] && !text_in(c->user, c->n_user, u->user, false))
		return false;
	if (u->ipxe != DHCP_RULE_ANY && (u->ipxe == DHCP_RULE_IPXE) != c->ipxe)
		return false;
	return arch_fits(u, c);
}

/* ---- what ---- */

static void take(struct dhcp_settings *s, const struct dhcp_rule *u)
{
	for (size_t i = 0; i < u->n_options && s->n < DHCP_SETTINGS_MAX; i++) {
		const struct dhcp_rule_option *o = &s->rules->option[u->first_option + i];
		if (!dhcp_settings_find(s, o->code))
			s->option[s->n++] = o;
	}
	if (!s->lease_sec)
		s->lease_sec = u->lease_sec;
	if (!s->t1_sec) {
		s->t1_sec = u->t1_sec;
		s->t2_sec = u->t2_sec;
	}
	if (!s->boot && u->has_boot)
		s->boot = u;
}

void dhcp_rules_apply(const struct dhcp_rules *r, const struct dhcp_client *c,
		      struct dhcp_settings *ret)
{
	ret->rules = r;
	ret->n = 0;
	ret->lease_sec = ret->t1_sec = ret->t2_sec = 0;
	ret->boot = NULL;
	for (size_t i = 0; i < r->n; i++)
		if (matches(&r->rule[i], c))
			take(ret, &r->rule[i]);
}

const struct dhcp_rule_option *dhcp_settings_find(const struct dhcp_settings *s, unsigned code)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->option[i]->code == code)
			return s->option[i];
	return NULL;
}

bool dhcp_settings_times(const struct dhcp_settings *s, uint32_t sec, uint32_t *ret_t1,
			 uint32_t *ret_t2)
{
	if (!s->t1_sec || s->t1_sec >= s->t2_sec || s->t2_sec >= sec)
		return false;
	*ret_t1 = s->t1_sec;
	*ret_t2 = s->t2_sec;
	return true;
}

/* ---- classes ---- */

size_t dhcp_user_class4(const uint8_t *p, size_t n,
			struct dhcp_text ret[static DHCP_CLIENT_TEXTS_MAX])
{
	struct rd r = rd_over(p, n);
	size_t count = 0;

	if (!n)
		return 0;
	ret[count++] = (struct dhcp_text){ p, n };
	while (rd_left(&r) && count < DHCP_CLIENT_TEXTS_MAX) {
		size_t len = rd_u8(&r);
		const uint8_t *part = rd_bytes(&r, len);
		if (r.bad || !len)
			break;
		ret[count++] = (struct dhcp_text){ part, len };
	}
	return count;
}

size_t dhcp_class6(const uint8_t *p, size_t n, struct dhcp_text ret[static DHCP_CLIENT_TEXTS_MAX])
{
	struct rd r = rd_over(p, n);
	size_t count = 0;

	while (rd_left(&r) && count < DHCP_CLIENT_TEXTS_MAX) {
		size_t len = rd_u16(&r);
		const uint8_t *part = rd_bytes(&r, len);
		if (r.bad)
			break;
		ret[count++] = (struct dhcp_text){ part, len };
	}
	return count;
}
