/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/config.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Most settings are one of two words. */
struct key {
	const char *name, *on, *off;
	size_t at; /* of a bool in struct netd_config */
	bool otherwise;
};

#define KEY(name, on, off, field, otherwise)                                                       \
	{                                                                                          \
		name, on, off, offsetof(struct netd_config, field), otherwise                      \
	}

static const struct key keys[] = {
	KEY("table_owner", "yes", "no", table_owner, false),
	KEY("isolated", "libvirt", "strict", libvirt_isolated, false),
	KEY("foreign_accept", "yes", "no", foreign_accept, false),
	KEY("host_rules", "yes", "no", host_rules, false),
	KEY("lease_store_failure", "refuse", "serve", refuse_unstored, false),
	KEY("libvirt_lease_files", "yes", "no", libvirt_lease_files, false),
	KEY("libvirt_hooks", "yes", "no", libvirt_hooks, false),
	KEY("dns_listen", "redirect", "direct", dns_redirect, false),
	KEY("auth_unix_rw", "polkit", "none", door.polkit_rw, false),
	KEY("auth_unix_ro", "polkit", "none", door.polkit_ro, false),
};

static bool *field(struct netd_config *c, const struct key *k)
{
	return (bool *)((char *)c + k->at);
}

void config_defaults(struct netd_config *c)
{
	*c = (struct netd_config){ 0 };
	door_policy_defaults(&c->door);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		*field(c, &keys[i]) = keys[i].otherwise;
}

/* A part of a line. */
struct span {
	const char *s;
	size_t n;
};

static struct span trimmed(const char *s, size_t n)
{
	while (n && strchr(" \t\r", *s)) {
		s++;
		n--;
	}
	while (n && strchr(" \t\r", s[n - 1]))
		n--;
	return (struct span){ s, n };
}

static bool is_word(struct span a, const char *word)
{
	return a.n == strlen(word) && memcmp(a.s, word, a.n) == 0;
}

/* ---- numbers ---- */

#define NUMBER(name, field, min, max)                                                              \
	{                                                                                          \
		name, offsetof(struct netd_config, field), min, max                                \
	}
static const struct number {
	const char *name;
	size_t at; /* of an unsigned in struct netd_config */
	unsigned min, max;
} numbers[] = {
	NUMBER("max_clients", door.clients_max, 64, 5000),
	NUMBER("max_clients_per_user", door.clients_per_user, 1, 5000),
	NUMBER("max_anonymous_clients", door.anonymous_max, 1, 5000),
	NUMBER("max_client_requests", door.requests_max, 1, 64),
	NUMBER("keepalive_interval", door.keepalive_sec, 0, 3600),
	NUMBER("keepalive_count", door.keepalive_count, 1, 1000),
};

/* The line of what is read, for messages. */
struct place {
	const char *path;
	unsigned line;
};

static int take_number(const struct number *k, struct span value, struct netd_config *c,
		       const struct place *at, struct err *e)
{
	char text[16] = "";
	uint32_t v;

	if (value.n < sizeof(text))
		memcpy(text, value.s, value.n);
	if (parse_u32(text, k->min, k->max, &v) < 0)
		return err_set(e, ERR_INVALID_ARG, "%s line %u: %s is a number from %u to %u",
			       at->path, at->line, k->name, k->min, k->max);
	*(unsigned *)(void *)((char *)c + k->at) = v;
	return 0;
}

/* The mode of a socket's file, in octal digits. */
static int take_perms(struct span value, unsigned *ret, const struct place *at, struct err *e)
{
	unsigned v = 0;
	bool fine = value.n >= 3 && value.n <= 4;

	for (size_t i = 0; i < value.n && fine; i++) {
		fine = value.s[i] >= '0' && value.s[i] <= '7';
		v = v * 8 + (unsigned)(value.s[i] - '0');
	}
	if (!fine || v > 0777)
		return err_set(e, ERR_INVALID_ARG,
			       "%s line %u: a file mode such as 0660 is expected", at->path,
			       at->line);
	*ret = v;
	return 0;
}

/* ---- who may what ---- */

static int take_access(struct span value, struct netd_config *c, const struct place *at,
		       struct err *e)
{
	static const char *const words[] = {
		[ACCESS_ALL] = "all", [ACCESS_RULES] = "rules", [ACCESS_POLKIT] = "polkit"
	};

	for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
		if (!is_word(value, words[i]))
			continue;
		c->door.access = (enum door_access)i;
		return 0;
	}
	return err_set(e, ERR_INVALID_ARG, "%s line %u: access is 'all', 'rules' or 'polkit'",
		       at->path, at->line);
}

