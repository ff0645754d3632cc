/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-dhcp.c — <netd:dhcp>: options, lease times and boot files for everybody, hosts and classes.
 *
 * What can be said is said by the same three elements wherever they stand; where they stand is to
 * whom. A value becomes octets here, so that a mistake in it has its line. */
#include "base/dhcp-options.h"
#include "network/xml-internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RULES_MAX   511U /* hosts and classes */
#define OPTIONS_MAX 128U /* of one of these */
#define FILE_MAX    127U /* octets of BOOTP's field */
#define URL_MAX     255U
#define TEXT_MAX    255U
#define LABEL_MAX   63U

static const struct word words_family[] = { { "ipv4", AF_INET },
					    { "ipv6", AF_INET6 },
					    { NULL, 0 } };

static const char *family_text(int family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

static int refuse_text(struct report *r, const struct spot *at, unsigned max)
{
	return spot_refuse(r, at, "is too long; at most %u octets can be sent", max);
}

/* ---- <netd:option> ---- */

struct option_words { /* as written */
	int family;
	char *name, *type, *value;
	bool has_code;
	uint32_t code;
	unsigned force;
};
static const struct attr option_attrs[] = {
	ATTR("family", attr_word, struct option_words, family, .words = words_family),
	ATTR("name", attr_text, struct option_words, name),
	ATTR("code", attr_number, struct option_words, code, .max = UINT16_MAX,
	     .given = GIVEN(struct option_words, has_code)),
	ATTR("type", attr_text, struct option_words, type),
	ATTR("value", attr_text, struct option_words, value, .empty_counts = true),
	ATTR_YES_NO("force", struct option_words, force),
};

static int unknown_option(struct report *r, unsigned line, const struct option_words *w)
{
	const struct dhcp_option *o = dhcp_option_by_name(w->family, w->name, true);

	if (o)
		return report_refuse(r, ERR_XML, line,
				     "<netd:option name='%s'>: this option is called '%s' here",
				     w->name, o->name);
	return report_refuse(
	    r, ERR_XML, line,
	    "<netd:option name='%.60s'>: no option of %s is called so; 'netctl "
	    "dhcp-options' lists them, and any other can be given by code and type",
	    w->name, family_text(w->family));
}

/* By its name, or by its code. *ret_known is NULL for a code without a name. */
static int which_option(struct report *r, unsigned line, const struct option_words *w,
			const struct dhcp_option **ret_known)
{
	unsigned last = w->family == AF_INET6 ? UINT16_MAX : 254;

	if (!w->name == !w->has_code)
		return report_refuse(r, ERR_XML, line,
				     "<netd:option> needs the name of the option, or its code: one "
				     "of both");
	*ret_known = w->name ? dhcp_option_by_name(w->family, w->name, false)
			     : dhcp_option_by_code(w->family, w->code);
	if (w->name && !*ret_known)
		return unknown_option(r, line, w);
	if (w->has_code && (w->code == 0 || w->code > last))
		return report_refuse(r, ERR_XML, line,
				     "<netd:option code='%u'>: the options of %s have the codes 1 "
				     "to %u",
				     w->code, family_text(w->family), last);
	if (*ret_known && (*ret_known)->owner)
		return report_refuse(r, ERR_XML, line,
				     "the DHCP option %u, '%s', is set by %s, not by <netd:option>",
				     (*ret_known)->code, (*ret_known)->name, (*ret_known)->owner);
	return 0;
}

static int which_kind(struct report *r, unsigned line, const struct option_words *w,
		      const struct dhcp_option *known, enum dhcp_kind *ret)
{
	if (known)
		*ret = known->kind;
	if (w->type && w->name)
		return report_refuse(r, ERR_XML, line,
				     "<netd:option name='%s' type='%.40s'>: an option that is "
				     "given by its name has its type, which is %s; leave it out",
				     w->name, w->type, dhcp_kind_name(known->kind));
	if (w->type && dhcp_kind_parse(w->type, ret) < 0)
		return report_refuse(
		    r, ERR_XML, line,
		    "<netd:option type='%.40s'> is not a type; write one of hex, "
		    "text, empty, bool, number8, number16, number32, signed32, "
		    "numbers8, numbers16, address, addresses, names, routes or ntp",
		    w->type);
	if (!w->type && !known)
		return report_refuse(r, ERR_XML, line,
				     "<netd:option code='%u'> has no name, so its type must be "
				     "given, such as type='text'",
				     w->code);
	return 0;
}

static int option_value(struct report *r, const struct option_words *w, enum dhcp_kind kind,
			struct netd_dhcp_option *ret)
{
	uint8_t buf[DHCP_OPTION_VALUE_MAX];
	struct err e = { 0 };

	if (!w->value && kind != DHCP_EMPTY)
		return report_refuse(r, ERR_XML, ret->line,
				     "<netd:option> has no attribute "
				     "'value'; add value='…'");
	if (w->value && !*w->value && kind != DHCP_EMPTY) {
		ret->absent = true;
		return 0;
	}
	int n = dhcp_value_encode(kind, w->family, w->value ? w->value : "", buf, &e);
	if (n < 0)
		return report_refuse(r, ERR_XML, ret->line, "<netd:option value='%.100s'>: %s",
				     w->value, e.msg);
	ret->value = malloc(n ? (size_t)n : 1);
	if (!ret->value)
		return report_no_memory(r);
	memcpy(ret->value, buf, (size_t)n);
	ret->n = (size_t)n;
	return 0;
}

static int put_option(struct report *r, unsigned line, const struct option_words *w,
		      struct netd_dhcp_rule *rule)
{
	const struct dhcp_option *known = NULL;
	enum dhcp_kind kind = DHCP_HEX;
	int err = which_option(r, line, w, &known);

	if (err == 0)
		err = which_kind(r, line, w, known, &kind);
	if (err < 0)
		return err;
	if (rule->n_options == OPTIONS_MAX)
		return report_refuse(r, ERR_XML, line, "more than %u <netd:option> in one place",
				     OPTIONS_MAX);
	struct netd_dhcp_option *o = APPEND(r, rule->options, rule->n_options);
	if (!o)
		return -ENOMEM;
	*o = (struct netd_dhcp_option){ .line = line,
					.family = w->family,
					.code = known ? known->code : (uint16_t)w->code,
					.force = w->force == TRI_YES };
	return option_value(r, w, kind, o);
}

static int read_option(struct report *r, xmlNode *node, void *rule)
{
	struct option_words w = { .family = AF_INET };
	int err = READ_ATTRS(r, node, option_attrs, &w);

	if (err == 0)
		err = put_option(r, line_of(node), &w, rule);
	free(w.name);
	free(w.type);
	free(w.value);
	return err < 0 ? err : read_no_children(r, node);
}

/* ---- <netd:lease> ---- */

struct lease_words {
	int family;
	bool has_expiry, has_renew, has_rebind;
	uint32_t expiry, renew, rebind, unit;
};
static const struct word words_unit[] = {
	{ "seconds", 1 }, { "minutes", 60 }, { "hours", 3600 }, { NULL, 0 }
};
static const struct attr lease_attrs[] = {
	ATTR("family", attr_word, struct lease_words, family, .words = words_family),
	ATTR("expiry", attr_number, struct lease_words, expiry, .missing = ERR_XML,
	     .given = GIVEN(struct lease_words, has_expiry)),
	ATTR("unit", attr_word, struct lease_words, unit, .words = words_unit),
	ATTR("renew", attr_number, struct lease_words, renew,
	     .given = GIVEN(struct lease_words, has_renew)),
	ATTR("rebind", attr_number, struct lease_words, rebind,
	     .given = GIVEN(struct lease_words, has_rebind)),
};

#define LEASE_MIN_SEC 120

static int check_lease(struct report *r, unsigned line, const struct lease_words *w)
{
	uint64_t sec = (uint64_t)w->expiry * w->unit;

	if (w->expiry && sec < LEASE_MIN_SEC)
		return report_refuse(r, ERR_XML, line, "<netd:lease> is shorter than two minutes");
	if (sec >= UINT32_MAX)
		return report_refuse(r, ERR_XML, line,
				     "<netd:lease> is longer than 136 years; write expiry='0' for "
				     "one without end");
	if (w->has_renew != w->has_rebind)
		return report_refuse(r, ERR_XML, line,
				     "<netd:lease>: renew and rebind (T1 and T2) are given "
				     "together, or left out together");
	if (w->has_renew &&
	    !(w->renew && w->renew < w->rebind && (!w->expiry || w->rebind < w->expiry)))
		return report_refuse(r, ERR_XML, line,
				     "<netd:lease renew='%u' rebind='%u'>: they must come in this "
				     "order, before the end of the lease",
				     w->renew, w->rebind);
	if (w->has_renew && !w->expiry)
		return report_refuse(r, ERR_XML, line,
				     "<netd:lease expiry='0'> never ends, and is never renewed");
	return 0;
}

static int read_lease_times(struct report *r, xmlNode *node, void *rule)
{
	struct lease_words w = { .family = AF_INET, .unit = 60 };
	int err = READ_ATTRS(r, node, lease_attrs, &w);

	if (err == 0)
		err = check_lease(r, line_of(node), &w);
	if (err < 0)
		return err;
	struct netd_dhcp_lease *l =
	    &((struct netd_dhcp_rule *)rule)->lease[w.family == AF_INET6 ? NETD_IP6 : NETD_IP4];
	if (l->line)
		return report_refuse(r, ERR_XML, line_of(node),
				     "a second <netd:lease> of %s (line %u has one); remove one",
				     family_text(w.family), l->line);
	*l = (struct netd_dhcp_lease){ .line = line_of(node),
				       .sec = w.expiry ? w.expiry * w.unit : UINT32_MAX,
				       .renew_sec = w.renew * w.unit,
				       .rebind_sec = w.rebind * w.unit };
	return read_no_children(r, node);
}

/* ---- <netd:boot> ---- */

struct boot_words {
	int family;
	struct netd_dhcp_boot boot;
};

static int attr_boot_file(struct report *r, const struct spot *at, void *field)
{
	return strlen(at->value) > FILE_MAX ? refuse_text(r, at, FILE_MAX)
					    : attr_text(r, at, field);
}

static int attr_url(struct report *r, const struct spot *at, void *field)
{
	const char *scheme = strstr(at->value, "://");

	if (!scheme || scheme == at->value || strpbrk(at->value, " \t\r\n"))
		return spot_refuse(r, at, "is not a URL, such as http://192.168.150.1/boot.efi");
	return strlen(at->value) > URL_MAX ? refuse_text(r, at, URL_MAX) : attr_text(r, at, field);
}

static const struct attr boot_attrs[] = {
	ATTR("family", attr_word, struct boot_words, family, .words = words_family),
	ATTR("file", attr_boot_file, struct boot_words, boot.file, .empty_counts = true),
	ATTR("server", attr_ip, struct boot_words, boot.server),
	ATTR("url", attr_url, struct boot_words, boot.url),
	ATTR("params", attr_text, struct boot_words, boot.params),
};

static int check_boot(struct report *r, unsigned line, const struct boot_words *w)
{
	const struct netd_dhcp_boot *b = &w->boot;

	if (w->family == AF_INET6 && !b->url)
		return report_refuse(r, ERR_XML, line,
				     "<netd:boot family='ipv6'> needs a url, such as "
				     "tftp://[fd00::1]/boot.efi: DHCPv6 knows nothing else");
	if (w->family == AF_INET6 && (b->file || ip_is_set(&b->server)))
		return report_refuse(r, ERR_XML, line,
				     "<netd:boot family='ipv6'> takes url and params, but neither "
				     "file nor server: they are in the url");
	if (w->family == AF_INET && b->params)
		return report_refuse(r, ERR_XML, line,
				     "<netd:boot params='%.60s'>: DHCPv4 has no parameters of boot "
				     "files",
				     b->params);
	if (w->family == AF_INET && !b->file == !b->url)
		return report_refuse(r, ERR_XML, line,
				     "<netd:boot> needs a file (by TFTP), or a url: one of both");
	if (ip_is_set(&b->server) && (!b->file || b->server.family != AF_INET))
		return report_refuse(r, ERR_XML, line,
				     "<netd:boot server=…> is the IPv4 address of the machine that "
				     "has the file");
	return 0;
}

static int put_boot(struct report *r, unsigned line, struct boot_words *w,
		    struct netd_dhcp_rule *rule)
{
	struct netd_dhcp_boot *b = &rule->boot[w->family == AF_INET6 ? NETD_IP6 : NETD_IP4];
	int err = check_boot(r, line, w);

	if (err < 0)
		return err;
	if (b->line)
		return report_refuse(r, ERR_XML, line,
				     "a second <netd:boot> of %s (line %u has one); one that is "
				     "meant for some clients stands in a <netd:class>",
				     family_text(w->family), b->line);
	*b = w->boot;
	b->line = line;
	w->boot = (struct netd_dhcp_boot){ 0 };
	return 0;
}

static int read_boot(struct report *r, xmlNode *node, void *rule)
{
	struct boot_words w = { .family = AF_INET };
	int err = READ_ATTRS(r, node, boot_attrs, &w);

	if (err == 0)
		err = put_boot(r, line_of(node), &w, rule);
	free(w.boot.file);
	free(w.boot.url);
	free(w.boot.params);
	return err < 0 ? err : read_no_children(r, node);
}

/* ---- <netd:host> and <netd:class> ---- */

/* What clients say of their processor and firmware (RFC 4578 §2.1, IANA's registry). Some firmware
 * for x86-64 sends the code of EFI byte code. */
static const struct {
	const char *word;
	uint16_t code[2]; /* the second may be 0 */
} archs[] = {
	{ "x86-bios", { 0x00 } },
	{ "x86-uefi", { 0x06 } },
	{ "x64-uefi", { 0x07, 0x09 } },
	{ "arm32-uefi", { 0x0a } },
	{ "arm64-uefi", { 0x0b } },
	{ "x86-uefi-http", { 0x0f } },
	{ "x64-uefi-http", { 0x10, 0x11 } },
	{ "arm32-uefi-http", { 0x12 } },
	{ "arm64-uefi-http", { 0x13 } },
	{ "x86-bios-http", { 0x14 } },
	{ "riscv32-uefi", { 0x19 } },
	{ "riscv32-uefi-http", { 0x1a } },
	{ "riscv64-uefi", { 0x1b } },
	{ "riscv64-uefi-http", { 0x1c } },
	{ "s390", { 0x1f, 0x20 } },
	{ "loongarch64-uefi", { 0x27 } },
	{ "loongarch64-uefi-http", { 0x28 } },
};

static bool add_arch(struct netd_dhcp_rule *rule, uint16_t code)
{
	if (rule->n_archs == NETD_DHCP_ARCHS_MAX)
		return false;
	rule->archs[rule->n_archs++] = code;
	return true;
}

static bool add_arch_word(struct netd_dhcp_rule *rule, const char *word)
{
	uint32_t code;

	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (strcmp(archs[i].word, word) == 0)
			return add_arch(rule, archs[i].code[0]) &&
			       (!archs[i].code[1] || add_arch(rule, archs[i].code[1]));
	return parse_u32(word, 0, UINT16_MAX, &code) == 0 && add_arch(rule, (uint16_t)code);
}

/* Words or numbers, separated by blanks or commas. */
static int attr_archs(struct report *r, const struct spot *at, void *field)
{
	struct netd_dhcp_rule *rule = container_of(field, struct netd_dhcp_rule, n_archs);
	const char *p = at->value;
	char word[32];

	while (*(p += strspn(p, " ,\t\r\n"))) {
		size_t n = strcspn(p, " ,\t\r\n");
		snprintf(word, sizeof(word), "%.*s", (int)MIN_OF(n, sizeof(word) - 1), p);
		p += n;
		if (!add_arch_word(rule, word))
			return spot_refuse(
			    r, at,
			    "has '%s', which is no architecture (or one too many: %u is the most); "
			    "write x86-bios, x64-uefi, arm64-uefi, x64-uefi-http …, or the number "
			    "of RFC 4578",
			    word, NETD_DHCP_ARCHS_MAX);
	}
	return 0;
}

static int attr_class_text(struct report *r, const struct spot *at, void *field)
{
	return strlen(at->value) > TEXT_MAX ? refuse_text(r, at, TEXT_MAX)
					    : attr_text(r, at, field);
}

static int attr_rule_name(struct report *r, const struct spot *at, void *field)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	char *name;
	int err;

	if (at->value[strspn(at->value, ok)] || strlen(at->value) > LABEL_MAX)
		return spot_refuse(r, at, "is not the name of a host: one label, without a domain");
	err = attr_text(r, at, field);
	if (err < 0)
		return err;
	name = *(char **)field;
	for (char *p = name; *p; p++) /* as the names of guests are kept */
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return 0;
}

