/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update.c — net-update: from an old definition and one element to a new definition.
 *
 * The rules of matching are libvirt's, section by section, in the files update-*.c. What comes out
 * is printed and parsed again, so that nothing can be brought in by an update that a definition
 * would be refused for. */
#include "network/copy.h"
#include "network/update-internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool change_adds(const struct change *c)
{
	return c->command == NETWORK_UPDATE_ADD_FIRST || c->command == NETWORK_UPDATE_ADD_LAST;
}

int change_refuse(const struct change *c, const char *fmt, ...)
{
	char text[sizeof(c->r->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return report_refuse(c->r, ERR_OPERATION_INVALID, 0, "%s", text);
}

/* Lists. */

static char *list_at(struct list l, size_t i)
{
	return *(char **)l.array_ptr + i * l.size;
}

/* Move element `i` of `from` to position `at` of `to`. */
static int list_move(const struct change *c, struct list to, size_t at, struct list from, size_t i)
{
	char *bigger = reallocarray(*(void **)to.array_ptr, *to.n + 1, to.size);

	if (!bigger)
		return report_no_memory(c->r);
	*(void **)to.array_ptr = bigger;
	memmove(list_at(to, at + 1), list_at(to, at), (*to.n - at) * to.size);
	memcpy(list_at(to, at), list_at(from, i), to.size);
	memmove(list_at(from, i), list_at(from, i + 1), (*from.n - i - 1) * to.size);
	++*to.n;
	--*from.n;
	return 0;
}

int list_add(const struct change *c, struct list to, struct list from)
{
	return list_move(c, to, c->command == NETWORK_UPDATE_ADD_FIRST ? 0 : *to.n, from, 0);
}

void list_replace(struct list to, size_t i, struct list from)
{
	char *a = list_at(to, i), *b = list_at(from, 0);

	for (size_t k = 0; k < to.size; k++)
		EXCHANGE(a[k], b[k]);
}

int list_remove(const struct change *c, struct list to, size_t i, struct list from)
{
	return list_move(c, from, *from.n, to, i);
}

/* The way back to a valid definition. */

/* The same words, whatever the numbers of lines in them. */
static bool says_the_same(const char *a, const char *b)
{
	static const char word[] = "line ";

	for (; *a == *b; a++, b++) {
		if (!*a)
			return true;
		if (strncmp(a, word, strlen(word)) != 0 || strncmp(b, word, strlen(word)) != 0)
			continue;
		a += strlen(word) + strspn(a + strlen(word), "0123456789") - 1;
		b += strlen(word) + strspn(b + strlen(word), "0123456789") - 1;
	}
	return false;
}

static bool was_said(const struct network_warnings *before, const char *line)
{
	for (size_t i = 0; i < before->n; i++)
		if (says_the_same(before->line[i], line))
			return true;
	return false;
}

/* Pass on what is new in `now`. */
static void tell_new(struct network_warnings *now, const struct network_warnings *before,
		     struct network_warnings *warnings)
{
	struct report r = { .warnings = warnings };

	for (size_t i = 0; warnings && i < now->n; i++)
		if (!was_said(before, now->line[i]))
			report_doubt(&r, 0, "%s", now->line[i]);
}

int update_settle(const struct network *old, struct network *changed, struct network **ret,
		  struct network_warnings *warnings, struct err *e)
{
	struct network_warnings before = { 0 }, now = { 0 };
	struct err why_old = { 0 };
	int err;

	err = settle_moving(changed, 0, ret, &now, e);
	if (err < 0 && settle_looking(old, 0, NULL, &why_old) < 0) {
		network_warnings_done(&now);
		err_clear(e);
		err = settle_moving(changed, NETWORK_PARSE_STORED, ret, &now, e);
	}
	if (err < 0)
		err_in(e, "the changed definition");
	else if (now.n && settle_looking(old, NETWORK_PARSE_STORED, &before, &why_old) == 0)
		tell_new(&now, &before, warnings);
	network_warnings_done(&before);
	network_warnings_done(&now);
	return err;
}

/* The call. */

static const struct section {
	const char *name; /* as libvirt's messages have it */
	int (*update)(const struct change *c);
	const char
	    *fixed; /* what has no key by which one could be changed; NULL: may be modified */
	bool whole; /* to delete one takes all that defining one takes */
	bool found; /* one that is modified is found first: it need not be whole */
} sections[] = {
	[NETWORK_SECTION_BRIDGE] = { "bridge", update_bridge },
	[NETWORK_SECTION_DOMAIN] = { "domain", update_domain },
	[NETWORK_SECTION_IP] = { "ip", update_ip },
	[NETWORK_SECTION_IP_DHCP_HOST] = { "ip dhcp host", update_dhcp_host },
	[NETWORK_SECTION_IP_DHCP_RANGE] = { "ip dhcp range", update_dhcp_range, "dhcp ranges",
					    .whole = true },
	[NETWORK_SECTION_FORWARD] = { "forward", update_forward },
	[NETWORK_SECTION_FORWARD_INTERFACE] = { "forward interface", update_forward_interface,
						"forward interface entries", .whole = true },
	[NETWORK_SECTION_FORWARD_PF] = { "forward pf", update_forward_pf, .whole = true },
	[NETWORK_SECTION_PORTGROUP] = { "portgroup", update_portgroup, .whole = true },
	[NETWORK_SECTION_DNS_HOST] = { "dns host", update_dns_host, .found = true },
	[NETWORK_SECTION_DNS_TXT] = { "dns txt", update_dns_txt, .found = true },
	[NETWORK_SECTION_DNS_SRV] = { "dns srv", update_dns_srv, "DNS SRV records" },
};

static int check_request(struct report *r, const struct network *old,
			 enum network_update_command command, enum network_section section)
{
	if (command < NETWORK_UPDATE_MODIFY || command > NETWORK_UPDATE_ADD_FIRST)
		return report_refuse(r, ERR_OPERATION_UNSUPPORTED, 0,
				     "unrecognized network update command code %u", command);
	if (section >= ARRAY_LEN(sections) || !sections[section].update)
		return report_refuse(r, ERR_OPERATION_UNSUPPORTED, 0,
				     "can't update unrecognized section %u of network '%s'",
				     section, old->name);
	if (command == NETWORK_UPDATE_MODIFY && sections[section].fixed)
		return report_refuse(r, ERR_OPERATION_UNSUPPORTED, 0,
				     "%s cannot be modified, only added or deleted",
				     sections[section].fixed);
	return 0;
}

/* Read the fragment and let its section have it. */
static int change(const struct change *c, enum network_section section, const char *xml, size_t n)
{
	int err = fragment_read(c->r, section, xml, n, c->def->name, c->part);

	return err < 0 ? err : sections[section].update(c);
}

int network_update(const struct network *old, enum network_update_command command,
		   enum network_section section, int parent_index, const char *xml, size_t n,
		   struct network **ret, struct network_warnings *warnings, struct err *e)
{
	struct err own = { 0 };
	struct report r = { .warnings = warnings, .e = e ? e : &own };
	int err = check_request(&r, old, command, section);

	if (err < 0)
		return err;
	r.partial = (command == NETWORK_UPDATE_DELETE && !sections[section].whole) ||
		    (command == NETWORK_UPDATE_MODIFY && sections[section].found);
	struct change c = { &r, command, parent_index, network_copy(old),
			    calloc(1, sizeof(*c.part)) };
	err = c.def && c.part ? change(&c, section, xml, n) : report_no_memory(&r);
	if (err == 0)
		err = update_settle(old, c.def, ret, warnings, r.e);
	network_free(c.def);
	network_free(c.part);
	return err;
}
