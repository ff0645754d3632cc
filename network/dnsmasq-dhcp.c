/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq-dhcp.c — dnsmasq's lines about DHCP, as rules of <netd:dhcp>.
 *
 * dnsmasq sets tags on a request (dhcp-match=set:efi,option:client-arch,7) and has lines for those
 * with certain tags (dhcp-boot=tag:efi,snponly.efi). A tag is what sets it: so such a line becomes
 * a class that asks for the same. A tag that several lines set makes several classes. */
#include "network/dnsmasq-internal.h"

#include "base/dhcp-options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TAGS_MAX     128
#define USES_MAX     4   /* tags of one line */
#define CLASSES_MAX  64  /* of one line */
#define RULES_MAX    256 /* of one network */
#define TAG_NAME_MAX 64

/* ---- tags ---- */

struct tag {
	char name[TAG_NAME_MAX];
	struct netd_dhcp_rule who; /* its strings are its own */
};
struct dnsmasq_tags {
	struct tag tag[TAGS_MAX];
	size_t n;
};

struct dnsmasq_tags *dnsmasq_tags_new(void)
{
	return calloc(1, sizeof(struct dnsmasq_tags));
}

void dnsmasq_tags_free(struct dnsmasq_tags *t)
{
	for (size_t i = 0; t && i < t->n; i++) {
		free(t->tag[i].who.vendor);
		free(t->tag[i].who.user);
	}
	free(t);
}

static const char *after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text && strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static char *text_or_null(struct dnsmasq_reading *x, const char *text, int *err)
{
	char *copy = strdup(text);

	if (!copy)
		*err = report_no_memory(x->r);
	return copy;
}

/* OPTION[,VALUE]: what a request must hold. */
static int read_match(struct dnsmasq_reading *x, struct netd_dhcp_rule *who)
{
	char *option = dnsmasq_field(x), *value = dnsmasq_field(x);
	const char *name = after(option, "option:"), *name6 = after(option, "option6:");
	const struct dhcp_option *o = NULL;
	uint32_t code;
	int err = 0;

	if (name || name6)
		o = dhcp_option_by_name(name ? AF_INET : AF_INET6, name ? name : name6, true);
	const char *digits = name6 ? name6 : option;
	if (o)
		code = o->code;
	else if (!digits || parse_u32(digits, 1, UINT16_MAX, &code) < 0)
		code = 0;
	uint32_t arch_code = name6 ? 61 : 93, user_code = name6 ? 15 : 77,
		 vendor_code = name6 ? 16 : 60, arch;
	if (code == arch_code && value && parse_u32(value, 0, UINT16_MAX, &arch) == 0)
		who->archs[who->n_archs++] = (uint16_t)arch;
	else if (code == 175 && !name6 && !value)
		who->ipxe = TRI_YES;
	else if (code == user_code && value && strcmp(value, "iPXE") == 0)
		who->ipxe = TRI_YES;
	else if (code == user_code && value)
		who->user = text_or_null(x, value, &err);
	else if (code == vendor_code && value)
		who->vendor = text_or_null(x, value, &err);
	else
		x->why =
		    "netd matches client-arch, user-class and vendor-class with a value, and 175";
	return err;
}

static int read_vendor(struct dnsmasq_reading *x, struct netd_dhcp_rule *who)
{
	char *text = dnsmasq_field(x);
	int err = 0;

	if (text && after(text, "enterprise:"))
		text = dnsmasq_field(x);
	if (text && *text)
		who->vendor = text_or_null(x, text, &err);
	else
		x->why = "it has no class";
	return err;
}

static int read_user(struct dnsmasq_reading *x, struct netd_dhcp_rule *who)
{
	char *text = dnsmasq_field(x);
	int err = 0;

	if (text && strcmp(text, "iPXE") == 0)
		who->ipxe = TRI_YES;
	else if (text && *text)
		who->user = text_or_null(x, text, &err);
	else
		x->why = "it has no class";
	return err;
}

static int read_mac(struct dnsmasq_reading *x, struct netd_dhcp_rule *who)
{
	char *text = dnsmasq_field(x);

	if (text && mac_parse(text, &who->mac) == 0)
		who->has_mac = true;
	else
		x->why = "only whole MAC addresses are understood";
	return 0;
}

static const struct {
	const char *key;
	int (*read)(struct dnsmasq_reading *x, struct netd_dhcp_rule *who);
} tag_readers[] = {
	{ "dhcp-match", read_match },
	{ "dhcp-vendorclass", read_vendor },
	{ "dhcp-userclass", read_user },
	{ "dhcp-mac", read_mac },
};

