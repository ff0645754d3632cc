/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-names.h"

#include <string.h>
#include <strings.h>

enum { FQDN_S = 1, FQDN_O = 2, FQDN_E = 4, FQDN_N = 8 };

/* Not isalnum(): it asks the locale. Returns the lower case character, 0 for one not allowed in a
 * label. */
static char label_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return (char)c;
	return 0;
}

static bool clean_label(const uint8_t *p, size_t n, char buf[static DHCP4_NAME_MAX])
{
	buf[0] = '\0';
	if (n == 0 || n >= DHCP4_NAME_MAX || p[0] == '-' || p[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		buf[i] = label_char(p[i]);
		if (!buf[i]) {
			buf[0] = '\0';
			return false;
		}
	}
	buf[n] = '\0';
	return true;
}

bool dhcp4_clean_name(const uint8_t *p, size_t n, char buf[static DHCP4_NAME_MAX])
{
	buf[0] = '\0';
	while (n && p[n - 1] == '\0')
		n--;
	if (!n)
		return false;
	const uint8_t *dot = memchr(p, '.', n);
	size_t label = dot ? (size_t)(dot - p) : n;
	for (size_t i = label; i < n; i++)
		if (p[i] != '.' && !label_char(p[i]))
			return false;
	return clean_label(p, label, buf);
}

bool dhcp4_fqdn_name(struct dhcp4_span fqdn, char buf[static DHCP4_NAME_MAX])
{
	struct rd r = rd_over(fqdn.p, fqdn.n);
	uint8_t flags = rd_u8(&r);

	rd_skip(&r, 2); /* RCODEs: "ignored by the recipient" */
	buf[0] = '\0';
	if (r.bad || !rd_left(&r))
		return false;
	if (!(flags & FQDN_E)) {
		size_t n = rd_left(&r);
		return dhcp4_clean_name(rd_bytes(&r, n), n, buf);
	}
	/* Wire format: look at every label, so that a flawed name isn't half believed. */
	struct rd first = rd_sub(&r, rd_u8(&r));
	for (uint8_t n; !r.bad && rd_left(&r) && (n = rd_u8(&r)) != 0;)
		rd_skip(&r, n > 63 ? SIZE_MAX : n);
	if (r.bad || first.bad || rd_left(&r))
		return false;
	size_t n = rd_left(&first);
	return clean_label(rd_bytes(&first, n), n, buf);
}

bool dhcp4_name_is_special(const char *name)
{
	static const char *const special[] = { "localhost", "localdomain", "wpad",         "isatap",
					       "_gateway",  "_outbound",   "broadcasthost" };

	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strcmp(name, special[i]) == 0)
			return true;
	return false;
}

/* `text`'s labels, each with its length in front. */
static void put_labels(struct wr *w, const char *text)
{
	while (*text && !w->bad) {
		size_t n = strcspn(text, ".");
		if (n > 63)
			w->bad = true;
		if (n) {
			wr_u8(w, (uint8_t)n);
			wr_bytes(w, text, n);
		}
		text += n + (text[n] == '.');
	}
}

size_t dhcp4_fqdn_reply(uint8_t client_flags, const char *name, const char *domain,
			uint8_t buf[static 255])
{
	struct wr w = wr_over(buf, 255);
	uint8_t flags = client_flags & FQDN_E;

	if (client_flags & FQDN_N)
		flags |= FQDN_N;
	else
		flags |= client_flags & FQDN_S ? FQDN_S : FQDN_S | FQDN_O;
	wr_u8(&w, flags);
	wr_u8(&w, 255);
	wr_u8(&w, 255);
	if (flags & FQDN_E) {
		put_labels(&w, name);
		put_labels(&w, domain);
		if (domain[0])
			wr_u8(&w, 0); /* without a domain the name is a partial one */
	} else {
		wr_bytes(&w, name, strlen(name));
		if (domain[0])
			wr_u8(&w, '.');
		wr_bytes(&w, domain, strlen(domain));
	}
	return w.bad ? 0 : wr_len(&w);
}

/* ---- what a VM manager calls a machine ---- */

/* The length of `vm` without ".DOMAIN". */
static size_t own_part(const char *vm, const char *domain)
{
	size_t n = strlen(vm), d = domain ? strlen(domain) : 0;

	return d && n > d + 1 && vm[n - d - 1] == '.' && strcasecmp(vm + n - d, domain) == 0
		   ? n - d - 1
		   : n;
}

static char clean(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '-';
}

void dhcp4_machine_name(const char *vm, const char *domain, char buf[static DHCP4_NAME_MAX])
{
	size_t n = own_part(vm, domain), len = 0;

	for (size_t i = 0; i < n && len < DHCP4_NAME_MAX - 1; i++) {
		char c = clean(vm[i]);
		if (c != '-' || (len && buf[len - 1] != '-'))
			buf[len++] = c;
	}
	while (len && buf[len - 1] == '-')
		len--;
	buf[len] = '\0';
	if (dhcp4_name_is_special(buf))
		buf[0] = '\0';
}