static const struct attr rule_host_attrs[] = {
	ATTR("mac", attr_mac, struct netd_dhcp_rule, mac,
	     .given = GIVEN(struct netd_dhcp_rule, has_mac)),
	ATTR("name", attr_rule_name, struct netd_dhcp_rule, name),
	ATTR("uuid", attr_uuid, struct netd_dhcp_rule, uuid,
	     .given = GIVEN(struct netd_dhcp_rule, has_uuid)),
};
static const struct attr rule_class_attrs[] = {
	ATTR("vendor", attr_class_text, struct netd_dhcp_rule, vendor),
	ATTR("user", attr_class_text, struct netd_dhcp_rule, user),
	ATTR("arch", attr_archs, struct netd_dhcp_rule, n_archs),
	ATTR_YES_NO("ipxe", struct netd_dhcp_rule, ipxe),
};
static const struct element rule_children[] = {
	{ "option", read_option, .many = true, .ns = NETD_NAMESPACE },
	{ "lease", read_lease_times, .many = true, .ns = NETD_NAMESPACE },
	{ "boot", read_boot, .many = true, .ns = NETD_NAMESPACE },
};

static struct netd_dhcp_rule *add_rule(struct report *r, const xmlNode *node, struct netd_dhcp *d)
{
	if (d->n_rules > RULES_MAX) {
		report_refuse(r, ERR_XML, line_of(node),
			      "more than %u <netd:host> and <netd:class> in <netd:dhcp>",
			      RULES_MAX);
		return NULL;
	}
	struct netd_dhcp_rule *rule = APPEND(r, d->rules, d->n_rules);
	if (rule)
		rule->line = line_of(node);
	return rule;
}

