/* SPDX-License-Identifier: GPL-2.0-or-later */
/* own.c — a line is cut into words; each match is a row of a table that says how many words it
 * takes and who reads them. */
#include "firewall/own.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	unsigned number;
	char text[FW_OWN_LINE_MAX]; /* the words, each with a NUL */
	const char *word[FW_OWN_WORDS_MAX];
	size_t n, at;
	bool out;
	struct fw_rule rule;
	struct err *e;
};

static int wrong(const struct line *l, const char *fmt, ...) printflike(2, 3);

static int wrong(const struct line *l, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(l->e, ERR_INVALID_ARG, "line %u: %s", l->number, why);
}

void fw_own_free(struct fw_own *o)
{
	if (!o)
		return;
	free(o->in);
	free(o->out);
	free(o);
}

/* --- words --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One word, without its quotes, from *s into `to`; *s is behind it then. */
static int cut_word(const struct line *l, const char **s, char **to)
{
	bool quoted = **s == '"';

	*s += quoted;
	for (; **s && **s != '\n' && (quoted ? **s != '"' : !is_blank(**s)); (*s)++) {
		/* nft has no escapes; what it can't print can't be read back. */
		if ((unsigned char)**s < ' ' || **s == '\\' || (!quoted && **s == '"'))
			return wrong(l, "unexpected character '\\x%02x'", (unsigned char)**s);
		*(*to)++ = **s;
	}
	if (quoted && **s != '"')
		return wrong(l, "a quote is not closed");
	*s += quoted;
	*(*to)++ = '\0';
	return 0;
}

/* The line at s up to its end; its words go to l. */
static int cut(struct line *l, const char *s)
{
	char *to = l->text;

	if (strcspn(s, "\n") >= sizeof(l->text) - 1)
		return wrong(l, "longer than %d characters", FW_OWN_LINE_MAX - 2);
	for (;;) {
		while (is_blank(*s))
			s++;
		if (!*s || *s == '\n' || *s == '#')
			return 0;
		if (l->n == FW_OWN_WORDS_MAX)
			return wrong(l, "more than %d words", FW_OWN_WORDS_MAX);
		l->word[l->n++] = to;
		int rc = cut_word(l, &s, &to);
		if (rc < 0)
			return rc;
	}
}

/* --- matches --- */

static int twice(const struct line *l, const char *what)
{
	return wrong(l, "'%s' is there twice", what);
}

static int take_name(struct line *l, char field[static IFNAMSIZ], const char *name)
{
	if (*field)
		return twice(l, "iifname or oifname");
	if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "*/ "))
		return wrong(l, "'%.40s' is no name of an interface", name);
	copy_text(field, IFNAMSIZ, name);
	return 0;
}

static int take_iifname(struct line *l, const char *const *word)
{
	if (l->out)
		return wrong(l, "'iifname' in a rule for what guests send: that is their bridge");
	return take_name(l, l->rule.iif, word[0]);
}

static int take_oifname(struct line *l, const char *const *word)
{
	if (!l->out)
		return wrong(l, "'oifname' in a rule for what guests get: that is their bridge");
	return take_name(l, l->rule.oif, word[0]);
}

static int take_address(struct line *l, struct fw_prefix *field, int family, const char *word)
{
	char address[IP_TEXT_MAX + 8];
	uint32_t bits = family == AF_INET ? 32 : 128, len = bits;
	const struct fw_rule *r = &l->rule;

	if (ip_is_set(&field->net))
		return twice(l, "saddr or daddr");
	char *slash = copy_text(address, sizeof(address), word) ? strchr(address, '/') : NULL;
	if (slash)
		*slash = '\0';
	if ((slash && parse_u32(slash + 1, 0, bits, &len) < 0) ||
	    ip_parse(address, &field->net) < 0 || field->net.family != family)
		return wrong(l, "'%.50s' is no IPv%d address or prefix", word,
			     family == AF_INET ? 4 : 6);
	field->net = ip_network(&field->net, len);
	field->len = len;
	if (ip_is_set(&r->saddr.net) && ip_is_set(&r->daddr.net) &&
	    r->saddr.net.family != r->daddr.net.family)
		return wrong(l, "an IPv4 and an IPv6 address in one rule");
	return 0;
}