bool dnsmasq_is_tag(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(tag_readers); i++)
		if (strcmp(tag_readers[i].key, key) == 0)
			return true;
	return false;
}

int dnsmasq_read_tag(struct dnsmasq_tags *t, struct dnsmasq_reading *x)
{
	const char *first = dnsmasq_field(x), *name = after(first, "set:");
	struct tag tag = { .who = { .line = x->option->line } };
	int err = 0;

	if (!name)
		name = after(first, "net:");
	if (!name || !*name || !copy_text(tag.name, sizeof(tag.name), name) || t->n == TAGS_MAX) {
		x->why = "it sets no tag, or one too many";
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(tag_readers); i++)
		if (strcmp(tag_readers[i].key, x->key) == 0)
			err = tag_readers[i].read(x, &tag.who);
	if (err == 0 && !x->why)
		t->tag[t->n++] = tag;
	return err;
}

/* ---- for whom a line is ---- */

struct use {
	const char *name;
	bool negated;
};

/* The classes that a line is for, each as what its members have in common; strings are the tags'.
 */
struct audience {
	struct netd_dhcp_rule who[CLASSES_MAX];
	size_t n;
	bool everybody;
};

static bool same_or_none(const char **to, const char *from)
{
	if (!from || (*to && strcmp(*to, from) == 0))
		return true;
	if (*to)
		return false;
	*to = from;
	return true;
}

/* Both must hold; false when nobody is both. */
static bool narrow(struct netd_dhcp_rule *who, const struct netd_dhcp_rule *by)
{
	size_t n = 0;

	if (!same_or_none((const char **)&who->vendor, by->vendor) ||
	    !same_or_none((const char **)&who->user, by->user) ||
	    (by->ipxe && who->ipxe && by->ipxe != who->ipxe) ||
	    (by->has_mac && who->has_mac && !mac_equal(&by->mac, &who->mac)))
		return false;
	if (by->ipxe)
		who->ipxe = by->ipxe;
	if (by->has_mac) {
		who->has_mac = true;
		who->mac = by->mac;
	}
	if (!by->n_archs)
		return true;
	for (size_t i = 0; i < who->n_archs; i++)
		if (who->archs[i] == by->archs[0])
			n++;
	if (who->n_archs && !n)
		return false;
	who->n_archs = 1;
	who->archs[0] = by->archs[0];
	return true;
}

static bool is_only_ipxe(const struct netd_dhcp_rule *who)
{
	return who->ipxe == TRI_YES && !who->vendor && !who->user && !who->n_archs && !who->has_mac;
}

/* False: a tag of this kind can't be negated. */
static bool narrow_by_not(const struct dnsmasq_tags *t, const char *name, struct audience *a)
{
	static const struct netd_dhcp_rule not_ipxe = { .ipxe = TRI_NO };
	bool any = false;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->tag[i].name, name) != 0)
			continue;
		any = true;
		if (!is_only_ipxe(&t->tag[i].who))
			return false;
	}
	for (size_t i = 0; any && i < a->n; i++)
		if (narrow(&a->who[i], &not_ipxe))
			a->who[n++] = a->who[i];
	if (any)
		a->n = n;
	return true;
}

static void narrow_by(const struct dnsmasq_tags *t, const char *name, struct audience *a)
{
	struct audience before = *a;

	a->n = 0;
	for (size_t i = 0; i < before.n; i++)
		for (size_t k = 0; k < t->n && a->n < CLASSES_MAX; k++) {
			struct netd_dhcp_rule who = before.who[i];
			if (strcmp(t->tag[k].name, name) == 0 && narrow(&who, &t->tag[k].who))
				a->who[a->n++] = who;
		}
}

/* Take the tags from the front of a line. */
static size_t read_uses(struct dnsmasq_reading *x, struct use *uses)
{
	size_t n = 0;

	while (x->rest && n < USES_MAX) {
		const char *name = after(x->rest, "tag:");
		if (!name)
			name = after(x->rest, "net:");
		if (!name)
			break;
		(void)dnsmasq_field(x);
		uses[n].negated = *name == '!' || *name == '#';
		uses[n].name = name + uses[n].negated;
		n++;
	}
	return n;
}

static void find_audience(const struct dnsmasq_tags *t, struct dnsmasq_reading *x,
			  struct audience *a)
{
	struct use uses[USES_MAX];
	size_t n = read_uses(x, uses);