static int read_rule_host(struct report *r, xmlNode *node, void *dhcp)
{
	struct netd_dhcp_rule *rule = add_rule(r, node, dhcp);
	int err;

	if (!rule)
		return r->e && r->e->code ? -r->e->code : -ENOMEM;
	rule->kind = NETD_DHCP_HOST;
	err = READ_ATTRS(r, node, rule_host_attrs, rule);
	if (err == 0 && rule->has_mac + rule->has_uuid + (rule->name != NULL) != 1)
		err = report_refuse(r, ERR_XML, rule->line,
				    "<netd:host> needs a mac, a name or a uuid: one of them");
	return err < 0 ? err : READ_CHILDREN(r, node, rule_children, rule);
}

static int read_rule_class(struct report *r, xmlNode *node, void *dhcp)
{
	struct netd_dhcp_rule *rule = add_rule(r, node, dhcp);
	int err;

	if (!rule)
		return r->e && r->e->code ? -r->e->code : -ENOMEM;
	rule->kind = NETD_DHCP_CLASS;
	err = READ_ATTRS(r, node, rule_class_attrs, rule);
	if (err == 0 && !rule->vendor && !rule->user && !rule->n_archs && !rule->ipxe)
		err = report_refuse(r, ERR_XML, rule->line,
				    "<netd:class> needs a vendor, a user, an arch or ipxe: for "
				    "whom it is");
	return err < 0 ? err : READ_CHILDREN(r, node, rule_children, rule);
}

