/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-name.c — see dns-name.h. Names inside a struct dns_name are trusted and walked by index;
 * names from a packet are read with the cursor only. */
#include "dns/dns-name.h"

#include <errno.h>
#include <stdio.h>

#define HEADER_OCTETS 12
#define POINTER_BITS  0xc0

/* Length octets are at most 63, below 'A': the whole wire form can be lowered as if it were text.
 */
void dns_name_lower(struct dns_name *name)
{
	for (unsigned i = 0; i < name->n; i++)
		name->wire[i] = dns_lower(name->wire[i]);
}

void dns_name_mix_case(struct dns_name *name, uint64_t bits)
{
	unsigned bit = 0;

	if (bits == 0)
		return;
	for (unsigned i = 0; i < name->n; i++) {
		uint8_t c = dns_lower(name->wire[i]);
		if (c < 'a' || c > 'z')
			continue;
		name->wire[i] = bits >> bit % 64 & 1 ? (uint8_t)(c & ~0x20) : c;
		bit++;
	}
}

static bool add_label(struct dns_name *name, const uint8_t *octets, size_t n)
{
	/* One octet must stay for the root. */
	if (n == 0 || n > DNS_LABEL_MAX || name->n + 1 + n + 1 > DNS_NAME_MAX)
		return false;
	name->wire[name->n] = (uint8_t)n;
	memcpy(&name->wire[name->n + 1], octets, n);
	name->n = (uint8_t)(name->n + 1 + n);
	name->labels++;
	return true;
}

static void add_root(struct dns_name *name)
{
	name->wire[name->n++] = 0;
}

static bool fail(struct rd *r)
{
	r->bad = true;
	return false;
}

bool dns_name_read(struct rd *r, const uint8_t *msg, size_t msg_n, struct dns_name *ret)
{
	struct rd jumped, *at = r;
	size_t limit = (size_t)(r->p - msg);

	ret->n = ret->labels = 0;
	for (unsigned jumps = 0;;) {
		uint8_t len = rd_u8(at);
		if (at->bad)
			return fail(r);
		if (len == 0)
			break;
		if ((len & POINTER_BITS) == POINTER_BITS) {
			size_t target = (size_t)(len & ~POINTER_BITS) << 8 | rd_u8(at);
			if (at->bad || target >= limit || target < HEADER_OCTETS ||
			    ++jumps > DNS_LABELS_MAX)
				return fail(r);
			limit = target;
			jumped = rd_over(msg, msg_n);
			rd_skip(&jumped, target);
			at = &jumped;
			continue;
		}
		const uint8_t *octets = rd_bytes(at, len);
		if (len > DNS_LABEL_MAX || !octets || !add_label(ret, octets, len))
			return fail(r);
	}
	add_root(ret);
	return true;
}

/* One octet of a label in text form; -1 for a wrong escape. */
static int unescape(const char **text)
{
	const char *t = *text;
	unsigned value;

	if (*t != '\\') {
		*text = t + 1;
		return (uint8_t)*t;
	}
	t++;
	if (*t < '0' || *t > '9') {
		*text = t + (*t != '\0');
		return *t ? (uint8_t)*t : -1;
	}
	if (t[1] < '0' || t[1] > '9' || t[2] < '0' || t[2] > '9')
		return -1;
	value = (unsigned)(t[0] - '0') * 100 + (unsigned)(t[1] - '0') * 10 + (unsigned)(t[2] - '0');
	*text = t + 3;
	return value <= 255 ? (int)value : -1;
}

int dns_name_parse(const char *text, struct dns_name *ret)
{
	uint8_t label[DNS_LABEL_MAX];

	ret->n = ret->labels = 0;
	if (text[0] == '.' && text[1] == '\0')
		text++;
	while (*text) {
		size_t n = 0;
		while (*text && *text != '.') {
			int c = unescape(&text);
			if (c < 0 || n == sizeof(label))
				return -EINVAL;
			label[n++] = (uint8_t)c;
		}
		if (!add_label(ret, label, n))
			return -EINVAL;
		if (*text == '.')
			text++;
	}
	add_root(ret);
	return 0;
}

const char *dns_name_text(const struct dns_name *name, char *buf, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; name->wire[i] && n + 6 < cap; i += 1u + name->wire[i]) {
		if (i)
			buf[n++] = '.';
		for (unsigned k = 1; k <= name->wire[i] && n + 5 < cap; k++) {
			uint8_t c = name->wire[i + k];
			if (c <= ' ' || c > '~')
				n += (size_t)snprintf(&buf[n], cap - n, "\\%03u", c);
			else if (c == '.' || c == '\\')
				n += (size_t)snprintf(&buf[n], cap - n, "\\%c", c);
			else
				buf[n++] = (char)c;
		}
	}
	if (!n)
		buf[n++] = '.';
	buf[n] = '\0';
	return buf;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (dns_lower(a->wire[i]) != dns_lower(b->wire[i]))
			return false;
	return true;
}

size_t dns_name_offset(const struct dns_name *name, unsigned label)
{
	size_t at = 0;
	while (label-- && name->wire[at])
		at += 1u + name->wire[at];
	return at;
}

bool dns_name_is_below(const struct dns_name *name, const struct dns_name *apex)
{
	if (name->labels < apex->labels)
		return false;
	size_t at = dns_name_offset(name, (unsigned)name->labels - apex->labels);
	return name->n - at == apex->n && memcmp(&name->wire[at], apex->wire, apex->n) == 0;
}

struct dns_name dns_name_suffix(const struct dns_name *name, unsigned skip)
{
	struct dns_name s;
	size_t at = dns_name_offset(name, skip);

	s.n = (uint8_t)(name->n - at);
	s.labels = (uint8_t)(name->labels - MIN_OF(skip, name->labels));
	memcpy(s.wire, &name->wire[at], s.n);
	return s;
}

int dns_name_append(struct dns_name *name, const struct dns_name *suffix)
{
	if (name->n - 1 + suffix->n > DNS_NAME_MAX)
		return -EINVAL;
	memcpy(&name->wire[name->n - 1], suffix->wire, suffix->n);
	name->n = (uint8_t)(name->n - 1 + suffix->n);
	name->labels = (uint8_t)(name->labels + suffix->labels);
	return 0;
}

static void add_text_label(struct dns_name *name, const char *text)
{
	(void)add_label(name, (const uint8_t *)text, strlen(text));
}

struct dns_name dns_name_reverse(const struct ip *ip, unsigned bits)
{
	struct dns_name name = { 0 };
	char text[4];

	if (ip->family == AF_INET) {
		for (unsigned octet = bits / 8; octet-- > 0;) {
			snprintf(text, sizeof(text), "%u", ip->v4 >> (24 - 8 * octet) & 0xff);
			add_text_label(&name, text);
		}
		add_text_label(&name, "in-addr");
	} else {
		for (unsigned nibble = bits / 4; nibble-- > 0;) {
			unsigned v = ip->v6[nibble / 2] >> (nibble % 2 ? 0 : 4) & 0xf;
			snprintf(text, sizeof(text), "%x", v);
			add_text_label(&name, text);
		}
		add_text_label(&name, "ip6");
	}
	add_text_label(&name, "arpa");
	add_root(&name);
	return name;
}
