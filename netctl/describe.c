// SPDX-License-Identifier: GPL-2.0-or-later
/* describe.c — what people and programs note down about a network: net-desc and net-metadata. */
#include "netctl/connect.h"
#include "netctl/editor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- title and description ---- */

struct note {
	enum rpc_metadata_type type;
	const char *name;
};

/* Reading can't be of both definitions at once; libvirt refuses it in its library, before any
 * daemon hears of it. */
static int read_flags_ok(struct ctl *ctl, uint32_t flags)
{
	if (flags != (RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG))
		return 0;
	return err_set(
	    &ctl->err, ERR_INVALID_ARG,
	    "Flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and 'VIR_NETWORK_UPDATE_AFFECT_CONFIG' "
	    "are mutually exclusive");
}

/* A new string, empty when there is none; NULL: ctl->err says why. */
static char *get_note(struct ctl *ctl, const struct rpc_net *net, enum rpc_metadata_type type,
		      uint32_t flags)
{
	char *text;

	if (read_flags_ok(ctl, flags) < 0)
		return NULL;
	if (client_get_metadata(ctl->client, net, type, NULL, flags, &text, &ctl->err) == 0)
		return text;
	if (ctl->err.class != ERR_NO_NETWORK_METADATA)
		return NULL;
	err_clear(&ctl->err);
	return strdup("");
}

static int show_note(struct ctl *ctl, const struct rpc_net *net, const struct note *note,
		     uint32_t flags)
{
	auto_free char *text = get_note(ctl, net, note->type, flags);

	if (!text)
		return 1;
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:s?}", "network", net->name, note->name,
					       *text ? text : NULL));
	if (*text)
		fputs(text, stdout);
	else
		say(ctl, "No %s for network: %s", note->name, net->name);
	return 0;
}

/* As virsh: who can't read it doesn't set it; and a title is one line. */
static int check_before(struct ctl *ctl, const struct rpc_net *net, const struct note *note,
			uint32_t flags, const char *text)
{
	auto_free char *before = NULL;

	if (flags != (RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG) &&
	    !(before = get_note(ctl, net, note->type, flags)))
		return -1;
	if (note->type != RPC_METADATA_TITLE || !strchr(text, '\n'))
		return 0;
	fail(ctl, "Failed to set new network title");
	return err_set(&ctl->err, ERR_INVALID_ARG, "metadata title can't contain newlines");
}

/* *text goes through the editor. Returns 1 when it is to be set, 0 when it is as it was, -1. */
static int edit_note(struct ctl *ctl, const struct rpc_net *net, const struct note *note,
		     uint32_t flags, char **text)
{
	auto_free char *before = get_note(ctl, net, note->type, flags);
	char *edited, *end;

	if (!before)
		return -1;
	if (editor_run(ctl, *text ? *text : before, &edited) < 0)
		return -1;
	/* Editors end a file with a newline; a title must not have any. */
	end = note->type == RPC_METADATA_TITLE ? strrchr(edited, '\n') : NULL;
	if (end && !end[1])
		*end = '\0';
	free(*text);
	*text = edited;
	return strcmp(before, edited) != 0;
}

static int run_desc(struct ctl *ctl, const struct args *a)
{
	struct note note = { RPC_METADATA_DESCRIPTION, "description" };
	auto_free char *text = NULL;
	bool edit = args_has(a, "edit");
	struct rpc_net net;
	uint32_t flags;

	if (args_has(a, "title"))
		note = (struct note){ RPC_METADATA_TITLE, "title" };
	if (ctl_affect(ctl, a, &flags) < 0 ||
	    ctl_network(ctl, a, edit || a->n_words ? ACCESS_WRITE : ACCESS_READ, &net) < 0)
		return 1;
	if (!edit && !a->n_words)
		return show_note(ctl, &net, &note, flags);
	if (a->n_words && !(text = strdup(a->words.s ? a->words.s : "")))
		return fail(ctl, "Out of memory");
	if (edit) {
		int r = edit_note(ctl, &net, &note, flags, &text);
		if (r == 0)
			say(ctl, "Network %s not changed\n", note.name);
		if (r <= 0)
			return r < 0;
	}
	if (check_before(ctl, &net, &note, flags, text) < 0)
		return 1;
	if (client_set_metadata(ctl->client, &net, note.type, text, NULL, NULL, flags, &ctl->err) <
	    0)
		return fail(ctl, "Failed to set new network %s", note.name);
	say(ctl, "Network %s updated successfully", note.name);
	return 0;
}

