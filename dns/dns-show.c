/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-show.c — see dns-show.h. A type's data is a list of fields: one row says which. */
#include "dns/dns-show.h"

#include "dns/dns-message.h"
#include "dns/dns.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* Fields: n name, 1 2 4 number of so many octets, a IPv4 address, A IPv6 address, s one string,
 * u a string of letters and digits without quotes, S strings to the end, c what is left as text in
 * quotes, t a type. NULL: hexadecimal. */
static const struct {
	uint16_t type;
	const char *name, *fields;
} types[] = {
	/* clang-format off */
	{ DNS_A, "A", "a" },
	{ DNS_NS, "NS", "n" },
	{ DNS_CNAME, "CNAME", "n" },
	{ DNS_SOA, "SOA", "nn44444" },
	{ DNS_PTR, "PTR", "n" },
	{ DNS_HINFO, "HINFO", "ss" },
	{ DNS_MX, "MX", "2n" },
	{ DNS_TXT, "TXT", "S" },
	{ 17, "RP", "nn" },
	{ 18, "AFSDB", "2n" },
	{ DNS_AAAA, "AAAA", "A" },
	{ 29, "LOC", NULL },
	{ DNS_SRV, "SRV", "222n" },
	{ 35, "NAPTR", "22sssn" },
	{ DNS_DNAME, "DNAME", "n" },
	{ DNS_OPT, "OPT", NULL },
	{ DNS_DS, "DS", NULL },
	{ 44, "SSHFP", NULL },
	{ DNS_RRSIG, "RRSIG", NULL },
	{ DNS_NSEC, "NSEC", NULL },
	{ DNS_DNSKEY, "DNSKEY", NULL },
	{ DNS_NSEC3, "NSEC3", NULL },
	{ 51, "NSEC3PARAM", NULL },
	{ 52, "TLSA", NULL },
	{ DNS_SVCB, "SVCB", NULL },
	{ DNS_HTTPS, "HTTPS", NULL },
	{ 99, "SPF", "S" },
	{ DNS_TKEY, "TKEY", NULL },
	{ DNS_TSIG, "TSIG", NULL },
	{ DNS_IXFR, "IXFR", NULL },
	{ DNS_AXFR, "AXFR", NULL },
	{ DNS_ANY, "ANY", NULL },
	{ 256, "URI", "22c" },
	{ DNS_CAA, "CAA", "1uc" },
	/* clang-format on */
};

const char *dns_type_name(uint16_t type, char buf[static DNS_TYPE_TEXT_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	snprintf(buf, DNS_TYPE_TEXT_MAX, "TYPE%u", type);
	return buf;
}

int dns_type_parse(const char *text, uint16_t *ret)
{
	char *end;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcasecmp(types[i].name, text) != 0)
			continue;
		*ret = types[i].type;
		return 0;
	}
	if (strncasecmp(text, "TYPE", 4) != 0 || text[4] < '0' || text[4] > '9')
		return -EINVAL;
	unsigned long n = strtoul(text + 4, &end, 10);
	if (*end || n > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)n;
	return 0;
}

bool dns_is_name(const char *text)
{
	struct dns_name name;

	return dns_name_parse(text, &name) == 0;
}

const char *dns_rcode_name(unsigned rcode)
{
	static const char *const names[] = {
		"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
		"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", NULL,
		NULL,       NULL,      NULL,       NULL,       "BADVERS",
	};
	return rcode < ARRAY_LEN(names) ? names[rcode] : NULL;
}

/* ---- data ---- */

struct message {
	const uint8_t *bytes;
	size_t n;
};

/* A string between quotes: what isn't printable as \DDD. */
static void add_quoted(struct text *t, const uint8_t *p, size_t n)
{
	text_add(t, "\"");
	for (size_t i = 0; p && i < n; i++) {
		if (p[i] < ' ' || p[i] > '~')
			text_addf(t, "\\%03u", p[i]);
		else if (p[i] == '"' || p[i] == '\\')
			text_addf(t, "\\%c", p[i]);
		else
			text_add_n(t, (const char *)&p[i], 1);
	}
	text_add(t, "\"");
}

static void add_string(struct text *t, struct rd *r)
{
	size_t n = rd_u8(r);
	add_quoted(t, rd_bytes(r, n), n);
}

/* What isn't letters and digits is none, and shown as hexadecimal with all the rest. */
static void add_word(struct text *t, struct rd *r)
{
	size_t n = rd_u8(r);
	const uint8_t *p = rd_bytes(r, n);

	for (size_t i = 0; p && i < n; i++)
		if (!isalnum(p[i]))
			r->bad = true;
	if (p && n)
		text_add_n(t, (const char *)p, n);
}