static int take_saddr4(struct line *l, const char *const *word)
{
	return take_address(l, &l->rule.saddr, AF_INET, word[0]);
}

static int take_daddr4(struct line *l, const char *const *word)
{
	return take_address(l, &l->rule.daddr, AF_INET, word[0]);
}

static int take_saddr6(struct line *l, const char *const *word)
{
	return take_address(l, &l->rule.saddr, AF_INET6, word[0]);
}

static int take_daddr6(struct line *l, const char *const *word)
{
	return take_address(l, &l->rule.daddr, AF_INET6, word[0]);
}

static int take_protocol(struct line *l, uint8_t l4)
{
	if (l->rule.l4)
		return twice(l, "protocol");
	l->rule.l4 = l4;
	return 0;
}

static int take_ports(struct line *l, uint8_t l4, const char *word)
{
	char text[16];
	uint32_t first, last;
	int rc = take_protocol(l, l4);

	if (rc < 0)
		return rc;
	char *dash = copy_text(text, sizeof(text), word) ? strchr(text, '-') : NULL;
	if (dash)
		*dash = '\0';
	if (strlen(word) >= sizeof(text) || parse_u32(text, 1, 65535, &first) < 0 ||
	    (last = first, dash && parse_u32(dash + 1, first, 65535, &last) < 0))
		return wrong(l, "'%.30s' is no port from 1 to 65535, nor a range of them", word);
	l->rule.dport = (uint16_t)first;
	l->rule.dport_max = last > first ? (uint16_t)last : 0;
	return 0;
}

static int take_tcp(struct line *l, const char *const *word)
{
	return take_ports(l, IPPROTO_TCP, word[0]);
}

static int take_udp(struct line *l, const char *const *word)
{
	return take_ports(l, IPPROTO_UDP, word[0]);
}

static int take_l4proto(struct line *l, const char *const *word)
{
	static const struct {
		const char *name;
		uint8_t l4;
	} known[] = {
		{ "tcp", IPPROTO_TCP },          { "udp", IPPROTO_UDP },
		{ "icmp", IPPROTO_ICMP },        { "icmpv6", IPPROTO_ICMPV6 },
		{ "ipv6-icmp", IPPROTO_ICMPV6 },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(word[0], known[i].name) == 0)
			return take_protocol(l, known[i].l4);
	return wrong(l, "'%.30s' is none of tcp, udp, icmp, icmpv6", word[0]);
}

static int take_state(struct line *l, const char *const *word)
{
	if (strcmp(word[0], "established,related") != 0 &&
	    strcmp(word[0], "related,established") != 0)
		return wrong(l, "'ct state' is known with 'established,related' only");
	l->rule.established = true;
	return 0;
}

static int take_status(struct line *l, const char *const *word)
{
	if (strcmp(word[0], "dnat") != 0)
		return wrong(l, "'ct status' is known with 'dnat' only");
	l->rule.dnat = true;
	return 0;
}

static const struct match {
	const char *first, *second; /* its words; NULL: one only. One more is the value. */
	int (*take)(struct line *l, const char *const *value);
} matches[] = {
	{ "iifname", NULL, take_iifname },   { "oifname", NULL, take_oifname },
	{ "ip", "saddr", take_saddr4 },      { "ip", "daddr", take_daddr4 },
	{ "ip6", "saddr", take_saddr6 },     { "ip6", "daddr", take_daddr6 },
	{ "tcp", "dport", take_tcp },        { "udp", "dport", take_udp },
	{ "meta", "l4proto", take_l4proto }, { "ct", "state", take_state },
	{ "ct", "status", take_status },
};

/* 0: taken; 1: the next word begins no match. */
static int take_match(struct line *l)
{
	const char *const *word = l->word + l->at;
	size_t left = l->n - l->at;

	for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
		const struct match *m = &matches[i];
		size_t words = m->second ? 2 : 1;
		if (!left || strcmp(word[0], m->first) != 0 ||
		    (m->second && (left < 2 || strcmp(word[1], m->second) != 0)))
			continue;
		if (left <= words)
			return wrong(l, "'%s%s%s' lacks its value", m->first, m->second ? " " : "",
				     m->second ? m->second : "");
		l->at += words + 1;
		return m->take(l, word + words);
	}
	return 1;
}

