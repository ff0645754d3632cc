/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-metadata.c — title, description and metadata of a definition, set and got. */
#include "network/update-internal.h"

#include <string.h>

/* An empty text is none. */
static int set_text(struct report *r, char **field, const char *text)
{
	free(take_ptr(*field));
	if (text && *text && !(*field = strdup(text)))
		return report_no_memory(r);
	return 0;
}

static int set_title(struct report *r, struct network *n, const char *text)
{
	if (text && strchr(text, '\n'))
		return report_refuse(r, ERR_XML, 0,
				     "title of network '%s' must be one line; put longer text "
				     "into the description",
				     n->name);
	return set_text(r, &n->title, text);
}

static int set_element(struct report *r, struct network *n, const char *text, const char *key,
		       const char *uri)
{
	char *metadata = NULL;
	int err;

	if (!uri || !*uri)
		return report_refuse(r, ERR_INVALID_ARG, 0,
				     "metadata needs the URI of a namespace");
	err = metadata_set(r, n->metadata, text, uri, key, &metadata);
	if (err < 0)
		return err;
	free(n->metadata);
	n->metadata = metadata;
	return 0;
}

static int refuse_type(struct report *r, unsigned type)
{
	return report_refuse(r, ERR_INVALID_ARG, 0, "unknown metadata type '%u'", type);
}

static int set(struct report *r, struct network *n, enum network_metadata_type type,
	       const char *text, const char *key, const char *uri)
{
	switch (type) {
	case NETWORK_METADATA_DESCRIPTION:
		return set_text(r, &n->description, text);
	case NETWORK_METADATA_TITLE:
		return set_title(r, n, text);
	case NETWORK_METADATA_ELEMENT:
		return set_element(r, n, text, key, uri);
	}
	return refuse_type(r, type);
}

int network_set_metadata(const struct network *old, enum network_metadata_type type,
			 const char *text, const char *key, const char *uri, struct network **ret,
			 struct err *e)
{
	struct err own = { 0 };
	struct report r = { .e = e ? e : &own };
	struct network *n = network_copy(old);
	int err = n ? set(&r, n, type, text, key, uri) : report_no_memory(&r);

	if (err == 0)
		err = update_settle(old, n, ret, NULL, r.e);
	network_free(n);
	return err;
}

static int get_text(struct report *r, const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? report_no_memory(r) : 0;
}

static int get_element(struct report *r, const struct network *n, const char *uri, char **ret)
{
	if (!uri || !*uri)
		return report_refuse(r, ERR_INVALID_ARG, 0,
				     "metadata needs the URI of a namespace");
	return n->metadata ? metadata_get(r, n->metadata, uri, ret) : 0;
}

static int get(struct report *r, const struct network *n, enum network_metadata_type type,
	       const char *uri, char **ret)
{
	switch (type) {
	case NETWORK_METADATA_DESCRIPTION:
		return get_text(r, n->description, ret);
	case NETWORK_METADATA_TITLE:
		return get_text(r, n->title, ret);
	case NETWORK_METADATA_ELEMENT:
		return get_element(r, n, uri, ret);
	}
	return refuse_type(r, type);
}

int network_get_metadata(const struct network *n, enum network_metadata_type type, const char *uri,
			 char **ret, struct err *e)
{
	struct err own = { 0 };
	struct report r = { .e = e ? e : &own };
	char *text = NULL;
	int err = get(&r, n, type, uri, &text);

	if (err == 0 && !text)
		err = report_refuse(&r, ERR_NO_NETWORK_METADATA, 0,
				    "Requested metadata element is not present");
	if (err == 0)
		*ret = text;
	return err;
}