	a->n = 1;
	a->who[0] = (struct netd_dhcp_rule){ 0 };
	a->everybody = n == 0;
	for (size_t i = 0; i < n; i++) {
		if (!uses[i].negated)
			narrow_by(t, uses[i].name, a);
		else if (!narrow_by_not(t, uses[i].name, a))
			x->why = "only tags that iPXE sets can be negated";
	}
}

static int copy_string(struct dnsmasq_reading *x, char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : report_no_memory(x->r);
}

static int make_rule(struct dnsmasq_reading *x, const struct netd_dhcp_rule *who,
		     struct netd_dhcp_rule **ret)
{
	struct netd_dhcp *d = &x->n->dnsmasq.dhcp;
	struct netd_dhcp_rule *rule;

	*ret = NULL;
	if (d->n_rules > RULES_MAX) {
		x->why = "there are too many of them";
		return 0;
	}
	rule = APPEND(x->r, d->rules, d->n_rules);
	if (!rule)
		return -ENOMEM;
	*rule = *who;
	rule->vendor = rule->user = NULL;
	rule->kind = NETD_DHCP_CLASS;
	rule->line = x->option->line;
	*ret = rule;
	return copy_string(x, &rule->vendor, who->vendor) < 0 ||
		       copy_string(x, &rule->user, who->user) < 0
		   ? -ENOMEM
		   : 0;
}

/* ---- what it says ---- */

struct said {
	int family;
	uint16_t code;
	bool force, absent;
	uint8_t value[DHCP_OPTION_VALUE_MAX];
	size_t n;
	/* or */
	const char *file;
	struct ip server;
};

static int put_boot(struct dnsmasq_reading *x, const struct said *s, struct netd_dhcp_rule *rule)
{
	struct netd_dhcp_boot *b = &rule->boot[s->family == AF_INET6 ? NETD_IP6 : NETD_IP4];
	bool is_url = strstr(s->file, "://") != NULL;

	if (b->line)
		return 0; /* a later line has said it */
	b->line = x->option->line;
	b->server = s->server;
	return copy_string(x, is_url ? &b->url : &b->file, s->file);
}

static int put_option(struct dnsmasq_reading *x, const struct said *s, struct netd_dhcp_rule *rule)
{
	for (size_t i = 0; i < rule->n_options; i++)
		if (rule->options[i].family == s->family && rule->options[i].code == s->code)
			return 0;
	struct netd_dhcp_option *o = APPEND(x->r, rule->options, rule->n_options);
	if (!o)
		return -ENOMEM;
	*o = (struct netd_dhcp_option){ .line = x->option->line,
					.family = s->family,
					.code = s->code,
					.force = s->force,
					.absent = s->absent,
					.n = s->n };
	o->value = malloc(s->n ? s->n : 1);
	if (!o->value)
		return report_no_memory(x->r);
	memcpy(o->value, s->value, s->n);
	return 0;
}

static int put_said(struct dnsmasq_reading *x, const struct said *s, struct netd_dhcp_rule *rule)
{
	return s->file ? put_boot(x, s, rule) : put_option(x, s, rule);
}

static int say(struct dnsmasq_reading *x, const struct audience *a, const struct said *s)
{
	struct netd_dhcp_rule *rule = x->n->dnsmasq.dhcp.rules;
	int err = 0;

	if (a->everybody)
		return put_said(x, s, rule);
	for (size_t i = 0; i < a->n && err == 0; i++) {
		err = make_rule(x, &a->who[i], &rule);
		if (err == 0 && rule)
			err = put_said(x, s, rule);
	}
	return err;
}

/* ---- dhcp-option ---- */

/* dnsmasq's way to say an address: IPv6 in brackets, 0.0.0.0 for its own. */
static void write_addresses(const struct network *n, int family, const char *text, char *buf,
			    size_t cap)
{
	const struct network_ip *own = network_dhcp_ip(n, family);
	char ip[IP_TEXT_MAX];
	size_t used = 0;

	buf[0] = '\0';
	for (const char *p = text; *p && used + IP_TEXT_MAX + 1 < cap;) {
		size_t len = strcspn(p, ",");
		snprintf(ip, sizeof(ip), "%.*s", (int)MIN_OF(len, sizeof(ip) - 1),
			 *p == '[' ? p + 1 : p);
		ip[strcspn(ip, "],")] = '\0';
		if (own && (!strcmp(ip, "0.0.0.0") || !strcmp(ip, "::")))
			ip_format(&own->address, ip);
		used += (size_t)snprintf(buf + used, cap - used, "%s ", ip);
		p += len + (p[len] == ',');
	}
}