/* ---- <netd:dhcp> ---- */

static int read_all_option(struct report *r, xmlNode *node, void *dhcp)
{
	return read_option(r, node, ((struct netd_dhcp *)dhcp)->rules);
}

static int read_all_lease(struct report *r, xmlNode *node, void *dhcp)
{
	return read_lease_times(r, node, ((struct netd_dhcp *)dhcp)->rules);
}

static int read_all_boot(struct report *r, xmlNode *node, void *dhcp)
{
	return read_boot(r, node, ((struct netd_dhcp *)dhcp)->rules);
}

static const struct word words_identity[] = { { "mac", IDENTITY_MAC },
					      { "client-id", IDENTITY_CLIENT_ID },
					      { "both", IDENTITY_BOTH },
					      { NULL, 0 } };
static const struct attr dhcp_attrs[] = {
	ATTR("identity", attr_word, struct netd_dhcp, identity, .words = words_identity),
	ATTR_YES_NO("rapidCommit", struct netd_dhcp, rapid_commit),
};
static const struct element dhcp_children[] = {
	{ "option", read_all_option, .many = true, .ns = NETD_NAMESPACE },
	{ "lease", read_all_lease, .many = true, .ns = NETD_NAMESPACE },
	{ "boot", read_all_boot, .many = true, .ns = NETD_NAMESPACE },
	{ "host", read_rule_host, .many = true, .ns = NETD_NAMESPACE },
	{ "class", read_rule_class, .many = true, .ns = NETD_NAMESPACE },
	{ "relayed", read_relayed, .many = true, .ns = NETD_NAMESPACE },
};

int read_netd_dhcp(struct report *r, xmlNode *node, void *options)
{
	struct netd_dhcp *d = &((struct netd_options *)options)->dhcp;
	int err;

	d->line = line_of(node);
	if (!add_rule(r, node, d))
		return -ENOMEM;
	err = READ_ATTRS(r, node, dhcp_attrs, d);
	return err < 0 ? err : READ_CHILDREN(r, node, dhcp_children, d);
}