/* ---- metadata ---- */

struct element {
	const struct rpc_net *net;
	const char *key, *uri;
	uint32_t flags;
};

/* Without such an element: an empty line, as in virsh. */
static char *get_element(struct ctl *ctl, void *data)
{
	const struct element *el = data;
	char *xml;

	if (read_flags_ok(ctl, el->flags) < 0)
		return NULL;
	if (client_get_metadata(ctl->client, el->net, RPC_METADATA_ELEMENT, el->uri, el->flags,
				&xml, &ctl->err) == 0)
		return xml;
	if (ctl->err.class != ERR_NO_NETWORK_METADATA)
		return NULL;
	err_clear(&ctl->err);
	return strdup("\n");
}

static int put_element(struct ctl *ctl, void *data, const char *xml)
{
	const struct element *el = data;

	return client_set_metadata(ctl->client, el->net, RPC_METADATA_ELEMENT, xml, el->key,
				   el->uri, el->flags, &ctl->err);
}

static int show_element(struct ctl *ctl, struct element *el)
{
	auto_free char *xml = get_element(ctl, el);
	bool none = xml && strcmp(xml, "\n") == 0;

	if (!xml)
		return 1;
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:s, s:s?}", "network", el->net->name, "uri",
					       el->uri, "metadata", none ? NULL : xml));
	printf("%s%s", xml, none ? "" : "\n");
	return 0;
}

static int edit_element(struct ctl *ctl, struct element *el)
{
	const struct edit edit = { .data = el, .get = get_element, .put = put_element };

	switch (editor_edit(ctl, &edit)) {
	case EDIT_FAILED:
		return 1;
	case EDIT_UNCHANGED:
		say(ctl, "Metadata not changed");
		return 0;
	case EDIT_CHANGED:
		break;
	}
	say(ctl, "Metadata modified\n");
	return 0;
}

static int run_metadata(struct ctl *ctl, const struct args *a)
{
	const char *set = args_text(a, "set");
	bool edit = args_has(a, "edit"), remove = args_has(a, "remove");
	struct rpc_net net;
	struct element el = { .net = &net, .key = args_text(a, "key"), .uri = args_text(a, "uri") };

	if (ctl_affect(ctl, a, &el.flags) < 0 || !args_exclusive(ctl, a, "edit", "set") ||
	    !args_exclusive(ctl, a, "remove", "set") || !args_exclusive(ctl, a, "remove", "edit") ||
	    ctl_network(ctl, a, set || edit || remove ? ACCESS_WRITE : ACCESS_READ, &net) < 0)
		return 1;
	if ((set || edit) && !el.key)
		return fail(ctl, "namespace key is required when modifying metadata");
	if (edit)
		return edit_element(ctl, &el);
	if (!set && !remove)
		return show_element(ctl, &el);
	if (put_element(ctl, &el, set) < 0)
		return 1;
	say(ctl, "Metadata %s\n", remove ? "removed" : "modified");
	return 0;
}

static const struct opt
    desc_opts[] = { OPT_NETWORK,
		    OPTS_AFFECT("modify/get"),
		    { "title", OPT_FLAG, "modify/get the title instead of description" },
		    { "edit", OPT_FLAG, "open an editor to modify the description" },
		    { "new-desc", OPT_WORDS, "message" },
		    { NULL } },
    metadata_opts[] = { OPT_NETWORK,
			{ "uri", OPT_WORD, "URI of the namespace" },
			OPTS_AFFECT("modify/get"),
			{ "edit", OPT_FLAG, "use an editor to change the metadata" },
			{ "key", OPT_TEXT, "key to be used as a namespace identifier" },
			{ "set", OPT_TEXT, "new metadata to set" },
			{ "remove", OPT_FLAG, "remove the metadata corresponding to an uri" },
			{ NULL } };

// clang-format off
const struct verb describe_verbs[] = {
	{ "net-desc", "show or set network's description or title",
	  "Allows setting or modifying the description or title of a network.", desc_opts, run_desc },
	{ "net-metadata", "show or set network's custom XML metadata",
	  "Shows or modifies the XML metadata of a network.", metadata_opts, run_metadata },
	{ NULL },
};
// clang-format on
