/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-values.c — the octets of a DHCP option out of the text in a definition. */
#include "base/addr.h"
#include "base/cursor.h"
#include "base/dhcp-options.h"

#include <string.h>
#include <strings.h>

#define WORD_MAX   256 /* with its end: the longest is a domain name */
#define NAMES_MAX  64  /* names of one list that later ones can point to */
#define SEPARATORS ", \t\r\n"

enum { NTP_SERVER_ADDRESS = 1, NTP_SERVER_NAME = 3 }; /* sub-options of RFC 5908 */

/* The next of several words; false at the end. One that is too long is cut, and so no value. */
static bool next_word(const char **text, char word[static WORD_MAX])
{
	*text += strspn(*text, SEPARATORS);
	size_t n = strcspn(*text, SEPARATORS);
	size_t kept = MIN_OF(n, WORD_MAX - 1);

	memcpy(word, *text, kept);
	word[kept] = '\0';
	*text += n;
	return n > 0;
}

static int put_address(struct wr *w, int family, const char *word, struct err *e)
{
	struct ip ip;

	if (ip_parse(word, &ip) < 0 || ip.family != family)
		return err_set(e, ERR_XML, "'%s' is not an IPv%c address", word,
			       family == AF_INET6 ? '6' : '4');
	if (family == AF_INET6)
		wr_bytes(w, ip.v6, sizeof(ip.v6));
	else
		wr_u32(w, ip.v4);
	return 0;
}

static int put_number(struct wr *w, unsigned octets, const char *word, struct err *e)
{
	uint64_t max = (UINT64_C(1) << 8 * octets) - 1, v;

	if (parse_u64(word, 0, max, &v) < 0)
		return err_set(e, ERR_XML, "'%s' is not a number from 0 to %llu", word,
			       (unsigned long long)max);
	for (unsigned i = octets; i-- > 0;)
		wr_u8(w, (uint8_t)(v >> 8 * i));
	return 0;
}

static int put_signed(struct wr *w, const char *word, struct err *e)
{
	bool minus = word[0] == '-';
	uint64_t v;

	if (parse_u64(word + minus, 0, minus ? UINT64_C(1) << 31 : INT32_MAX, &v) < 0)
		return err_set(e, ERR_XML, "'%s' is not a number from -2147483648 to 2147483647",
			       word);
	wr_u32(w, minus ? (uint32_t)-v : (uint32_t)v);
	return 0;
}

static int put_bool(struct wr *w, const char *word, struct err *e)
{
	bool yes = !strcmp(word, "yes") || !strcmp(word, "1");

	if (!yes && strcmp(word, "no") != 0 && strcmp(word, "0") != 0)
		return err_set(e, ERR_XML, "'%s' is neither 'yes' nor 'no'", word);
	wr_u8(w, yes);
	return 0;
}

/* ---- names ---- */

/* Where the names that are written already, and their ends, begin: what a later one may point to.
 */
struct names {
	const char *text[NAMES_MAX];
	uint16_t at[NAMES_MAX];
	size_t n;
	char kept[DHCP_OPTION_VALUE_MAX];
	size_t used;
};

static bool is_label(const char *label, size_t n)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return n >= 1 && n <= 63 && strspn(label, ok) >= n;
}

static bool is_name(const char *word)
{
	if (strlen(word) >= WORD_MAX - 2)
		return false;
	while (*word) {
		size_t n = strcspn(word, ".");
		if (!is_label(word, n))
			return false;
		word += n + (word[n] == '.');
	}
	return true;
}

static bool point_to(struct wr *w, const struct names *known, const char *name)
{
	for (size_t i = 0; known && i < known->n; i++)
		if (strcasecmp(known->text[i], name) == 0) {
			wr_u16(w, (uint16_t)(0xc000 | known->at[i]));
			return true;
		}
	return false;
}

/* RFC 1035 §4.1.4 when there are `known` ones (RFC 3397 §2: relative to the option's own value). */
static void put_labels(struct wr *w, struct names *known, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");
		if (point_to(w, known, name))
			return;
		if (known && known->n < NAMES_MAX) {
			known->text[known->n] = name;
			known->at[known->n++] = (uint16_t)wr_len(w);
		}
		wr_u8(w, (uint8_t)n);
		wr_bytes(w, name, n);
		name += n + (name[n] == '.');
	}
	wr_u8(w, 0);
}

static int put_name(struct wr *w, struct names *known, char *word, struct err *e)
{
	size_t n = strlen(word);

	if (n && word[n - 1] == '.')
		word[--n] = '\0';
	if (!n || !is_name(word))
		return err_set(e, ERR_XML, "'%s' is not a domain name", word);
	const char *kept = word;
	if (known && known->used + n + 1 <= sizeof(known->kept)) {
		kept = memcpy(known->kept + known->used, word, n + 1);
		known->used += n + 1;
	} else {
		known = NULL;
	}
	put_labels(w, known, kept);
	return 0;
}

/* ---- routes and time servers ---- */