/* --- a line --- */

static int take_verdict(struct line *l)
{
	static const struct {
		const char *name;
		enum fw_verdict verdict;
	} verdicts[] = { { "accept", FW_ACCEPT }, { "reject", FW_REJECT }, { "drop", FW_DROP } };
	const char *word = l->at < l->n ? l->word[l->at] : NULL;

	if (!word)
		return wrong(l, "the verdict is missing: accept, reject or drop");
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		if (strcmp(word, verdicts[i].name) != 0)
			continue;
		l->rule.verdict = verdicts[i].verdict;
		l->at++;
		return 0;
	}
	return wrong(
	    l,
	    "'%.40s' is no match and no verdict; there are: iifname, oifname, ip saddr, ip "
	    "daddr, ip6 saddr, ip6 daddr, tcp dport, udp dport, meta l4proto, ct; "
	    "accept, reject, drop",
	    word);
}

static int take_comment(struct line *l)
{
	struct fw_rule *r = &l->rule;

	snprintf(r->why, sizeof(r->why), "own rule, line %u", l->number);
	if (l->at == l->n)
		return 0;
	if (strcmp(l->word[l->at], "comment") != 0 || l->n - l->at != 2)
		return wrong(l, "'%.40s' behind the verdict; only comment \"TEXT\" may follow",
			     l->word[l->at]);
	if (!copy_text(r->why, sizeof(r->why), l->word[l->at + 1]))
		return wrong(l, "the comment is longer than %d octets", FW_WHY_MAX - 1);
	return 0;
}

/* An address of one family and a protocol of the other never meet. */
static int check_families(const struct line *l)
{
	const struct fw_rule *r = &l->rule;
	int family = ip_is_set(&r->saddr.net) ? r->saddr.net.family : r->daddr.net.family;

	if ((family == AF_INET && r->l4 == IPPROTO_ICMPV6) ||
	    (family == AF_INET6 && r->l4 == IPPROTO_ICMP))
		return wrong(l, "an address of one family and ICMP of the other");
	return 0;
}

static int take_line(struct line *l, const char *s)
{
	int rc = cut(l, s);

	if (rc < 0 || !l->n)
		return rc;
	l->out = strcmp(l->word[0], "out") == 0;
	if (!l->out && strcmp(l->word[0], "in") != 0)
		return wrong(l, "a rule begins with 'in' or 'out', not with '%.40s'", l->word[0]);
	l->at = 1;
	l->rule.counter = true;
	do
		rc = take_match(l);
	while (rc == 0);
	if (rc < 0 || (rc = take_verdict(l)) < 0 || (rc = take_comment(l)) < 0)
		return rc;
	return check_families(l);
}

static int keep(struct fw_own *o, const struct line *l)
{
	struct fw_rule **rules = l->out ? &o->out : &o->in;
	size_t *n = l->out ? &o->n_out : &o->n_in, *cap = l->out ? &o->cap_out : &o->cap_in;

	if (o->n_in + o->n_out >= FW_OWN_MAX)
		return wrong(l, "more than %d rules", FW_OWN_MAX);
	if (GROW(*rules, *cap, *n + 1) < 0)
		return err_sys(l->e, ENOMEM, "own rules");
	(*rules)[(*n)++] = l->rule;
	return 0;
}

int fw_own_parse(const char *text, struct fw_own **ret, struct err *e)
{
	struct fw_own *o = calloc(1, sizeof(*o));
	unsigned number = 0;
	int rc = o ? 0 : err_sys(e, ENOMEM, "own rules");

	if (rc == 0 && strlen(text) > FW_OWN_TEXT_MAX)
		rc = err_set(e, ERR_INVALID_ARG, "more than %d octets of rules", FW_OWN_TEXT_MAX);
	for (const char *s = text; rc == 0 && *s;) {
		struct line l = { .number = ++number, .e = e };
		rc = take_line(&l, s);
		if (rc == 0 && l.n)
			rc = keep(o, &l);
		s += strcspn(s, "\n");
		s += *s == '\n';
	}
	if (rc < 0) {
		fw_own_free(o);
		return rc;
	}
	*ret = o;
	return 0;
}