static void add_name(struct text *t, struct rd *r, const struct message *m)
{
	char buf[DNS_TEXT_MAX];
	struct dns_name name;

	if (!dns_name_read(r, m->bytes, m->n, &name))
		return;
	text_add(t, dns_name_text(&name, buf, sizeof(buf)));
	if (name.labels)
		text_add(t, ".");
}

static void add_address(struct text *t, struct rd *r, int family)
{
	char buf[IP_TEXT_MAX];
	struct ip ip = { .family = family };

	if (family == AF_INET)
		ip.v4 = rd_u32(r);
	else
		rd_copy(r, ip.v6, sizeof(ip.v6));
	text_add(t, ip_format(&ip, buf));
}

static void add_field(struct text *t, struct rd *r, const struct message *m, char field)
{
	size_t left;

	switch (field) {
	case 'n':
		return add_name(t, r, m);
	case '1':
		return text_addf(t, "%u", rd_u8(r));
	case '2':
		return text_addf(t, "%u", rd_u16(r));
	case '4':
		return text_addf(t, "%u", rd_u32(r));
	case 'a':
		return add_address(t, r, AF_INET);
	case 'A':
		return add_address(t, r, AF_INET6);
	case 's':
		return add_string(t, r);
	case 'u':
		return add_word(t, r);
	case 'S':
		add_string(t, r);
		while (!r->bad && rd_left(r)) {
			text_add(t, " ");
			add_string(t, r);
		}
		return;
	case 'c':
		left = rd_left(r);
		return add_quoted(t, rd_bytes(r, left), left);
	}
}

static void add_hex(struct text *t, struct rd *r)
{
	size_t n = rd_left(r);

	text_addf(t, "\\# %zu%s", n, n ? " " : "");
	for (; n && t->len < DNS_DATA_TEXT_MAX; n--)
		text_addf(t, "%02x", rd_u8(r));
}

static const char *fields_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].fields;
	return NULL;
}

/* Whether the data was what the type says. */
static bool add_fields(struct text *t, struct rd r, const struct message *m, const char *fields)
{
	for (const char *f = fields; *f && !r.bad; f++) {
		if (f != fields)
			text_add(t, " ");
		add_field(t, &r, m, *f);
	}
	return !r.bad && rd_left(&r) == 0;
}

static char *data_text(uint16_t type, struct rd r, const struct message *m)
{
	const char *fields = fields_of(type);
	struct text t = { 0 };

	if (!fields || !add_fields(&t, r, m, fields)) {
		text_done(&t);
		t = (struct text){ 0 };
		add_hex(&t, &r);
	}
	if (t.len > DNS_DATA_TEXT_MAX) {
		memcpy(t.s + DNS_DATA_TEXT_MAX - 3, "...", 4);
		t.len = DNS_DATA_TEXT_MAX;
	}
	return text_take(&t);
}

/* ---- messages ---- */

/* True: go on. */
static bool show_record(struct rd *r, const struct message *m, unsigned section,
			dns_shown_fn *visit, void *data)
{
	char buf[DNS_TEXT_MAX];
	struct dns_name owner;

	if (!dns_name_read(r, m->bytes, m->n, &owner))
		return false;
	struct dns_shown one = { .section = section,
				 .name = dns_name_text(&owner, buf, sizeof(buf)),
				 .type = rd_u16(r) };
	rd_skip(r, 2); /* class */
	one.ttl_sec = rd_u32(r);
	struct rd rdata = rd_sub(r, rd_u16(r));
	if (r->bad)
		return false;
	if (one.type == DNS_OPT)
		return true;
	auto_free char *text = data_text(one.type, rdata, m);
	one.data = text;
	if (text && visit(data, &one))
		return true;
	r->bad = true;
	return false;
}

bool dns_show_message(const uint8_t *bytes, size_t n, struct dns_shown_flags *ret,
		      dns_shown_fn *visit, void *data)
{
	const struct message m = { bytes, n };
	struct rd r = rd_over(bytes, n);
	struct dns_name name;

	rd_skip(&r, 2);
	unsigned flags = rd_u16(&r);
	*ret = (struct dns_shown_flags){ flags & DNS_AA, flags & DNS_TC, flags & DNS_AD, { 0 } };
	for (unsigned i = 0; i < ARRAY_LEN(ret->counts); i++)
		ret->counts[i] = rd_u16(&r);
	for (unsigned i = 0; i < ret->counts[0] && !r.bad; i++) {
		(void)!dns_name_read(&r, bytes, n, &name);
		rd_skip(&r, 4);
	}
	for (unsigned section = DNS_ANSWER; section <= DNS_ADDITIONAL; section++)
		for (unsigned i = 0; i < ret->counts[section] && !r.bad; i++)
			if (!show_record(&r, &m, section, visit, data))
				return false;
	return !r.bad;
}