static int encode_as(const struct network *n, enum dhcp_kind kind, struct said *s, const char *text)
{
	char addresses[2048];

	if (kind == DHCP_ADDRESS || kind == DHCP_ADDRESSES || kind == DHCP_NTP) {
		write_addresses(n, s->family, text, addresses, sizeof(addresses));
		text = addresses;
	}
	int len = dhcp_value_encode(kind, s->family, text, s->value, NULL);
	if (len < 0)
		return -EINVAL;
	s->n = (size_t)len;
	return 0;
}

/* What a value is of which nobody knows the type: addresses, a number of as few octets as it takes,
 * octets with colons, else text. */
static int encode_by_looks(const struct network *n, struct said *s, const char *text)
{
	static const enum dhcp_kind kinds[] = { DHCP_NUMBER8, DHCP_NUMBER16, DHCP_NUMBER32,
						DHCP_ADDRESSES };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (encode_as(n, kinds[i], s, text) == 0)
			return 0;
	if (strchr(text, ':') && encode_as(n, DHCP_HEX, s, text) == 0)
		return 0;
	return encode_as(n, DHCP_TEXT, s, text);
}

static void strip_quotes(char *text)
{
	size_t n = strlen(text);

	if (n < 2 || text[0] != '"' || text[n - 1] != '"')
		return;
	memmove(text, text + 1, n - 2);
	text[n - 2] = '\0';
}

/* The option's number or name, with what is known of it. */
static const struct dhcp_option *read_which(struct dnsmasq_reading *x, struct said *s)
{
	char *word = dnsmasq_field(x);
	const char *name = after(word, "option:"), *name6 = after(word, "option6:");
	const struct dhcp_option *o = NULL;
	uint32_t code;

	s->family = name6 ? AF_INET6 : AF_INET;
	if (name || name6)
		o = dhcp_option_by_name(s->family, name ? name : name6, true);
	if (o) {
		s->code = o->code;
	} else if (parse_u32(name6  ? name6
			     : word ? word
				    : "",
			     1, name6 ? UINT16_MAX : 254, &code) == 0) {
		s->code = (uint16_t)code;
		o = dhcp_option_by_code(s->family, code);
	}
	return o;
}

static int read_option(const struct dnsmasq_tags *t, struct dnsmasq_reading *x)
{
	struct audience a;
	struct said s;
	const struct dhcp_option *o;

	s = (struct said){ .force = strcmp(x->key, "dhcp-option-force") == 0 };
	find_audience(t, x, &a);
	o = read_which(x, &s);
	bool is_file = s.code == (s.family == AF_INET6 ? 59 : 67);
	if (!s.code)
		x->why = "netd doesn't know the option";
	else if (o && o->owner && !is_file)
		x->why = "the option is set by the definition's own elements";
	if (x->why)
		return 0;
	s.absent = !x->rest || !*x->rest;
	char none[] = "", *text = x->rest ? x->rest : none;
	strip_quotes(text);
	if (is_file)
		s.file = text;
	else if (o && o->kind == DHCP_EMPTY)
		s.absent = false;
	else if (!s.absent && (!o || encode_as(x->n, o->kind, &s, text) < 0) &&
		 encode_by_looks(x->n, &s, text) < 0)
		x->why = "its value can't be sent";
	return x->why ? 0 : say(x, &a, &s);
}

/* ---- dhcp-boot ---- */

/* FILE[,SERVER NAME[,SERVER ADDRESS]] */
static int read_boot(const struct dnsmasq_tags *t, struct dnsmasq_reading *x)
{
	struct audience a;
	struct said s;

	s = (struct said){ .family = AF_INET };
	find_audience(t, x, &a);
	s.file = dnsmasq_field(x);
	(void)dnsmasq_field(x);
	char *address = dnsmasq_field(x);
	if (address && *address && (ip_parse(address, &s.server) < 0 || s.server.family != AF_INET))
		x->why = "its server must be given by its IPv4 address";
	if (!s.file)
		s.file = "";
	if (strlen(s.file) > 127 && !strstr(s.file, "://"))
		x->why = "the name of the file is too long";
	if (ip_is_set(&s.server) && !s.server.v4)
		s.server = (struct ip){ 0 }; /* 0.0.0.0: its own */
	return x->why ? 0 : say(x, &a, &s);
}

bool dnsmasq_is_dhcp(const char *key)
{
	return !strcmp(key, "dhcp-option") || !strcmp(key, "dhcp-option-force") ||
	       !strcmp(key, "dhcp-boot");
}

int dnsmasq_read_dhcp(const struct dnsmasq_tags *t, struct dnsmasq_reading *x)
{
	return strcmp(x->key, "dhcp-boot") == 0 ? read_boot(t, x) : read_option(t, x);
}