/* RFC 3442: the prefix length, those octets of the subnet that it covers, the gateway. */
static int put_route(struct wr *w, char *word, const char **text, struct err *e)
{
	char gateway[WORD_MAX], *slash = strchr(word, '/');
	uint32_t net, prefix = 32;

	if (slash)
		*slash++ = '\0';
	if (ip4_parse(word, &net) < 0 || (slash && parse_u32(slash, 0, 32, &prefix) < 0))
		return err_set(e, ERR_XML, "'%s%s%s' is not a subnet, such as 10.0.0.0/8", word,
			       slash ? "/" : "", slash ? slash : "");
	if (net & ~ip4_mask(prefix))
		return err_set(e, ERR_XML, "the subnet '%s/%u' has bits behind its prefix", word,
			       prefix);
	if (!next_word(text, gateway))
		return err_set(e, ERR_XML, "the route to '%s/%u' has no gateway", word, prefix);
	wr_u8(w, (uint8_t)prefix);
	for (unsigned i = 0; i < (prefix + 7) / 8; i++)
		wr_u8(w, (uint8_t)(net >> (24 - 8 * i)));
	return put_address(w, AF_INET, gateway, e);
}

static int put_time_server(struct wr *w, char *word, struct err *e)
{
	bool is_address = strchr(word, ':');
	size_t at = wr_len(w);
	int err;

	wr_u16(w, is_address ? NTP_SERVER_ADDRESS : NTP_SERVER_NAME);
	wr_u16(w, 0);
	err = is_address ? put_address(w, AF_INET6, word, e) : put_name(w, NULL, word, e);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at - 4));
	return err;
}

/* ---- octets ---- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);

	return c && at ? (int)(at - digits) : -1;
}

/* Two digits an octet, with or without ':' and blanks between them. */
static int put_hex(struct wr *w, const char *text, struct err *e)
{
	for (const char *p = text; *p;) {
		if (*p == ':' || strchr(SEPARATORS, *p)) {
			p++;
			continue;
		}
		int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);
		if (low < 0)
			return err_set(e, ERR_XML,
				       "'%.40s' is not octets of two hexadecimal digits each, such "
				       "as 01:0a:ff",
				       p);
		wr_u8(w, (uint8_t)(high << 4 | low));
		p += 2;
	}
	return 0;
}

/* ---- all of them ---- */

static bool is_list(enum dhcp_kind kind)
{
	return kind == DHCP_NUMBERS8 || kind == DHCP_NUMBERS16 || kind == DHCP_ADDRESSES ||
	       kind == DHCP_NAMES || kind == DHCP_ROUTES || kind == DHCP_NTP;
}

struct value {
	struct wr w;
	int family;
	const char *text; /* what follows */
	struct names names;
};

static int put_word(struct value *v, enum dhcp_kind kind, char *word, struct err *e)
{
	switch (kind) {
	case DHCP_HEX:
	case DHCP_TEXT:
	case DHCP_EMPTY:
	case DHCP_KIND_N:
		break;
	case DHCP_BOOL:
		return put_bool(&v->w, word, e);
	case DHCP_NUMBER8:
	case DHCP_NUMBERS8:
		return put_number(&v->w, 1, word, e);
	case DHCP_NUMBER16:
	case DHCP_NUMBERS16:
		return put_number(&v->w, 2, word, e);
	case DHCP_NUMBER32:
		return put_number(&v->w, 4, word, e);
	case DHCP_SIGNED32:
		return put_signed(&v->w, word, e);
	case DHCP_ADDRESS:
	case DHCP_ADDRESSES:
		return put_address(&v->w, v->family, word, e);
	case DHCP_NAMES:
		return put_name(&v->w, v->family == AF_INET ? &v->names : NULL, word, e);
	case DHCP_ROUTES:
		return put_route(&v->w, word, &v->text, e);
	case DHCP_NTP:
		return put_time_server(&v->w, word, e);
	}
	return 0;
}

static int put_words(struct value *v, enum dhcp_kind kind, struct err *e)
{
	char word[WORD_MAX];
	size_t n = 0;
	int err = 0;

	for (; err == 0 && next_word(&v->text, word); n++) {
		if (n == 1 && !is_list(kind))
			return err_set(e, ERR_XML, "'%s' is one too many: the type is %s", word,
				       dhcp_kind_name(kind));
		err = put_word(v, kind, word, e);
	}
	if (err == 0 && n == 0)
		return err_set(e, ERR_XML, "there is no value of the type %s",
			       dhcp_kind_name(kind));
	return err;
}

int dhcp_value_encode(enum dhcp_kind kind, int family, const char *text,
		      uint8_t buf[static DHCP_OPTION_VALUE_MAX], struct err *e)
{
	struct value v = { .w = wr_over(buf, DHCP_OPTION_VALUE_MAX),
			   .family = family,
			   .text = text };
	int err = 0;

	if (kind == DHCP_TEXT)
		wr_bytes(&v.w, text, strlen(text));
	else if (kind == DHCP_HEX)
		err = put_hex(&v.w, text, e);
	else if (kind == DHCP_EMPTY && *text)
		err = err_set(e, ERR_XML, "'%.40s' is given to an option that has no value", text);
	else if (kind != DHCP_EMPTY)
		err = put_words(&v, kind, e);
	if (err == 0 && v.w.bad)
		err = err_set(e, ERR_XML, "the value is longer than %u octets",
			      (unsigned)DHCP_OPTION_VALUE_MAX);
	return err < 0 ? err : (int)wr_len(&v.w);
}