static int take_rule(struct span value, struct netd_config *c, const struct place *at,
		     struct err *e)
{
	if (c->door.n_rules == DOOR_RULES_MAX)
		return err_set(e, ERR_INVALID_ARG, "%s line %u: no more than %d rules", at->path,
			       at->line, DOOR_RULES_MAX);
	int r = door_rule_parse(value.s, value.n, &c->door.rules[c->door.n_rules], e);
	if (r < 0)
		return err_in(e, "%s line %u: allow", at->path, at->line);
	c->door.n_rules++;
	return 0;
}

/* 1: the key is one of these, and was taken; 0: it is another. */
static int take_other(struct span key, struct span value, struct netd_config *c,
		      const struct place *at, struct err *e)
{
	int r = 0;
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(numbers) && !known; i++) {
		known = is_word(key, numbers[i].name);
		if (known)
			r = take_number(&numbers[i], value, c, at, e);
	}
	if (is_word(key, "access"))
		known = true, r = take_access(value, c, at, e);
	else if (is_word(key, "unix_sock_rw_perms"))
		known = true, r = take_perms(value, &c->perms_rw, at, e);
	else if (is_word(key, "unix_sock_ro_perms"))
		known = true, r = take_perms(value, &c->perms_ro, at, e);
	else if (is_word(key, "allow"))
		known = true, r = take_rule(value, c, at, e);
	return r < 0 ? r : known;
}

static int unknown_key(struct span key, const char *path, unsigned line, struct err *e)
{
	struct text known = { 0 }, shown = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		text_addf(&known, "%s%s", i ? ", " : "", keys[i].name);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		text_addf(&known, ", %s", numbers[i].name);
	text_add(&known, ", access, allow, unix_sock_rw_perms, unix_sock_ro_perms");
	text_add_escaped(&shown, key.s, key.n, 60);
	int r = err_set(e, ERR_INVALID_ARG, "%s line %u: '%s' is no setting; there are: %s", path,
			line, shown.s ? shown.s : "", known.s ? known.s : "");
	text_done(&known);
	text_done(&shown);
	return r;
}

static int bad_value(const struct key *k, struct span value, const char *path, unsigned line,
		     struct err *e)
{
	struct text shown = { 0 };

	text_add_escaped(&shown, value.s, value.n, 60);
	int r = err_set(e, ERR_INVALID_ARG, "%s line %u: %s is '%s' or '%s', not '%s'", path, line,
			k->name, k->on, k->off, shown.s ? shown.s : "");
	text_done(&shown);
	return r;
}

static int take_line(struct span line, struct netd_config *c, const char *path, unsigned number,
		     struct err *e)
{
	const char *equals = memchr(line.s, '=', line.n);

	if (!line.n || *line.s == '#')
		return 0;
	if (!equals)
		return err_set(e, ERR_INVALID_ARG, "%s line %u: expected 'setting = value'", path,
			       number);
	struct span key = trimmed(line.s, (size_t)(equals - line.s));
	struct span value = trimmed(equals + 1, line.n - (size_t)(equals + 1 - line.s));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		bool on = is_word(value, keys[i].on);
		if (!is_word(key, keys[i].name))
			continue;
		if (!on && !is_word(value, keys[i].off))
			return bad_value(&keys[i], value, path, number, e);
		*field(c, &keys[i]) = on;
		return 0;
	}
	int r = take_other(key, value, c, &(struct place){ path, number }, e);
	return r ? MIN_OF(r, 0) : unknown_key(key, path, number, e);
}

int config_parse(const char *text, const char *path, struct netd_config *ret, struct err *e)
{
	struct netd_config c;
	unsigned number = 0;

	config_defaults(&c);
	for (const char *s = text; *s;) {
		size_t n = strcspn(s, "\n");
		int r = take_line(trimmed(s, n), &c, path, ++number, e);
		if (r < 0)
			return r;
		s += n + (s[n] == '\n');
	}
	if (c.door.n_rules && c.door.access != ACCESS_RULES)
		return err_set(e, ERR_INVALID_ARG, "%s: 'allow' needs 'access = rules'", path);
	*ret = c;
	return 0;
}

int config_load(const char *path, struct netd_config *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	int r = file_read(path, CONFIG_MAX, &text, &n, e);

	if (r == -ENOENT) {
		err_clear(e);
		config_defaults(ret);
		return 0;
	}
	return r < 0 ? r : config_parse(text, path, ret, e);
}
