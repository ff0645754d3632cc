/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/config.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Every setting is one of two words. */
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
	KEY("host_rules", "yes", "no", host_rules, false),
	KEY("lease_store_failure", "refuse", "serve", refuse_unstored, false),
	KEY("libvirt_lease_files", "yes", "no", libvirt_lease_files, false),
};

static bool *field(struct netd_config *c, const struct key *k)
{
	return (bool *)((char *)c + k->at);
}

void config_defaults(struct netd_config *c)
{
	*c = (struct netd_config){ 0 };
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

static int unknown_key(struct span key, const char *path, unsigned line, struct err *e)
{
	struct text known = { 0 }, shown = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		text_addf(&known, "%s%s", i ? ", " : "", keys[i].name);
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
	return unknown_key(key, path, number, e);
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
